//! Parquet: texts as strings, or as 64-bit integers where all of a column are such, values as floats, in row groups
//! of bounded size.

use crate::data::write::{Head, Piece, TextColumn};
use crate::files::NewFile;
use crate::{Error, ErrorKind, Result};
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::path::PathBuf;
use std::sync::Arc;

/// The values of a row group, about 64 MiB.
const GROUP: usize = 16 << 20;

pub(in crate::data) struct Sink {
    writer: SerializedFileWriter<NewFile>,
    path: PathBuf,
    texts: Vec<Texts>,
    columns: Vec<Vec<f32>>,
}

/// The texts of a column that wait for their row group.
enum Texts {
    Strings(Vec<ByteArray>),
    Integers(Vec<i64>),
}

impl Texts {
    fn of(column: &TextColumn) -> Texts {
        match column.is_integer {
            true => Texts::Integers(Vec::new()),
            false => Texts::Strings(Vec::new()),
        }
    }

    fn push(&mut self, text: &str) -> Result<()> {
        match self {
            Texts::Strings(texts) => texts.push(ByteArray::from(text)),
            Texts::Integers(numbers) => numbers.push(text.parse().map_err(|_| {
                Error::new(ErrorKind::Data, "a text is no whole number")
                    .expected("whole numbers in the whole column")
                    .found(text)
            })?),
        }
        Ok(())
    }
}

impl Sink {
    pub(in crate::data) fn create(file: NewFile, head: &Head) -> Result<Self> {
        let path = file.path().to_path_buf();
        let refused = |error| refused(&path, error);
        let text = |column: &TextColumn| {
            let builder = match column.is_integer {
                true => Type::primitive_type_builder(&column.name, Physical::INT64),
                false => Type::primitive_type_builder(&column.name, Physical::BYTE_ARRAY)
                    .with_converted_type(ConvertedType::UTF8)
                    .with_logical_type(Some(LogicalType::String)),
            };
            builder.with_repetition(Repetition::REQUIRED).build()
        };
        let float = |name: &String| {
            Type::primitive_type_builder(name, Physical::FLOAT)
                .with_repetition(Repetition::REQUIRED)
                .build()
        };
        let fields = head
            .texts
            .iter()
            .map(text)
            .chain(head.columns.iter().map(float));
        let fields = fields
            .map(|field| field.map(Arc::new))
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(refused)?;
        let schema = Type::group_type_builder("rows")
            .with_fields(fields)
            .build()
            .map_err(refused)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .build();
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties));
        Ok(Sink {
            writer: writer.map_err(refused)?,
            texts: head.texts.iter().map(Texts::of).collect(),
            columns: vec![Vec::new(); head.columns.len()],
            path,
        })
    }

    pub(in crate::data) fn write(&mut self, Piece { values, texts, .. }: Piece<'_>) -> Result<()> {
        for (all, texts) in self.texts.iter_mut().zip(texts) {
            for text in texts {
                all.push(text)?;
            }
        }
        for (all, values) in self.columns.iter_mut().zip(values.columns()) {
            all.extend(values.iter().map(|&value| value as f32));
        }
        let held = self.columns.first().map_or(0, Vec::len);
        if held * (self.columns.len() + self.texts.len()) >= GROUP {
            self.write_group()?;
        }
        Ok(())
    }

    fn write_group(&mut self) -> Result<()> {
        let Sink {
            writer,
            path,
            texts,
            columns,
        } = self;
        let mut group = || -> std::result::Result<(), ParquetError> {
            let mut group = writer.next_row_group()?;
            let (mut texts, mut columns) = (texts.iter_mut(), columns.iter_mut());
            while let Some(mut column) = group.next_column()? {
                if let Some(texts) = texts.next() {
                    match texts {
                        Texts::Strings(texts) => {
                            let writer = column.typed::<ByteArrayType>();
                            writer.write_batch(texts, None, None)?;
                            texts.clear();
                        }
                        Texts::Integers(numbers) => {
                            let writer = column.typed::<Int64Type>();
                            writer.write_batch(numbers, None, None)?;
                            numbers.clear();
                        }
                    }
                } else if let Some(values) = columns.next() {
                    column
                        .typed::<FloatType>()
                        .write_batch(values, None, None)?;
                    values.clear();
                }
                column.close()?;
            }
            group.close()?;
            Ok(())
        };
        group().map_err(|error| refused(path, error))
    }

    pub(in crate::data) fn finish(mut self) -> Result<()> {
        if self
            .columns
            .first()
            .is_some_and(|values| !values.is_empty())
        {
            self.write_group()?;
        }
        let path = self.path;
        let file = self
            .writer
            .into_inner()
            .map_err(|error| refused(&path, error))?;
        file.finish()
    }
}

fn refused(path: &std::path::Path, error: ParquetError) -> Error {
    Error::new(ErrorKind::Io, "cannot write the file")
        .at(path.display())
        .caused_by(error)
}
