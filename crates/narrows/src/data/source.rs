//! Sources: where data come from, by the one word that a person gives.
//!
//! [`SOURCE_KINDS`] is the one ordered list; look-up, listing and messages come from it, and a
//! further format is a file beside this one and an entry there.

use super::formats::{csv, idx, images, mnist, npy, parquet};
use super::{Dataset, ReadOptions};
use crate::settings::suggest;
use crate::{Error, ErrorKind, Result};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

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
    open: fn(&str, &ReadOptions) -> Result<Option<Source>>,
}

/// The kinds of sources, in the order in which they are tried.
pub const SOURCE_KINDS: &[SourceKind] = &[
    SourceKind {
        spec: mnist::NAME,
        description: "MNIST, built in: 60,000 training and 10,000 test images of 28 × 28 pixels",
        open: mnist::open,
    },
    SourceKind {
        spec: "FILE.csv",
        description: "a table, also .tsv and gzipped, with or without a header",
        open: csv::open,
    },
    SourceKind {
        spec: "FILE.parquet",
        description: "a table of numeric columns",
        open: parquet::open,
    },
    SourceKind {
        spec: "FILE.npy",
        description: "a NumPy array of 2 to 4 dimensions; a large one stays in its file",
        open: npy::open_npy,
    },
    SourceKind {
        spec: "FILE.npz",
        description: "NumPy arrays: one of rows, or x_train and x_test, with labels as y_train and so on",
        open: npy::open_npz,
    },
    SourceKind {
        spec: "FOLDER of IDX files",
        description: "named as MNIST's are, raw or gzipped",
        open: idx::open_folder,
    },
    SourceKind {
        spec: "FOLDER of images",
        description: "PNG or JPEG of 8 bits, turned as EXIF says, laid on black where transparent; subfolders are labels",
        open: images::open,
    },
    SourceKind {
        spec: "FILE of IDX",
        description: "images, raw or gzipped",
        open: idx::open_file,
    },
];

/// The part of a source that is meant, behind its last colon.
const PARTS: [&str; 2] = ["train", "test"];

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
            if test.is_8_bit() != train.is_8_bit() {
                return Err(
                    differs("the test rows differ in type from the training rows")
                        .expected(train.type_name())
                        .found(test.type_name()),
                );
            }
            if test.columns() != train.columns() {
                return Err(
                    differs("the test rows have other columns than the training rows")
                        .expected(format!("{:?}", train.columns().unwrap_or_default()))
                        .found(format!("{:?}", test.columns().unwrap_or_default())),
                );
            }
        }
        Ok(Source { train, test })
    }

    /// Opens what `spec` names, as [`Source::open_with`] with nothing set.
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
        Source::open_with(spec, &ReadOptions::default())
    }

    /// Opens what `spec` names: one of the built-in sources, else a path, as [`SOURCE_KINDS`]
    /// lists them. A path that is spelt like a built-in source can be given as `./mnist`.
    /// `SPEC:train` and `SPEC:test` take one part of a source that has both.
    ///
    /// # Errors
    ///
    /// As [`Source::open`]; [`ErrorKind::Data`] also if an option does not suit the source or asks for
    /// something that is not there.
    pub fn open_with(spec: &str, options: &ReadOptions) -> Result<Self> {
        let (name, part) = Source::parts_of(spec);
        let source = Source::open_whole(name, options)?;
        let source = match part.strip_prefix(':') {
            None => source,
            Some(part) => source.part(name, part)?,
        };
        let source = source.of_classes(&options.classes)?;
        Ok(Source {
            train: source.train.read_as(options),
            test: source.test.map(|test| test.read_as(options)),
        })
    }

    /// The source that `spec` names, and `:train` or `:test` if it ends so and is no path itself.
    pub(crate) fn parts_of(spec: &str) -> (&str, &str) {
        let part = PARTS.into_iter().find_map(|part| {
            let rest = spec.strip_suffix(part)?.strip_suffix(':')?;
            (!Path::new(spec).exists()).then(|| spec.split_at(rest.len()))
        });
        part.unwrap_or((spec, ""))
    }

    /// The file or folder that `spec` names; none for data that come with Narrows.
    pub fn path_of(spec: &str) -> Option<PathBuf> {
        let (name, _) = Source::parts_of(spec);
        (!Source::is_built_in(name)).then(|| name.into())
    }

    /// Whether a name is that of data that come with Narrows.
    pub(crate) fn is_built_in(name: &str) -> bool {
        name == mnist::NAME
    }

    fn open_whole(spec: &str, options: &ReadOptions) -> Result<Self> {
        for kind in SOURCE_KINDS {
            if let Some(source) = (kind.open)(spec, options)? {
                return Ok(source);
            }
        }
        Err(not_understood(spec))
    }

    fn part(self, spec: &str, part: &str) -> Result<Self> {
        match (self.test, part) {
            (Some(_), "train") => Source::new(self.train, None),
            (Some(test), _) => Source::new(test, None),
            (None, _) => Err(Error::new(
                ErrorKind::Data,
                format!("there is no part `{part}`, as the data come in one piece"),
            )
            .at(spec)
            .hint(format!("give {spec} alone"))),
        }
    }

    /// The rows to apply a model to: those to test on where the source has such, else all.
    pub fn into_rows(self) -> Dataset {
        self.test.unwrap_or(self.train)
    }

    /// Only the rows of some labels, given as numbers, ranges (`0-8`) or names; all if none are given.
    fn of_classes(self, classes: &[String]) -> Result<Self> {
        if classes.is_empty() {
            return Ok(self);
        }
        let train = of_classes(&self.train, classes)?;
        let test = self
            .test
            .map(|test| of_classes(&test, classes))
            .transpose()?;
        Source::new(train, test)
    }
}

fn of_classes(data: &Dataset, classes: &[String]) -> Result<Dataset> {
    let is = data.is_of_classes(classes)?;
    let rows = (0..data.rows() as u32).zip(is).filter(|(_, is)| *is);
    data.choose(rows.map(|(row, _)| row).collect())
}

impl Dataset {
    /// For each row whether its label is among `classes`: numbers, ranges (`0-8`) or names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are no labels, or no row has one of these.
    pub fn is_of_classes(&self, classes: &[String]) -> Result<Vec<bool>> {
        let Some(labels) = self.labels() else {
            return Err(Error::new(
                ErrorKind::Data,
                "rows are to be told by their labels, and there are none",
            )
            .at(self.name())
            .hint("say with `--label` which column has them"));
        };
        let mut known: Vec<i64> = labels.to_vec();
        known.sort_unstable();
        known.dedup();
        let names: Vec<String> = known.iter().map(|&label| self.label_text(label)).collect();
        let mut wanted = Vec::new();
        for class in classes {
            let found: Vec<i64> = match names.iter().position(|name| name == class) {
                Some(place) => known.get(place).copied().into_iter().collect(),
                None => match class.split_once('-').map(|(a, b)| (a.parse(), b.parse())) {
                    Some((Ok(low), Ok(high))) if self.label_names().is_empty() => {
                        let within = |label: &&i64| (low..=high).contains(*label);
                        known.iter().filter(within).copied().collect()
                    }
                    _ => Vec::new(),
                },
            };
            if found.is_empty() {
                let error = Error::new(ErrorKind::Data, format!("no row has the label `{class}`"));
                let names: Vec<&str> = names.iter().take(20).map(String::as_str).collect();
                return Err(suggest(error, class, &names).at(self.name()));
            }
            wanted.extend(found);
        }
        Ok(labels.iter().map(|label| wanted.contains(label)).collect())
    }
}

/// An error about what `spec` names, which it says once.
pub(super) fn at_source(error: Error, spec: &str) -> Error {
    match error.place() {
        Some(place) if place.starts_with(spec) => error,
        _ => error.at(spec),
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
            .hint(format!(
                "data can be {}; see `narrows data kinds`",
                understood()
            ));
        }
        Err(error) => return Error::io("cannot be read", path, error),
    };
    let error = Error::new(
        ErrorKind::Format,
        "these data are of no kind that is understood",
    )
    .at(spec)
    .expected(understood())
    .hint("`narrows data kinds` says more of them");
    if metadata.is_dir() {
        error.found("a folder without IDX files or images")
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
    let kinds: Vec<_> = SOURCE_KINDS.iter().map(|kind| kind.spec).collect();
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
                assert!(text.contains(kind.spec), "{text}");
            }
            assert!(text.len() < 300, "{text}");
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
            Some("a folder without IDX files or images")
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
