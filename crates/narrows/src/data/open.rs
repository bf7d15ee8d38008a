//! Opens sources: from the words of the user to rows.
//!
//! Files are recognized by their content ([`file_kind`]). [`SOURCE_KINDS`] is the list of sources for the user.

mod kinds;

pub use kinds::{SOURCE_KINDS, SourceKind};

use super::column::TableReader;
use super::dataset::Dataset;
use super::fault::OnFault;
use super::formats::{idx, images, mnist, npy};
use super::look::{FileKind, file_kind, why_not};
use super::options::{Missing, OnBad, ReadOptions};
use super::source::{MNIST, PARTS, Source, at_source};
use super::spool::Spooled;
use super::table::read_table;
use super::tables;
use crate::advice::{Action, Setting, set};
use crate::declaration::{nearest, suggest};
use crate::{Error, ErrorKind, Result};
use std::fs;
use std::io::Read;
use std::path::Path;

impl Source {
    /// Opens the source `spec`, as [`Source::open_with`] with default options.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if there is no such path or it cannot be read, [`ErrorKind::Format`] if the kind of the file
    /// is not supported or the file is damaged, [`ErrorKind::Data`] if its parts do not fit together.
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

    /// Opens the source `spec`: a built-in source or a path, see [`SOURCE_KINDS`]. If a path has the name of a built-in
    /// source, write it as `./mnist`. `-` is standard input; it and named pipes are copied into a temporary file.
    /// `SPEC:train` and `SPEC:test` take one part of a source that has both.
    ///
    /// # Errors
    ///
    /// As [`Source::open`]. [`ErrorKind::Data`] also if an option does not apply to the source, or needs something that
    /// does not exist.
    pub fn open_with(spec: &str, options: &ReadOptions) -> Result<Self> {
        Source::open_all(&[spec], options)
    }

    /// Opens one source that can be read more than once.
    fn open_one(spec: &str, options: &ReadOptions) -> Result<Self> {
        // The text before the name of a part may itself name an array or a set: `FILE.npz:ARRAY`, `FOLDER:SET:train`.
        let (path, parts) = Source::parts_of(spec);
        let split = PARTS.into_iter().find_map(|part| {
            let rest = parts.strip_suffix(part)?.strip_suffix(':')?;
            Some((spec.split_at(path.len() + rest.len()).0, part))
        });
        // The other part of an archive is not read, and may be unreadable.
        let is_archive = || {
            Path::new(path).is_file()
                && file_kind(Path::new(path)).is_ok_and(|kind| kind == FileKind::Npz)
        };
        let source = match split {
            None => Source::open_whole(&[spec], options)?,
            Some((name, _)) if name == path && is_archive() => {
                Source::open_whole(&[spec], options)?
            }
            Some((name, part)) => Source::open_whole(&[name], options)?.part(name, part)?,
        };
        let source = source.of_classes(&options.classes)?;
        Ok(Source {
            train: source.train.read_as(options),
            test: source.test.map(|test| test.read_as(options)),
        })
    }

    /// Opens several files as one table, with the columns of the first. A single word is opened as in
    /// [`Source::open_with`].
    ///
    /// # Errors
    ///
    /// As [`Source::open_with`]. [`ErrorKind::Data`] also if the files are not tables or differ in their columns.
    pub fn open_all(specs: &[impl AsRef<str>], options: &ReadOptions) -> Result<Self> {
        let specs: Vec<&str> = specs.iter().map(AsRef::as_ref).collect();
        match Spooled::of(&specs)? {
            Some(spooled) => Source::open_spooled(&spooled, options),
            None => Source::open_several(&specs, options),
        }
    }

    /// Reads a file of any kind of [`SOURCE_KINDS`] from a reader to its end: a text table, Parquet, a NumPy array. It
    /// is first copied into a temporary file.
    ///
    /// # Errors
    ///
    /// As [`Source::open_with`], with the line, row or byte of the file.
    ///
    /// ```
    /// use narrows::data::{ReadOptions, Source};
    ///
    /// let text = "height,weight\n1.81,80\n1.62,57\n";
    /// let table = Source::from_reader(text.as_bytes(), &ReadOptions::default())?.train;
    /// assert_eq!((table.rows(), table.columns().unwrap()[1].as_str()), (2, "weight"));
    /// # Ok::<(), narrows::Error>(())
    /// ```
    pub fn from_reader(reader: impl Read, options: &ReadOptions) -> Result<Self> {
        Source::open_spooled(&Spooled::of_reader(reader)?, options)
    }

    fn open_spooled(spooled: &Spooled, options: &ReadOptions) -> Result<Self> {
        let specs: Vec<&str> = spooled.specs.iter().map(String::as_str).collect();
        match Source::open_several(&specs, options) {
            Ok(source) => Ok(spooled.source(source)),
            Err(error) => Err(spooled.error(error)),
        }
    }

    fn open_several(specs: &[&str], options: &ReadOptions) -> Result<Self> {
        match specs {
            [spec] => Source::open_one(spec, options),
            specs => Source::open_whole(specs, options)?.of_classes(&options.classes),
        }
    }

    /// Whether a name is a pattern of files, such as `days/*.csv`.
    pub(crate) fn is_pattern(name: &str) -> bool {
        tables::is_pattern(name)
    }

    /// Whether an existing file is one of the files of the source `spec`: the file itself, a file of the pattern, a
    /// part of the table in a folder, or an image or IDX file below the folder.
    pub fn reads(spec: &str, file: &Path) -> bool {
        let Some(path) = Source::path_of(spec) else {
            return false;
        };
        // A file that does not exist is not read by any source.
        let Ok(whole) = file.canonicalize() else {
            return false;
        };
        let is_file = |path: &Path| path.canonicalize().is_ok_and(|path| path == whole);
        if is_file(&path) {
            return true;
        }
        if !(path.is_dir() && (idx::is_folder(&path) || images::is_folder(&path))) {
            let parts = tables::files_of(Source::parts_of(spec).0).unwrap_or_default();
            return parts.iter().any(|part| is_file(part));
        }
        // A damaged image is recognized by its ending.
        let is_png = || whole.extension().is_some_and(|ending| ending == "png");
        let of_folder = |kind| matches!(kind, FileKind::Image | FileKind::Idx);
        path.canonicalize()
            .is_ok_and(|path| whole.starts_with(path))
            && (is_png() || file_kind(&whole).is_ok_and(of_folder))
    }

    fn open_whole(specs: &[&str], options: &ReadOptions) -> Result<Self> {
        if options.on_bad == OnBad::Null && options.missing == Some(Missing::Drop) {
            return Err(Error::new(
                ErrorKind::Data,
                format!(
                    "{} leaves rows out, and {} keeps every row in its place",
                    set(Setting::Missing, "drop"),
                    set(Setting::OnBad, "null")
                ),
            )
            .at(specs.join(", "))
            .hint("give one of the two"));
        }
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
        let source = if spec == MNIST {
            mnist::open(spec, options)?
        } else if is_run(path) {
            return Err(a_run(spec));
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
        let source = source.ok_or_else(|| not_understood(spec))?;
        let sifted = |data: Dataset| {
            let sifted = data.sifted(options);
            sifted.map_err(|error| match error.what_was_found() {
                Some("NaN") => error.hint(format!(
                    "fill missing values with {} or {}, or leave their rows out with {}",
                    set(Setting::Missing, "mean"),
                    set(Setting::Missing, "zero"),
                    set(Setting::OnBad, "drop")
                )),
                _ => error,
            })
        };
        // Images have been looked at one by one.
        Ok(if source.train.is_folder_of_images() {
            source
        } else {
            Source {
                train: sifted(source.train)?,
                test: source.test.map(sifted).transpose()?,
            }
        })
    }

    /// The kind of the file or folder `spec`, if it is not a table.
    pub(super) fn kind_of(spec: &str) -> Option<&'static str> {
        let path = Source::path_of(spec)?;
        if path.is_dir() {
            return Some(if idx::is_folder(&path) {
                "IDX files"
            } else {
                "folder of images"
            });
        }
        match file_kind(&path).ok()? {
            FileKind::Npy => Some("NPY array"),
            FileKind::Npz => Some("NPZ archive of arrays"),
            FileKind::Idx => Some("IDX file"),
            FileKind::Image => Some("image"),
            FileKind::Text | FileKind::Parquet => None,
        }
    }

    /// The table of some words, if it is one. A folder is a table only if it holds neither IDX files nor images.
    pub(super) fn table(
        specs: &[&str],
        options: &ReadOptions,
        on_fault: OnFault,
    ) -> Result<Option<Box<dyn TableReader>>> {
        if let &[spec] = specs {
            let path = Path::new(spec);
            if spec == MNIST || !(path.exists() || tables::is_pattern(spec)) {
                return Ok(None);
            }
            if path.is_dir() && (is_run(path) || idx::is_folder(path) || images::is_folder(path)) {
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
}

/// Whether a path is the folder of a run, which contains a model.
fn is_run(path: &Path) -> bool {
    path.join("model.safetensors").is_file()
}

/// The error for the folder of a run as a source.
fn a_run(spec: &str) -> Error {
    let what = "cannot read this folder as data: it is a run of Narrows";
    Error::new(ErrorKind::Format, what).at(spec).hint(format!(
        "{} describes its model; for data, name the file of the rows",
        Action::Inspect {
            model: spec.to_string()
        }
    ))
}

/// The sources that are built in, with their parts.
const BUILT_IN: [&str; 3] = [MNIST, "mnist:train", "mnist:test"];

/// The error if no kind matches `spec`.
fn not_understood(spec: &str) -> Error {
    if spec.is_empty() {
        return Error::new(ErrorKind::Data, "the name of a source of data is empty")
            .hint(format!("{} lists what is read", Action::ListKinds));
    }
    let path = Path::new(spec);
    let (whole, part) = Source::parts_of(spec);
    if let (true, Some(part)) = (Path::new(whole).exists(), part.strip_prefix(':')) {
        let what = format!("there is no part `{part}` of these data");
        let error = Error::new(ErrorKind::Data, what).at(whole).expected(
            "`:train` or `:test`, the name of an array in an NPZ file, or the name of a set of EMNIST",
        );
        return suggest(error, part, &["train", "test"]);
    }
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let what = "there is no such file or folder, and no built-in data of that name";
            let error = Error::new(ErrorKind::Data, what).at(spec);
            return match nearest(spec, BUILT_IN) {
                Some(built_in) => suggest(error, spec, &[built_in]),
                None => error.hint(format!(
                    "{} lists what is read: tables, arrays, images, folders and patterns of files",
                    Action::ListKinds
                )),
            };
        }
        Err(error) => return Error::io("cannot be read", path, error),
    };
    if metadata.is_dir() {
        let error = Error::new(ErrorKind::Format, "nothing in this folder can be read")
            .at(spec)
            .expected("tables, images or IDX files")
            .found(match tables::listed_by_ending(path) {
                Some(found) => found,
                None => "an empty folder".to_string(),
            });
        match why_not(path) {
            Some(why) => error.hint(format!("the largest of these files is {why}")),
            None => error,
        }
    } else {
        Error::new(ErrorKind::Format, "this is neither a file nor a folder")
            .at(spec)
            .hint(format!("{} lists what is read", Action::ListKinds))
    }
}

#[cfg(test)]
mod tests;
