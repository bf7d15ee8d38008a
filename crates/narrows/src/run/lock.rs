//! One training per folder: a lock on a file in the folder. The system releases it when its holder ends in any way.

use crate::advice::{Setting, setting};
use crate::error::{Error, ErrorKind, Result};
use crate::files::is_at;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The locked file. It names the holder, and is removed at the end. A file that a killed run left does no harm.
pub(super) const LOCK_FILE: &str = ".narrows-lock";

/// How many bytes of a lock file are printed.
const MAX_SAID: u64 = 200;

/// How long another process may take to write its name into the file.
const WRITING: Duration = Duration::from_millis(50);

/// A lock on the folder of a run or study: no other process writes into it until this value is dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// The error of the system if it gave no lock; some network file systems have no locks.
    file: io::Result<File>,
}

impl Lock {
    /// Locks a folder until the lock is dropped.
    ///
    /// # Errors
    ///
    /// If another process, or another run of this process, holds the lock; if the lock's file cannot be made. If the
    /// file system has no locks, this is not an error, and other processes are not kept out.
    pub fn take(folder: &Path) -> Result<Lock> {
        let path = folder.join(LOCK_FILE);
        let refused = |error| Error::io("cannot lock the folder", folder, error);
        loop {
            // If another user put a link there, another file would be written; and opening a pipe would block.
            if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
                fs::remove_file(&path).map_err(refused)?;
            }
            let mut options = OpenOptions::new();
            let options = options.read(true).write(true).create(true).truncate(false);
            let mut file = options.open(&path).map_err(refused)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(held(folder, file)),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {
                    continue;
                }
                Err(TryLockError::Error(error)) => {
                    return Ok(Lock {
                        path,
                        file: Err(error),
                    });
                }
            }
            // The former holder may have removed it in between: then no other process will ever find this file.
            if !is_at(&file, &path).map_err(refused)? {
                continue;
            }
            // The text is only for people: if it cannot be written, for example on a full disk, the lock is still held.
            let _ = file
                .set_len(0)
                .and_then(|()| file.write_all(holder().as_bytes()));
            return Ok(Lock {
                path,
                file: Ok(file),
            });
        }
    }

    /// The reason why the system gave no lock, if there is none.
    pub(crate) fn why_not(&self) -> Option<&io::Error> {
        self.file.as_ref().err()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is still locked, so that the file of another process is not removed. If it cannot be
        // removed, it does no harm.
        if self.file.is_ok() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The holder of the lock.
fn holder() -> String {
    format!(
        "process {} on {} since {}",
        std::process::id(),
        gethostname::gethostname().display(),
        humantime::format_rfc3339_seconds(SystemTime::now())
    )
}

fn held(folder: &Path, mut file: File) -> Error {
    // It may have been locked just now, and still name the holder before.
    std::thread::sleep(WRITING);
    let mut said = String::new();
    let read = file
        .rewind()
        .and_then(|()| file.take(MAX_SAID).read_to_string(&mut said));
    let said: String = said.chars().filter(|c| !c.is_control()).collect();
    let error = Error::new(ErrorKind::Data, "another training is using the folder")
        .at(folder.display())
        .expected("a folder that no training uses");
    let error = if read.is_ok() && !said.is_empty() {
        error.found(said)
    } else {
        error
    };
    error.hint(format!(
        "wait until it ends, or stop it; {} gives a new run another folder",
        setting(Setting::Out)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_locked_once_and_the_second_is_told_by_whom() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        let error = Lock::take(folder.path()).unwrap_err().to_string();
        let who = format!("found process {} on ", std::process::id());
        assert!(
            error.contains("another training is using the folder"),
            "{error}"
        );
        assert!(
            error.contains(&who) && error.contains(" since 20"),
            "{error}"
        );
        drop(lock);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // As a killed process leaves it.
        fs::write(folder.path().join(LOCK_FILE), "process 1 on x since 1970").unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        let said = fs::read_to_string(folder.path().join(LOCK_FILE)).unwrap();
        assert!(said.starts_with(&who["found ".len()..]), "{said}");
        drop(lock);
    }

    #[test]
    fn of_many_at_once_one_has_it_at_a_time() {
        use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
        let folder = tempfile::tempdir().unwrap();
        let (inside, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        if let Ok(lock) = Lock::take(folder.path()) {
                            assert_eq!(inside.fetch_add(1, SeqCst), 0);
                            std::thread::yield_now();
                            inside.fetch_sub(1, SeqCst);
                            taken.fetch_add(1, SeqCst);
                            drop(lock);
                        }
                    }
                });
            }
        });
        assert!(taken.load(SeqCst) > 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_place_of_the_lock_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other");
        fs::write(&other, "mine").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join(LOCK_FILE)).unwrap();
        drop(Lock::take(folder.path()).unwrap());
        assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
    }
}
