//! Sources: where data come from, by the one word that a person gives.
//!
//! [`SOURCE_KINDS`] is the one ordered list; look-up, listing and messages come from it, and a
//! further format is a file beside this one and an entry there.

use super::column::TableReader;
use super::fault::OnFault;
use super::formats::{idx, images, mnist, npy};
use super::look::{FileKind, file_kind};
use super::table::read_table;
use super::{Dataset, ReadOptions, tables};
use crate::settings::suggest;
use crate::text::counted;
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeMap;
use std::fs;
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
}

/// The kinds of sources. Files are told by their content, whatever their names.
pub const SOURCE_KINDS: &[SourceKind] = &[
    SourceKind {
        spec: mnist::NAME,
        description: "MNIST, built in: 60,000 training and 10,000 test images of 28 × 28 pixels",
    },
    SourceKind {
        spec: "FILE of text",
        description: "a table: commas, semicolons, tabs, bars or spaces between cells, also in gzip or ZIP",
    },
    SourceKind {
        spec: "FILE of Parquet",
        description: "a table; lists of one length are that many columns",
    },
    SourceKind {
        spec: "FOLDER or 'PATTERN' of tables",
        description: "one table: parts as Spark and DuckDB write them, `key=value` folders as columns",
    },
    SourceKind {
        spec: "FILE.npy",
        description: "a NumPy array of 2 to 4 dimensions; a large one stays in its file",
    },
    SourceKind {
        spec: "FILE.npz, FILE.npz:ARRAY",
        description: "NumPy arrays: one of rows, or x_train and x_test, with labels as y_train and so on",
    },
    SourceKind {
        spec: "FOLDER of IDX files",
        description: "named as MNIST's are, raw or gzipped; EMNIST, QMNIST, a folder of torchvision",
    },
    SourceKind {
        spec: "FOLDER of images",
        description: "PNG, JPEG, TIFF, BMP, WebP or GIF; subfolders are labels",
    },
    SourceKind {
        spec: "FILE of an image",
        description: "one row; each page of a TIFF",
    },
    SourceKind {
        spec: "FILE of IDX",
        description: "images, raw or gzipped",
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
        // What stands before a part may name an array or a set of its own: `FILE.npz:ARRAY`, `FOLDER:SET:train`.
        let (path, parts) = Source::parts_of(spec);
        let split = PARTS.into_iter().find_map(|part| {
            let rest = parts.strip_suffix(part)?.strip_suffix(':')?;
            Some((spec.split_at(path.len() + rest.len()).0, part))
        });
        let source = match split {
            None => Source::open_whole(&[spec], options)?,
            Some((name, part)) => Source::open_whole(&[name], options)?.part(name, part)?,
        };
        let source = source.of_classes(&options.classes)?;
        Ok(Source {
            train: source.train.read_as(options),
            test: source.test.map(|test| test.read_as(options)),
        })
    }

    /// Opens several files as one table, with the columns of the first; one word is opened as by
    /// [`Source::open_with`].
    ///
    /// # Errors
    ///
    /// As [`Source::open_with`]; [`ErrorKind::Data`] also if the files are no tables or differ in their columns.
    pub fn open_all(specs: &[impl AsRef<str>], options: &ReadOptions) -> Result<Self> {
        match specs {
            [spec] => Source::open_with(spec.as_ref(), options),
            specs => {
                let specs: Vec<&str> = specs.iter().map(AsRef::as_ref).collect();
                Source::open_whole(&specs, options)?.of_classes(&options.classes)
            }
        }
    }

    /// The source that `spec` names, and what stands behind it after a colon if `spec` is no path itself: a part
    /// (`:train`, `:test`), an array of a file or a set of a folder.
    pub(crate) fn parts_of(spec: &str) -> (&str, &str) {
        if Path::new(spec).exists() {
            return (spec, "");
        }
        let mut colons = spec
            .match_indices(':')
            .map(|(place, _)| spec.split_at(place));
        if let Some(found) = colons.find(|(path, _)| Path::new(path).exists()) {
            return found;
        }
        let part = PARTS.into_iter().find_map(|part| {
            let rest = spec.strip_suffix(part)?.strip_suffix(':')?;
            Some(spec.split_at(rest.len()))
        });
        part.unwrap_or((spec, ""))
    }

    /// The file or folder that `spec` names; none for data that come with Narrows.
    pub fn path_of(spec: &str) -> Option<PathBuf> {
        let (name, _) = Source::parts_of(spec);
        (!Source::is_built_in(name)).then(|| name.into())
    }

    /// Whether a name is a pattern of files, such as `days/*.csv`.
    pub(crate) fn is_pattern(name: &str) -> bool {
        tables::is_pattern(name)
    }

    /// Whether a name is that of data that come with Narrows.
    pub(crate) fn is_built_in(name: &str) -> bool {
        name == mnist::NAME
    }

    fn open_whole(specs: &[&str], options: &ReadOptions) -> Result<Self> {
        if let Some(mut reader) = Source::table(specs, options, OnFault::Refuse)? {
            let name = reader.name().to_string();
            let data =
                read_table(&mut *reader, options).map_err(|error| at_source(error, &name))?;
            return Source::new(data, None);
        }
        let &[spec] = specs else {
            return Err(
                Error::new(ErrorKind::Data, "only tables can be read as one")
                    .at(specs.join(", "))
                    .expected("CSV or Parquet files"),
            );
        };
        let path = Path::new(spec);
        let source = if spec == mnist::NAME {
            mnist::open(spec, options)?
        } else if path.is_dir() {
            match idx::open_folder(spec, options)? {
                Some(source) => Some(source),
                None => images::open(spec, options)?,
            }
        } else if path.is_file() {
            match file_kind(path)? {
                FileKind::Npy => npy::open_npy(spec, options)?,
                FileKind::Npz => npy::open_npz(spec, options)?,
                FileKind::Idx => idx::open_file(spec, options)?,
                FileKind::Image => images::open(spec, options)?,
                FileKind::Text | FileKind::Parquet => None,
            }
        } else {
            // An array of an archive, or a set of a folder of several.
            match npy::open_npz(spec, options)? {
                Some(source) => Some(source),
                None => idx::open_folder(spec, options)?,
            }
        };
        source.ok_or_else(|| not_understood(spec))
    }

    /// The table that some words name, if it is one: of a folder only where it holds neither IDX files nor images.
    pub(super) fn table(
        specs: &[&str],
        options: &ReadOptions,
        on_fault: OnFault,
    ) -> Result<Option<Box<dyn TableReader>>> {
        if let &[spec] = specs {
            let path = Path::new(spec);
            if spec == mnist::NAME || !(path.exists() || tables::is_pattern(spec)) {
                return Ok(None);
            }
            if path.is_dir() && (idx::is_folder(path) || images::is_folder(path)) {
                return Ok(None);
            }
        }
        let Some(reader) = tables::open(specs, options, on_fault)? else {
            return Ok(None);
        };
        options.refuse_images(reader.name(), "a table")?;
        options.refuse_layout(reader.name(), "a table")?;
        Ok(Some(reader))
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
    let (whole, part) = Source::parts_of(spec);
    if let (true, Some(part)) = (Path::new(whole).exists(), part.strip_prefix(':')) {
        return Error::new(
            ErrorKind::Data,
            format!("there is no part `{part}` of these data"),
        )
        .at(whole)
        .expected(
            "`:train` or `:test`; of an NPZ file also the name of an array, of a folder of EMNIST that of a set",
        );
    }
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
    let error = Error::new(ErrorKind::Format, "these data are of no kind that is read").at(spec);
    if metadata.is_dir() {
        let error = error.expected("tables, images or IDX files");
        match beside(path) {
            Some(found) => error.found(found),
            None => error.found("an empty folder"),
        }
    } else {
        error
            .found("something that is neither a file nor a folder")
            .hint("`narrows data kinds` lists what is read")
    }
}

/// What a folder holds, by the endings of its files: `3 .tif files, 2 folders`.
fn beside(folder: &Path) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for entry in fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        let kind = match (path.is_dir(), path.extension()) {
            (true, _) => "folder".to_string(),
            (false, Some(ending)) => format!(".{} file", ending.to_string_lossy()),
            (false, None) => "file without an ending".to_string(),
        };
        *counts.entry(kind).or_default() += 1;
    }
    let several = |kind: &str| {
        kind.replacen("file", "files", 1)
            .replacen("folder", "folders", 1)
    };
    let each = counts
        .iter()
        .map(|(kind, &count)| counted(count, kind, &several(kind)));
    let list: Vec<String> = each.take(8).collect();
    (!list.is_empty()).then(|| list.join(", "))
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
