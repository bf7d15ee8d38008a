//! CSV and TSV tables, plain or gzipped.

mod cell;
mod chunks;
mod convert;
mod dates;
mod dialect;
mod encoding;
mod first;
mod header;
mod looks;
mod number;
mod output;
mod parallel;
mod reader;
mod sample;
mod start;
mod syntax;
mod tally;
#[cfg(test)]
mod tests;
mod words;
pub(in crate::data) mod write;
mod zipped;

#[expect(
    unused_imports,
    reason = "the table's reader takes these over from `open`"
)]
pub(in crate::data) use self::{
    looks::{is_table, looks_like_table},
    reader::CsvTable,
};

use crate::data::formats::unpack::{is_damage, unpacked};
use crate::data::source::at_source;
use crate::data::table::{Layout, Table};
use crate::data::{Dataset, ReadOptions, Source};
use crate::{Error, ErrorKind, Result};
use csv::{ByteRecord, ReaderBuilder};
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

/// The bytes that the delimiter is told from.
const FIRST: u64 = 1 << 14;

/// Opens a file whose name ends in `.csv` or `.tsv`, or in one of these and `.gz`.
pub(in crate::data) fn open(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let name = spec.to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let is_tsv = name.ends_with(".tsv");
    if !(is_tsv || name.ends_with(".csv")) || !Path::new(spec).is_file() {
        return Ok(None);
    }
    options.refuse_images(spec, "a table")?;
    let data = read(spec, is_tsv, options).map_err(|error| at_source(error, spec))?;
    Source::new(data, None).map(Some)
}

fn read(spec: &str, is_tsv: bool, options: &ReadOptions) -> Result<Dataset> {
    let mut reader = BufReader::with_capacity(1 << 17, unpacked(Path::new(spec))?);
    let mut start = Vec::new();
    let mut first = reader.by_ref().take(FIRST);
    first.read_to_end(&mut start).map_err(unreadable)?;
    let delimiter = if is_tsv { b'\t' } else { delimiter(&start) };
    let reader = Cursor::new(start).chain(reader);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .from_reader(reader);
    let mut record = ByteRecord::new();
    let mut is_there = reader.read_byte_record(&mut record).map_err(damaged)?;
    if !is_there {
        return Err(Error::new(ErrorKind::Data, "there are no rows")
            .expected("lines of numbers")
            .found("an empty file"));
    }
    let has_header = match options.header {
        Some(has_header) => has_header,
        // A line of numbers alone is a row.
        None => !record
            .iter()
            .all(|cell| number(cell).is_ok() || is_missing(cell)),
    };
    let names = if has_header {
        let text = |(column, cell): (usize, &[u8])| {
            std::str::from_utf8(cell)
                .map(|text| text.trim_start_matches('\u{feff}').trim().to_string())
                .map_err(|_| not_text(&record, column, &format!("{column} (counted from 0)")))
        };
        record.iter().enumerate().map(text).collect::<Result<_>>()?
    } else {
        (0..record.len()).map(|column| column.to_string()).collect()
    };
    let layout = match options.unnamed_as_they_stand && !has_header {
        false => Layout::choose(names, options)?,
        true => {
            let unmatched = ReadOptions {
                model_columns: None,
                ..options.clone()
            };
            Layout::choose(names, &unmatched)?
        }
    };
    let mut table = Table::new(layout, options);
    if has_header {
        is_there = reader.read_byte_record(&mut record).map_err(damaged)?;
    } else if options.header.is_none() && options.model_columns.is_none() {
        table.note(
            "the first line, of numbers alone, was taken for a row; if it has the names of the columns, say \
             `--header yes`",
        );
    }
    let mut values = vec![0.0; table.layout().inputs.len()];
    while is_there {
        let layout = table.layout();
        for (value, &column) in values.iter_mut().zip(&layout.inputs) {
            let cell = record.get(column).unwrap_or_default();
            *value = match number(cell) {
                Ok(value) => value,
                Err(_) if std::str::from_utf8(cell).is_err() => {
                    return Err(not_text(&record, column, &layout.quoted_name(column)));
                }
                Err(_) => f32::NAN,
            };
        }
        let text = |column: usize| {
            std::str::from_utf8(record.get(column).unwrap_or_default())
                .map(str::trim)
                .map_err(|_| not_text(&record, column, &layout.quoted_name(column)))
        };
        let label = layout.label.map(text).transpose()?;
        let ids: Vec<&str> = layout
            .ids
            .iter()
            .map(|&id| text(id))
            .collect::<Result<_>>()?;
        let inputs = layout.inputs.clone();
        table.push(
            &mut values,
            label,
            ids.into_iter(),
            || line_of(&record),
            |input| {
                let column = inputs.get(input).copied().unwrap_or(usize::MAX);
                let cell = String::from_utf8_lossy(record.get(column).unwrap_or_default());
                match cell.trim() {
                    "" => "nothing".to_string(),
                    cell => format!("\"{cell}\""),
                }
            },
        )?;
        is_there = reader.read_byte_record(&mut record).map_err(damaged)?;
    }
    table.finish(spec)
}

/// A comma, unless the first line has none but has semicolons, as where the comma marks decimals.
fn delimiter(start: &[u8]) -> u8 {
    let line = start
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    if !line.contains(&b',') && line.contains(&b';') {
        b';'
    } else {
        b','
    }
}

fn number(cell: &[u8]) -> std::result::Result<f32, ()> {
    let text = std::str::from_utf8(cell).map_err(drop)?.trim();
    text.parse().map_err(drop)
}

/// What stands for a missing value in tables.
fn is_missing(cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    [&b""[..], b"na", b"n/a", b"nan", b"null", b"none"]
        .iter()
        .any(|known| cell.eq_ignore_ascii_case(known))
}

fn line_of(record: &ByteRecord) -> String {
    format!("line {}", record.position().map_or(0, csv::Position::line))
}

fn not_text(record: &ByteRecord, column: usize, name: &str) -> Error {
    Error::new(ErrorKind::Format, "the text is not UTF-8")
        .at(format!("{}, column {name}", line_of(record)))
        .expected("UTF-8 text")
        .found(format!("{:02x?}", record.get(column).unwrap_or_default()))
        .hint("save the table as UTF-8")
}

fn damaged(error: csv::Error) -> Error {
    if let csv::ErrorKind::UnequalLengths {
        pos,
        expected_len,
        len,
    } = error.kind()
    {
        let line = pos.as_ref().map_or(0, csv::Position::line);
        return Error::new(ErrorKind::Format, "the lines differ in length")
            .at(format!("line {line}"))
            .expected(format!("{expected_len} cells, as in the first line"))
            .found(len);
    }
    match error.into_kind() {
        csv::ErrorKind::Io(error) => unreadable(error),
        other => {
            Error::new(ErrorKind::Format, "the table cannot be read").found(format!("{other:?}"))
        }
    }
}

fn unreadable(error: io::Error) -> Error {
    if is_damage(&error) {
        Error::new(ErrorKind::Format, "the gzip data are damaged or cut off").caused_by(error)
    } else {
        Error::new(ErrorKind::Io, "cannot be read").caused_by(error)
    }
}
