//! Ctrl-C and similar signals: SIGTERM, SIGQUIT (Ctrl-\), and SIGHUP of a terminal that is closed. The first signal
//! asks the work in progress to end in order: training saves itself, and a command that writes rows removes its
//! unfinished output. A second signal ends the process at once. So does a signal that comes when a trained model is
//! saved and the rest can be repeated, or when there is nothing to save.

use crate::output::{end, note, shown_path};
use narrows::text::path_for_shell;
use narrows::{Error, ErrorKind, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// The signal that came last, 0 for none: the exit code follows from it.
static LAST: AtomicUsize = AtomicUsize::new(0);

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
        let signals: Vec<i32> = [SIGINT, SIGTERM, SIGQUIT]
            .into_iter()
            .chain(hangs_up().then_some(SIGHUP))
            .collect();
        if let Err(error) = self.listen_in_thread(&signals) {
            let heard = self.listen_without_thread(&signals);
            let end = match heard {
                Ok(()) => "Ctrl-C will end the command after its current stage",
                Err(_) => "Ctrl-C will end the command at once",
            };
            note(&format!("narrows: warning: {end}: {error}"));
        }
    }

    /// A thread that hears signals can say what becomes of the command.
    fn listen_in_thread(&self, signals: &[i32]) -> io::Result<()> {
        let mut signals = Signals::new(signals)?;
        let handle = signals.handle();
        let (is_asked, saved) = (Arc::clone(&self.is_asked), Arc::clone(&self.saved));
        let hear = move || {
            for signal in signals.forever() {
                LAST.store(signal as usize, Ordering::SeqCst);
                let is_second = is_asked.swap(true, Ordering::SeqCst);
                let said = saved.get();
                if is_second || said.is_some() {
                    end(said.filter(|_| !is_second).map(String::as_str), exit_code());
                }
            }
        };
        let spawned = std::thread::Builder::new().spawn(hear);
        spawned.map(drop).inspect_err(|_| handle.close())
    }

    /// Where the system gives no thread: the first signal asks, the second ends the process.
    fn listen_without_thread(&self, signals: &[i32]) -> io::Result<()> {
        for &signal in signals {
            let code = 128 + signal;
            flag::register_conditional_shutdown(signal, code, Arc::clone(&self.is_asked))?;
            flag::register(signal, Arc::clone(&self.is_asked))?;
            flag::register_usize(signal, &LAST, signal as usize)?;
        }
        Ok(())
    }

    /// The trained model of the run in `folder` is saved.
    pub fn is_saved(&self, folder: &Path) {
        let quoted = path_for_shell(folder);
        let folder = shown_path(folder);
        self.saved.get_or_init(|| {
            format!(
                "narrows: {folder}: training is done and saved; the rest was stopped (resume with `narrows train \
                 --resume {quoted}`)"
            )
        });
    }

    /// Nothing of `what` is to be saved: the first signal ends the process.
    pub fn ends(&self, what: &str) {
        self.saved
            .get_or_init(|| format!("narrows: {what} was stopped"));
    }

    /// Whether to go on with what has nothing to save.
    pub fn check(&self, what: &str) -> Result<()> {
        if self.is_asked.load(Ordering::SeqCst) {
            Err(Error::new(
                ErrorKind::Interrupted,
                format!("{what} was stopped; nothing is written"),
            ))
        } else {
            Ok(())
        }
    }

    /// Set when a signal has come.
    pub fn flag(&self) -> &AtomicBool {
        &self.is_asked
    }
}

/// Makes a write beyond the limit of a file's size (`ulimit -f`) an error of that write. The system would end the process
/// by a signal, with files left under temporary names.
pub fn ignore_file_size_signal() {
    // The signal itself is ignored; the failed write reports the error.
    static CAME: AtomicBool = AtomicBool::new(false);
    if let Err(error) = flag::register(SIGXFSZ, &CAME) {
        note(&format!(
            "narrows: warning: a limit of a file's size will end the command at once: {error}"
        ));
    }
}

/// Whether a closed terminal may end the command. One that was started with `nohup` ignores the signal, and goes on
/// ignoring it. Where the system does not say so, the signal is left as it is.
fn hangs_up() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return false;
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & (1 << (SIGHUP - 1)) == 0)
}

/// The exit code of what a signal has stopped.
pub fn exit_code() -> u8 {
    match LAST.load(Ordering::SeqCst) {
        0 => 1,
        signal => 128 + signal as u8,
    }
}
