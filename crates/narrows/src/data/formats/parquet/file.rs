//! A Parquet file as a table: its footer, its columns, and checks before they are read.

use super::columns::Columns;
use super::pages::SharedFile;
use super::read;
use super::refusal::{DAMAGED, damaged};
use super::thrift::Footer;
use crate::data::ColumnKind;
use crate::data::column::{As, Block, FileColumn, FileColumns, TableReader, Verdict};
use crate::data::guard::guarded;
use crate::text::{count_of, list_shortly};
use crate::{Error, ErrorKind, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The first and last bytes of a file.
const MAGIC: &[u8; 4] = b"PAR1";
/// The last bytes of a file with an encrypted footer.
const ENCRYPTED: &[u8; 4] = b"PARE";

/// Whether a file begins like a Parquet file, encrypted or not.
pub(in crate::data) fn begins_as_parquet(start: &[u8]) -> bool {
    start.starts_with(MAGIC) || start.starts_with(ENCRYPTED)
}

/// An open Parquet file.
pub(in crate::data) struct ParquetTable {
    name: String,
    input: SharedFile,
    metadata: ParquetMetaData,
    columns: Columns,
    /// The most rows of a block with texts.
    text_rows: usize,
}

impl ParquetTable {
    /// Opens a file; `name` stands for it in messages.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if it cannot be read, [`ErrorKind::Format`] if it is damaged, [`ErrorKind::Data`] if it is
    /// encrypted. Columns that cannot be read are not an error.
    pub(in crate::data) fn open(path: &Path, name: &str) -> Result<ParquetTable> {
        let opened = || -> Result<ParquetTable> {
            let unread = |error| Error::new(ErrorKind::Io, "cannot be read").caused_by(error);
            let file: std::io::Result<File> = File::open(path);
            let input = file.and_then(SharedFile::new).map_err(unread)?;
            let metadata = footer(&input)?;
            check_places(&metadata, input.length())?;
            let mut columns = Columns::of(&input, &metadata)?;
            columns.notes.extend(index_note(&metadata, &columns.files));
            let files = Arc::make_mut(&mut columns.files);
            mark_durations(&metadata, files);
            FileColumn::share_names(files);
            Ok(ParquetTable {
                name: name.to_string(),
                input,
                metadata,
                columns,
                text_rows: read::TEXT_ROWS,
            })
        };
        guarded(opened).map_err(|error| error.at(name))
    }
}

impl TableReader for ParquetTable {
    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> &FileColumns {
        &self.columns.files
    }

    fn how(&self) -> Option<String> {
        Some("Parquet".into())
    }

    fn notes(&self) -> Vec<String> {
        self.columns.notes.clone()
    }

    fn lists(&self) -> Vec<(String, Vec<String>)> {
        self.columns.lists()
    }

    fn read(
        &mut self,
        wanted: &[(usize, As)],
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<Verdict> {
        let file = read::File {
            input: &self.input,
            metadata: &self.metadata,
            columns: &self.columns,
            text_rows: self.text_rows,
        };
        // An error of `each` belongs to the caller and is returned unchanged.
        let mut theirs = false;
        let read = file.read(wanted, &mut |block| {
            each(block).inspect_err(|_| theirs = true)
        });
        match read {
            Ok(()) => Ok(Verdict::Done),
            Err(error) if theirs => Err(error),
            Err(error) if error.kind() == ErrorKind::Data && self.is_otherwise(wanted) => {
                Ok(Verdict::Again)
            }
            Err(error) => Err(error.at(&self.name)),
        }
    }
}

impl ParquetTable {
    /// Whether reading may succeed with other settings: without lists of different lengths, or with fewer rows at a
    /// time if texts are long.
    fn is_otherwise(&mut self, wanted: &[(usize, As)]) -> bool {
        let (columns, input, metadata) = (&mut self.columns, &self.input, &self.metadata);
        if guarded(|| columns.leave_uneven_lists(input, metadata)).unwrap_or(false) {
            return true;
        }
        let has_texts = wanted.iter().any(|&(_, how)| how == As::Texts);
        let is_more = has_texts && self.text_rows > 1;
        if is_more {
            self.text_rows = (self.text_rows / read::FEWER_TEXTS).max(1);
        }
        is_more
    }
}

/// Reads the footer at the end of the file.
fn footer(input: &SharedFile) -> Result<ParquetMetaData> {
    let damaged = || Error::new(ErrorKind::Format, DAMAGED);
    let unread = |error| damaged().caused_by(error);
    let end = input.length().checked_sub(8).ok_or_else(damaged)?;
    let last = input.exactly(end, 8).map_err(unread)?;
    let (length, magic) = last.split_first_chunk::<4>().ok_or_else(damaged)?;
    if magic == ENCRYPTED {
        return Err(encrypted());
    }
    if magic != MAGIC {
        return Err(damaged()
            .expected("PAR1 as the last bytes")
            .found(format!("\"{}\"", magic.escape_ascii())));
    }
    let length = u32::from_le_bytes(*length);
    let start = end.checked_sub(u64::from(length)).ok_or_else(damaged)?;
    let bytes = input.exactly(start, length as usize).map_err(unread)?;
    if Footer::check(&bytes).ok_or_else(damaged)?.is_encrypted {
        return Err(encrypted());
    }
    let metadata = ParquetMetaDataReader::decode_metadata(&bytes).map_err(self::damaged)?;
    let rows = metadata.row_groups().iter().map(|group| group.num_rows());
    let rows = rows.fold(0, i64::saturating_add);
    let said = metadata.file_metadata().num_rows();
    if rows != said {
        return Err(damaged()
            .expected(format!("{} in all row groups", count_of(said, "row")))
            .found(rows));
    }
    Ok(metadata)
}

fn encrypted() -> Error {
    Error::new(ErrorKind::Data, "the Parquet file is encrypted")
        .hint("write it again without encryption")
}

/// Whether the pieces of the columns are inside the file; the decoder assumes this.
fn check_places(metadata: &ParquetMetaData, len: u64) -> Result<()> {
    for (group, of_group) in metadata.row_groups().iter().enumerate() {
        if of_group.num_rows() < 0 {
            return Err(Error::new(ErrorKind::Format, DAMAGED).at(format!("row group {group}")));
        }
        for column in of_group.columns() {
            let dictionary = column.dictionary_page_offset();
            let start = dictionary.unwrap_or_else(|| column.data_page_offset());
            let size = column.compressed_size();
            let end = start
                .checked_add(size)
                .and_then(|end| u64::try_from(end).ok());
            if start < 0 || size < 0 || end.is_none_or(|end| end > len) {
                return Err(Error::new(ErrorKind::Format, DAMAGED)
                    .at(format!(
                        "row group {group}, column `{}`",
                        column.column_path().string()
                    ))
                    .expected(format!(
                        "pages within the {} of the file",
                        count_of(len, "byte")
                    ))
                    .found(format!("{} from byte {start} on", count_of(size, "byte"))));
            }
        }
    }
    Ok(())
}

/// The metadata of pandas about its table, if it wrote the file.
fn pandas_metadata(metadata: &ParquetMetaData) -> Option<serde_json::Value> {
    let entries = metadata.file_metadata().key_value_metadata()?;
    let entry = entries.iter().find(|entry| entry.key == "pandas")?;
    serde_json::from_str(entry.value.as_deref()?).ok()
}

/// Marks whole numbers that are durations for pandas; some programs write them in this form.
fn mark_durations(metadata: &ParquetMetaData, columns: &mut [FileColumn]) {
    let said = pandas_metadata(metadata);
    let all = said
        .as_ref()
        .and_then(|said| said.get("columns")?.as_array());
    for said in all.into_iter().flatten() {
        let text = |key: &str| said.get(key).and_then(serde_json::Value::as_str);
        let is_span = text("numpy_type").is_some_and(|kind| kind.starts_with("timedelta64"));
        let name = text("field_name").or(text("name")).unwrap_or_default();
        for column in columns
            .iter_mut()
            .filter(|column| is_span && *column.name == *name)
        {
            if column.kind == ColumnKind::Integer {
                column.kind = ColumnKind::Duration;
            }
        }
    }
}

/// The note about a column that pandas names as its index; a column without a name is handled with the roles of
/// columns.
fn index_note(metadata: &ParquetMetaData, columns: &[FileColumn]) -> Option<String> {
    let said = pandas_metadata(metadata)?;
    // A range index is not stored as a column: its description is not a text.
    let names = said.get("index_columns")?.as_array()?.iter();
    let names: Vec<&str> = names
        .filter_map(|name| name.as_str())
        .filter(|name| !name.starts_with("__index_level_"))
        .filter(|name| columns.iter().any(|column| *column.name == **name))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "{} the index of the table in pandas, and read like any other column",
            counted_names(&names)
        )
    })
}

fn counted_names(names: &[&str]) -> String {
    let list = list_shortly(names);
    match names.len() {
        1 => format!("the column {list} was"),
        _ => format!("the columns {list} were"),
    }
}

#[cfg(test)]
mod tests;
