//! Columns of a table, as a format reads them: one block of rows at a time, in the types of the file.
//!
//! Every format of tables implements [`TableReader`]; `table.rs` converts the blocks to a dataset in the same way for
//! all formats.

use super::fault::Fault;
use super::options::TextOptions;
use super::schema::ColumnKind;
use super::texts::{Name, Texts};
use crate::Result;
use std::ops::Deref;
use std::sync::Arc;

/// The columns of a table. A table may have a million of them, so they are shared, not copied.
pub(crate) type FileColumns = Arc<Vec<FileColumn>>;

/// A column of a table, as far as it is known before all rows are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileColumn {
    /// Its name in the file; empty if it has none.
    pub(crate) name: Name,
    pub(crate) kind: ColumnKind,
    /// The unit, from the text after each number (`%`) or from a line of units.
    pub(crate) unit: Option<Arc<String>>,
}

impl FileColumn {
    /// Puts the names of all columns into one allocation.
    pub(crate) fn share_names(columns: &mut [FileColumn]) {
        let names: Arc<Texts> = Arc::new(columns.iter().map(|column| &*column.name).collect());
        for (place, column) in columns.iter_mut().enumerate() {
            column.name = Name::at(&names, place);
        }
    }
}

/// The cells of a column in one of many files, counted: the type of the column depends on all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CellCounts {
    pub(crate) present: u64,
    pub(crate) numbers: u64,
    /// The number of cells that are yes or no, letters included.
    pub(crate) truths: u64,
    /// Whether the letters t, f, y and n occur.
    pub(crate) letters: [bool; 4],
}

impl CellCounts {
    pub(crate) fn add(&mut self, other: &CellCounts) {
        self.present += other.present;
        self.numbers += other.numbers;
        self.truths += other.truths;
        for (is, other) in self.letters.iter_mut().zip(other.letters) {
            *is |= other;
        }
    }

    /// Whether at least half of the present cells are numbers.
    pub(crate) fn are_numbers(&self) -> bool {
        self.present > 0 && 2 * self.numbers >= self.present
    }

    /// Whether all present cells are yes or no. One letter of a pair alone may be a name.
    pub(crate) fn are_truths(&self) -> bool {
        let [t, f, y, n] = self.letters;
        self.present > 0 && self.truths == self.present && t == f && y == n
    }
}

/// The form in which a column is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum As {
    /// As numbers, for a column of numbers or of yes and no.
    Numbers,
    /// As text, for any column: words and labels. A missing cell is empty.
    Texts,
    /// As the text in the file, also if it stands for a missing value: ids.
    Written,
}

/// The cells of one column of a block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cells {
    /// Whole numbers.
    Integers(Vec<i64>, Gaps),
    /// Unsigned whole numbers that need all 64 bits.
    Unsigned(Vec<u64>, Gaps),
    /// Floating-point numbers; NaN is a missing cell. An infinite number is also a [`Bad`] cell.
    Floats(Vec<f64>),
    /// Floating-point numbers that have 32 bits in the file; NaN is a missing cell.
    Floats32(Vec<f32>),
    /// Text, without surrounding spaces; empty if the cell is missing.
    Texts(Box<Texts>),
}

/// The missing cells of a column; `None` if there are none. Few columns have any, and a block may have a million columns.
pub(crate) type Gaps = Option<Box<GapList>>;

/// `true` for each missing cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GapList(Vec<bool>);

impl GapList {
    /// Adds a missing cell in a row; all rows before it that are not known are present.
    pub(crate) fn push(&mut self, row: usize) {
        self.0.resize(row, false);
        self.0.push(true);
    }

    /// The list for so many rows.
    pub(crate) fn finish(&mut self, rows: usize) {
        self.0.resize(rows, false);
    }
}

impl Deref for GapList {
    type Target = [bool];

    fn deref(&self) -> &[bool] {
        &self.0
    }
}

impl FromIterator<bool> for Box<GapList> {
    fn from_iter<I: IntoIterator<Item = bool>>(gaps: I) -> Self {
        Box::new(GapList(gaps.into_iter().collect()))
    }
}

impl From<Vec<bool>> for Box<GapList> {
    fn from(gaps: Vec<bool>) -> Self {
        Box::new(GapList(gaps))
    }
}

/// The values at the places where `is` is true.
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

    /// The cells at the places where `is` is true.
    fn only(&self, is: &[bool]) -> Cells {
        let of = |gaps: &Gaps| gaps.as_ref().map(|gaps| chosen(gaps, is).into());
        match self {
            Cells::Integers(values, gaps) => Cells::Integers(chosen(values, is), of(gaps)),
            Cells::Unsigned(values, gaps) => Cells::Unsigned(chosen(values, is), of(gaps)),
            Cells::Floats(values) => Cells::Floats(chosen(values, is)),
            Cells::Floats32(values) => Cells::Floats32(chosen(values, is)),
            Cells::Texts(texts) => {
                let mut these = Texts::default();
                let all = texts.iter().zip(is).filter(|(_, is)| **is);
                all.for_each(|(text, _)| these.push(text));
                Cells::Texts(Box::new(these))
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

/// A cell that is present but cannot be read as the type of its column: `2,262` or `(5)` among numbers, or an infinite
/// number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    /// Its row in the block.
    pub(crate) row: usize,
    /// The place of its column among the requested columns.
    pub(crate) column: usize,
    /// Its text, shortened to about 40 characters.
    pub(crate) text: String,
}

/// A row with a wrong number of cells. Its cells cannot be assigned to columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OddRow {
    /// Its index in the block.
    pub(crate) row: usize,
    pub(crate) cells: usize,
    /// The number of cells of the other rows.
    pub(crate) usual: usize,
}

/// Neighboring rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    pub(crate) rows: usize,
    /// One for each requested column, in that order, each of `rows` cells.
    pub(crate) columns: Vec<Cells>,
    /// All unreadable cells, in the order of rows. In `columns` they count as missing.
    pub(crate) bad: Vec<Bad>,
    /// The rows with a wrong number of cells, if they are not refused.
    pub(crate) odd: Vec<OddRow>,
    pub(crate) place: BlockPlace,
}

impl Block {
    /// The rows at the places where `is` is true; they all have the right number of cells.
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

    /// The rows with the right number of cells, and the number of the other rows.
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

/// The places of the rows of a block in their file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BlockPlace {
    /// The lines of a text, counted from 1.
    Lines(Vec<u64>),
    /// Neighboring rows; this is the number of the first, counted from 0.
    Rows(u64),
    /// Rows by their numbers, counted from 0.
    Numbers(Vec<u64>),
    /// In this file, if there are several files.
    In(Arc<str>, Box<BlockPlace>),
}

impl BlockPlace {
    /// The places of the rows at which `is` is true.
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

/// The result of reading all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The rows agree with [`TableReader::columns`].
    Done,
    /// Later rows contradict the first rows. The caller must discard the rows, ask for the columns again, and read the
    /// rows again. It is returned at most twice, and a few more times for each fault that is reported.
    Again,
}

/// A table that is read one block of rows at a time.
pub(crate) trait TableReader {
    /// The name of the table in messages.
    fn name(&self) -> &str;

    /// The columns, in the order of the file.
    fn columns(&self) -> &FileColumns;

    /// How the table is read, in words, such as `semicolons, decimal commas, header on line 3`; `None` if the format
    /// has no options.
    fn how(&self) -> Option<String>;

    /// The options that read a text in the same way, without any detection; `None` for other files.
    fn resolved(&self) -> Option<TextOptions> {
        None
    }

    /// Notes on what was found and left out, for the user (a column without name and values, a line of units).
    fn notes(&self) -> Vec<String>;

    /// The columns of the file that hold lists, each with the names of the columns that it is read as.
    fn lists(&self) -> Vec<(String, Vec<String>)> {
        Vec::new()
    }

    /// The counts of the cells of a column so far; `None` if the file states the types of its columns.
    fn counts(&self, _column: usize) -> Option<CellCounts> {
        None
    }

    /// Reads a column of words as yes and no from now on, because other files show that it holds them.
    fn take_as_truths(&mut self, _column: usize) {}

    /// The reasons why training would refuse the table; empty if faults are errors.
    fn faults(&self) -> Vec<Fault> {
        Vec::new()
    }

    /// Reads all rows in order, and passes them to `each` one block at a time. A block has the columns at the places in
    /// `wanted`, in that order. It may be called again, and begins with the first row each time. An error of `each`
    /// ends it.
    fn read(
        &mut self,
        wanted: &[(usize, As)],
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<Verdict>;
}
