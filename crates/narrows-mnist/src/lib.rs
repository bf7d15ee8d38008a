//! MNIST inside a crate: all 70,000 images of handwritten digits with their labels.
//!
//! Each of the four canonical IDX files is embedded unchanged, as one Zstandard frame. At run time, neither a file nor
//! the network is needed. [`train`] and [`test()`] decompress at every call, so keep the returned value.
//!
//! ```
//! let test = narrows_mnist::test()?;
//! assert_eq!(test.labels.len(), 10_000);
//! let first: &[u8] = &test.images[..narrows_mnist::PIXELS];
//! assert_eq!((first.len(), test.labels[0]), (28 * 28, 7));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The decompressed files equal the published files, to the bit:
//!
//! | file | bytes | SHA-256 |
//! |---|---|---|
//! | `train-images-idx3-ubyte` | 47,040,016 | `ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db` |
//! | `train-labels-idx1-ubyte` | 60,008 | `65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5` |
//! | `t10k-images-idx3-ubyte` | 7,840,016 | `0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7` |
//! | `t10k-labels-idx1-ubyte` | 10,008 | `ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2` |
//!
//! MNIST is by Yann LeCun, Corinna Cortes and Christopher J.C. Burges and is under
//! CC BY-SA 3.0; the code of this crate is under MIT or Apache-2.0, at your choice.
#![forbid(unsafe_code)]

use std::io;

/// The height and the width of an image, in pixels.
pub const SIDE: usize = 28;

/// The pixels of one image, `SIDE * SIDE`, row by row from the top left.
pub const PIXELS: usize = SIDE * SIDE;

/// The images of the training split.
pub const TRAIN_ROWS: usize = 60_000;

/// The images of the test split.
pub const TEST_ROWS: usize = 10_000;

/// One split of MNIST.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Split {
    /// Pixels, `[rows, SIDE, SIDE]` in row-major order: 0 is background, 255 is ink.
    pub images: Vec<u8>,
    /// The digit in each image, `[rows]`, 0 to 9.
    pub labels: Vec<u8>,
}

/// The 60,000 training images and their labels.
///
/// # Errors
///
/// Only if the data inside the program are damaged or memory runs out.
pub fn train() -> io::Result<Split> {
    split(&TRAIN_IMAGES, &TRAIN_LABELS)
}

/// The 10,000 test images and their labels.
///
/// # Errors
///
/// Only if the data inside the program are damaged or memory runs out.
pub fn test() -> io::Result<Split> {
    split(&TEST_IMAGES, &TEST_LABELS)
}

/// A canonical IDX file, compressed.
struct File {
    compressed: &'static [u8],
    /// The bytes of the IDX header: four, and four for each dimension.
    header: usize,
    /// The bytes after the header.
    content: usize,
}

const TRAIN_IMAGES: File = File {
    compressed: include_bytes!("../data/train-images-idx3-ubyte.zst"),
    header: 16,
    content: TRAIN_ROWS * PIXELS,
};
const TRAIN_LABELS: File = File {
    compressed: include_bytes!("../data/train-labels-idx1-ubyte.zst"),
    header: 8,
    content: TRAIN_ROWS,
};
const TEST_IMAGES: File = File {
    compressed: include_bytes!("../data/t10k-images-idx3-ubyte.zst"),
    header: 16,
    content: TEST_ROWS * PIXELS,
};
const TEST_LABELS: File = File {
    compressed: include_bytes!("../data/t10k-labels-idx1-ubyte.zst"),
    header: 8,
    content: TEST_ROWS,
};

fn split(images: &File, labels: &File) -> io::Result<Split> {
    let content = |file: &File| -> io::Result<Vec<u8>> {
        let mut bytes = idx(file)?;
        bytes.drain(..file.header);
        Ok(bytes)
    };
    Ok(Split {
        images: content(images)?,
        labels: content(labels)?,
    })
}

/// The whole IDX file, header included, at exactly its length.
fn idx(file: &File) -> io::Result<Vec<u8>> {
    let length = file.header + file.content;
    let bytes = zstd::bulk::decompress(file.compressed, length)?;
    if bytes.len() == length {
        Ok(bytes)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "the embedded MNIST has {} bytes instead of {length}",
                bytes.len()
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn sha256(file: &File) -> String {
        let digest = Sha256::digest(idx(file).expect("the file decompresses"));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The sums as published, which the documentation of the crate shows too.
    #[test]
    fn the_files_are_the_canonical_ones() {
        for (file, published) in [
            (
                &TRAIN_IMAGES,
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            ),
            (
                &TRAIN_LABELS,
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
            (
                &TEST_IMAGES,
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            ),
            (
                &TEST_LABELS,
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ] {
            assert_eq!(sha256(file), published);
        }
    }

    #[test]
    fn the_splits_hold_images_and_labels_without_headers() {
        for (split, rows, first) in [
            (train().unwrap(), TRAIN_ROWS, [5, 0, 4, 1]),
            (test().unwrap(), TEST_ROWS, [7, 2, 1, 0]),
        ] {
            assert_eq!(split.images.len(), rows * PIXELS);
            assert_eq!(split.labels.len(), rows);
            assert_eq!(split.labels[..4], first);
            assert!(split.labels.iter().all(|&label| label <= 9));
            // The corner of the first image is background: the header is gone.
            assert_eq!(split.images[..SIDE], [0; SIDE]);
        }
    }
}
