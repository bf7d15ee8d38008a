//! A file of images that is open.

use super::picture::Cause;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// A file of images that is open.
pub(super) struct OpenImage {
    pub(super) file: BufReader<File>,
    pub(super) bytes: u64,
}

pub(super) fn open(path: &Path) -> std::result::Result<OpenImage, Cause> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    Ok(OpenImage {
        file: BufReader::new(file),
        bytes,
    })
}
