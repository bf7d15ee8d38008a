//! The text of a recipe's file.

use crate::error::{Error, ErrorKind, Result};
use std::io::Read;
use std::path::Path;

/// The largest file of a recipe, in bytes: it protects against files that are not recipes.
const MAX_FILE: u64 = 1 << 20;

/// The text of a recipe's file.
pub(super) fn read_text(path: &Path) -> Result<String> {
    if path.is_dir() {
        return Err(is_a_folder(path));
    }
    let refused = |error| Error::io("cannot read the recipe", path, error);
    // Checked before it is opened: opening a pipe may block forever, and a device may have no end.
    if !may_end(path, &std::fs::metadata(path).map_err(refused)?) {
        return Err(Error::new(ErrorKind::Recipe, "this is not a recipe")
            .at(path.display())
            .expected("a text file in TOML")
            .found("a named pipe or a device")
            .hint("write the recipe to a file first"));
    }
    let file = std::fs::File::open(path).map_err(refused)?;
    let mut bytes = Vec::new();
    // One further byte shows that there is more.
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(refused)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Error::new(ErrorKind::Recipe, "this is not a recipe")
            .at(path.display())
            .expected(format!("a text file of at most {MAX_FILE} bytes"))
            .found("a larger file"));
    }
    String::from_utf8(bytes).map_err(|_| {
        Error::new(ErrorKind::Recipe, "this is not a recipe")
            .at(path.display())
            .expected("a text file in TOML")
            .found("bytes that are not UTF-8")
    })
}

/// Whether reading the file comes to an end. This holds for a regular file, and for a pipe that a shell made for
/// `<(…)`, which has a writer.
#[cfg(unix)]
fn may_end(path: &Path, found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let is_of_shell = path.starts_with("/dev") || path.starts_with("/proc");
    found.is_file() || (is_of_shell && found.file_type().is_fifo())
}

#[cfg(not(unix))]
fn may_end(_: &Path, found: &std::fs::Metadata) -> bool {
    found.is_file()
}

pub(super) fn is_a_folder(path: &Path) -> Error {
    Error::new(
        ErrorKind::Recipe,
        "this folder is neither a recipe nor a run",
    )
    .at(path.display())
    .expected("a TOML file, or the folder of a run with its model.safetensors")
    .found("neither")
}
