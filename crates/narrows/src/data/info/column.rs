//! Statistics of one column of a table after one pass over its cells.

use super::super::column::{Cells, Texts};
use super::super::element::{EXACT, difference};
use super::spread::Spread;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// The number of distinct values of a column that are counted, if the table has few columns.
pub(super) const DISTINCT: usize = 100_000;

/// The number of distinct values that are counted in all columns together.
const OF_ALL: usize = 1_000_000;

/// The least number of distinct values that are counted for a column, for any number of columns.
const AT_LEAST: usize = 100;

/// The number of letters of a word that are kept for display.
const SHOWN: usize = 40;

/// A value is remarkable if its distance to the others is this many times their range.
const FAR: f64 = 10.0;

/// The number of distinct values that are counted for each of `columns` columns.
pub(super) fn distinct_limit(columns: usize) -> usize {
    (OF_ALL / columns.max(1)).clamp(AT_LEAST, DISTINCT)
}

/// The cells of one column, counted.
#[derive(Clone, Debug)]
pub(super) struct ColumnTally {
    /// The number of cells that are present and can be read.
    pub(super) present: u64,
    /// The number of cells without a value, including unreadable cells.
    pub(super) gaps: u64,
    pub(super) numbers: Numbers,
    pub(super) words: WordCounts,
    limit: usize,
    /// The first whole number and the count so far, while the numbers increase by one from row to row.
    counting: Option<(i128, i128)>,
    is_counting: bool,
}

impl ColumnTally {
    pub(super) fn new(limit: usize) -> Self {
        ColumnTally {
            present: 0,
            gaps: 0,
            numbers: Numbers::default(),
            words: WordCounts::default(),
            limit,
            counting: None,
            is_counting: true,
        }
    }

    /// Adds the cells of a block.
    pub(super) fn add(&mut self, cells: &Cells) {
        match cells {
            Cells::Integers(values, gaps) => self.add_whole(values.iter().copied(), gaps.as_ref()),
            Cells::Unsigned(values, gaps) => self.add_whole(values.iter().copied(), gaps.as_ref()),
            Cells::Floats(values) => self.add_floats(values.iter().copied()),
            Cells::Floats32(values) => self.add_floats(values.iter().map(|&v| f64::from(v))),
            Cells::Texts(texts) => self.add_texts(texts),
        }
    }

    fn add_whole<T: Into<i128>>(
        &mut self,
        values: impl Iterator<Item = T>,
        gaps: Option<&Vec<bool>>,
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
            self.numbers.add_whole(value, self.limit);
        }
    }

    fn add_floats(&mut self, values: impl Iterator<Item = f64>) {
        self.is_counting = false;
        for value in values {
            if value.is_finite() {
                self.present += 1;
                self.numbers.add(value, self.limit);
            } else {
                self.gaps += 1;
            }
        }
    }

    fn add_texts(&mut self, texts: &Texts) {
        self.is_counting = false;
        for text in texts.iter() {
            match text {
                "" => self.gaps += 1,
                text => {
                    self.present += 1;
                    self.words.add(text, self.limit);
                }
            }
        }
    }

    /// Whether the values are whole numbers that increase by one from row to row.
    pub(super) fn counts_up(&self) -> bool {
        self.is_counting && self.present > 2
    }

    /// The number of distinct values, and whether all of them were counted.
    pub(super) fn distinct(&self) -> (usize, bool) {
        let (numbers, words) = (&self.numbers.counts, &self.words.counts);
        let is_all = !self.numbers.has_more && !self.words.has_more;
        (numbers.len() + words.len(), is_all)
    }

    /// The most frequent values with their counts, the most frequent first; equally frequent values are sorted.
    pub(super) fn most_frequent(&self, most: usize) -> Vec<(String, u64)> {
        let numbers = self.numbers.most_frequent(most);
        if numbers.is_empty() {
            self.words.most_frequent(most)
        } else {
            numbers
        }
    }
}

/// A key that distinguishes the numbers of a column: a whole number itself, and for other numbers their bits, in a
/// separate range.
fn key(value: f64) -> i128 {
    if value.fract() == 0.0 && value.abs() < 1e18 {
        value as i128
    } else {
        (1 << 80) | i128::from(value.to_bits())
    }
}

fn of_key(key: i128) -> f64 {
    match key >> 80 {
        1 => f64::from_bits(key as u64),
        _ => key as f64,
    }
}

/// Counted numbers. Sums are relative to the running mean, so that they are precise even if values are far from 0.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    count: u64,
    /// The origin of the mean: the first number if an `f64` is not exact there, otherwise 0.
    origin: i128,
    spread: Spread,
    /// The smallest and the largest value, while all are whole numbers.
    whole: Option<(i128, i128)>,
    has_fractions: bool,
    low: Edge,
    high: Edge,
    counts: HashMap<i128, u64>,
    has_more: bool,
}

/// The value at one end of a column.
#[derive(Clone, Copy, Debug, Default)]
struct Edge {
    value: f64,
    count: u64,
    /// The nearest value that differs.
    next: Option<f64>,
}

impl Edge {
    /// Adds a value; `is_beyond` says whether its first argument is farther out than its second.
    fn add(&mut self, value: f64, is_beyond: fn(f64, f64) -> bool) {
        if self.count == 0 || is_beyond(value, self.value) {
            self.next = (self.count > 0).then_some(self.value);
            (self.value, self.count) = (value, 1);
        } else if value == self.value {
            self.count += 1;
        } else if self.next.is_none_or(|next| is_beyond(value, next)) {
            self.next = Some(value);
        }
    }
}

impl Numbers {
    fn add_whole(&mut self, value: i128, limit: usize) {
        let (low, high) = self.whole.unwrap_or((value, value));
        self.whole = Some((low.min(value), high.max(value)));
        self.add_number(value as f64, value, limit);
    }

    fn add(&mut self, value: f64, limit: usize) {
        self.has_fractions |= value.fract() != 0.0 || value.abs() >= 1e18;
        let key = key(value);
        if !self.has_fractions {
            let (low, high) = self.whole.unwrap_or((key, key));
            self.whole = Some((low.min(key), high.max(key)));
        }
        self.add_number(value, key, limit);
    }

    fn add_number(&mut self, value: f64, key: i128, limit: usize) {
        let is_whole = key >> 80 != 1;
        if self.count == 0 && is_whole && value.abs() >= EXACT {
            self.origin = key;
        }
        let about = if is_whole {
            (key - self.origin) as f64
        } else {
            value - self.origin as f64
        };
        self.count += 1;
        self.spread.add(about, self.count);
        self.low.add(value, |a, b| a < b);
        self.high.add(value, |a, b| a > b);
        let has_room = self.counts.len() < limit;
        match self.counts.get_mut(&key) {
            Some(count) => *count += 1,
            None if has_room => {
                self.counts.insert(key, 1);
            }
            None => self.has_more = true,
        }
    }

    /// The smallest and the largest value; `None` if there are none.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        (self.count > 0).then_some((self.low.value, self.high.value))
    }

    /// The same for whole numbers, exactly.
    pub(super) fn whole_range(&self) -> Option<(i128, i128)> {
        self.whole.filter(|_| !self.has_fractions)
    }

    pub(super) fn mean(&self) -> f64 {
        match (self.range(), self.origin as f64 + self.spread.mean()) {
            // The mean of equal values may be rounded.
            (Some((low, high)), mean) => mean.clamp(low, high),
            (None, mean) => mean,
        }
    }

    /// The standard deviation of the population.
    pub(super) fn std(&self) -> f64 {
        self.spread.std(self.count)
    }

    /// Whether training can scale the numbers: it forms sums of squared distances.
    pub(super) fn are_scalable(&self) -> bool {
        let (low, high) = (self.low.value, self.high.value);
        let (squares, std) = (self.std() * self.std(), self.std());
        let is_usable = |value: f64| value.is_finite() && value > 0.0;
        let is_finite = (high - low).is_finite() && (squares * self.count as f64).is_finite();
        low == high || (is_finite && is_usable(squares) && is_usable(1.0 / std))
    }

    /// A value at one end that is far from all others: the value, its count, and the range of the others.
    pub(super) fn outlier(&self) -> Option<(f64, u64, (f64, f64))> {
        let (low, high) = (self.low, self.high);
        let inside = (low.next?, high.next?);
        let below = (inside.0 - low.value, high.value - inside.0);
        let above = (high.value - inside.1, inside.1 - low.value);
        // Two values are not enough: neither of them is the outlier.
        let is_far = |(gap, others): (f64, f64)| others > 0.0 && gap > FAR * others;
        if self.count < 10 {
            None
        } else if is_far(below) {
            Some((low.value, low.count, (inside.0, high.value)))
        } else if is_far(above) {
            Some((high.value, high.count, (low.value, inside.1)))
        } else {
            None
        }
    }

    /// The number of distinct float32 values after `offset` is subtracted and the rest is multiplied by `factor`;
    /// `None` if not all distinct values were counted.
    pub(super) fn distinct_in_float32(&self, offset: f64, factor: f64) -> Option<usize> {
        if self.has_more {
            return None;
        }
        let bits = self.counts.keys().map(|&key| {
            let value = of_key(key);
            let apart = match key >> 80 {
                1 => value - offset,
                _ => difference(value, key, offset),
            };
            // 0 and -0 are the same value.
            ((apart * factor) as f32 + 0.0).to_bits()
        });
        let mut bits: Vec<u32> = bits.collect();
        bits.sort_unstable();
        bits.dedup();
        Some(bits.len())
    }

    /// The number of distinct values as float64; `None` if not all distinct values were counted.
    pub(super) fn distinct_in_float64(&self) -> Option<usize> {
        if self.has_more {
            return None;
        }
        let mut bits: Vec<u64> = self
            .counts
            .keys()
            .map(|&key| (of_key(key) + 0.0).to_bits())
            .collect();
        bits.sort_unstable();
        bits.dedup();
        Some(bits.len())
    }

    fn most_frequent(&self, most: usize) -> Vec<(String, u64)> {
        let mut all: Vec<(i128, u64)> = self.counts.iter().map(|(&k, &c)| (k, c)).collect();
        all.sort_unstable_by(|a, b| {
            let by_value = of_key(a.0).total_cmp(&of_key(b.0));
            b.1.cmp(&a.1).then(by_value).then(a.0.cmp(&b.0))
        });
        all.truncate(most);
        let text = |(key, count): (i128, u64)| match key >> 80 {
            1 => (short(of_key(key)), count),
            _ => (key.to_string(), count),
        };
        all.into_iter().map(text).collect()
    }
}

/// Words, counted.
#[derive(Clone, Debug, Default)]
pub(super) struct WordCounts {
    hasher: RandomState,
    /// By a hash of the whole word: its count, its first occurrence, and its beginning.
    counts: HashMap<u64, (u64, usize, Box<str>)>,
    has_more: bool,
    /// The first and the last word, if all begin with a year, as in `2024-01-31`.
    days: Option<(Box<str>, Box<str>)>,
    is_other: bool,
}

impl WordCounts {
    fn add(&mut self, text: &str, limit: usize) {
        self.add_day(text);
        let hash = self.hasher.hash_one(text);
        let known = self.counts.len();
        match self.counts.get_mut(&hash) {
            Some((count, ..)) => *count += 1,
            None if known < limit => {
                self.counts.insert(hash, (1, known, shortened(text).into()));
            }
            None => self.has_more = true,
        }
    }

    fn add_day(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let is_day = bytes.len() >= 10
            && bytes.len() <= SHOWN
            && bytes[..4].iter().all(u8::is_ascii_digit)
            && bytes[4] == b'-';
        self.is_other |= !is_day;
        if self.is_other {
            return;
        }
        match &mut self.days {
            None => self.days = Some((text.into(), text.into())),
            Some((low, _)) if text < &**low => *low = text.into(),
            Some((_, high)) if text > &**high => *high = text.into(),
            Some(_) => {}
        }
    }

    /// The first and the last day, if all words begin with a year.
    pub(super) fn days(&self) -> Option<(String, String)> {
        let days = self.days.as_ref().filter(|_| !self.is_other)?;
        Some((days.0.to_string(), days.1.to_string()))
    }

    fn most_frequent(&self, most: usize) -> Vec<(String, u64)> {
        let mut all: Vec<&(u64, usize, Box<str>)> = self.counts.values().collect();
        all.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let shown = all.into_iter().take(most);
        shown
            .map(|(count, _, text)| (text.to_string(), *count))
            .collect()
    }
}

/// A number for a sentence: very large and very small numbers have an exponent.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        0.0 | 1e-5..1e15 => value.to_string(),
        _ => format!("{value:e}"),
    }
}

/// The beginning of a text.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_string(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
