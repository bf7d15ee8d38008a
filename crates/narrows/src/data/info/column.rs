//! The cells of one column of a table, counted in one pass.

use super::super::column::{Cells, GapList};
use super::super::texts::Texts;
use super::numbers::Numbers;
use super::words::WordCounts;
use std::borrow::Cow;

/// The number of distinct values of a column that are counted, if the table has few columns.
pub(super) const DISTINCT: usize = 100_000;

/// The number of distinct values that are counted in all columns together.
const OF_ALL: usize = 1_000_000;

/// The least number of distinct values that are counted for a column, for any number of columns.
const AT_LEAST: usize = 100;

/// The most cells of a column that are kept as they are: they take less memory than counts. A table with few rows may
/// have a million columns. All of their distinct values are counted.
const FEW: usize = AT_LEAST;

/// The most bytes of texts that are kept as they are.
const FEW_BYTES: usize = 1 << 10;

/// The number of distinct values that are counted for each of `columns` columns.
pub(super) fn distinct_limit(columns: usize) -> usize {
    (OF_ALL / columns.max(1)).clamp(AT_LEAST, DISTINCT)
}

/// The cells of one column: few of them as they are, and many counted.
#[derive(Clone, Debug)]
pub(super) enum ColumnTally {
    Few(FewCells),
    Many(Box<Counted>),
}

impl Default for ColumnTally {
    fn default() -> Self {
        ColumnTally::Few(FewCells::default())
    }
}

impl ColumnTally {
    /// The cells of a first block; at most `limit` distinct values are counted.
    pub(super) fn of(cells: Cells, limit: usize) -> Self {
        let mut tally = ColumnTally::default();
        tally.add(cells, limit);
        tally
    }

    /// Adds the cells of a further block.
    pub(super) fn add(&mut self, cells: Cells, limit: usize) {
        let mut cells = Some(cells);
        if let ColumnTally::Few(few) = self {
            cells = cells.and_then(|cells| few.join(cells));
            if cells.is_some() {
                *self = ColumnTally::Many(Box::new(few.counted()));
            }
        }
        if let (ColumnTally::Many(counted), Some(cells)) = (self, cells) {
            counted.add(&cells, limit);
        }
    }

    /// The number of cells that are present and can be read.
    pub(super) fn present(&self) -> u64 {
        match self {
            ColumnTally::Few(few) => few.values.len() as u64,
            ColumnTally::Many(counted) => counted.present,
        }
    }

    /// The number of cells without a value, including unreadable cells.
    pub(super) fn gaps(&self) -> u64 {
        match self {
            ColumnTally::Few(few) => few.gaps,
            ColumnTally::Many(counted) => counted.gaps,
        }
    }

    /// The counts of the cells.
    pub(super) fn counted(&self) -> Cow<'_, Counted> {
        match self {
            ColumnTally::Few(few) => Cow::Owned(few.counted()),
            ColumnTally::Many(counted) => Cow::Borrowed(counted),
        }
    }

    /// Whether there are numbers.
    pub(super) fn has_numbers(&self) -> bool {
        match self {
            ColumnTally::Few(few) => few.values.has_numbers(),
            ColumnTally::Many(counted) => counted.numbers.range().is_some(),
        }
    }

    /// Whether the values are whole numbers that increase by one from row to row.
    pub(super) fn counts_up(&self) -> bool {
        let counts = match self {
            ColumnTally::Few(few) => few.gaps == 0 && few.values.count_up(),
            ColumnTally::Many(counted) => counted.is_counting,
        };
        counts && self.present() > 2
    }

    /// Whether all values were counted, not only the first distinct ones.
    pub(super) fn has_all(&self) -> bool {
        match self {
            ColumnTally::Few(_) => true,
            ColumnTally::Many(counted) => counted.distinct().1,
        }
    }
}

/// The cells of a column that has few of them.
#[derive(Clone, Debug, Default)]
pub(super) struct FewCells {
    gaps: u64,
    values: FewValues,
}

/// The cells that are present and can be read.
#[derive(Clone, Debug)]
enum FewValues {
    Integers(Vec<i64>),
    Unsigned(Vec<u64>),
    Floats(Vec<f64>),
    Texts(FewTexts),
}

impl FewCells {
    /// Adds cells, or returns them if there are too many, or if they have another type.
    fn join(&mut self, cells: Cells) -> Option<Cells> {
        let rows = cells.len();
        if rows > FEW || !self.values.has_room(&cells) {
            return Some(cells);
        }
        let known = self.values.len();
        match (&mut self.values, cells) {
            (FewValues::Integers(values), Cells::Integers(more, gaps)) => {
                add(values, more, gaps.as_deref());
            }
            (FewValues::Unsigned(values), Cells::Unsigned(more, gaps)) => {
                add(values, more, gaps.as_deref());
            }
            (FewValues::Floats(values), Cells::Floats(mut more)) => {
                more.retain(|value| value.is_finite());
                add(values, more, None);
            }
            (FewValues::Floats(values), Cells::Floats32(more)) => {
                let more = more.into_iter().filter(|value| value.is_finite());
                values.extend(more.map(f64::from));
            }
            (FewValues::Texts(values), Cells::Texts(more)) => values.add(&more),
            (_, cells) => return Some(cells),
        }
        self.gaps += (known + rows - self.values.len()) as u64;
        None
    }

    fn counted(&self) -> Counted {
        let mut counted = Counted::default();
        match &self.values {
            FewValues::Integers(values) => counted.add_whole(values.iter().copied(), None, FEW),
            FewValues::Unsigned(values) => counted.add_whole(values.iter().copied(), None, FEW),
            FewValues::Floats(values) => counted.add_floats(values.iter().copied(), FEW),
            FewValues::Texts(texts) => counted.add_texts(texts.iter(), FEW),
        }
        counted.gaps = self.gaps;
        counted.is_counting &= self.gaps == 0;
        counted
    }
}

/// Few texts of at most [`FEW_BYTES`] together, each behind a character whose number is its length in bytes.
#[derive(Clone, Debug, Default)]
struct FewTexts(String);

impl FewTexts {
    /// Adds the texts that are not empty.
    fn add(&mut self, texts: &Texts) {
        for text in texts.iter().filter(|text| !text.is_empty()) {
            self.0
                .extend(u32::try_from(text.len()).ok().and_then(char::from_u32));
            self.0.push_str(text);
        }
        self.0.shrink_to_fit();
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.0.as_str();
        std::iter::from_fn(move || {
            let mut behind = rest.chars();
            let length = behind.next()? as usize;
            let (text, more) = behind.as_str().split_at_checked(length)?;
            rest = more;
            Some(text)
        })
    }
}

/// Adds the values that are there.
fn add<T>(values: &mut Vec<T>, mut more: Vec<T>, gaps: Option<&GapList>) {
    if let Some(gaps) = gaps {
        let mut gaps = gaps.iter();
        more.retain(|_| gaps.next() != Some(&true));
    }
    if values.is_empty() {
        *values = more;
    } else {
        values.reserve_exact(more.len());
        values.append(&mut more);
    }
    // A block may have room for many rows.
    values.shrink_to_fit();
}

impl Default for FewValues {
    fn default() -> Self {
        FewValues::Integers(Vec::new())
    }
}

impl FewValues {
    /// Whether cells can be added; values of another type take the place of none.
    fn has_room(&mut self, cells: &Cells) -> bool {
        if self.len() == 0 {
            *self = match cells {
                Cells::Integers(..) => FewValues::Integers(Vec::new()),
                Cells::Unsigned(..) => FewValues::Unsigned(Vec::new()),
                Cells::Floats(_) | Cells::Floats32(_) => FewValues::Floats(Vec::new()),
                Cells::Texts(_) => FewValues::Texts(FewTexts::default()),
            };
        }
        let bytes = match (&*self, cells) {
            (FewValues::Texts(known), Cells::Texts(more)) => known.0.len() + more.bytes(),
            _ => 0,
        };
        self.len() + cells.len() <= FEW && bytes <= FEW_BYTES
    }

    fn len(&self) -> usize {
        match self {
            FewValues::Integers(values) => values.len(),
            FewValues::Unsigned(values) => values.len(),
            FewValues::Floats(values) => values.len(),
            FewValues::Texts(texts) => texts.iter().count(),
        }
    }

    fn has_numbers(&self) -> bool {
        self.len() > 0 && !matches!(self, FewValues::Texts(_))
    }

    fn count_up(&self) -> bool {
        fn is<T: Copy + Into<i128>>(values: &[T]) -> bool {
            let mut pairs = values.windows(2);
            pairs.all(|pair| matches!(*pair, [a, b] if a.into() + 1 == b.into()))
        }
        match self {
            FewValues::Integers(values) => is(values),
            FewValues::Unsigned(values) => is(values),
            FewValues::Floats(_) | FewValues::Texts(_) => false,
        }
    }
}

/// Counted cells.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) present: u64,
    pub(super) gaps: u64,
    pub(super) numbers: Numbers,
    pub(super) words: WordCounts,
    /// The first whole number and the count so far, while the numbers increase by one from row to row.
    counting: Option<(i128, i128)>,
    is_counting: bool,
}

impl Default for Counted {
    fn default() -> Self {
        Counted {
            present: 0,
            gaps: 0,
            numbers: Numbers::default(),
            words: WordCounts::default(),
            counting: None,
            is_counting: true,
        }
    }
}

impl Counted {
    /// Adds the cells of a block; at most `limit` distinct values are counted.
    pub(super) fn add(&mut self, cells: &Cells, limit: usize) {
        match cells {
            Cells::Integers(values, gaps) => {
                self.add_whole(values.iter().copied(), gaps.as_deref(), limit);
            }
            Cells::Unsigned(values, gaps) => {
                self.add_whole(values.iter().copied(), gaps.as_deref(), limit);
            }
            Cells::Floats(values) => self.add_floats(values.iter().copied(), limit),
            Cells::Floats32(values) => {
                self.add_floats(values.iter().map(|&v| f64::from(v)), limit);
            }
            Cells::Texts(texts) => self.add_texts(texts.iter(), limit),
        }
    }

    fn add_whole<T: Into<i128>>(
        &mut self,
        values: impl Iterator<Item = T>,
        gaps: Option<&GapList>,
        limit: usize,
    ) {
        for (row, value) in values.enumerate() {
            if gaps.is_some_and(|gaps| gaps.get(row).copied().unwrap_or_default()) {
                self.gaps += 1;
                self.is_counting = false;
                continue;
            }
            let value = value.into();
            let (start, count) = *self.counting.get_or_insert((value, 0));
            self.is_counting &= value == start + count;
            self.counting = Some((start, count + 1));
            self.present += 1;
            self.numbers.add_whole(value, limit);
        }
    }

    fn add_floats(&mut self, values: impl Iterator<Item = f64>, limit: usize) {
        self.is_counting = false;
        for value in values {
            if value.is_finite() {
                self.present += 1;
                self.numbers.add(value, limit);
            } else {
                self.gaps += 1;
            }
        }
    }

    fn add_texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>, limit: usize) {
        self.is_counting = false;
        for text in texts {
            match text {
                "" => self.gaps += 1,
                text => {
                    self.present += 1;
                    self.words.add(text, limit);
                }
            }
        }
    }

    /// The number of distinct values that were counted, and whether these are all of them.
    pub(super) fn distinct(&self) -> (usize, bool) {
        let (numbers, words) = (self.numbers.distinct(), self.words.distinct());
        (numbers.0 + words.0, numbers.1 && words.1)
    }

    /// The most frequent values with their counts, the most frequent first.
    pub(super) fn most_frequent(&self, most: usize) -> Vec<(String, u64)> {
        let numbers = self.numbers.most_frequent(most);
        if numbers.is_empty() {
            self.words.most_frequent(most)
        } else {
            numbers
        }
    }

    /// The count of the most frequent value.
    pub(super) fn most(&self) -> Option<u64> {
        self.numbers.counts().max().or(self.words.counts().max())
    }
}
