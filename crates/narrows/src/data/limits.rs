//! The limits of what is read, in one place.
//!
//! They are checked before memory is taken, so that a small or forged file costs little. A source that is streamed has
//! no limit on its whole size: large data go to a temporary file or stay in their own.

use crate::{Error, ErrorKind, Result};

/// The most values of one row: as many as a model file may have inputs.
pub(crate) const ROW_VALUES: u64 = 1 << 28;

/// The most bytes of one row that a compressed file may unpack to, whatever its own size; a file that is larger
/// than a quarter of this may have rows of [`ROW_RATIO`] times its size.
pub(crate) const ROW_BYTES: u64 = 16 << 20;

/// How many times larger than its compressed file a row may be, beyond [`ROW_BYTES`].
pub(crate) const ROW_RATIO: u64 = 4;

/// The bytes of a compressed array that is stored column by column, which has to be in memory as a whole, whatever the
/// size of its file; and how many times its file it may have beyond that.
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

/// The most pixels of an image that is decoded, whatever size it is then brought to.
pub(crate) const IMAGE_PIXELS: u64 = 1 << 28;

/// An image may take this many bytes when it is decoded, however small its file is.
pub(crate) const IMAGE_BYTES_FREE: u64 = 16 << 20;

/// Beyond [`IMAGE_BYTES_FREE`], an image may take this many times the bytes of its file when it is decoded. Photos
/// take 2 to 50 times, blank pages some 500.
pub(crate) const IMAGE_RATIO: u64 = 600;

/// The images of a file or a folder may together take this many bytes when they are decoded, however small the files
/// are.
pub(crate) const IMAGES_BYTES_FREE: u64 = 64 << 20;

/// Beyond [`IMAGES_BYTES_FREE`], they may take this many times the bytes of their files. No PNG of 8 bits takes more.
pub(crate) const IMAGES_RATIO: u64 = 1100;

/// The most bytes of the file of an image that is decoded from memory. A TIFF file of many pages is not.
pub(crate) const IMAGE_FILE: u64 = 1 << 30;

/// The longest header of an NPY array that is looked at, in bytes. Structured types with many fields have long ones.
pub(crate) const NPY_HEADER: usize = 1 << 16;

/// The longest header of an NPY array that is taken, in characters: NumPy's own limit.
pub(crate) const NPY_TAKEN: usize = 10_000;

/// The most arrays of an NPZ file whose headers are looked at to find the rows.
pub(crate) const NPZ_ARRAYS: usize = 1024;

/// The most bytes of an NPZ file that are read for their checksums alone, of arrays that are not needed.
pub(crate) const CHECKED_BYTES: u64 = 16 << 20;

/// The most bytes of an array of labels, which are held in memory.
pub(crate) const LABEL_BYTES: u64 = 2 << 30;

/// The most bytes of one label in words.
pub(crate) const LABEL_WORD: u64 = 1 << 16;

/// The most bytes that the different labels in words take together.
pub(crate) const LABEL_WORDS: usize = 64 << 20;

/// How many names an error lists.
pub(crate) const NAMES: usize = 12;

/// Refuses a row of too many values, or one that a compressed file of `packed` bytes does not justify.
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
        "a row is far larger than the compressed file it comes from",
    )
    .expected(format!(
        "a row of at most {most} bytes from a file of {packed} bytes"
    ))
    .found(format!("{bytes} bytes"))
    .hint("if the file is meant so, unpack it first"))
}

/// Names for an error, each in backquotes: a screen of them at most, and how many more there are.
pub(super) fn names<T>(all: &[T], name: impl Fn(&T) -> String) -> String {
    let first: Vec<String> = all.iter().take(NAMES).map(name).collect();
    let more = match all.len().saturating_sub(NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", first.join(", "))
}

/// Text of a file for an error: without control characters, and a line at most.
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
