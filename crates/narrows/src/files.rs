//! Writing files so that a reader never meets half of one.

use crate::error::{Error, ErrorKind, Result};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::TempPath;

mod output;

pub use output::{
    OutputFile, STANDARD_OUTPUT, is_standard_output, is_stream, through_links, write_output,
};

/// How the names of files begin that are not whole yet.
pub(crate) const TEMPORARY: &str = ".narrows-";

/// Writes `bytes` to `path` under a temporary name, syncs it to the disk and renames it: after a
/// failure, or a loss of power, what was there before is still there.
///
/// # Errors
///
/// When the folder does not exist or the system refuses to write; the file names are in the error.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = NewFile::create(path)?;
    file.write_all(bytes)
        .map_err(|error| Error::io("cannot write the file", path, error))?;
    file.finish()
}

/// A file that is being written under a temporary name, and gets its own when it is whole.
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
    /// When the folder does not exist or the system refuses to write.
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
        let file = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempfile_in(folder)
            // Its text names the temporary file, which means nothing to anybody.
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

    /// Syncs the file to the disk and gives it its name, in place of what was there before. The folder is synced
    /// too, so that the name survives a loss of power.
    ///
    /// # Errors
    ///
    /// When the system refuses; what was there before stays, unless it was the folder that could not be synced.
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

/// The folder that a file or folder is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Writes the names in a folder to the disk: a file that was renamed there keeps its new name after a loss of power.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    let file = match File::open(folder) {
        // A folder that may be written and not be read cannot be synced by anybody but its owner.
        Err(error) if error.kind() == PermissionDenied => return Ok(()),
        file => file?,
    };
    match file.sync_all() {
        // Some file systems, those of a network above all, cannot sync folders.
        Err(error) if [InvalidInput, Unsupported].contains(&error.kind()) => Ok(()),
        synced => synced,
    }
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Temporary files are private to their owner; what stays should be as readable as any other file.
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
