//! Statistics of numbers, from one pass over them.

use super::super::element::{EXACT, difference};
use super::spread::Spread;
use std::cmp::Ordering;
use std::collections::HashMap;

/// A value is remarkable if its distance to the others is this many times their range.
const FAR: f64 = 10.0;

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
    /// Adds a whole number; at most `limit` distinct values are counted.
    pub(super) fn add_whole(&mut self, value: i128, limit: usize) {
        let (low, high) = self.whole.unwrap_or((value, value));
        self.whole = Some((low.min(value), high.max(value)));
        self.add_number(value as f64, value, limit);
    }

    /// Adds a finite number.
    pub(super) fn add(&mut self, value: f64, limit: usize) {
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

    /// Whether float32 merges some distinct values although training can scale them.
    pub(super) fn is_merged(&self) -> bool {
        let as_they_are = self.distinct_in_float32(0.0, 1.0);
        let is_merged = as_they_are.is_some_and(|distinct| distinct < self.counts.len());
        is_merged && self.std() != 0.0 && self.are_scalable()
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

    /// The number of distinct values that were counted, and whether these are all of them.
    pub(super) fn distinct(&self) -> (usize, bool) {
        (self.counts.len(), !self.has_more)
    }

    /// The counts of the counted values.
    pub(super) fn counts(&self) -> impl Iterator<Item = u64> {
        self.counts.values().copied()
    }

    /// The most frequent of the counted values, the most frequent first; equally frequent values are sorted.
    pub(super) fn most_frequent(&self, most: usize) -> Vec<(String, u64)> {
        let all = self.counts.iter().map(|(&key, &count)| (key, count));
        let all = first_of(all.collect(), most, |a: &(i128, u64), b| {
            let by_value = of_key(a.0).total_cmp(&of_key(b.0));
            b.1.cmp(&a.1).then(by_value).then(a.0.cmp(&b.0))
        });
        let text = |(key, count): (i128, u64)| match key >> 80 {
            1 => (short(of_key(key)), count),
            _ => (key.to_string(), count),
        };
        all.into_iter().map(text).collect()
    }
}

/// The first few of some values in an order, sorted.
pub(super) fn first_of<T>(mut all: Vec<T>, most: usize, order: fn(&T, &T) -> Ordering) -> Vec<T> {
    if all.len() > most {
        all.select_nth_unstable_by(most, order);
        all.truncate(most);
    }
    all.sort_unstable_by(order);
    all
}

/// A number for a sentence: very large and very small numbers have an exponent.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        0.0 | 1e-5..1e15 => value.to_string(),
        _ => format!("{value:e}"),
    }
}
