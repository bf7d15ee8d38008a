//! Columns of a table, as a format gives them: a block of rows at a time, in the types of the file.
//!
//! Every format of tables implements [`TableReader`]; `table.rs` turns the blocks into a dataset, the same way for all.

use super::fault::Fault;
use super::options::TextOptions;
use super::schema::ColumnKind;
use crate::Result;
use std::sync::Arc;

/// A column of a table, as far as it is known before all of its rows are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileColumn {
    /// Its name in the file; empty where it has none.
    pub(crate) name: String,
    pub(crate) kind: ColumnKind,
    /// What stands behind each number (`%`), or in a line of units.
    pub(crate) unit: Option<String>,
}

/// How a column is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum As {
    /// As numbers, for a column of numbers or of yes and no.
    Numbers,
    /// As text, for any column: words and labels. A missing cell is empty.
    Texts,
    /// As the text that the file has, also where it stands for a missing value: ids.
    Written,
}

/// The cells of one column of a block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cells {
    /// Whole numbers.
    Integers(Vec<i64>, Gaps),
    /// Whole numbers without a sign that need all 64 bits.
    Unsigned(Vec<u64>, Gaps),
    /// Floating-point numbers; NaN is a missing cell. An infinite one is a [`Bad`] cell too.
    Floats(Vec<f64>),
    /// Floating-point numbers that have 32 bits in the file; NaN is a missing cell.
    Floats32(Vec<f32>),
    /// Text, without the space around it; empty where the cell is missing.
    Texts(Texts),
}

/// Which cells of a column are missing: none of them, or those that are `true`.
pub(crate) type Gaps = Option<Vec<bool>>;

/// Many short texts in one allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    bytes: String,
    /// Where each text ends.
    ends: Vec<usize>,
}

impl Texts {
    pub(crate) fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text at a place; empty where there is none.
    pub(crate) fn get(&self, index: usize) -> &str {
        let start = match index {
            0 => 0,
            _ => self.ends.get(index - 1).copied().unwrap_or_default(),
        };
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.bytes.get(start..end).unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }
}

/// The values for which `is` holds.
fn chosen<T: Copy>(values: &[T], is: &[bool]) -> Vec<T> {
    let all = values.iter().zip(is).filter(|(_, is)| **is);
    all.map(|(&value, _)| value).collect()
}

impl Cells {
    pub(crate) fn len(&self) -> usize {
        match self {
            Cells::Integers(values, _) => values.len(),
            Cells::Unsigned(values, _) => values.len(),
            Cells::Floats(values) => values.len(),
            Cells::Floats32(values) => values.len(),
            Cells::Texts(texts) => texts.len(),
        }
    }

    /// The cells for which `is` holds.
    fn only(&self, is: &[bool]) -> Cells {
        let of = |gaps: &Gaps| gaps.as_ref().map(|gaps| chosen(gaps, is));
        match self {
            Cells::Integers(values, gaps) => Cells::Integers(chosen(values, is), of(gaps)),
            Cells::Unsigned(values, gaps) => Cells::Unsigned(chosen(values, is), of(gaps)),
            Cells::Floats(values) => Cells::Floats(chosen(values, is)),
            Cells::Floats32(values) => Cells::Floats32(chosen(values, is)),
            Cells::Texts(texts) => {
                let mut these = Texts::default();
                let all = texts.iter().zip(is).filter(|(_, is)| **is);
                all.for_each(|(text, _)| these.push(text));
                Cells::Texts(these)
            }
        }
    }

    /// Whether a cell is missing or unreadable.
    pub(crate) fn is_missing(&self, row: usize) -> bool {
        match self {
            Cells::Integers(_, gaps) | Cells::Unsigned(_, gaps) => {
                let gaps = gaps.as_ref();
                gaps.is_some_and(|gaps| gaps.get(row).copied().unwrap_or_default())
            }
            Cells::Floats(values) => values.get(row).is_some_and(|value| !value.is_finite()),
            Cells::Floats32(values) => values.get(row).is_some_and(|value| !value.is_finite()),
            Cells::Texts(texts) => texts.get(row).is_empty(),
        }
    }
}

/// A cell that is present and cannot be read as the kind of its column: `2,262` or `(5)` among numbers, or an infinite
/// number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    /// The row of the block.
    pub(crate) row: usize,
    /// The place of the column among those that were wanted.
    pub(crate) column: usize,
    /// What stands there, shortened to some 40 characters.
    pub(crate) text: String,
}

/// A row with another number of cells than the others. Nothing is known of its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OddRow {
    /// The row of the block.
    pub(crate) row: usize,
    pub(crate) cells: usize,
    /// The cells of the other rows.
    pub(crate) usual: usize,
}

/// Neighboring rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    pub(crate) rows: usize,
    /// One for each column that was wanted, in that order, each of `rows` cells.
    pub(crate) columns: Vec<Cells>,
    /// All unreadable cells, in the order of rows. In `columns` they count as missing.
    pub(crate) bad: Vec<Bad>,
    /// The rows with another number of cells than the others, where they are not refused.
    pub(crate) odd: Vec<OddRow>,
    pub(crate) place: BlockPlace,
}

impl Block {
    /// The rows for which `is` holds, all of which have the cells of the table.
    pub(crate) fn only(&self, is: &[bool]) -> Block {
        let mut places = Vec::with_capacity(is.len());
        let mut rows = 0;
        for &is in is {
            places.push(is.then_some(rows));
            rows += usize::from(is);
        }
        let bad = self.bad.iter().filter_map(|bad| {
            let row = places.get(bad.row).copied().flatten()?;
            Some(Bad { row, ..bad.clone() })
        });
        Block {
            rows,
            columns: self.columns.iter().map(|cells| cells.only(is)).collect(),
            bad: bad.collect(),
            odd: Vec::new(),
            place: self.place.only(is),
        }
    }

    /// The rows that have the cells of the table, and the number of the others.
    pub(crate) fn without_odd(self) -> (Block, usize) {
        if self.odd.is_empty() {
            return (self, 0);
        }
        let mut is = vec![true; self.rows];
        for odd in &self.odd {
            if let Some(is) = is.get_mut(odd.row) {
                *is = false;
            }
        }
        (self.only(&is), self.odd.len())
    }
}

/// Where the rows of a block are in their file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BlockPlace {
    /// The lines of a text, counted from 1.
    Lines(Vec<u64>),
    /// Neighboring rows, of which the first is this one, counted from 0.
    Rows(u64),
    /// Rows by their numbers, counted from 0.
    Numbers(Vec<u64>),
    /// Within a file, where there are several.
    In(Arc<str>, Box<BlockPlace>),
}

impl BlockPlace {
    /// The places of the rows for which `is` holds.
    fn only(&self, is: &[bool]) -> BlockPlace {
        match self {
            BlockPlace::Lines(lines) => BlockPlace::Lines(chosen(lines, is)),
            BlockPlace::Rows(first) => {
                let numbers: Vec<u64> = (*first..).take(is.len()).collect();
                BlockPlace::Numbers(chosen(&numbers, is))
            }
            BlockPlace::Numbers(numbers) => BlockPlace::Numbers(chosen(numbers, is)),
            BlockPlace::In(file, place) => {
                BlockPlace::In(Arc::clone(file), Box::new(place.only(is)))
            }
        }
    }

    /// The place of a row of the block, for an error.
    pub(crate) fn of(&self, row: usize) -> String {
        match self {
            BlockPlace::Lines(lines) => {
                format!("line {}", lines.get(row).copied().unwrap_or_default())
            }
            BlockPlace::Rows(first) => format!("row {} (counted from 0)", first + row as u64),
            BlockPlace::Numbers(numbers) => {
                let number = numbers.get(row).copied().unwrap_or_default();
                format!("row {number} (counted from 0)")
            }
            BlockPlace::In(file, place) => format!("{} of {file}", place.of(row)),
        }
    }
}

/// What reading all rows came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The rows are as [`TableReader::columns`] said.
    Done,
    /// Later rows contradict what the first rows showed. The caller must throw away what was read, ask for the columns
    /// again, and read the rows once more. It comes at most twice, and a few times more for each
    /// fault that is told.
    Again,
}

/// A table that is read a block of rows at a time.
pub(crate) trait TableReader {
    /// What messages call the table.
    fn name(&self) -> &str;

    /// The columns, in the order of the file.
    fn columns(&self) -> &[FileColumn];

    /// How the table is read, in the words of one sentence, such as `semicolons, decimal commas, header on line 3`;
    /// `None` where there is nothing to choose.
    fn how(&self) -> Option<String>;

    /// The options that read a text in the same way, with nothing left to tell from it; `None` for other files.
    fn resolved(&self) -> Option<TextOptions> {
        None
    }

    /// Sentences on what was found and left out, for a person (a column without name and values, a line of units).
    fn notes(&self) -> Vec<String>;

    /// The columns of the file that hold lists, each with the names of the columns that it is read as.
    fn lists(&self) -> Vec<(String, Vec<String>)> {
        Vec::new()
    }

    /// Why training would refuse the table; where faults are refused themselves, there are none.
    fn faults(&self) -> Vec<Fault> {
        Vec::new()
    }

    /// Reads all rows, in order, and hands them on a block at a time; of each row the columns at the places that
    /// `wanted` names, in that order. It may be called again, and begins with the first row each time. An error of
    /// `each` ends it.
    fn read(
        &mut self,
        wanted: &[(usize, As)],
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<Verdict>;
}
