//! A guard around decoders that may panic on damaged input: a panic becomes an error, and nothing is printed.

use crate::{Error, ErrorKind, Result};
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::thread;

thread_local! {
    /// The nesting depth of guarded calls in this thread.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Calls a decoder of untrusted input. A panic in it becomes an error, and nothing is printed.
///
/// Only panics of this thread, inside `work`, are silent: threads that `work` starts need a guarded call of their own.
/// Values that `work` changes through references must not be used after an error.
///
/// # Errors
///
/// The errors of `work`, and [`ErrorKind::Format`] if it panics. The caller should add the place.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    struct Inside;
    impl Drop for Inside {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get().saturating_sub(1));
        }
    }
    silence_guarded();
    DEPTH.set(DEPTH.get() + 1);
    let _inside = Inside;
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Format,
            "the file is damaged, or of a kind that is not read",
        ))
    })
}

/// Installs, once, a panic hook before the present one. It passes on every panic outside of a guarded call.
fn silence_guarded() {
    static ONCE: Once = Once::new();
    // The hook cannot be changed during a panic.
    if thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // While a thread ends, its flag may already be gone: then nothing is guarded.
            if DEPTH.try_with(Cell::get).unwrap_or(0) == 0 {
                before(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_and_the_thread_goes_on() {
        for _ in 0..2 {
            let error = guarded(|| -> Result<()> { panic!("a decoder's") }).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Format);
            assert!(!error.to_string().contains("a decoder's"), "{error}");
            assert_eq!(DEPTH.get(), 0);
        }
        let nested = guarded(|| {
            let inner = guarded(|| -> Result<()> { panic!("inner") });
            assert!(inner.is_err());
            Ok(DEPTH.get())
        });
        assert_eq!(nested.unwrap(), 1);
        assert_eq!(guarded(|| Ok(3)).unwrap(), 3);
    }

    /// The hook belongs to the process, so the test runs itself as another process and reads the output.
    #[test]
    fn only_guarded_panics_are_silent() {
        const WHICH: &str = "NARROWS_TEST_PANICS";
        if std::env::var_os(WHICH).is_some() {
            let _ = guarded(|| -> Result<()> { panic!("silent one") });
            let other = thread::spawn(|| panic!("loud one"));
            assert!(other.join().is_err());
            return;
        }
        let name = "data::guard::tests::only_guarded_panics_are_silent";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(WHICH, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("loud one"), "{said}");
        assert!(!said.contains("silent one"), "{said}");
    }
}
