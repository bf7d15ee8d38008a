//! A team of threads that exists as long as a run.
//!
//! A training step is far shorter than the start of a thread, so the threads are started once and wait between phases:
//! they spin for a moment, then yield, then sleep.

use crate::split::Split;
use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// The number of checks of a waiting thread before it yields: about ten microseconds.
const SPINS: usize = 300;
/// The number of yields before it sleeps.
const YIELDS: usize = 100;

/// Threads that process the parts of a [`Split`] together; the calling thread is one of them.
pub struct Team {
    shared: Arc<Shared>,
    others: Vec<JoinHandle<()>>,
    spins: usize,
}

struct Shared {
    /// The work of the current phase; the caller writes it while all others wait.
    work: UnsafeCell<Option<Work>>,
    /// The number of phases; a change starts a phase.
    phase: AtomicUsize,
    /// The index of the next free part.
    next: AtomicUsize,
    /// The number of other threads that are still working.
    busy: AtomicUsize,
    stop: AtomicBool,
    sleepers: AtomicUsize,
    sleep: Mutex<()>,
    wake: Condvar,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `work` is written only between phases, when `busy` is 0 and no other thread reads it, and
// read only within one; `phase` and `busy` order the two. Everything else is `Sync` by itself.
unsafe impl Sync for Shared {}
// SAFETY: the pointer in `work` is used only during the call that put it there.
unsafe impl Send for Shared {}

/// A closure of the caller, without its type.
#[derive(Clone, Copy)]
struct Work {
    data: *const (),
    call: unsafe fn(*const (), usize),
}

impl Team {
    /// A team of `threads` threads (at least 1), including the caller.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            work: UnsafeCell::new(None),
            phase: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
            panic: Mutex::new(None),
        });
        // If there are more threads than cores, spinning would keep a thread with work from running.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let spins = if threads <= cores { SPINS } else { 0 };
        let others = (1..threads.max(1))
            .map_while(|member| {
                let shared = Arc::clone(&shared);
                std::thread::Builder::new()
                    .name(format!("narrows-{member}"))
                    .spawn(move || shared.serve(member, spins))
                    .ok()
            })
            .collect();
        Team {
            shared,
            others,
            spins,
        }
    }

    /// The number of threads; it is smaller than requested if the system refused some.
    pub fn threads(&self) -> usize {
        self.others.len() + 1
    }

    /// Runs `f` once for each part of `split`, on all threads, and returns when all are done. `f` gets the scratch of
    /// its thread, the index of the part, and the part.
    ///
    /// The assignment of parts to threads is not deterministic. Nothing is allocated.
    ///
    /// # Panics
    ///
    /// If there is less scratch than threads; if `f` panics, after all threads have stopped.
    pub fn run<P: Split, S: Send>(
        &mut self,
        scratch: &mut [S],
        split: P,
        f: impl Fn(&mut S, usize, P::Part) + Sync,
    ) {
        assert!(scratch.len() >= self.threads(), "a scratch for each thread");
        let shared = &*self.shared;
        let count = split.count();
        let scratch = ScratchOfMembers(scratch.as_mut_ptr());
        let scratch = &scratch;
        let work = |member: usize| {
            // SAFETY: each member is one thread, so that the scratch is its own, and there is
            // enough of it by the assertion above.
            let scratch = unsafe { &mut *scratch.0.add(member) };
            loop {
                let index = shared.next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return;
                }
                // SAFETY: `next` gives each index once a phase.
                f(scratch, index, unsafe { split.part(index) });
            }
        };
        shared.next.store(0, Ordering::Relaxed);
        self.phase(work);
    }

    /// As [`Team::run`], but only on the calling thread: for work that is too small to wake others.
    ///
    /// # Panics
    ///
    /// If there is no scratch, or if `f` panics.
    pub fn run_alone<P: Split, S>(
        &mut self,
        scratch: &mut [S],
        split: P,
        f: impl Fn(&mut S, usize, P::Part),
    ) {
        for index in 0..split.count() {
            // SAFETY: each index once, one after the other.
            f(&mut scratch[0], index, unsafe { split.part(index) });
        }
    }

    /// Runs `f` once on each thread, and returns when all are done: for the preparation of a thread before its first
    /// phase.
    ///
    /// # Panics
    ///
    /// If `f` panics, after all threads have stopped.
    pub fn on_each(&mut self, f: impl Fn() + Sync) {
        self.phase(|_| f());
    }

    /// Runs `work` on each thread with its number.
    fn phase(&self, work: impl Fn(usize) + Sync) {
        let shared = &*self.shared;
        if self.others.is_empty() {
            return work(0);
        }
        shared.begin(&work, self.others.len());
        let own = catch_unwind(AssertUnwindSafe(|| work(0)));
        // Nothing may unwind while other threads still use this frame.
        self.wait();
        // Removed in any case: otherwise it would end the next phase.
        let theirs = shared
            .panic
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(panic) = own.err().or(theirs) {
            resume_unwind(panic);
        }
    }

    fn wait(&self) {
        let mut looks = 0;
        while self.shared.busy.load(Ordering::Acquire) != 0 {
            looks += 1;
            if looks < self.spins {
                std::hint::spin_loop()
            } else {
                std::thread::yield_now()
            }
        }
    }
}

/// The scratch of all members; each member uses only its own.
struct ScratchOfMembers<S>(*mut S);
// SAFETY: a member touches the element of its own number alone.
unsafe impl<S: Send> Sync for ScratchOfMembers<S> {}

impl Shared {
    fn begin<F: Fn(usize) + Sync>(&self, work: &F, others: usize) {
        /// # Safety
        ///
        /// `data` points to a live `F`.
        unsafe fn call<F: Fn(usize)>(data: *const (), member: usize) {
            // SAFETY: by the caller's promise.
            unsafe { (*data.cast::<F>())(member) }
        }
        // SAFETY: no phase is running, so that nobody else reads `work`. The closure outlives the
        // phase, because the caller waits for its end.
        unsafe {
            *self.work.get() = Some(Work {
                data: (&raw const *work).cast(),
                call: call::<F>,
            });
        }
        self.busy.store(others, Ordering::Relaxed);
        // Sequentially consistent, as is a sleeper's announcement: one of the two sees the other.
        self.phase.fetch_add(1, Ordering::SeqCst);
        self.wake_sleepers();
    }

    fn wake_sleepers(&self) {
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            // With the lock held a sleeper is either before its look at `phase` or asleep.
            drop(self.sleep.lock().unwrap_or_else(PoisonError::into_inner));
            self.wake.notify_all();
        }
    }

    /// The main loop of a thread of the team.
    fn serve(&self, member: usize, spins: usize) {
        let mut seen = 0;
        loop {
            self.wait_for_phase_after(seen, spins);
            seen = seen.wrapping_add(1);
            if self.stop.load(Ordering::Acquire) {
                return;
            }
            // SAFETY: the phase has begun, so that `work` is set and stays until `busy` is 0.
            let work = unsafe { *self.work.get() };
            if let Some(work) = work {
                // SAFETY: the closure is alive until `busy` is 0.
                let run = || unsafe { (work.call)(work.data, member) };
                if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
                    *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
                }
            }
            self.busy.fetch_sub(1, Ordering::Release);
        }
    }

    fn wait_for_phase_after(&self, seen: usize, spins: usize) {
        for look in 0..spins + YIELDS {
            if self.phase.load(Ordering::Acquire) != seen {
                return;
            }
            if look < spins {
                std::hint::spin_loop()
            } else {
                std::thread::yield_now()
            }
        }
        let mut guard = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        while self.phase.load(Ordering::SeqCst) == seen {
            guard = self
                .wake
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.phase.fetch_add(1, Ordering::SeqCst);
        self.shared.wake_sleepers();
        for thread in self.others.drain(..) {
            // A thread of the team catches every panic, so that joining cannot fail.
            let _ = thread.join();
        }
    }
}
