//! Writes files so that a reader never sees a partial file.

use crate::error::{Error, ErrorKind, Result};
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

mod output;

pub use output::{
    OutputFile, STANDARD_OUTPUT, is_standard_output, is_stream, through_links, write_output,
};

/// The prefix of hidden names of Narrows: of incomplete files, and of a run's lock.
pub(crate) const TEMPORARY: &str = ".narrows-";

/// The prefix of random names for incomplete files and folders. Files with such names are removed when their command
/// has ended, so the names are random to avoid a collision with names of the user.
const DRAWN: &str = ".narrows-tmp-";

/// The number of random letters and digits in such a name.
const DRAWN_LETTERS: usize = 12;

/// The builder of files and folders under temporary names.
pub(crate) fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(DRAWN).rand_bytes(DRAWN_LETTERS);
    builder
}

/// Writes `bytes` to `path` under a temporary name, syncs it to the disk and renames it. After an error or a power
/// failure, an existing file is unchanged.
///
/// # Errors
///
/// If the folder does not exist or if the system cannot write; the error has the name of the file.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    sweep_dead(folder_of(path));
    write_alone(path, bytes)
}

/// The same in a folder that no other process writes into, and that needs no cleaning.
pub(crate) fn write_alone(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = NewFile::create(path)?;
    file.write_all(bytes)
        .map_err(|error| Error::io("cannot write the file", path, error))?;
    file.finish()
}

/// A file that is written under a temporary name, and gets its own name when it is complete.
#[derive(Debug)]
pub struct NewFile {
    file: BufWriter<File>,
    temporary: TempPath,
    path: PathBuf,
}

impl NewFile {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// If the folder does not exist or if the system cannot write.
    pub fn create(path: &Path) -> Result<NewFile> {
        let folder = folder_of(path);
        if !folder.is_dir() {
            return Err(Error::new(
                ErrorKind::Data,
                "the folder of the file to write does not exist",
            )
            .at(path.display())
            .hint(format!("make the folder {} first", folder.display())));
        }
        let file = temporary_in(folder)
            // Its text names the temporary file, which means nothing to the user.
            .map_err(|error| Error::io("cannot write the file", path, error.kind().into()))?;
        let (file, temporary) = file.into_parts();
        Ok(NewFile {
            file: BufWriter::with_capacity(1 << 16, file),
            temporary,
            path: path.to_path_buf(),
        })
    }

    /// The name that the file will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the file to the disk and renames it; it replaces an existing file. The folder is synced too, so that the
    /// name survives a power failure.
    ///
    /// # Errors
    ///
    /// If the system cannot do it. An existing file stays, unless only the sync of the folder failed.
    pub fn finish(self) -> Result<()> {
        let NewFile {
            file,
            temporary,
            path,
        } = self;
        let finish = || -> io::Result<()> {
            let file = file.into_inner().map_err(|error| error.into_error())?;
            make_readable_as_usual(&file)?;
            file.sync_all()?;
            temporary.persist(&path).map_err(|error| error.error)?;
            sync_folder(folder_of(&path))
        };
        finish().map_err(|error| Error::io("cannot write the file", &path, error))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file under a temporary name. It is locked; this distinguishes it from a file that a killed command left.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = temporary().tempfile_in(folder)?;
        match file.as_file().try_lock() {
            // Until now, another process may have taken it for the file of a killed command.
            Ok(()) if is_at(file.as_file(), file.path())? => return Ok(file),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // Without locks, no process removes such files.
            Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

/// Removes files under temporary names that killed commands left in a folder. A file that cannot be removed stays and
/// does no harm.
pub(crate) fn sweep_dead(folder: &Path) {
    // Only random names: any other name may belong to the user.
    let is_drawn =
        |rest: &[u8]| rest.len() == DRAWN_LETTERS && rest.iter().all(u8::is_ascii_alphanumeric);
    for (name, kind) in entries(folder).unwrap_or_default() {
        let rest = name.as_encoded_bytes().strip_prefix(DRAWN.as_bytes());
        if !rest.is_some_and(is_drawn) || kind == NameKind::Other {
            continue;
        }
        let path = folder.join(name);
        let Ok(file) = File::open(&path) else {
            continue;
        };
        // The system releases the lock when the process ends, in any way.
        if file.try_lock().is_ok() && is_at(&file, &path).unwrap_or(false) {
            let _ = match kind {
                NameKind::Folder => remove_folder(&path),
                _ => fs::remove_file(&path),
            };
        }
    }
}

/// The kind of an entry of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameKind {
    File,
    Folder,
    /// A symbolic link, which is not followed, a pipe or a device.
    Other,
}

/// The entries of a folder that the user names; the folder may be a symbolic link.
pub(crate) fn entries(folder: &Path) -> io::Result<Vec<(OsString, NameKind)>> {
    list(folder, Links::Followed)
}

/// The entries of a folder that Narrows has made. A symbolic link in its place may lead to a folder of another user,
/// and is an error.
pub(crate) fn own_entries(folder: &Path) -> io::Result<Vec<(OsString, NameKind)>> {
    list(folder, Links::Refused)
}

/// The handling of a symbolic link in place of a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    Followed,
    Refused,
}

#[cfg(unix)]
fn list(folder: &Path, links: Links) -> io::Result<Vec<(OsString, NameKind)>> {
    use rustix::fs::{Dir, FileType};
    use std::os::unix::ffi::OsStrExt;
    let mut entries = Vec::new();
    for entry in Dir::new(open_folder(folder, links)?)? {
        let entry = entry?;
        let name = std::ffi::OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::RegularFile => NameKind::File,
            FileType::Directory => NameKind::Folder,
            FileType::Unknown => kind_of(&fs::symlink_metadata(folder.join(name))?.file_type()),
            _ => NameKind::Other,
        };
        entries.push((name.to_os_string(), kind));
    }
    Ok(entries)
}

#[cfg(not(unix))]
fn list(folder: &Path, links: Links) -> io::Result<Vec<(OsString, NameKind)>> {
    if links == Links::Refused && folder.is_symlink() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok((entry.file_name(), kind_of(&entry.file_type()?)))
    };
    fs::read_dir(folder)?.map(entry).collect()
}

fn kind_of(found: &fs::FileType) -> NameKind {
    match (found.is_file(), found.is_dir()) {
        (true, _) => NameKind::File,
        (_, true) => NameKind::Folder,
        _ => NameKind::Other,
    }
}

#[cfg(unix)]
fn open_folder(folder: &Path, links: Links) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let mut flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if links == Links::Refused {
        flags |= OFlags::NOFOLLOW;
    }
    Ok(open(folder, flags, Mode::empty())?.into())
}

/// Removes a folder with its content. Links are not followed; a link in place of the folder is an error.
pub(crate) fn remove_folder(folder: &Path) -> io::Result<()> {
    for (name, kind) in own_entries(folder)? {
        let path = folder.join(name);
        match kind {
            NameKind::Folder => remove_folder(&path)?,
            _ => fs::remove_file(path)?,
        }
    }
    fs::remove_dir(folder)
}

/// Whether an open file is the file at a path.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let open = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// On other systems, an open file cannot be removed.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// The folder that a file or folder is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Writes the names in a folder to the disk: a renamed file then keeps its new name after a power failure.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    let file = match open_folder(folder, Links::Followed) {
        // A folder that may be written but not read can be synced only by its owner.
        Err(error) if error.kind() == PermissionDenied => return Ok(()),
        file => file?,
    };
    match file.sync_all() {
        // Some file systems, especially network file systems, cannot sync folders.
        Err(error) if [InvalidInput, Unsupported].contains(&error.kind()) => Ok(()),
        synced => synced,
    }
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Temporary files are private to their owner; the finished file gets the usual permissions.
#[cfg(unix)]
fn make_readable_as_usual(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable_as_usual(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_killed_commands_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let going = NewFile::create(&at("going")).unwrap();
        let dead = [".narrows-tmp-aB3dE6gH9kL2", ".narrows-tmp-Zb3dE7gH9kL2"].map(at);
        fs::write(&dead[0], "half").unwrap();
        fs::create_dir(&dead[1]).unwrap();
        fs::write(dead[1].join("0.png"), "half").unwrap();
        fs::create_dir(at(".narrows-backup")).unwrap();
        for mine in [".narrows-keep", ".narrows-mine.txt", ".other"] {
            fs::write(at(mine), "mine").unwrap();
        }
        write_whole(&at("done"), b"whole").unwrap();
        assert!(dead.iter().all(|path| !path.exists()));
        going.finish().unwrap();
        let names = [
            ".narrows-backup",
            ".narrows-keep",
            ".narrows-mine.txt",
            ".other",
            "done",
            "going",
        ];
        assert!(names.iter().all(|name| at(name).exists()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names.len());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_drawn_is_known_again_and_a_link_is_no_folder_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let half = temporary().tempdir_in(folder.path()).unwrap().keep();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&half, &link).unwrap();
        fs::write(half.join("a"), "a").unwrap();
        assert!(remove_folder(&link).is_err());
        assert!(half.join("a").exists());
        sweep_dead(folder.path());
        assert!(!half.exists() && link.is_symlink());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_error_names_the_file_and_not_its_temporary_name() {
        let error = write_whole(Path::new("/proc/x.png"), b"").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("/proc/x.png"), "{text}");
        assert!(!text.contains(TEMPORARY), "{text}");
    }

    #[test]
    fn a_missing_folder_is_an_error_that_names_the_file() {
        let error = write_whole(Path::new("no/such/folder/file"), b"").unwrap_err();
        assert!(error.to_string().contains("no/such/folder/file"), "{error}");
    }
}
