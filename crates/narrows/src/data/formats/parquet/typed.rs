//! Writes a table with typed columns, in row groups of bounded size.

use crate::data::column::{Cells, Gaps};
use crate::data::texts::Texts;
use crate::files::OutputFile;
use crate::text::count_of;
use crate::{Error, ErrorKind, Result};
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The approximate number of bytes of values in a row group.
const GROUP: usize = 64 << 20;

/// The type in which a column is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum ColumnType {
    /// INT64.
    Integer,
    /// INT64 with the logical type of unsigned integers.
    Unsigned,
    /// FLOAT.
    Float32,
    /// DOUBLE.
    Float64,
    /// BOOLEAN, from 0 and 1.
    Boolean,
    /// Strings, which are never null: an empty cell is an empty string.
    Text,
}

/// A table in progress. Missing numbers are nulls.
pub(in crate::data) struct TypedSink {
    writer: SerializedFileWriter<OutputFile>,
    path: PathBuf,
    columns: Vec<WaitingColumn>,
}

/// The values of a column that wait for their row group.
struct WaitingColumn {
    name: String,
    kind: ColumnType,
    values: TypedValues,
    /// For each cell whether it is present, as Parquet's levels: 1 or 0. Empty for texts.
    levels: Vec<i16>,
    /// The bytes of the texts.
    text: usize,
}

enum TypedValues {
    Longs(Vec<i64>),
    Floats(Vec<f32>),
    Doubles(Vec<f64>),
    Bools(Vec<bool>),
    Texts(Vec<ByteArray>),
}

impl ColumnType {
    fn field(self, name: &str) -> std::result::Result<Type, ParquetError> {
        let of = |physical| Type::primitive_type_builder(name, physical);
        let optional = Repetition::OPTIONAL;
        let builder = match self {
            ColumnType::Integer => of(Physical::INT64).with_repetition(optional),
            ColumnType::Unsigned => of(Physical::INT64)
                .with_converted_type(ConvertedType::UINT_64)
                .with_repetition(optional),
            ColumnType::Float32 => of(Physical::FLOAT).with_repetition(optional),
            ColumnType::Float64 => of(Physical::DOUBLE).with_repetition(optional),
            ColumnType::Boolean => of(Physical::BOOLEAN).with_repetition(optional),
            ColumnType::Text => of(Physical::BYTE_ARRAY)
                .with_converted_type(ConvertedType::UTF8)
                .with_logical_type(Some(LogicalType::String))
                .with_repetition(Repetition::REQUIRED),
        };
        builder.build()
    }

    fn values(self) -> TypedValues {
        match self {
            ColumnType::Integer | ColumnType::Unsigned => TypedValues::Longs(Vec::new()),
            ColumnType::Float32 => TypedValues::Floats(Vec::new()),
            ColumnType::Float64 => TypedValues::Doubles(Vec::new()),
            ColumnType::Boolean => TypedValues::Bools(Vec::new()),
            ColumnType::Text => TypedValues::Texts(Vec::new()),
        }
    }

    fn words(self) -> &'static str {
        match self {
            ColumnType::Integer => "whole numbers of 64 bits",
            ColumnType::Unsigned => "whole numbers of 64 bits without a sign",
            ColumnType::Float32 => "32-bit floats",
            ColumnType::Float64 => "floats",
            ColumnType::Boolean => "0 and 1",
            ColumnType::Text => "text",
        }
    }
}

impl TypedSink {
    /// Begins a file with some columns.
    pub(in crate::data) fn create(
        file: OutputFile,
        names: &[String],
        types: &[ColumnType],
    ) -> Result<Self> {
        let path = file.path().to_path_buf();
        let refused = |error| refused(&path, error);
        if names.len() != types.len() {
            return Err(Error::new(ErrorKind::Data, "each column has one type")
                .expected(names.len())
                .found(types.len()));
        }
        let fields = names
            .iter()
            .zip(types)
            .map(|(name, kind)| kind.field(name).map(Arc::new));
        let fields = fields
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(refused)?;
        let schema = Type::group_type_builder("rows").with_fields(fields).build();
        let schema = Arc::new(schema.map_err(refused)?);
        let properties = Arc::new(properties(names, types).build());
        let writer = SerializedFileWriter::new(file, schema, properties).map_err(refused)?;
        let columns = names.iter().zip(types).map(|(name, &kind)| WaitingColumn {
            name: name.clone(),
            kind,
            values: kind.values(),
            levels: Vec::new(),
            text: 0,
        });
        Ok(TypedSink {
            writer,
            columns: columns.collect(),
            path,
        })
    }

    /// Writes some rows: the same number of cells for each column, in the order of the names.
    pub(in crate::data) fn write(&mut self, cells: &[Cells]) -> Result<()> {
        let rows = cells.first().map_or(0, Cells::len);
        if cells.len() != self.columns.len() || cells.iter().any(|cells| cells.len() != rows) {
            return Err(Error::new(ErrorKind::Data, "each column has so many cells")
                .expected(format!(
                    "{} of {rows}",
                    count_of(self.columns.len(), "column")
                ))
                .found(count_of(cells.len(), "column")));
        }
        for (column, cells) in self.columns.iter_mut().zip(cells) {
            let pushed = column.push(cells);
            pushed.map_err(|error| error.at(format!("column `{}`", column.name)))?;
        }
        let held: usize = self.columns.iter().map(WaitingColumn::size).sum();
        if held >= GROUP {
            self.write_group()?;
        }
        Ok(())
    }

    fn write_group(&mut self) -> Result<()> {
        let TypedSink {
            writer,
            path,
            columns,
        } = self;
        let mut group = || -> std::result::Result<(), ParquetError> {
            let mut group = writer.next_row_group()?;
            for column in columns.iter_mut() {
                let Some(mut writer) = group.next_column()? else {
                    break;
                };
                column.write(&mut writer)?;
                writer.close()?;
            }
            group.close()?;
            Ok(())
        };
        group().map_err(|error| refused(path, error))
    }

    /// Writes the waiting rows and the footer, and gives the file its name.
    pub(in crate::data) fn finish(mut self) -> Result<()> {
        if self.columns.first().is_some_and(|column| column.size() > 0) {
            self.write_group()?;
        }
        let path = self.path;
        let file = self.writer.into_inner();
        file.map_err(|error| refused(&path, error))?.finish()
    }
}

/// Floats rarely repeat, so a dictionary of them would not pay.
fn properties(names: &[String], types: &[ColumnType]) -> WriterPropertiesBuilder {
    let builder = WriterProperties::builder().set_compression(Compression::SNAPPY);
    names
        .iter()
        .zip(types)
        .fold(builder, |builder, (name, kind)| {
            let path = ColumnPath::new(vec![name.clone()]);
            let repeats = !matches!(kind, ColumnType::Float32 | ColumnType::Float64);
            builder.set_column_dictionary_enabled(path, repeats)
        })
}

impl WaitingColumn {
    fn size(&self) -> usize {
        let of_values = match &self.values {
            TypedValues::Longs(values) => values.len() * 8,
            TypedValues::Floats(values) => values.len() * 4,
            TypedValues::Doubles(values) => values.len() * 8,
            TypedValues::Bools(values) => values.len(),
            TypedValues::Texts(values) => values.len() * 32 + self.text,
        };
        of_values + self.levels.len() * 2
    }

    fn push(&mut self, cells: &Cells) -> Result<()> {
        let wrong = |kind: ColumnType, found: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Data, "a cell does not fit its column")
                .expected(kind.words())
                .found(found)
        };
        let (levels, kind) = (&mut self.levels, self.kind);
        match (&mut self.values, cells, kind) {
            (TypedValues::Longs(into), Cells::Integers(values, gaps), ColumnType::Integer) => {
                present(values, gaps, levels, |value| {
                    into.push(value);
                    Ok(())
                })
            }
            (TypedValues::Longs(into), Cells::Unsigned(values, gaps), ColumnType::Unsigned) => {
                present(values, gaps, levels, |value| {
                    into.push(value as i64);
                    Ok(())
                })
            }
            (TypedValues::Longs(into), Cells::Integers(values, gaps), _) => {
                present(values, gaps, levels, |value| {
                    let fits = u64::try_from(value).map_err(|_| wrong(kind, &value))?;
                    into.push(fits as i64);
                    Ok(())
                })
            }
            (TypedValues::Longs(into), Cells::Unsigned(values, gaps), _) => {
                present(values, gaps, levels, |value| {
                    into.push(i64::try_from(value).map_err(|_| wrong(kind, &value))?);
                    Ok(())
                })
            }
            (TypedValues::Bools(into), Cells::Integers(values, gaps), _) => {
                present(values, gaps, levels, |value| {
                    into.push(match value {
                        0 => false,
                        1 => true,
                        _ => return Err(wrong(kind, &value)),
                    });
                    Ok(())
                })
            }
            (TypedValues::Floats(into), Cells::Floats32(values), _) => {
                levels.extend(values.iter().map(|value| i16::from(!value.is_nan())));
                into.extend(values.iter().filter(|value| !value.is_nan()));
                Ok(())
            }
            (TypedValues::Doubles(into), Cells::Floats(values), _) => {
                levels.extend(values.iter().map(|value| i16::from(!value.is_nan())));
                into.extend(values.iter().filter(|value| !value.is_nan()));
                Ok(())
            }
            (TypedValues::Doubles(into), Cells::Floats32(values), _) => {
                levels.extend(values.iter().map(|value| i16::from(!value.is_nan())));
                let there = values.iter().filter(|value| !value.is_nan());
                into.extend(there.map(|&value| f64::from(value)));
                Ok(())
            }
            (TypedValues::Texts(into), Cells::Texts(texts), _) => {
                self.text += push_texts(into, texts);
                Ok(())
            }
            (_, cells, _) => Err(wrong(kind, &name_of(cells))),
        }
    }

    /// Writes the values and forgets them.
    fn write(
        &mut self,
        writer: &mut SerializedColumnWriter,
    ) -> std::result::Result<(), ParquetError> {
        fn put<T: DataType>(
            writer: &mut SerializedColumnWriter,
            values: &mut Vec<T::T>,
            levels: Option<&[i16]>,
        ) -> std::result::Result<(), ParquetError> {
            writer.typed::<T>().write_batch(values, levels, None)?;
            values.clear();
            Ok(())
        }
        let levels = Some(self.levels.as_slice());
        match &mut self.values {
            TypedValues::Longs(values) => put::<Int64Type>(writer, values, levels)?,
            TypedValues::Floats(values) => put::<FloatType>(writer, values, levels)?,
            TypedValues::Doubles(values) => put::<DoubleType>(writer, values, levels)?,
            TypedValues::Bools(values) => put::<BoolType>(writer, values, levels)?,
            TypedValues::Texts(values) => put::<ByteArrayType>(writer, values, None)?,
        }
        self.levels.clear();
        self.text = 0;
        Ok(())
    }
}

/// Copies the present values, and records which cells are present.
fn present<T: Copy>(
    values: &[T],
    gaps: &Gaps,
    levels: &mut Vec<i16>,
    mut take: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    for (row, &value) in values.iter().enumerate() {
        let is_missing = gaps
            .as_ref()
            .is_some_and(|gaps| gaps.get(row) == Some(&true));
        levels.push(i16::from(!is_missing));
        if !is_missing {
            take(value)?;
        }
    }
    Ok(())
}

/// Adds texts, all in one piece of memory, and returns their bytes.
fn push_texts(into: &mut Vec<ByteArray>, texts: &Texts) -> usize {
    let all: String = texts.iter().collect();
    let whole = bytes::Bytes::from(all);
    let mut start = 0;
    for text in texts.iter() {
        into.push(ByteArray::from(whole.slice(start..start + text.len())));
        start += text.len();
    }
    whole.len()
}

fn name_of(cells: &Cells) -> &'static str {
    match cells {
        Cells::Integers(..) => "whole numbers",
        Cells::Unsigned(..) => "whole numbers without a sign",
        Cells::Floats(_) => "floats",
        Cells::Floats32(_) => "32-bit floats",
        Cells::Texts(_) => "text",
    }
}

fn refused(path: &Path, error: ParquetError) -> Error {
    Error::new(ErrorKind::Io, "cannot write the file")
        .at(path.display())
        .caused_by(error)
}
