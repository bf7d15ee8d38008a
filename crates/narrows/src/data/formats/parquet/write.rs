//! Writes rows of values and texts as a table. Texts are strings, or 64-bit integers if all texts of a column are whole
//! numbers; values have their own types.

use super::typed::{ColumnType, TypedSink};
use crate::data::column::{Cells, Gaps};
use crate::data::output::{Head, NumberType, Piece};
use crate::files::OutputFile;
use crate::{Error, ErrorKind, Result};

pub(in crate::data) struct ParquetSink {
    sink: TypedSink,
    /// Which of the texts are whole numbers.
    integers: Vec<bool>,
    types: Vec<NumberType>,
    has_reasons: bool,
}

impl ParquetSink {
    pub(in crate::data) fn create(file: OutputFile, head: &Head) -> Result<Self> {
        let integers: Vec<bool> = head.texts.iter().map(|text| text.is_integer).collect();
        let of_texts = integers.iter().map(|is_integer| {
            if *is_integer {
                ColumnType::Integer
            } else {
                ColumnType::Text
            }
        });
        let types: Vec<NumberType> = (0..head.columns.len()).map(|c| head.type_of(c)).collect();
        let of_values = types.iter().map(|kind| match kind {
            NumberType::Boolean => ColumnType::Boolean,
            NumberType::U8 | NumberType::U16 | NumberType::I64 => ColumnType::Integer,
            NumberType::U64 => ColumnType::Unsigned,
            NumberType::F32 => ColumnType::Float32,
            NumberType::F64 => ColumnType::Float64,
        });
        let of_reasons = head.has_reasons.then_some(ColumnType::Text);
        let all: Vec<ColumnType> = of_texts.chain(of_values).chain(of_reasons).collect();
        let names: Vec<String> = head.names().map(String::from).collect();
        let sink = TypedSink::create(file, &names, &all)?;
        Ok(ParquetSink {
            sink,
            integers,
            types,
            has_reasons: head.has_reasons,
        })
    }

    pub(in crate::data) fn write(&mut self, piece: Piece<'_>) -> Result<()> {
        let mut cells = Vec::with_capacity(piece.texts.len() + self.types.len() + 1);
        let rows = 0..piece.values.nrows();
        let has_bad = piece.reasons.iter().any(Option::is_some);
        let gaps: Gaps = has_bad.then(|| {
            rows.clone()
                .map(|row| piece.reason(row).is_some())
                .collect()
        });
        let all_texts =
            |texts: &mut dyn Iterator<Item = &str>| Cells::Texts(Box::new(texts.collect()));
        for (texts, &is_integer) in piece.texts.iter().zip(&self.integers) {
            cells.push(if is_integer {
                whole(texts, has_bad)?
            } else {
                all_texts(&mut texts.iter().map(String::as_str))
            });
        }
        for (column, &kind) in self.types.iter().enumerate() {
            let values = piece.values.column(column);
            let integers = rows.clone().map(|row| piece.integer(row, column));
            cells.push(match kind {
                NumberType::F32 => Cells::Floats32(values.iter().map(|&v| v as f32).collect()),
                NumberType::F64 => Cells::Floats(values.to_vec()),
                NumberType::U64 => {
                    Cells::Unsigned(integers.map(|n| n as u64).collect(), gaps.clone())
                }
                _ => Cells::Integers(integers.map(|n| n as i64).collect(), gaps.clone()),
            });
        }
        if self.has_reasons {
            let mut reasons = rows.map(|row| piece.reason(row).unwrap_or_default());
            cells.push(all_texts(&mut reasons));
        }
        self.sink.write(&cells)
    }

    pub(in crate::data) fn finish(self) -> Result<()> {
        self.sink.finish()
    }
}

/// Texts as whole numbers; with `may_miss`, empty texts are missing.
fn whole(texts: &[String], may_miss: bool) -> Result<Cells> {
    let is_missing = |text: &String| may_miss && text.is_empty();
    let number = |text: &String| {
        if is_missing(text) {
            return Ok(0);
        }
        text.parse().map_err(|_| {
            Error::new(ErrorKind::Data, "a cell is not a whole number")
                .expected("whole numbers in the whole column")
                .found(text)
        })
    };
    let numbers = texts.iter().map(number).collect::<Result<_>>()?;
    let gaps = may_miss.then(|| texts.iter().map(is_missing).collect());
    Ok(Cells::Integers(numbers, gaps))
}
