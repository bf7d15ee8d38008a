//! The files of one table: a single file, the parts in a folder, the files of a pattern, or several given files.

use super::column::TableReader;
use super::fault::OnFault;
use super::formats::csv::{CsvTable, is_table};
use super::formats::parquet::ParquetTable;
use super::look::{FileKind, called_otherwise, file_kind, is_called_table, is_empty};
use super::options::{ReadOptions, TextOptions};
use super::several::{MemberFile, Several};
use super::source::at_source;
use crate::advice::{Setting, set};
use crate::text::{counted, list_shortly};
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The greatest depth of nested folders.
const DEPTH: usize = 16;

/// Whether a word is a pattern of files, such as `days/*.csv`.
pub(super) fn is_pattern(spec: &str) -> bool {
    has_wildcard(spec) && !Path::new(spec).exists()
}

/// The table of some words, if they name one.
pub(super) fn open(
    specs: &[&str],
    options: &ReadOptions,
    on_fault: OnFault,
) -> Result<Option<Box<dyn TableReader>>> {
    let mut files = Vec::new();
    let mut notes = Vec::new();
    for spec in specs {
        let path = Path::new(spec);
        let before = files.len();
        if is_pattern(spec) {
            files.extend(of_pattern(spec)?);
        } else if path.is_dir() {
            let parts = FolderParts::of(path)?;
            if parts.files.is_empty() {
                return Ok(None);
            }
            notes.extend(parts.note(spec));
            files.extend(parts.files);
        } else {
            files.push(TableFile {
                path: path.to_path_buf(),
                keys: Vec::new(),
            });
        }
        notes.extend(files.get(before).and_then(|file| keys_in_vain(spec, file)));
    }
    let is_single = matches!(specs, [spec] if !Path::new(spec).is_dir() && !is_pattern(spec));
    if !is_single {
        leave_out_empty(&mut files, &mut notes)?;
    }
    let mut parts = Vec::new();
    let mut options = options.clone();
    for TableFile { path, keys } in files {
        let name = path.display().to_string();
        let opened = open_file(&path, &name, &options, on_fault, is_single);
        let Some(reader) = opened.map_err(|error| at_source(error, &name))? else {
            return if is_single {
                Ok(None)
            } else {
                Err(not_a_table(&path, name))
            };
        };
        if is_single {
            return Ok(Some(reader));
        }
        if let Some(resolved) = reader.resolved() {
            // The decisions for the first file apply to the other files if these are ambiguous.
            options.text = options.text.like(&resolved);
        }
        parts.push(MemberFile {
            name: name.into(),
            keys,
            reader,
        });
    }
    let name = specs.join(", ");
    let several = Several::new(name, parts, notes, &options, on_fault)?;
    Ok(Some(Box::new(several)))
}

/// The error for one of several sources that is not a table.
fn not_a_table(path: &Path, name: String) -> Error {
    let (what, expected) = if path.exists() {
        (
            "this is not a table, and only tables can be read as one",
            "CSV or Parquet files",
        )
    } else {
        (
            "there is no such file or folder",
            "the name of a file or folder",
        )
    };
    Error::new(ErrorKind::Data, what)
        .at(name)
        .expected(expected)
}

/// Leaves out empty files, which Spark writes for parts without rows.
fn leave_out_empty(files: &mut Vec<TableFile>, notes: &mut Vec<String>) -> Result<()> {
    let mut empty = Vec::new();
    let mut full = Vec::new();
    for file in files.drain(..) {
        if file.path.is_file() && is_empty(&file.path)? {
            empty.push(file.path.display().to_string())
        } else {
            full.push(file)
        }
    }
    *files = full;
    if files.is_empty() {
        return Err(Error::new(ErrorKind::Data, "all files are empty").at(list_shortly(&empty)));
    }
    if !empty.is_empty() {
        notes.push(format!(
            "left out {}: {}",
            counted(empty.len(), "empty file", "empty files"),
            list_shortly(&empty)
        ));
    }
    Ok(())
}

/// Opens a file, if it is a table. `is_single` says that no other file is read with it.
fn open_file(
    path: &Path,
    name: &str,
    options: &ReadOptions,
    on_fault: OnFault,
    is_single: bool,
) -> Result<Option<Box<dyn TableReader>>> {
    if !path.is_file() {
        return Ok(None);
    }
    Ok(match file_kind(path)? {
        FileKind::Text => {
            // If the user sets options for the text, it is a table.
            if options.text == TextOptions::default() && !is_table(path, name) {
                return Err(
                    Error::new(ErrorKind::Format, "this text does not look like a table")
                        .at(name)
                        .expected("lines with the same number of cells, or one number on each line")
                        .hint(format!(
                            "if it is a table, name the separator of its cells, for example {}",
                            set(Setting::Separator, ';')
                        )),
                );
            }
            let table = CsvTable::open(path, name, options, on_fault)?;
            let table = if is_single { table.alone() } else { table };
            Some(Box::new(table.noting(called_otherwise(path))))
        }
        FileKind::Parquet => {
            options.refuse_text(name, "a Parquet file")?;
            Some(Box::new(ParquetTable::open(path, name)?))
        }
        FileKind::Npy | FileKind::Npz | FileKind::Idx | FileKind::Image => None,
    })
}

/// A file of a table.
struct TableFile {
    path: PathBuf,
    /// The keys from the names of its folders.
    keys: Vec<(String, String)>,
}

/// The key and the value in the name of a partition's folder.
fn key_of(folder: &str) -> Option<(String, String)> {
    let (key, value) = folder.split_once('=')?;
    let value = match value {
        "__HIVE_DEFAULT_PARTITION__" => String::new(),
        value => unescaped(value),
    };
    Some((key.to_string(), value))
}

/// The names of the folders of a path, and its own name.
fn names_of(path: &Path) -> Vec<String> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    names.collect()
}

fn has_wildcard(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// A note that the keys in a given folder or pattern are not columns, with the pattern that makes them columns.
fn keys_in_vain(spec: &str, first: &TableFile) -> Option<String> {
    if Path::new(spec).is_file() {
        return None;
    }
    let mut names: Vec<&str> = spec.trim_end_matches('/').split('/').collect();
    let fixed = names.iter().take_while(|name| !has_wildcard(name)).count();
    let keys = names.iter().take(fixed).rev();
    let count = keys.take_while(|name| key_of(name).is_some()).count();
    let keys = names.get(fixed - count..fixed)?.join(", ");
    let key = names.get_mut(fixed - count).filter(|_| count > 0)?;
    let starred = format!("*={}", key.split_once('=')?.1);
    *key = &starred;
    let mut pattern = names.join("/");
    if Path::new(spec).is_dir() {
        let ending = first.path.extension()?.to_string_lossy();
        pattern.push_str(&format!("/*.{ending}"));
    }
    let pattern = set(Setting::Data, pattern);
    Some(match count {
        1 => format!("{keys} in the name of the folder is not a column: {pattern} makes it one"),
        _ => format!(
            "{keys} in the names of the folders are not columns of the table: {pattern} makes them columns"
        ),
    })
}

/// The files of a pattern.
pub(super) fn files_of_pattern(pattern: &str) -> Result<Vec<PathBuf>> {
    let files = of_pattern(pattern)?.into_iter();
    Ok(files.map(|file| file.path).collect())
}

/// The files of the table that the word names: the matches of a pattern, the parts in a folder, or the file itself.
pub(super) fn files_of(spec: &str) -> Result<Vec<PathBuf>> {
    let path = Path::new(spec);
    if is_pattern(spec) {
        return files_of_pattern(spec);
    }
    if path.is_dir() {
        files_of_folder(path)
    } else {
        Ok(vec![path.to_path_buf()])
    }
}

/// The files of a table in a folder; empty if the folder is something else.
pub(super) fn files_of_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let files = FolderParts::of(folder)?.files.into_iter();
    Ok(files.map(|file| file.path).collect())
}

/// The files that match a pattern, in the order of their names.
fn of_pattern(pattern: &str) -> Result<Vec<TableFile>> {
    let wrong = |error: glob::PatternError| {
        Error::new(ErrorKind::Data, "this is not a valid pattern of files")
            .at(pattern)
            .caused_by(error)
    };
    let names = names_of(Path::new(pattern));
    // The path before the first wildcard is the same for all files.
    let fixed = names.iter().take_while(|name| !has_wildcard(name)).count();
    let names_beside = names.last().is_some_and(|name| name.starts_with('_'));
    let matching = glob::MatchOptions {
        require_literal_leading_dot: true,
        ..glob::MatchOptions::new()
    };
    let mut files = Vec::new();
    for entry in glob::glob_with(pattern, matching).map_err(wrong)? {
        let path = entry.map_err(|error| {
            let path = error.path().to_path_buf();
            Error::io("cannot be read", &path, error.into())
        })?;
        let mut names = names_of(&path);
        let name = names.pop().unwrap_or_default();
        if path.is_file() && (names_beside || !name.starts_with('_')) {
            let keys = names.iter().skip(fixed).filter_map(|name| key_of(name));
            files.push(TableFile {
                keys: keys.collect(),
                path,
            });
        }
    }
    if files.is_empty() {
        Err(Error::new(ErrorKind::Data, "no file matches this pattern")
            .at(pattern)
            .hint("put the pattern in quotes, so that the shell does not expand it, and check that it starts from the \
                   current folder"))
    } else {
        Ok(files)
    }
}

/// The parts of a table in a folder, in the order of their names.
#[derive(Default)]
struct FolderParts {
    /// Empty if the folder is something else.
    files: Vec<TableFile>,
    /// Files that may be tables, used if no file is a table by its name.
    texts: Vec<TableFile>,
    /// Counts of the other files, by ending.
    beside: BTreeMap<String, usize>,
}

impl FolderParts {
    fn of(folder: &Path) -> Result<Self> {
        let mut parts = FolderParts::default();
        parts.collect(folder, &[], &mut Vec::new())?;
        let has_tables = !parts.files.is_empty();
        for file in std::mem::take(&mut parts.texts) {
            let name = file.path.display().to_string();
            let is_text = || matches!(file_kind(&file.path), Ok(FileKind::Text));
            if !has_tables && is_text() && is_table(&file.path, &name) {
                parts.files.push(file)
            } else {
                *parts.beside.entry(sort_of(&file.path)).or_default() += 1
            }
        }
        Ok(parts)
    }

    /// A sentence on the other files of the folder.
    fn note(&self, folder: &str) -> Option<String> {
        let beside = listed(&self.beside)?;
        Some(format!("left out other files of {folder}: {beside}"))
    }

    /// Adds the files of a folder; `above` are the folders on the path to it, without links.
    fn collect(
        &mut self,
        folder: &Path,
        keys: &[(String, String)],
        above: &mut Vec<PathBuf>,
    ) -> Result<()> {
        let unreadable = |error| Error::io("the folder cannot be read", folder, error);
        above.push(folder.canonicalize().map_err(unreadable)?);
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
            if path.is_dir() {
                // A link may form a cycle.
                let is_circle = || path.canonicalize().is_ok_and(|path| above.contains(&path));
                match key_of(&name).filter(|_| above.len() <= DEPTH && !is_circle()) {
                    Some(key) => self.collect(&path, &[keys, &[key]].concat(), above)?,
                    None => *self.beside.entry(sort_of(&path)).or_default() += 1,
                }
                continue;
            }
            let file = TableFile {
                path,
                keys: keys.to_vec(),
            };
            if is_part(&name) {
                self.files.push(file);
            } else if is_called_table(&file.path) {
                self.texts.push(file);
            } else {
                *self.beside.entry(sort_of(&file.path)).or_default() += 1;
            }
        }
        above.pop();
        Ok(())
    }
}

/// The content of a folder, by the endings of its files: `3 .tif files, 2 folders`.
pub(super) fn listed_by_ending(folder: &Path) -> Option<String> {
    let mut counts = BTreeMap::new();
    for entry in fs::read_dir(folder).ok()?.flatten() {
        *counts.entry(sort_of(&entry.path())).or_default() += 1;
    }
    listed(&counts)
}

fn sort_of(path: &Path) -> String {
    match (path.is_dir(), path.extension()) {
        (true, _) => "folder".to_string(),
        (false, Some(ending)) => format!(".{} file", ending.to_string_lossy()),
        (false, None) => "file without an ending".to_string(),
    }
}

fn listed(counts: &BTreeMap<String, usize>) -> Option<String> {
    let several = |sort: &str| {
        sort.replacen("file", "files", 1)
            .replacen("folder", "folders", 1)
    };
    let each = counts
        .iter()
        .map(|(sort, &count)| counted(count, sort, &several(sort)));
    let list: Vec<String> = each.take(8).collect();
    (!list.is_empty()).then(|| list.join(", "))
}

/// Whether a file beside the parts was left by a program: its name is hidden or begins with an underscore.
fn is_beside(name: &str) -> bool {
    name.starts_with(['.', '_'])
}

/// Whether a file has a name as parts of a table have.
fn is_part(name: &str) -> bool {
    let name = name.to_lowercase();
    let name = [".gz", ".zip"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(&name)
        .to_string();
    let endings = [".csv", ".tsv", ".parquet", ".pq", ".parq"];
    // Spark writes the codec before the ending, and Hadoop writes parts without an ending.
    endings.iter().any(|ending| name.ends_with(ending))
        || (name.starts_with("part-") && !name.contains('.'))
}

/// The value of a partition key, in which special characters are written as `%3A`.
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

#[cfg(test)]
mod tests;
