//! Ctrl-C and its kin. The first asks what goes on to end in order: training to save itself, what writes rows to take
//! away what it has begun. A second, or one that comes when a trained model is saved and the rest can be done again,
//! ends the process at once.

use crate::output::note;
use narrows::{Error, ErrorKind, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};

/// The signal that came last, 0 for none: the exit code follows from it.
static LAST: AtomicI32 = AtomicI32::new(0);

/// Whether a signal has asked to stop.
#[derive(Default)]
pub struct Stop {
    is_asked: Arc<AtomicBool>,
    /// What to say where nothing needs to be saved any more.
    saved: Arc<OnceLock<String>>,
}

impl Stop {
    /// Listens from now on; until then a signal ends the process.
    pub fn listen(&self) {
        let mut signals = match Signals::new([SIGINT, SIGTERM]) {
            Ok(signals) => signals,
            Err(error) => {
                return note(&format!(
                    "narrows: warning: Ctrl-C will end the command at once: {error}"
                ));
            }
        };
        let (is_asked, saved) = (Arc::clone(&self.is_asked), Arc::clone(&self.saved));
        std::thread::spawn(move || {
            for signal in signals.forever() {
                LAST.store(signal, Ordering::SeqCst);
                let is_second = is_asked.swap(true, Ordering::SeqCst);
                let said = saved.get();
                if let (Some(said), false) = (said, is_second) {
                    note(said);
                }
                if is_second || said.is_some() {
                    std::process::exit(exit_code().into());
                }
            }
        });
    }

    /// The trained model of the run in `folder` is saved.
    pub fn is_saved(&self, folder: &Path) {
        let folder = folder.display();
        self.saved.get_or_init(|| {
            format!(
                "narrows: {folder}: training is done and saved, what follows was stopped (go on with: \
                 narrows train --resume {folder})"
            )
        });
    }

    /// Whether to go on with what has nothing to save.
    pub fn check(&self, what: &str) -> Result<()> {
        match self.is_asked.load(Ordering::SeqCst) {
            false => Ok(()),
            true => Err(Error::new(
                ErrorKind::Interrupted,
                format!("{what} was stopped, and nothing is written"),
            )),
        }
    }

    /// Set when a signal has come.
    pub fn flag(&self) -> &AtomicBool {
        &self.is_asked
    }
}

/// The exit code of what a signal has stopped.
pub fn exit_code() -> u8 {
    match LAST.load(Ordering::SeqCst) {
        0 => 1,
        signal => 128 + signal as u8,
    }
}
