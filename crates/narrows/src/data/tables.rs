//! The files of one table: a single file, the parts in a folder, the files of a pattern, or several given files.

use super::column::TableReader;
use super::fault::OnFault;
use super::formats::csv::{CsvTable, is_table};
use super::formats::parquet::ParquetTable;
use super::look::{FileKind, file_kind};
use super::options::{ReadOptions, TextOptions};
use super::several::{Part, Several};
use super::source::at_source;
use crate::{Error, ErrorKind, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// The folders that are entered below each other, as deep as partitions go.
const DEPTH: usize = 16;

/// Whether a word is a pattern of files, such as `days/*.csv`.
pub(super) fn is_pattern(spec: &str) -> bool {
    spec.contains(['*', '?', '[']) && !Path::new(spec).exists()
}

/// The table that some words name, if it is one.
pub(super) fn open(
    specs: &[&str],
    options: &ReadOptions,
    on_fault: OnFault,
) -> Result<Option<Box<dyn TableReader>>> {
    let mut files = Vec::new();
    for spec in specs {
        let path = Path::new(spec);
        if is_pattern(spec) {
            files.extend(of_pattern(spec)?);
        } else if path.is_dir() {
            match parts_of(path)? {
                parts if parts.is_empty() => return Ok(None),
                parts => files.extend(parts),
            }
        } else {
            files.push(File {
                path: path.to_path_buf(),
                keys: Vec::new(),
            });
        }
    }
    let is_single = matches!(specs, [spec] if Path::new(spec).is_file());
    let mut parts = Vec::new();
    let mut options = options.clone();
    for File { path, keys } in files {
        let name = path.display().to_string();
        let opened =
            open_file(&path, &name, &options, on_fault).map_err(|error| at_source(error, &name))?;
        let Some(reader) = opened else {
            return match (is_single, specs) {
                (true, _) => Ok(None),
                (false, [_]) if parts.is_empty() => Ok(None),
                _ => Err(
                    Error::new(ErrorKind::Data, "only tables can be read as one")
                        .at(name)
                        .expected("CSV or Parquet files"),
                ),
            };
        };
        if is_single {
            return Ok(Some(reader));
        }
        if let Some(resolved) = reader.resolved() {
            // What the first file decides holds for the rest, where they leave it open.
            let text = &mut options.text;
            if text.usual_decimal.is_none() {
                (text.usual_decimal, text.usual_separator) = (resolved.decimal, resolved.separator);
            }
        }
        parts.push(Part {
            name: name.into(),
            keys,
            reader,
        });
    }
    let name = specs.join(", ");
    Ok(Some(Box::new(Several::new(name, parts)?)))
}

/// Opens one file, if it is a table.
fn open_file(
    path: &Path,
    name: &str,
    options: &ReadOptions,
    on_fault: OnFault,
) -> Result<Option<Box<dyn TableReader>>> {
    if !path.is_file() {
        return Ok(None);
    }
    Ok(match file_kind(path)? {
        FileKind::Text => {
            // A person who says how it is written knows that it is a table.
            if options.text == TextOptions::default() && !is_table(path, name) {
                return Err(Error::new(ErrorKind::Format, "this text does not look like a table")
                    .at(name)
                    .expected("lines of equally many cells, or of one number each")
                    .hint("if it is one, say how its cells are parted, for example `--separator ';'`"));
            }
            Some(Box::new(CsvTable::open(path, name, options, on_fault)?))
        }
        FileKind::Parquet => {
            options.refuse_text(name, "a Parquet file")?;
            Some(Box::new(ParquetTable::open(path, name)?))
        }
        FileKind::Npy | FileKind::Npz | FileKind::Idx | FileKind::Image => None,
    })
}

/// A file of a table.
struct File {
    path: PathBuf,
    /// What the folders that it lies in say of its rows.
    keys: Vec<(String, String)>,
}

/// The files that a pattern names, in the order of their names.
fn of_pattern(pattern: &str) -> Result<Vec<File>> {
    let wrong = |error: glob::PatternError| {
        Error::new(ErrorKind::Data, "this pattern of files is not possible")
            .at(pattern)
            .caused_by(error)
    };
    let mut files = Vec::new();
    for entry in glob::glob(pattern).map_err(wrong)? {
        let path = entry.map_err(|error| {
            let path = error.path().to_path_buf();
            Error::io("cannot be read", &path, error.into())
        })?;
        if path.is_file() {
            files.push(File {
                path,
                keys: Vec::new(),
            });
        }
    }
    match files.is_empty() {
        false => Ok(files),
        true => Err(Error::new(ErrorKind::Data, "no file has a name of this pattern")
            .at(pattern)
            .hint("put the pattern in quotes, so that the shell leaves it alone, and see that it begins in this folder")),
    }
}

/// The parts of a table in a folder, in the order of their names; none if the folder is something else.
fn parts_of(folder: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    collect(folder, &[], DEPTH, &mut files)?;
    Ok(files)
}

/// Whether a file beside the parts is one that a program leaves there: hidden, or begun with an underscore.
fn is_beside(name: &str) -> bool {
    name.starts_with(['.', '_'])
}

fn is_called_table(name: &str) -> bool {
    let name = name.to_lowercase();
    let name = [".gz", ".zip"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(&name)
        .to_string();
    let endings = [".csv", ".tsv", ".parquet", ".pq", ".parq"];
    // Spark writes the codec before the ending, and Hadoop parts without any.
    endings.iter().any(|ending| name.ends_with(ending))
        || (name.starts_with("part-") && !name.contains('.'))
}

fn collect(
    folder: &Path,
    keys: &[(String, String)],
    depth: usize,
    files: &mut Vec<File>,
) -> Result<()> {
    let unreadable = |error| Error::io("the folder cannot be read", folder, error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_beside(&name) {
            entries.push((name, entry.path()));
        }
    }
    entries.sort();
    for (name, path) in entries {
        match (path.is_dir(), name.split_once('=')) {
            (true, Some((key, value))) if depth > 0 => {
                let value = match value {
                    "__HIVE_DEFAULT_PARTITION__" => String::new(),
                    value => unescaped(value),
                };
                let keys = [keys, &[(key.to_string(), value)]].concat();
                collect(&path, &keys, depth - 1, files)?;
            }
            (false, _) if is_called_table(&name) => files.push(File {
                path,
                keys: keys.to_vec(),
            }),
            _ => {}
        }
    }
    Ok(())
}

/// The value of a partition, in which special characters are written as `%3A`.
fn unescaped(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| first == b'%');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_string())
}
