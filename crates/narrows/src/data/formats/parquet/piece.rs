//! Some columns of a block, made from the values of the decoder.

use super::chunk::ColumnChunk;
use super::convert;
use super::stored::{StoredColumn, StoredShape};
use crate::Result;
use crate::data::column::{As, Bad, Cells};
use crate::data::texts::Texts;

/// The requests for a stored column: each is a place in its lists, and a form.
pub(super) struct WantedPiece<'a> {
    pub(super) stored: &'a StoredColumn,
    /// The index among all requests, the place in a list, and the form.
    pub(super) outputs: Vec<(usize, usize, As)>,
}

/// Some columns of a block, each with its index among all requests.
#[derive(Default)]
pub(super) struct BlockPiece {
    pub(super) columns: Vec<(usize, Cells)>,
    pub(super) bad: Vec<Bad>,
}

impl BlockPiece {
    /// Adds all requests for a stored column.
    pub(super) fn add(
        &mut self,
        chunk: &mut ColumnChunk,
        wanted: &WantedPiece,
        first: u64,
        count: usize,
    ) -> Result<()> {
        let stored = wanted.stored;
        let length = match stored.shape {
            StoredShape::One => 1,
            StoredShape::List { length, .. } => length,
            StoredShape::Other { level } => return self.add_counted(chunk, wanted, level, count),
        };
        let rows = chunk.rows(count, first)?;
        let wants_numbers = |output: &&(usize, usize, As)| output.2 == As::Numbers;
        let outputs = || wanted.outputs.iter();
        let texts = if outputs().any(|output| !wants_numbers(&output)) {
            let texts = convert::texts(&rows, stored, length, first)?;
            Some(Cells::Texts(Box::new(texts)))
        } else {
            None
        };
        let mut numbers = if outputs().any(|output| wants_numbers(&output)) {
            Some(convert::numbers(rows, stored.leaf)?)
        } else {
            None
        };
        // Almost always there is only one column, and nothing is copied.
        if let ([(place, _, As::Numbers)], 1) = (wanted.outputs.as_slice(), length)
            && let Some(cells) = numbers.take()
        {
            self.push(*place, cells);
            return Ok(());
        }
        for &(place, element, how) in &wanted.outputs {
            let all = match how {
                As::Numbers => &numbers,
                As::Texts | As::Written => &texts,
            };
            if let Some(all) = all {
                self.push(place, convert::element(all, element, length));
            }
        }
        Ok(())
    }

    fn push(&mut self, place: usize, mut cells: Cells) {
        convert::take_infinite(&mut cells, place, &mut self.bad);
        self.columns.push((place, cells));
    }

    /// Adds a column of values that are only counted.
    fn add_counted(
        &mut self,
        chunk: &mut ColumnChunk,
        wanted: &WantedPiece,
        level: i16,
        count: usize,
    ) -> Result<()> {
        let lengths = chunk.lengths(count, level)?;
        for &(place, _, how) in &wanted.outputs {
            let cells = match how {
                // Only columns in which all values are missing may be requested in this form.
                As::Numbers => Cells::Integers(vec![0; count], Some(vec![true; count].into())),
                As::Texts | As::Written => {
                    let mut texts = Texts::default();
                    for length in &lengths {
                        texts.push(&length.map_or(String::new(), described));
                    }
                    Cells::Texts(Box::new(texts))
                }
            };
            self.columns.push((place, cells));
        }
        Ok(())
    }
}

fn described(length: usize) -> String {
    match length {
        1 => "[1 value]".into(),
        _ => format!("[{length} values]"),
    }
}
