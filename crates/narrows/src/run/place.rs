//! Where a run writes: its folder, which it locks, and a hidden folder inside until the run is moved into place.
//!
//! A new run begins in `.narrows-new` and is moved into place when its first files are written. If it overwrites
//! another run (`--force`), it is moved only after it has saved a model. If it is killed before, the folder stays as it
//! was, except for hidden files, which are ignored. Moving into place has two parts; [`recover`] can repeat each of
//! them after a kill:
//!
//! 1. `.narrows-new` becomes `.narrows-swap`. While `.narrows-swap` exists, the rest of the old run is removed, except
//!    for its model and recipe.
//! 2. `.narrows-swap` becomes `.narrows-in`. While `.narrows-in` exists, its files are moved up, over the model and the
//!    recipe.

use super::event::Event;
use super::folder;
use super::lock::{LOCK_FILE, Lock};
use super::names::{self, DIVERGED_FILE, FIGURES_FOLDER, RECIPE_FILE, REPLACED_FILES, RUN_FILE};
use super::notice::Notice;
use crate::advice::{Action, Setting, Settings, setting};
use crate::error::{Error, ErrorKind, Result};
use crate::files::{NameKind, TEMPORARY, entries, own_entries, remove_folder, sync_folder};
use crate::report::tensorboard;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The place of a run that is not moved into place yet.
const NEW: &str = ".narrows-new";

/// Its place while the old run is removed.
const SWAP: &str = ".narrows-swap";

/// Its place while its files are moved up.
const IN: &str = ".narrows-in";

/// Where a run writes.
pub(super) struct Place {
    folder: PathBuf,
    is_new: bool,
    /// Whether the new run overwrites a run in the folder.
    overwrites: bool,
    lock: Lock,
}

impl Place {
    /// The folder of a new run; it has this name if no folder is given.
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
        check_replaceable(&path)?;
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

    /// The folder of a resumed run.
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

    /// The present place of the run's files.
    pub(super) fn files(&self) -> PathBuf {
        if self.is_new {
            self.folder.join(NEW)
        } else {
            self.folder.clone()
        }
    }

    /// An error about the run's files, with the names that they will have later: the user does not know their present
    /// place.
    pub(super) fn named(&self, error: Error) -> Error {
        let files = self.files().display().to_string();
        error.map_text(|text| text.replace(&files, &self.folder.display().to_string()))
    }

    /// Reports if the folder has no lock, so that another training could use it.
    pub(super) fn warn(&self, observe: &mut dyn FnMut(Event<'_>)) {
        if let Some(why) = self.lock.why_not() {
            let folder = self.folder.clone();
            let why = why.to_string();
            observe(Event::Notice(&Notice::NotLocked { folder, why }));
        }
    }

    /// Whether the folder still holds another, complete run.
    pub(super) fn holds_another(&self) -> bool {
        self.is_new && self.overwrites
    }

    /// Moves the run into place, unless it is there already, or it overwrites another run and is not `saved` yet.
    pub(super) fn settle(&mut self, saved: bool) -> Result<()> {
        if !self.is_new || (self.overwrites && !saved) {
            return Ok(());
        }
        let refused = |error| Error::io("cannot put the run in place", &self.folder, error);
        let new = self.folder.join(NEW);
        // A file may have become immutable during the training. Until the first part begins, the old run is whole.
        check_replaceable(&self.folder)?;
        sync_folder(&new)
            .and_then(|()| fs::rename(&new, self.folder.join(SWAP)))
            .map_err(refused)?;
        self.is_new = false;
        finish(&self.folder)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_new {
            // The remaining files are ignored.
            let _ = remove_folder(&self.folder.join(NEW));
        }
    }
}

/// The hint for a new run whose folder is not empty.
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
            "{another}, overwrite the run with {force}, or resume it with {}",
            setting(Setting::Resume)
        ),
    }
}

/// Completes the work of a command that was killed while it moved a run into place; returns whether there was any. A
/// command that resumes or overwrites a run calls this first. A command that only reads a run changes nothing, and is
/// refused ([`load_model`](super::load_model)).
///
/// # Errors
///
/// If another training is using the folder, or if the system cannot move the files.
pub fn recover(folder: &Path) -> Result<bool> {
    if !is_between(folder) {
        return Ok(false);
    }
    let _lock = Lock::take(folder)?;
    recover_locked(folder)
}

/// Refuses a folder with a run that is only partly moved into place.
pub(super) fn check_in_place(folder: &Path) -> Result<()> {
    if is_between(folder) {
        Err(Error::new(
            ErrorKind::Data,
            "the folder has only a part of a new run: the training that overwrites the old run was killed, could not \
             remove a file, or is still working",
        )
        .at(folder.display())
        .expected("a whole run")
        .hint(way_on(folder)))
    } else {
        Ok(())
    }
}

/// Whether a run is only partly moved into place.
fn is_between(folder: &Path) -> bool {
    [SWAP, IN].iter().any(|name| is_folder(&folder.join(name)))
}

/// Whether the path itself is a folder. A symbolic link is not: it may lead to a folder of another user.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// Removes the entry at a path if it is not a folder; a symbolic link is not followed.
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
        finish(folder)?;
    }
    Ok(is_between)
}

/// The hint for a run that is only partly in place.
fn way_on(folder: &Path) -> String {
    format!(
        "complete and resume the new run: {}",
        Action::GoOn {
            run: folder.to_path_buf(),
            settings: Settings::default()
        }
    )
}

/// Refuses to overwrite a run with files that the system neither changes nor removes, such as immutable ones.
fn check_replaceable(folder: &Path) -> Result<()> {
    /// What Unix answers for such files ("operation not permitted"). A file that may not be written may be removed.
    const NOT_PERMITTED: i32 = 1;
    let refused = |error| Error::io("the run's folder cannot be read", folder, error);
    let figures = folder.join(FIGURES_FOLDER);
    let mut files: Vec<PathBuf> = names::files().map(|name| folder.join(name)).collect();
    files.extend(tensorboard::logs(folder).map_err(refused)?);
    if is_folder(&figures) {
        let names = entries(&figures).map_err(refused)?.into_iter();
        files.extend(names.map(|(name, _)| figures.join(name)));
    }
    let is_file = |path: &&PathBuf| fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    for file in files.iter().filter(is_file) {
        match File::options().write(true).open(file) {
            Err(error) if error.raw_os_error() == Some(NOT_PERMITTED) => {
                let what = "a file of the run in this folder cannot be replaced";
                return Err(Error::io(what, file, error).hint(format!(
                    "make the file replaceable (`chattr -i` if it is immutable), or choose another folder with {}",
                    setting(Setting::Out)
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The two parts of moving a run into place, continued from the present state.
fn finish(folder: &Path) -> Result<()> {
    let (swap, moving) = (folder.join(SWAP), folder.join(IN));
    let refused = |path: &Path, error| {
        Error::io("cannot put the new run in place", path, error).hint(way_on(folder))
    };
    let at_folder = |error| refused(folder, error);
    if is_folder(&swap) {
        let old = REPLACED_FILES.iter().map(|name| folder.join(name));
        let logs = tensorboard::logs(folder).map_err(at_folder)?;
        for file in old.chain(logs) {
            gone(fs::remove_file(&file)).map_err(|error| refused(&file, error))?;
        }
        let figures = folder.join(FIGURES_FOLDER);
        clear(&figures)
            .and_then(|()| gone(remove_folder(&figures)))
            .map_err(|error| refused(&figures, error))?;
        sync_folder(folder)
            .and_then(|()| clear(&moving))
            .and_then(|()| fs::rename(&swap, &moving))
            .and_then(|()| sync_folder(folder))
            .map_err(at_folder)?;
    }
    let mut names = own_entries(&moving).map_err(at_folder)?;
    // Last, because the run can be resumed as soon as it is there.
    names.sort_by_key(|(name, _)| *name == *RUN_FILE);
    for (name, _) in names {
        let file = folder.join(&name);
        fs::rename(moving.join(&name), &file).map_err(|error| refused(&file, error))?;
    }
    fs::remove_dir(&moving)
        .and_then(|()| sync_folder(folder))
        .map_err(at_folder)
}

/// Success if the entry does not exist now, also if it never existed.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes what a killed run had begun to write: files under temporary names, and a run that was never moved into
/// place. Links are not followed; a link with such a name is removed.
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
                // It belongs to another command, which collects images.
                NameKind::Folder => {}
                _ => gone(fs::remove_file(path)).map_err(refused)?,
            }
        }
    }
    Ok(())
}

/// The error of a path that goes through a broken symbolic link, if it does.
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
