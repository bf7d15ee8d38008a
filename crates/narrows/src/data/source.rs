//! Sources: where data come from, by the one word that a person gives.
//!
//! [`SOURCE_KINDS`] is the one ordered list; look-up, listing and messages come from it, and a
//! further format is a file beside this one and an entry there.

use super::{Dataset, idx, mnist};
use crate::{Error, ErrorKind, Result};
use std::fs;
use std::io::Read;
use std::mem;
use std::path::Path;

/// A source of data: rows to train on and, where the source has them, rows to test on.
#[derive(Clone, Debug)]
pub struct Source {
    /// The rows to learn from.
    pub train: Dataset,
    /// The rows that nothing is learnt from.
    pub test: Option<Dataset>,
}

/// A kind of [`Source`].
#[derive(Clone, Copy, Debug)]
pub struct SourceKind {
    /// What a person writes: a name as it stands, or FOLDER or FILE for a path.
    pub spec: &'static str,
    /// What that gives, in a few words.
    pub description: &'static str,
    /// Opens the source if it is of this kind; `None` leaves it to the next kind.
    open: fn(&str) -> Result<Option<Source>>,
}

/// The kinds of sources, in the order in which they are tried.
pub const SOURCE_KINDS: &[SourceKind] = &[
    SourceKind {
        spec: mnist::NAME,
        description: "MNIST, built in: 60,000 training and 10,000 test images of 28 × 28 pixels",
        open: mnist::open,
    },
    SourceKind {
        spec: "FOLDER",
        description: "a folder of IDX files named as MNIST's are, raw or gzipped",
        open: idx::open_folder,
    },
    SourceKind {
        spec: "FILE",
        description: "an IDX file of images, raw or gzipped",
        open: idx::open_file,
    },
];

impl Source {
    /// A source of rows to train on and, perhaps, rows to test on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the two differ in the shape of a row or in the type of the values.
    pub fn new(train: Dataset, test: Option<Dataset>) -> Result<Self> {
        if let Some(test) = &test {
            let differs = |what| {
                Error::new(ErrorKind::Data, what)
                    .at(test.name())
                    .hint("training and test rows must be alike")
            };
            if test.shape() != train.shape() {
                return Err(
                    differs("the test rows differ in shape from the training rows")
                        .expected(format!("{:?}", train.shape()))
                        .found(format!("{:?}", test.shape())),
                );
            }
            if mem::discriminant(test.values()) != mem::discriminant(train.values()) {
                return Err(
                    differs("the test rows differ in type from the training rows")
                        .expected(train.values().type_name())
                        .found(test.values().type_name()),
                );
            }
        }
        Ok(Source { train, test })
    }

    /// Opens what `spec` names: one of the built-in sources, else a path, as [`SOURCE_KINDS`]
    /// lists them. A path that is spelt like a built-in source can be given as `./mnist`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if there is no such path or it cannot be read, [`ErrorKind::Format`] if
    /// it is of no kind that is understood or is not what its format says it should be,
    /// [`ErrorKind::Data`] if its parts do not fit together.
    ///
    /// ```
    /// use narrows::data::Source;
    /// let source = Source::open("mnist")?;
    /// assert_eq!(source.train.rows(), 60_000);
    /// let error = Source::open("no/such/path").unwrap_err();
    /// assert!(error.to_string().starts_with("no/such/path: there is no such file or folder"));
    /// # Ok::<(), narrows::Error>(())
    /// ```
    pub fn open(spec: &str) -> Result<Self> {
        for kind in SOURCE_KINDS {
            if let Some(source) = (kind.open)(spec)? {
                return Ok(source);
            }
        }
        Err(not_understood(spec))
    }
}

/// Why no kind took `spec`.
fn not_understood(spec: &str) -> Error {
    let path = Path::new(spec);
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Error::new(
                ErrorKind::Data,
                "there is no such file or folder, and no built-in data of that name",
            )
            .at(spec)
            .hint(format!("data can be {}", understood()));
        }
        Err(error) => return Error::io("cannot be read", path, error),
    };
    let error = Error::new(
        ErrorKind::Format,
        "these data are of no kind that is understood",
    )
    .at(spec)
    .expected(understood());
    if metadata.is_dir() {
        error.found("a folder without IDX files of images")
    } else if metadata.is_file() {
        let mut start = Vec::new();
        match fs::File::open(path).and_then(|file| file.take(4).read_to_end(&mut start)) {
            Ok(0) => error.found("an empty file"),
            Ok(_) => error.found(format!("a file that begins with the bytes {start:02x?}")),
            Err(cause) => Error::io("cannot be read", path, cause),
        }
    } else {
        error.found("something that is neither a file nor a folder")
    }
}

/// The list of kinds as a clause.
fn understood() -> String {
    let kinds: Vec<_> = SOURCE_KINDS
        .iter()
        .map(|kind| format!("{} ({})", kind.spec, kind.description))
        .collect();
    kinds.join(", or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Values;
    use ndarray::Array2;

    #[test]
    fn an_unknown_name_and_a_missing_path_say_what_is_understood() {
        for spec in ["mnits", "no/such/folder", ""] {
            let error = Source::open(spec).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Data);
            let text = error.to_string();
            assert!(
                text.starts_with(&format!("{spec}: there is no such file or folder")),
                "{text}"
            );
            for kind in SOURCE_KINDS {
                assert!(
                    text.contains(kind.spec) && text.contains(kind.description),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn a_folder_without_idx_files_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "nothing").unwrap();
        let error = Source::open(folder.path().to_str().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format);
        assert_eq!(
            error.what_was_found(),
            Some("a folder without IDX files of images")
        );
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for (bytes, found) in [
            (
                &b"PK\x03\x04 and more"[..],
                "a file that begins with the bytes [50, 4b, 03, 04]",
            ),
            (b"", "an empty file"),
        ] {
            let path = folder.path().join("table.zip");
            fs::write(&path, bytes).unwrap();
            let error = Source::open(path.to_str().unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Format);
            assert_eq!(error.what_was_found(), Some(found));
            assert!(error.what_was_expected().unwrap().contains("IDX"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_neither_file_nor_folder_is_refused() {
        let error = Source::open("/dev/null").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format);
        assert_eq!(
            error.what_was_found(),
            Some("something that is neither a file nor a folder")
        );
    }

    #[test]
    fn test_rows_must_be_like_training_rows() {
        let pixels = |shape: Vec<usize>| {
            Dataset::new("pixels", Values::U8(Array2::zeros((2, 4))), shape, None).unwrap()
        };
        let floats = Dataset::new("floats", Values::F32(Array2::zeros((2, 4))), vec![4], None);

        let error = Source::new(pixels(vec![4]), Some(pixels(vec![1, 2, 2]))).unwrap_err();
        assert_eq!(error.what_was_expected(), Some("[4]"));
        assert_eq!(error.what_was_found(), Some("[1, 2, 2]"));

        let error = Source::new(pixels(vec![4]), Some(floats.unwrap())).unwrap_err();
        assert_eq!(error.what_was_expected(), Some("8-bit values"));
        assert_eq!(error.what_was_found(), Some("32-bit floating-point values"));
    }
}
