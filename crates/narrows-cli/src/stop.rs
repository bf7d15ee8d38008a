//! Ctrl-C and its kin: the first asks training to save itself and end, the second ends at once.

use crate::output::note;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

/// The signal that came last, 0 for none: the exit code follows from it.
static LAST: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// Whether a signal has asked to stop.
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens from now on.
    pub fn listen() -> Stop {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // The order matters: what has come before is asked first, so that only a second signal ends
            // the process.
            let listening =
                flag::register_conditional_shutdown(signal, code(signal), Arc::clone(&stop))
                    .and_then(|_| flag::register(signal, Arc::clone(&stop)))
                    .and_then(|_| flag::register_usize(signal, Arc::clone(&LAST), signal as usize));
            if let Err(error) = listening {
                note(&format!(
                    "narrows: warning: Ctrl-C will end training without saving: {error}"
                ));
            }
        }
        Stop(stop)
    }

    /// Set when a signal has come.
    pub fn flag(&self) -> &AtomicBool {
        &self.0
    }
}

/// What a process that a signal has ended gives back.
fn code(signal: i32) -> i32 {
    128 + signal
}

/// The exit code of training that was stopped.
pub fn exit_code() -> u8 {
    let signal = LAST.load(Ordering::Relaxed);
    match signal {
        0 => 1,
        signal => code(signal as i32) as u8,
    }
}
