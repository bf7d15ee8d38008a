//! Writing files so that a reader never meets half of one.

use crate::error::{Error, Result};
use std::io::Write;
use std::path::Path;

/// Writes `bytes` to `path` under a temporary name, syncs it to the disk and renames it: after a
/// failure, or a loss of power, what was there before is still there.
///
/// # Errors
///
/// When the folder does not exist or the system refuses to write; the file names are in the error.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let attempt = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(".narrows-")
            .tempfile_in(folder)?;
        file.write_all(bytes)?;
        make_readable_as_usual(file.as_file())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    attempt().map_err(|error| Error::io("cannot write the file", path, error))
}

/// Temporary files are private to their owner; what stays should be as readable as any other file.
#[cfg(unix)]
fn make_readable_as_usual(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable_as_usual(_: &std::fs::File) -> std::io::Result<()> {
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

    #[test]
    fn a_missing_folder_is_an_error_that_names_the_file() {
        let error = write_whole(Path::new("no/such/folder/file"), b"").unwrap_err();
        assert!(error.to_string().contains("no/such/folder/file"), "{error}");
    }
}
