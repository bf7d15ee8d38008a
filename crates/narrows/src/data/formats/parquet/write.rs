//! Rows of values beside texts, as a table: texts as strings, or as 64-bit integers where all of a column are such, and
//! values in their own types.

use super::typed::{ColumnType, TypedSink};
use crate::data::column::{Cells, Texts};
use crate::data::output::{Head, NumberType, Piece};
use crate::files::NewFile;
use crate::{Error, ErrorKind, Result};

pub(in crate::data) struct Sink {
    sink: TypedSink,
    /// Which of the texts are whole numbers.
    integers: Vec<bool>,
    types: Vec<NumberType>,
}

impl Sink {
    pub(in crate::data) fn create(file: NewFile, head: &Head) -> Result<Self> {
        let integers: Vec<bool> = head.texts.iter().map(|text| text.is_integer).collect();
        let of_texts = integers.iter().map(|is_integer| match is_integer {
            true => ColumnType::Integer,
            false => ColumnType::Text,
        });
        let types: Vec<NumberType> = (0..head.columns.len()).map(|c| head.type_of(c)).collect();
        let of_values = types.iter().map(|kind| match kind {
            NumberType::Boolean => ColumnType::Boolean,
            NumberType::U8 | NumberType::U16 | NumberType::I64 => ColumnType::Integer,
            NumberType::U64 => ColumnType::Unsigned,
            NumberType::F32 => ColumnType::Float32,
            NumberType::F64 => ColumnType::Float64,
        });
        let all: Vec<ColumnType> = of_texts.chain(of_values).collect();
        let texts = head.texts.iter().map(|text| text.name.clone());
        let names: Vec<String> = texts.chain(head.columns.iter().cloned()).collect();
        let sink = TypedSink::create(file, &names, &all)?;
        Ok(Sink {
            sink,
            integers,
            types,
        })
    }

    pub(in crate::data) fn write(&mut self, piece: Piece<'_>) -> Result<()> {
        let mut cells = Vec::with_capacity(piece.texts.len() + self.types.len());
        for (texts, &is_integer) in piece.texts.iter().zip(&self.integers) {
            cells.push(match is_integer {
                true => whole(texts)?,
                false => {
                    let mut all = Texts::default();
                    texts.iter().for_each(|text| all.push(text));
                    Cells::Texts(all)
                }
            });
        }
        let rows = 0..piece.values.nrows();
        for (column, &kind) in self.types.iter().enumerate() {
            let values = piece.values.column(column);
            let integers = rows.clone().map(|row| piece.integer(row, column));
            cells.push(match kind {
                NumberType::F32 => Cells::Floats32(values.iter().map(|&v| v as f32).collect()),
                NumberType::F64 => Cells::Floats(values.to_vec()),
                NumberType::U64 => Cells::Unsigned(integers.map(|n| n as u64).collect(), None),
                _ => Cells::Integers(integers.map(|n| n as i64).collect(), None),
            });
        }
        self.sink.write(&cells)
    }

    pub(in crate::data) fn finish(self) -> Result<()> {
        self.sink.finish()
    }
}

fn whole(texts: &[String]) -> Result<Cells> {
    let number = |text: &String| {
        text.parse().map_err(|_| {
            Error::new(ErrorKind::Data, "a text is no whole number")
                .expected("whole numbers in the whole column")
                .found(text)
        })
    };
    let numbers = texts.iter().map(number).collect::<Result<_>>()?;
    Ok(Cells::Integers(numbers, None))
}
