//! The content of files that may be gzipped.

use crate::{Error, Result};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// The first two bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The content of a file; it is unpacked if it begins like gzip, for any name.
pub(in crate::data) fn unpacked(path: &Path) -> Result<Box<dyn Read>> {
    let cannot = |error| Error::io("cannot be read", path, error);
    let file = File::open(path).map_err(cannot)?;
    let mut reader = BufReader::new(file);
    let mut start = Vec::new();
    reader
        .by_ref()
        .take(GZIP.len() as u64)
        .read_to_end(&mut start)
        .map_err(cannot)?;
    let gzipped = start == GZIP;
    let whole = io::Cursor::new(start).chain(reader);
    Ok(if gzipped {
        Box::new(MultiGzDecoder::new(whole))
    } else {
        Box::new(whole)
    })
}

/// Whether a file begins like gzip.
pub(in crate::data) fn is_gzipped(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(GZIP.len() as u64).read_to_end(&mut start))
        .map_err(|error| Error::io("cannot be read", path, error))?;
    Ok(start == GZIP)
}

/// Whether the error means damaged content, and not a failure of the operating system.
pub(in crate::data) fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}
