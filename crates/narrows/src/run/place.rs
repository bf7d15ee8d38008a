//! Where a run writes: its folder, which it locks, and until it is put in place a hidden folder in that.
//!
//! A new run begins in `.narrows-new` and is put in place once its first files are written; one that overwrites another
//! (`--force`) is so only once it has saved a model. A kill before leaves the folder as it was, beside hidden files, which
//! count as nothing. Putting in place has two parts, each of which [`recover`] can do again after a kill:
//!
//! 1. `.narrows-new` becomes `.narrows-swap`. While that is there, what is left of the old run is removed, but for its
//!    model and recipe.
//! 2. `.narrows-swap` becomes `.narrows-in`. While that is there, its files are moved up, over the model and the recipe.

use super::event::Event;
use super::folder;
use super::lock::{LOCK_FILE, Lock};
use super::names::{
    CHECKPOINT_FILE, DIVERGED_FILE, FIGURES_FOLDER, INIT_FILE, METRICS_FILE, OLDER_CHECKPOINT_FILE,
    PICTURE_FILE, RECIPE_FILE, REPORT_FILE, RUN_FILE,
};
use super::notice::Notice;
use crate::advice::{Action, Setting, Settings, setting};
use crate::error::{Error, ErrorKind, Result};
use crate::files::{NameKind, TEMPORARY, entries, own_entries, remove_folder, sync_folder};
use crate::report::tensorboard;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where a run is that is not put in place yet.
const NEW: &str = ".narrows-new";

/// The same while the old run is removed.
const SWAP: &str = ".narrows-swap";

/// The same while it is moved up.
const IN: &str = ".narrows-in";

/// Where a run writes.
pub(super) struct Place {
    folder: PathBuf,
    is_new: bool,
    /// Whether there is a run in the folder that the new one overwrites.
    overwrites: bool,
    lock: Lock,
}

impl Place {
    /// The folder of a new run, of this name where none is given.
    pub(super) fn create(out: Option<&Path>, force: bool, name: &str) -> Result<Place> {
        let path = match out {
            Some(out) => out.to_path_buf(),
            None if force => folder::usual(name),
            None => folder::new_folder(name)?,
        };
        let refused = |error| Error::io("cannot make the run's folder", &path, error);
        fs::create_dir_all(&path)
            .map_err(|error| leads_nowhere(&path).unwrap_or(refused(error)))?;
        let lock = Lock::take(&path)?;
        recover_locked(&path)?;
        let is_empty = folder::is_empty(&path).map_err(refused)?;
        if !is_empty && !force {
            return Err(Error::new(ErrorKind::Data, "the run's folder is not empty")
                .at(path.display())
                .expected("a folder that is new or empty")
                .hint(ways_out(&path)));
        }
        if !is_empty && !path.join(RECIPE_FILE).is_file() {
            return Err(
                Error::new(ErrorKind::Data, "the folder is not empty, and holds no run")
                    .at(path.display())
                    .expected(format!(
                        "a run, which has a {RECIPE_FILE}, or an empty folder"
                    ))
                    .hint(format!("choose another with {}", setting(Setting::Out))),
            );
        }
        sweep(&path)?;
        let new = path.join(NEW);
        fs::create_dir(&new)
            .map_err(|error| Error::io("cannot make the run's folder", &new, error))?;
        Ok(Place {
            folder: path,
            is_new: true,
            overwrites: !is_empty,
            lock,
        })
    }

    /// The folder of a run that goes on.
    pub(super) fn of_run(folder: &Path) -> Result<Place> {
        let lock = Lock::take(folder)?;
        recover_locked(folder)?;
        sweep(folder)?;
        Ok(Place {
            folder: folder.to_path_buf(),
            is_new: false,
            overwrites: false,
            lock,
        })
    }

    /// The run's folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the run's files are now.
    pub(super) fn files(&self) -> PathBuf {
        if self.is_new {
            self.folder.join(NEW)
        } else {
            self.folder.clone()
        }
    }

    /// An error about the run's files, which names them as they will be called: a person knows nothing of where they are
    /// until then.
    pub(super) fn named(&self, error: Error) -> Error {
        let files = self.files().display().to_string();
        error.map_text(|text| text.replace(&files, &self.folder.display().to_string()))
    }

    /// Says that nothing keeps another training out, where that is so.
    pub(super) fn warn(&self, observe: &mut dyn FnMut(Event<'_>)) {
        if let Some(why) = self.lock.why_not() {
            let folder = self.folder.clone();
            let why = why.to_string();
            observe(Event::Notice(&Notice::NotLocked { folder, why }));
        }
    }

    /// Whether the folder still holds another run, whole.
    pub(super) fn holds_another(&self) -> bool {
        self.is_new && self.overwrites
    }

    /// Puts the run in place, unless it is there already or overwrites another and is not `saved` yet.
    pub(super) fn settle(&mut self, saved: bool) -> Result<()> {
        if !self.is_new || (self.overwrites && !saved) {
            return Ok(());
        }
        let refused = |error| Error::io("cannot put the run in place", &self.folder, error);
        let new = self.folder.join(NEW);
        sync_folder(&new)
            .and_then(|()| fs::rename(&new, self.folder.join(SWAP)))
            .map_err(refused)?;
        self.is_new = false;
        finish(&self.folder).map_err(refused)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_new {
            // What is left counts as nothing.
            let _ = remove_folder(&self.folder.join(NEW));
        }
    }
}

/// What helps where a new run is to have a folder that is not empty.
fn ways_out(folder: &Path) -> String {
    let has = |name| fs::symlink_metadata(folder.join(name)).is_ok();
    let another = format!("choose another with {}", setting(Setting::Out));
    let force = setting(Setting::Force);
    match (has(RECIPE_FILE), has(DIVERGED_FILE)) {
        (false, _) => another,
        (true, true) => {
            format!("{another}, or overwrite the run, which diverged, with {force}")
        }
        (true, false) => format!(
            "{another}, overwrite the run with {force}, or go on with it with {}",
            setting(Setting::Resume)
        ),
    }
}

/// Ends what a command began that was killed while it put a run in place; says whether there was anything to end. Whatever
/// goes on with a run or overwrites one does this first; what only reads it changes nothing, and is refused
/// ([`load_model`](super::load_model)).
///
/// # Errors
///
/// When another training is using the folder, or the system refuses.
pub fn recover(folder: &Path) -> Result<bool> {
    if !is_between(folder) {
        return Ok(false);
    }
    let _lock = Lock::take(folder)?;
    recover_locked(folder)
}

/// Refuses a folder with a run that is half in place.
pub(super) fn check_in_place(folder: &Path) -> Result<()> {
    if is_between(folder) {
        Err(Error::new(
            ErrorKind::Data,
            "a training was killed while it overwrote the run in this folder, or is overwriting it now",
        )
        .at(folder.display())
        .expected("a whole run")
        .hint(format!(
            "put the new run in place and go on with it: {:#}",
            Action::GoOn {
                run: folder.to_path_buf(),
                settings: Settings::default()
            }
        )))
    } else {
        Ok(())
    }
}

/// Whether a run is half in place.
fn is_between(folder: &Path) -> bool {
    [SWAP, IN].iter().any(|name| is_folder(&folder.join(name)))
}

/// Whether there is a folder at a path itself: a symbolic link leads to somebody's, and is none.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// Removes what stands at a path, if that is no folder; a symbolic link is not followed.
fn clear(path: &Path) -> io::Result<()> {
    if is_folder(path) {
        Ok(())
    } else {
        gone(fs::remove_file(path))
    }
}

fn recover_locked(folder: &Path) -> Result<bool> {
    let is_between = is_between(folder);
    if is_between {
        finish(folder).map_err(|error| Error::io("cannot put the run in place", folder, error))?;
    }
    Ok(is_between)
}

/// The two parts of putting a run in place, from wherever it stands.
fn finish(folder: &Path) -> io::Result<()> {
    let (swap, moving) = (folder.join(SWAP), folder.join(IN));
    if is_folder(&swap) {
        // What says that the run can go on is the first to go.
        for name in [
            RUN_FILE,
            CHECKPOINT_FILE,
            OLDER_CHECKPOINT_FILE,
            DIVERGED_FILE,
            INIT_FILE,
            METRICS_FILE,
            PICTURE_FILE,
            REPORT_FILE,
        ] {
            gone(fs::remove_file(folder.join(name)))?;
        }
        for log in tensorboard::logs(folder)? {
            gone(fs::remove_file(log))?;
        }
        let figures = folder.join(FIGURES_FOLDER);
        clear(&figures)?;
        gone(remove_folder(&figures))?;
        sync_folder(folder)?;
        clear(&moving)?;
        fs::rename(&swap, &moving)?;
        sync_folder(folder)?;
    }
    let mut names = own_entries(&moving)?;
    // Last, as a run can go on once it is there.
    names.sort_by_key(|(name, _)| *name == *RUN_FILE);
    for (name, _) in names {
        fs::rename(moving.join(&name), folder.join(&name))?;
    }
    fs::remove_dir(&moving)?;
    sync_folder(folder)
}

/// Whether something is gone now, be it that it never was.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Takes away what a killed run had begun to write: files under temporary names, and a run that was never put in place.
/// Links are not followed; one that has the name of such a thing is removed.
fn sweep(folder: &Path) -> Result<()> {
    let refused = |error| Error::io("the run's folder cannot be read", folder, error);
    let figures = folder.join(FIGURES_FOLDER);
    let figures = is_folder(&figures).then_some(&*figures);
    for folder in figures.into_iter().chain([folder]) {
        for (name, kind) in entries(folder).map_err(refused)? {
            if !name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes()) || name == *LOCK_FILE {
                continue;
            }
            let path = folder.join(&name);
            match kind {
                NameKind::Folder if name == *NEW => gone(remove_folder(&path)).map_err(refused)?,
                // Of another command, that gathers images.
                NameKind::Folder => {}
                _ => gone(fs::remove_file(path)).map_err(refused)?,
            }
        }
    }
    Ok(())
}

/// That a path goes through a symbolic link that leads nowhere, if it does.
fn leads_nowhere(path: &Path) -> Option<Error> {
    let link = path
        .ancestors()
        .find(|path| path.is_symlink() && !path.exists())?;
    let what = "the run's folder cannot be made through a symbolic link that leads nowhere";
    let error = Error::new(ErrorKind::Data, what).at(link.display());
    Some(match fs::read_link(link) {
        Ok(target) => error
            .found(format!("a link to {}", target.display()))
            .hint("make that folder, or remove the link"),
        Err(_) => error.hint("remove the link"),
    })
}

#[cfg(test)]
mod tests;
