//! Rows of values beside texts, as a table: texts as strings, or as 64-bit integers where all of a column are such.

use super::typed::{ColumnType, TypedSink};
use crate::data::column::{Cells, Texts};
use crate::data::write::Head;
use crate::files::NewFile;
use crate::{Error, ErrorKind, Result};
use ndarray::ArrayView2;

pub(in crate::data) struct Sink {
    sink: TypedSink,
    /// Which of the texts are whole numbers.
    integers: Vec<bool>,
}

impl Sink {
    pub(in crate::data) fn create(file: NewFile, head: &Head) -> Result<Self> {
        let integers: Vec<bool> = head.texts.iter().map(|text| text.is_integer).collect();
        let of_texts = integers.iter().map(|is_integer| match is_integer {
            true => ColumnType::Integer,
            false => ColumnType::Text,
        });
        let of_values = head.columns.iter().map(|_| ColumnType::Float32);
        let types: Vec<ColumnType> = of_texts.chain(of_values).collect();
        let texts = head.texts.iter().map(|text| text.name.clone());
        let names: Vec<String> = texts.chain(head.columns.iter().cloned()).collect();
        let sink = TypedSink::create(file, &names, &types)?;
        Ok(Sink { sink, integers })
    }

    pub(in crate::data) fn write(
        &mut self,
        values: ArrayView2<'_, f32>,
        texts: &[Vec<String>],
    ) -> Result<()> {
        let mut cells = Vec::with_capacity(texts.len() + values.ncols());
        for (texts, &is_integer) in texts.iter().zip(&self.integers) {
            cells.push(match is_integer {
                true => whole(texts)?,
                false => {
                    let mut all = Texts::default();
                    texts.iter().for_each(|text| all.push(text));
                    Cells::Texts(all)
                }
            });
        }
        let columns = values.columns();
        cells.extend(
            columns
                .into_iter()
                .map(|column| Cells::Floats32(column.to_vec())),
        );
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
