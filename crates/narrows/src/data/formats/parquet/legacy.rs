//! Parquet tables of numbers, read by row group.

use crate::data::source::at_source;
use crate::data::table::{Layout, Table};
use crate::data::{Dataset, ReadOptions, Source};
use crate::{Error, ErrorKind, Result};
use parquet::basic::{Compression, ConvertedType, LogicalType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;
use std::fs::File;
use std::panic;
use std::path::Path;

const DAMAGED: &str = "the Parquet file is damaged, cut short or of a kind that is not understood";

/// How many values are taken from the columns at a time, so that they stay in the cache.
const VALUES: usize = 1 << 18;

/// Opens a file whose name ends in `.parquet`.
pub(in crate::data) fn open(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    if !spec.to_lowercase().ends_with(".parquet") || !Path::new(spec).is_file() {
        return Ok(None);
    }
    options.refuse_images(spec, "a table")?;
    if options.header.is_some() {
        return Err(Error::new(ErrorKind::Data, "`header` is a setting for CSV files").at(spec));
    }
    // The reader checks most of what it reads, but some damage makes it panic.
    let read = panic::catch_unwind(|| read(spec, options))
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Format, DAMAGED)));
    let data = read.map_err(|error| at_source(error, spec))?;
    Source::new(data, None).map(Some)
}

fn read(spec: &str, options: &ReadOptions) -> Result<Dataset> {
    let path = Path::new(spec);
    let file = File::open(path).map_err(|error| Error::io("cannot be read", path, error))?;
    let len = file
        .metadata()
        .map_err(|error| Error::io("cannot be read", path, error))?
        .len();
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    check_places(reader.metadata(), len)?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let names = schema.columns().iter().map(|column| name_of(column));
    let layout = Layout::choose(names.collect(), options)?;
    for &place in &layout.inputs {
        check_is_numeric(&schema.column(place))?;
    }
    let mut table = Table::new(layout, options);
    let mut first_row = 0;
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(damaged)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let layout = table.layout();
        let column = |place: usize| {
            check_compression(group.metadata().column(place))?;
            Column::open(group.get_column_reader(place), &schema.column(place))
        };
        let open = |places: &[usize]| -> Result<Vec<Column>> {
            places.iter().map(|&place| column(place)).collect()
        };
        let mut inputs = open(&layout.inputs)?;
        let mut texts = open(&layout.ids)?;
        let mut label = layout.label.map(column).transpose()?;
        let mut done = 0;
        while done < rows {
            let count = (VALUES / inputs.len().max(1))
                .clamp(64, 8192)
                .min(rows - done);
            for column in inputs.iter_mut().chain(&mut texts).chain(&mut label) {
                column.read(count)?;
            }
            let mut values = vec![0.0; inputs.len()];
            for row in 0..count {
                for (value, column) in values.iter_mut().zip(&inputs) {
                    *value = column.number(row);
                }
                let ids: Vec<String> = texts.iter().map(|column| column.text(row)).collect();
                let label = label.as_ref().map(|column| column.text(row));
                table.push(
                    &mut values,
                    label.as_deref(),
                    ids.iter().map(String::as_str),
                    || format!("row {} (counted from 0)", first_row + done + row),
                    |input| inputs.get(input).map_or(String::new(), |c| c.describe(row)),
                )?;
            }
            done += count;
        }
        first_row += rows;
    }
    table.finish(spec)
}

/// Whether the pieces of the columns lie within the file, as the reader takes for granted.
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
                    .expected(format!("pages within the {len} bytes of the file"))
                    .found(format!("{size} bytes from byte {start} on")));
            }
        }
    }
    Ok(())
}

/// What a column is called: as in the schema, but a list by its own name, not that of what is in it.
fn name_of(column: &ColumnDescriptor) -> String {
    match column.path().parts() {
        [name, ..] if column.max_rep_level() > 0 => name.clone(),
        _ => column.path().string(),
    }
}

/// Refuses what is no number or has several values a row.
fn check_is_numeric(column: &ColumnDescriptor) -> Result<()> {
    match not_numeric(column) {
        None => Ok(()),
        Some(found) => Err(Error::new(ErrorKind::Data, "the column is no column of numbers")
            .at(format!("column `{}`", name_of(column)))
            .expected("integers, floating-point numbers, decimals or booleans")
            .found(found)
            .hint("leave it out with `--drop`, or keep it beside the rows with `--label` or `--id`")),
    }
}

/// What a column holds that is no number, in words.
fn not_numeric(column: &ColumnDescriptor) -> Option<&'static str> {
    if column.max_rep_level() > 0 {
        return Some("lists");
    }
    if decimals(column).is_some() {
        return match column.physical_type() {
            Type::FIXED_LEN_BYTE_ARRAY if column.type_length() > MAX_DECIMAL => {
                Some("decimals of more than 38 digits")
            }
            Type::FIXED_LEN_BYTE_ARRAY | Type::BYTE_ARRAY | Type::INT32 | Type::INT64 => None,
            _ => Some("decimals of an impossible kind"),
        };
    }
    let words = match column.logical_type_ref() {
        Some(LogicalType::Integer { .. } | LogicalType::Float16 | LogicalType::Unknown) => {
            return None;
        }
        Some(LogicalType::String | LogicalType::Enum) => "text",
        Some(LogicalType::Date) => "dates",
        Some(LogicalType::Time { .. }) => "times of day",
        Some(LogicalType::Timestamp { .. }) => "points in time",
        Some(LogicalType::Json | LogicalType::Bson) => "JSON",
        Some(LogicalType::Uuid) => "UUIDs",
        Some(LogicalType::Map | LogicalType::List) => "lists",
        Some(_) => "values of a kind that is not read",
        None => match (column.physical_type(), column.converted_type()) {
            (Type::INT96, _) => "points in time",
            (_, ConvertedType::INTERVAL) => "spans of time",
            (_, ConvertedType::UTF8) => "text",
            (Type::FIXED_LEN_BYTE_ARRAY | Type::BYTE_ARRAY, _) => "bytes",
            _ => return None,
        },
    };
    Some(words)
}

/// The digits behind the point, for decimals.
fn decimals(column: &ColumnDescriptor) -> Option<i32> {
    match column.logical_type_ref() {
        Some(LogicalType::Decimal(decimal)) => Some(decimal.scale),
        None if column.converted_type() == ConvertedType::DECIMAL => Some(column.type_scale()),
        _ => None,
    }
}

/// The most bytes of a decimal.
const MAX_DECIMAL: i32 = 16;

/// Refuses pages that are packed in a way that is not read.
fn check_compression(column: &ColumnChunkMetaData) -> Result<()> {
    let found = match column.compression() {
        Compression::BROTLI(_) => "Brotli",
        Compression::LZO => "LZO",
        _ => return Ok(()),
    };
    Err(Error::new(
        ErrorKind::Data,
        "the compression of the column is not supported",
    )
    .at(format!("column `{}`", column.column_path().string()))
    .expected("none, Snappy, gzip, Zstandard or LZ4")
    .found(found)
    .hint("write the file again with one of these"))
}

/// A column of one row group, some rows at a time.
struct Column {
    reader: ColumnReader,
    name: String,
    /// The definition level of a value that is there.
    level: i16,
    is_unsigned: bool,
    /// The digits behind the point, for decimals.
    decimals: Option<i32>,
    is_float16: bool,
    levels: Vec<i16>,
    values: Values,
}

/// One value a row; `None` where it is missing.
enum Values {
    Numbers(Vec<Option<f64>>),
    Integers(Vec<Option<i64>>),
    /// Counted in their last digit.
    Decimals(Vec<Option<i128>>, i32),
    Texts(Vec<Option<ByteArray>>),
}

impl Column {
    fn open(
        reader: std::result::Result<ColumnReader, ParquetError>,
        column: &ColumnDescriptor,
    ) -> Result<Self> {
        let is_unsigned = matches!(
            column.converted_type(),
            ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64
        );
        Ok(Column {
            reader: reader.map_err(damaged)?,
            name: name_of(column),
            level: column.max_def_level(),
            is_unsigned,
            decimals: decimals(column),
            is_float16: matches!(column.logical_type_ref(), Some(LogicalType::Float16)),
            levels: Vec::new(),
            values: Values::Numbers(Vec::new()),
        })
    }

    fn read(&mut self, count: usize) -> Result<()> {
        let (levels, level) = (&mut self.levels, self.level);
        let unsigned = self.is_unsigned;
        let values = match &mut self.reader {
            ColumnReader::BoolColumnReader(reader) => {
                take(reader, count, level, levels).map(|v| numbers(v, f64::from))
            }
            ColumnReader::Int32ColumnReader(reader) => {
                take(reader, count, level, levels).map(|v| {
                    integers(v, |x| {
                        if unsigned {
                            i64::from(x as u32)
                        } else {
                            i64::from(x)
                        }
                    })
                })
            }
            ColumnReader::Int64ColumnReader(reader) => {
                take(reader, count, level, levels).map(|v| {
                    if unsigned {
                        numbers(v, |x| x as u64 as f64)
                    } else {
                        integers(v, |x| x)
                    }
                })
            }
            ColumnReader::FloatColumnReader(reader) => {
                take(reader, count, level, levels).map(|v| numbers(v, f64::from))
            }
            ColumnReader::DoubleColumnReader(reader) => {
                take(reader, count, level, levels).map(|v| numbers(v, |x| x))
            }
            ColumnReader::ByteArrayColumnReader(reader) => take(reader, count, level, levels)
                .and_then(|values| match self.decimals {
                    Some(scale) => big_decimals(values, |value| value.data(), scale),
                    None => Ok(Values::Texts(values)),
                }),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                let is_float16 = self.is_float16;
                take(reader, count, level, levels).and_then(|values| match self.decimals {
                    Some(scale) => big_decimals(values, |value| value.data(), scale),
                    None if is_float16 => Ok(numbers(values, |value| float16(value.data()))),
                    None => {
                        let text = |value: FixedLenByteArray| value.into();
                        let texts = values.into_iter().map(|value| value.map(text));
                        Ok(Values::Texts(texts.collect()))
                    }
                })
            }
            ColumnReader::Int96ColumnReader(_) => {
                return Err(
                    Error::new(ErrorKind::Data, "the column has an old kind of date")
                        .at(format!("column `{}`", self.name))
                        .hint("leave it out with `--drop`"),
                );
            }
        };
        let values = values.map_err(|error| error.at(format!("column `{}`", self.name)))?;
        self.values = match (values, self.decimals) {
            (Values::Integers(values), Some(scale)) => {
                let wide = values.into_iter().map(|value| value.map(i128::from));
                Values::Decimals(wide.collect(), scale)
            }
            (values, _) => values,
        };
        Ok(())
    }

    /// A number, NaN where it is missing.
    fn number(&self, row: usize) -> f32 {
        let number = match &self.values {
            Values::Numbers(values) => values.get(row).copied().flatten(),
            Values::Integers(values) => values.get(row).copied().flatten().map(|x| x as f64),
            Values::Decimals(values, scale) => {
                let value = values.get(row).copied().flatten();
                value.map(|value| value as f64 / 10_f64.powi(*scale))
            }
            Values::Texts(_) => None,
        };
        number.map_or(f32::NAN, |number| number as f32)
    }

    fn text(&self, row: usize) -> String {
        match &self.values {
            Values::Numbers(values) => values.get(row).copied().flatten().map(|x| x.to_string()),
            Values::Integers(values) => values.get(row).copied().flatten().map(|x| x.to_string()),
            Values::Decimals(values, scale) => {
                let value = values.get(row).copied().flatten();
                value.map(|value| decimal_text(value, *scale))
            }
            Values::Texts(values) => values
                .get(row)
                .and_then(Option::as_ref)
                .map(|text| String::from_utf8_lossy(text.data()).into_owned()),
        }
        .unwrap_or_default()
    }

    /// What stands in the file, for an error.
    fn describe(&self, row: usize) -> String {
        let text = self.text(row);
        if text.is_empty() {
            "nothing".into()
        } else {
            text
        }
    }
}

/// Decimals from the bytes of their two's complement, the first the highest.
fn big_decimals<T>(
    values: Vec<Option<T>>,
    bytes: impl Fn(&T) -> &[u8],
    scale: i32,
) -> Result<Values> {
    let decimal = |value: Option<T>| -> Result<Option<i128>> {
        let Some(value) = value else {
            return Ok(None);
        };
        let bytes = bytes(&value);
        if bytes.len() > MAX_DECIMAL as usize {
            return Err(Error::new(ErrorKind::Data, "a decimal is too long")
                .expected("at most 38 digits")
                .found(format!("{} bytes", bytes.len())));
        }
        let is_negative = bytes.first().is_some_and(|&byte| byte >= 0x80);
        let start = if is_negative { -1 } else { 0 };
        Ok(Some(bytes.iter().fold(start, |number: i128, &byte| {
            (number << 8) | i128::from(byte)
        })))
    };
    let values = values.into_iter().map(decimal);
    Ok(Values::Decimals(values.collect::<Result<_>>()?, scale))
}

/// A decimal with its point.
fn decimal_text(value: i128, scale: i32) -> String {
    let Some(scale) = usize::try_from(scale).ok().filter(|&scale| scale <= 38) else {
        return format!("{value}e{}", -i64::from(scale));
    };
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>1$}", value.unsigned_abs(), scale + 1);
    let (whole, rest) = digits.split_at(digits.len() - scale);
    match rest {
        "" => format!("{sign}{whole}"),
        rest => format!("{sign}{whole}.{rest}"),
    }
}

/// A floating-point number of 16 bits (IEEE 754), the lower byte first; NaN if there are not two bytes.
fn float16(bytes: &[u8]) -> f64 {
    let &[low, high] = bytes else {
        return f64::NAN;
    };
    let bits = u16::from_le_bytes([low, high]);
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

fn numbers<T>(values: Vec<Option<T>>, to: impl Fn(T) -> f64) -> Values {
    Values::Numbers(values.into_iter().map(|value| value.map(&to)).collect())
}

fn integers<T>(values: Vec<Option<T>>, to: impl Fn(T) -> i64) -> Values {
    Values::Integers(values.into_iter().map(|value| value.map(&to)).collect())
}

/// Exactly `count` rows of a column.
fn take<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    level: i16,
    levels: &mut Vec<i16>,
) -> Result<Vec<Option<T::T>>> {
    levels.clear();
    let mut values = Vec::with_capacity(count);
    let mut rows = 0;
    while rows < count {
        let into = (level > 0).then_some(&mut *levels);
        let (more, _, _) = reader
            .read_records(count - rows, into, None, &mut values)
            .map_err(damaged)?;
        if more == 0 {
            return Err(Error::new(ErrorKind::Format, "the column ends too soon")
                .expected(format!("{count} more rows"))
                .found(rows));
        }
        rows += more;
    }
    if level == 0 {
        return Ok(values.into_iter().map(Some).collect());
    }
    let mut values = values.into_iter();
    Ok(levels
        .iter()
        .map(|&found| if found == level { values.next() } else { None })
        .collect())
}

fn damaged(error: ParquetError) -> Error {
    Error::new(ErrorKind::Format, DAMAGED).caused_by(error)
}
