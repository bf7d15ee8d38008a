//! All limits of reading, in one place.
//!
//! Limits are checked before memory is allocated, so that a small or forged file costs little. The total size of a
//! streamed source has no limit: large data go to a temporary file or stay in their own file.

use crate::text::count_of;
use crate::{Error, ErrorKind, Result};

/// The most values of one row: as many as a model file may have inputs.
pub(crate) const ROW_VALUES: u64 = 1 << 28;

/// The most bytes that one row of a compressed file may unpack to, for any size of the file. If the file is larger than
/// a quarter of this, a row may have [`ROW_RATIO`] times its size.
pub(crate) const ROW_BYTES: u64 = 16 << 20;

/// How many times larger than its compressed file a row may be, above [`ROW_BYTES`].
pub(crate) const ROW_RATIO: u64 = 4;

/// The bytes of a compressed array in Fortran order, which must be in memory as a whole, for any size of the file; and
/// the multiple of the file's size that is allowed in addition.
pub(crate) const FORTRAN_BYTES: u64 = 64 << 20;
pub(crate) const FORTRAN_RATIO: u64 = 64;

/// The most bytes of one cell of a text.
pub(crate) const CELL: usize = 1 << 20;

/// The most bytes of one record (a row) of a text.
pub(crate) const RECORD: usize = 1 << 25;

/// The most columns of a table.
pub(crate) const COLUMNS: usize = 1 << 20;

/// The most values of one row, for images: 64 Mi, as of 4096 x 5461 pixels in color.
pub(crate) const IMAGE_VALUES: u64 = 1 << 26;

/// The most pixels of an image that is decoded, before it is resized.
pub(crate) const IMAGE_PIXELS: u64 = 1 << 28;

/// A decoded image may take this many bytes, for any size of its file.
pub(crate) const IMAGE_BYTES_FREE: u64 = 16 << 20;

/// Above [`IMAGE_BYTES_FREE`], a decoded image may take this many times the bytes of its file. Photos take 2 to 50
/// times, blank pages about 500 times.
pub(crate) const IMAGE_RATIO: u64 = 600;

/// The decoded images of a file or a folder may together take this many bytes, for any size of the files.
pub(crate) const IMAGES_BYTES_FREE: u64 = 64 << 20;

/// In addition to [`IMAGES_BYTES_FREE`], they may take this many times the bytes of their files. An 8-bit PNG never
/// takes more.
pub(crate) const IMAGES_RATIO: u64 = 1100;

/// The most bytes of an image file that is decoded from memory. A TIFF file of many pages is not decoded from memory.
pub(crate) const IMAGE_FILE: u64 = 1 << 30;

/// The longest header of an NPY array that is read, in bytes. Structured types with many fields have long headers.
pub(crate) const NPY_HEADER: usize = 1 << 16;

/// The longest header of an NPY array that is accepted, in characters: NumPy's own limit.
pub(crate) const NPY_TAKEN: usize = 10_000;

/// The most arrays of an NPZ file whose headers are read to find the rows.
pub(crate) const NPZ_ARRAYS: usize = 1024;

/// The most bytes of an NPZ file that are read only for their checksums, for arrays that are not needed.
pub(crate) const CHECKED_BYTES: u64 = 16 << 20;

/// The most bytes of an array of labels, which are held in memory.
pub(crate) const LABEL_BYTES: u64 = 2 << 30;

/// The most bytes of one label in words.
pub(crate) const LABEL_WORD: u64 = 1 << 16;

/// The most bytes that the different labels in words take together.
pub(crate) const LABEL_WORDS: usize = 64 << 20;

/// The number of names that an error lists.
pub(crate) const NAMES: usize = 12;

/// Refuses a row with too many values, or a row that is too large for a compressed file of `packed` bytes.
pub(super) fn check_row(values: u64, bytes: u64, packed: Option<u64>) -> Result<()> {
    if values > ROW_VALUES {
        return Err(
            Error::new(ErrorKind::Data, "a row has more values than are read")
                .expected(format!("at most {ROW_VALUES} values a row"))
                .found(values),
        );
    }
    let Some(packed) = packed else {
        return Ok(());
    };
    let most = ROW_BYTES.max(packed.saturating_mul(ROW_RATIO));
    if bytes <= most {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Data,
        "a row is far larger than its compressed file",
    )
    .expected(format!(
        "a row of at most {} from a file of {}",
        count_of(most, "byte"),
        count_of(packed, "byte")
    ))
    .found(count_of(bytes, "byte"))
    .hint("if the file is not damaged, unpack it first"))
}

/// Names for an error, each in backquotes: at most `NAMES`, and the number of the others.
pub(super) fn names<T>(all: &[T], name: impl Fn(&T) -> String) -> String {
    let first: Vec<String> = all.iter().take(NAMES).map(name).collect();
    let more = match all.len().saturating_sub(NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", first.join(", "))
}

/// Text of a file for an error: without control characters, and at most one line.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 80;
    let shown: String = text
        .chars()
        .take(LONGEST)
        .map(|letter| match letter {
            '\'' | '"' => letter.to_string(),
            _ => letter.escape_debug().to_string(),
        })
        .collect();
    match text.chars().nth(LONGEST) {
        Some(_) => format!("{shown}…"),
        None => shown,
    }
}
