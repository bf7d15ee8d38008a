//! The beginning of a file: its bytes, and whether they are text.

use crate::{Error, Result};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// The number of bytes that are used to recognize a file.
pub(super) const START: u64 = 1 << 16;

pub(super) fn start_of(path: &Path) -> Result<Vec<u8>> {
    let unreadable = |error| Error::io("cannot be read", path, error);
    let mut start = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    BufReader::new(file)
        .take(START)
        .read_to_end(&mut start)
        .map_err(unreadable)?;
    Ok(start)
}

/// The bytes that can be unpacked. Damage further on is reported by the reader of the format.
pub(super) fn ungzipped(start: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    let _ = MultiGzDecoder::new(start)
        .take(START)
        .read_to_end(&mut unpacked);
    unpacked
}

/// Whether content begins like safetensors: a length that fits into four bytes, and a JSON object.
pub(super) fn is_weights(start: &[u8]) -> bool {
    matches!(
        start,
        [_, _, _, _, 0, 0, 0, 0, b'{', b'"' | b'}' | b' ', ..]
    )
}

/// Whether bytes are text, in UTF-8, UTF-16 or an encoding of single bytes.
pub(super) fn is_text(start: &[u8]) -> bool {
    is_utf16(start) || controls(start) == 0
}

fn is_utf16(start: &[u8]) -> bool {
    let zeros = start.iter().filter(|byte| **byte == 0).count();
    // UTF-16 without a byte-order mark has a zero in every other byte of plain text.
    start.starts_with(b"\xff\xfe")
        || start.starts_with(b"\xfe\xff")
        || (zeros > 0 && zeros * 5 >= start.len() * 2 && zeros * 5 <= start.len() * 3)
}

/// The number of bytes that do not occur in text.
fn controls(start: &[u8]) -> usize {
    let is_control = |byte: &&u8| {
        **byte < b' ' && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1b | 0x1a)
    };
    start.iter().filter(is_control).count()
}

/// Whether bytes are text, except for a few that do not belong there.
pub(super) fn is_mostly_text(start: &[u8]) -> bool {
    controls(start) <= 1 + start.len() / 20
}

/// Whether bytes are certainly text in lines, whatever letters they begin with. Short compressed content has no control
/// characters either, but it has many bytes that are not ASCII and not UTF-8. UTF-16 without a byte-order mark is not
/// certain, because zero bytes also occur in the bytes of numbers.
pub(super) fn is_lines(start: &[u8]) -> bool {
    let is_utf8 = match std::str::from_utf8(start) {
        Ok(_) => true,
        // The last character may be truncated.
        Err(error) => error.error_len().is_none(),
    };
    let others = start.iter().filter(|byte| !byte.is_ascii()).count();
    let has_end = start.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
    let has_mark = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    has_end && (has_mark || (controls(start) == 0 && (is_utf8 || 10 * others <= start.len())))
}
