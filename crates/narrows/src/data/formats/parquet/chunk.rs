//! A column of one row group, some rows at a time, as returned by the decoder.

use super::pages::{Allowance, Budget, CheckedPages, LEVELS, SharedFile, shares_beginnings};
use super::refusal::{DAMAGED, damaged};
use super::stored::{StoredColumn, StoredShape};
use crate::advice::{Setting, setting};
use crate::text::count_of;
use crate::{Error, ErrorKind, Result};
use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray, Int96};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The present values of some rows, one after the other.
pub(super) enum RawValues {
    Bools(Vec<bool>),
    Ints(Vec<i32>),
    Longs(Vec<i64>),
    Int96s(Vec<Int96>),
    Floats(Vec<f32>),
    Doubles(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

/// Some rows of a column.
pub(super) struct ColumnRows {
    pub(super) raw: RawValues,
    /// The missing cells, if there are any: one entry per row, or as many as the length of its lists.
    pub(super) missing: Option<Vec<bool>>,
}

/// Texts that may share prefixes are read a few at a time, because each may be as long as its page.
const TEXTS: usize = 8;

/// The most bytes of such values in one block.
const BYTES: usize = 32 << 20;

/// Calls the same code for a reader of any type.
macro_rules! each_reader {
    ($any:expr, $reader:ident => $body:block) => {
        match $any {
            ColumnReader::BoolColumnReader($reader) => $body,
            ColumnReader::Int32ColumnReader($reader) => $body,
            ColumnReader::Int64ColumnReader($reader) => $body,
            ColumnReader::Int96ColumnReader($reader) => $body,
            ColumnReader::FloatColumnReader($reader) => $body,
            ColumnReader::DoubleColumnReader($reader) => $body,
            ColumnReader::ByteArrayColumnReader($reader) => $body,
            ColumnReader::FixedLenByteArrayColumnReader($reader) => $body,
        }
    };
}

pub(super) struct ColumnChunk<'a> {
    stored: &'a StoredColumn,
    reader: ColumnReader,
    /// Whether values are read a few at a time.
    is_wide: bool,
    /// For columns of lists.
    allowance: Option<Allowance>,
    levels: Vec<i16>,
    repeats: Vec<i16>,
}

impl<'a> ColumnChunk<'a> {
    pub(super) fn open(
        input: &SharedFile,
        group: &RowGroupMetaData,
        stored: &'a StoredColumn,
        budget: &Budget,
    ) -> Result<ColumnChunk<'a>> {
        let chunk = group.columns().get(stored.leaf_index).ok_or_else(|| {
            Error::new(ErrorKind::Format, DAMAGED).at("a row group lacks a column")
        })?;
        check_compression(chunk)?;
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let is_list = !matches!(stored.shape, StoredShape::One);
        let allowance = is_list.then(|| Arc::new(AtomicUsize::new(2 * LEVELS)));
        let pages = CheckedPages::open(input, chunk, rows, budget.clone(), allowance.clone());
        let pages = Box::new(pages.map_err(damaged)?);
        Ok(ColumnChunk {
            stored,
            reader: get_column_reader(chunk.column_descr_ptr(), pages),
            is_wide: stored.is_wide || shares_beginnings(chunk),
            allowance,
            levels: Vec::new(),
            repeats: Vec::new(),
        })
    }

    /// The next `count` rows; `first` is the number of the first, for errors.
    pub(super) fn rows(&mut self, count: usize, first: u64) -> Result<ColumnRows> {
        let raw = self.decode(count)?;
        let missing = match self.stored.shape {
            StoredShape::One => self.gaps(),
            StoredShape::List { length, level } => {
                self.gaps_of_lists(count, first, length, level)?
            }
            StoredShape::Other { .. } => None,
        };
        let present = raw.len();
        let cells = match self.stored.shape {
            StoredShape::List { length, .. } => count.saturating_mul(length),
            _ => count,
        };
        let found = present
            + missing
                .as_ref()
                .map_or(0, |m| m.iter().filter(|&&m| m).count());
        if found != cells && !matches!(self.stored.shape, StoredShape::Other { .. }) {
            return Err(Error::new(ErrorKind::Format, DAMAGED)
                .expected(count_of(cells, "value"))
                .found(found));
        }
        Ok(ColumnRows { raw, missing })
    }

    /// The lengths of the lists of the next `count` rows; `None` for missing lists.
    pub(super) fn lengths(&mut self, count: usize, level: i16) -> Result<Vec<Option<usize>>> {
        self.decode(count)?;
        let mut lengths: Vec<Option<usize>> = Vec::with_capacity(count);
        for (&found, &repeat) in self.levels.iter().zip(&self.repeats) {
            let length = match found {
                _ if found >= level => Some(1),
                _ if found == level - 1 => Some(0),
                _ => None,
            };
            match lengths.last_mut() {
                // Deeper lists count as elements of the outermost list.
                Some(last) if repeat > 0 => {
                    if repeat == 1 {
                        *last = last.map(|count| count + 1);
                    }
                }
                _ => lengths.push(length),
            }
        }
        Ok(lengths)
    }

    /// Whether the column ends here, as its row group does.
    pub(super) fn check_end(&mut self) -> Result<()> {
        self.levels.clear();
        self.repeats.clear();
        let (levels, repeats) = (&mut self.levels, &mut self.repeats);
        let counted = each_reader!(&mut self.reader, reader => {
            let read = reader.read_records(1, Some(levels), Some(repeats), &mut Vec::new());
            read.map_err(damaged)?.0
        });
        match counted {
            0 => Ok(()),
            _ => Err(Error::new(
                ErrorKind::Format,
                "the column has more rows than its row group",
            )),
        }
    }

    fn decode(&mut self, count: usize) -> Result<RawValues> {
        self.levels.clear();
        self.repeats.clear();
        let (levels, repeats) = (&mut self.levels, &mut self.repeats);
        let allowance = self.allowance.as_ref();
        let mut take = Take {
            count,
            step: if self.is_wide { TEXTS } else { count },
            allowance,
            levels,
            repeats,
        };
        Ok(match &mut self.reader {
            ColumnReader::BoolColumnReader(reader) => RawValues::Bools(take.values(reader)?),
            ColumnReader::Int32ColumnReader(reader) => RawValues::Ints(take.values(reader)?),
            ColumnReader::Int64ColumnReader(reader) => RawValues::Longs(take.values(reader)?),
            ColumnReader::Int96ColumnReader(reader) => RawValues::Int96s(take.values(reader)?),
            ColumnReader::FloatColumnReader(reader) => RawValues::Floats(take.values(reader)?),
            ColumnReader::DoubleColumnReader(reader) => RawValues::Doubles(take.values(reader)?),
            ColumnReader::ByteArrayColumnReader(reader) => {
                RawValues::Bytes(take.values_of(reader, |value| value.len())?)
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                RawValues::Fixed(take.values_of(reader, |value| value.len())?)
            }
        })
    }

    fn gaps(&self) -> Option<Vec<bool>> {
        let most = self.stored.level;
        let has_gaps = most > 0 && self.levels.iter().any(|&level| level != most);
        has_gaps.then(|| self.levels.iter().map(|&level| level != most).collect())
    }

    /// The missing cells of lists with the same length.
    fn gaps_of_lists(
        &self,
        rows: usize,
        first: u64,
        length: usize,
        level: i16,
    ) -> Result<Option<Vec<bool>>> {
        let most = self.stored.level;
        let mut missing = Vec::with_capacity(rows.saturating_mul(length));
        let (mut row, mut at) = (0, 0);
        while at < self.levels.len() {
            let rest = self.repeats.get(at + 1..).unwrap_or_default();
            let more = rest.iter().take_while(|&&repeat| repeat > 0).count();
            let of_row = self.levels.get(at..=at + more).unwrap_or_default();
            let found = match of_row {
                [found] if *found < level - 1 => None,
                [found] if *found < level => Some(0),
                _ => Some(of_row.len()),
            };
            match found {
                None => missing.resize(missing.len() + length, true),
                Some(found) if found == length => {
                    missing.extend(of_row.iter().map(|&found| found != most));
                }
                Some(found) => {
                    return Err(Error::new(ErrorKind::Data, "a list has another length")
                        .at(format!("row {} (counted from 0)", first + row as u64))
                        .expected(format!(
                            "{}, as in the first rows",
                            count_of(length, "value")
                        ))
                        .found(found)
                        .hint(format!("leave it out with {}", setting(Setting::Drop))));
                }
            }
            at += 1 + more;
            row += 1;
        }
        if row != rows {
            return Err(Error::new(ErrorKind::Format, DAMAGED));
        }
        Ok(missing.contains(&true).then_some(missing))
    }
}

impl RawValues {
    pub(super) fn len(&self) -> usize {
        match self {
            RawValues::Bools(values) => values.len(),
            RawValues::Ints(values) => values.len(),
            RawValues::Longs(values) => values.len(),
            RawValues::Int96s(values) => values.len(),
            RawValues::Floats(values) => values.len(),
            RawValues::Doubles(values) => values.len(),
            RawValues::Bytes(values) => values.len(),
            RawValues::Fixed(values) => values.len(),
        }
    }
}

/// Rows that are to be decoded.
struct Take<'a> {
    count: usize,
    /// The number of rows at a time.
    step: usize,
    allowance: Option<&'a Allowance>,
    levels: &'a mut Vec<i16>,
    repeats: &'a mut Vec<i16>,
}

impl Take<'_> {
    fn values<T: DataType>(&mut self, reader: &mut ColumnReaderImpl<T>) -> Result<Vec<T::T>> {
        self.values_of(reader, |_| 0)
    }

    /// Values that take additional memory each.
    fn values_of<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        size: impl Fn(&T::T) -> usize,
    ) -> Result<Vec<T::T>> {
        let mut values = Vec::new();
        let (mut rows, mut bytes) = (0, 0_usize);
        while rows < self.count {
            if let Some(allowance) = self.allowance {
                allowance.store(2 * LEVELS, Ordering::Relaxed);
            }
            let step = self.step.min(self.count - rows);
            let (levels, repeats) = (Some(&mut *self.levels), Some(&mut *self.repeats));
            let (more, _, _) = reader
                .read_records(step, levels, repeats, &mut values)
                .map_err(damaged)?;
            if more == 0 {
                return Err(Error::new(ErrorKind::Format, "the column ends too soon")
                    .expected(format!("{} more rows", self.count))
                    .found(rows));
            }
            rows += more;
            // Otherwise the values share the memory of their page.
            if self.step < self.count {
                let new = values.iter().rev().take(more);
                bytes = bytes.saturating_add(new.map(&size).sum());
            }
            if bytes > BYTES {
                return Err(Error::new(ErrorKind::Data, "the values are too long")
                    .expected(format!(
                        "at most {} MiB in {}",
                        BYTES >> 20,
                        count_of(self.count, "row")
                    ))
                    .hint(format!("leave it out with {}", setting(Setting::Drop))));
            }
        }
        Ok(values)
    }
}

/// Refuses pages with an unsupported compression.
fn check_compression(column: &ColumnChunkMetaData) -> Result<()> {
    if column.compression() != Compression::LZO {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Data,
        "the compression of the column is not supported",
    )
    .expected("none, Snappy, gzip, Zstandard, LZ4 or Brotli")
    .found("LZO")
    .hint("write the file again with one of these"))
}
