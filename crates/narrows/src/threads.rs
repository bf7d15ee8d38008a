//! The number of threads for a task: all threads of the machine, or a share of them.

use crate::memory::most_threads;
use std::cell::Cell;
use std::thread;

thread_local! {
    /// The calling thread's share.
    static SHARE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The number of threads that this machine runs at once, or fewer if `ulimit -v` has no room for them. In a study, in
/// which several runs are trained at the same time, it is a run's share of them.
pub fn available_threads() -> usize {
    let all = || thread::available_parallelism().map_or(1, |all| most_threads().min(all.get()));
    SHARE.get().unwrap_or_else(all)
}

/// Runs work that may use only `threads` threads.
pub(crate) fn on_share<T>(threads: usize, work: impl FnOnce() -> T) -> T {
    struct Restored(Option<usize>);
    impl Drop for Restored {
        fn drop(&mut self) {
            SHARE.set(self.0);
        }
    }
    let _restored = Restored(SHARE.replace(Some(threads)));
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_the_callers_until_its_work_ends() {
        let all = available_threads();
        let inner = on_share(7, || {
            let other = thread::spawn(available_threads).join().unwrap();
            (
                available_threads(),
                on_share(3, available_threads),
                available_threads(),
                other,
            )
        });
        assert_eq!(inner, (7, 3, 7, all));
        let panicked = std::panic::catch_unwind(|| on_share(5, || panic!("on purpose")));
        assert!(panicked.is_err());
        assert_eq!(available_threads(), all);
    }
}
