//! How many distinct values of a column remain as `f32`, before and after scaling.
//!
//! Up to 100,000 rows are looked at, in runs of neighbours that are spread evenly where there are more; fewer where
//! rows are wider than some 160 values.

use super::dataset::Dataset;
use super::element::EXACT;
use super::element::Element;
use super::sample::{Sample, elements};
use super::scaling::Scaling;

/// The share of the distinct values of a column of floating-point numbers that may become equal without a word: in the
/// data's own units beyond those that become equal at mean 0 and std 1, and in scaled units. Of 100,000 random numbers
/// some hundreds do, whatever is done to them.
const MERGED: f64 = 0.01;

/// A column whose distinct values become fewer when they are scaled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// The column, for a sentence: by its name, else by its number.
    pub(crate) column: String,
    /// The distinct values in the rows that were looked at.
    pub(crate) distinct: usize,
    /// Those that are left after scaling.
    pub(crate) left: usize,
}

/// The columns that lose values, and the rows that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AllLost {
    pub(crate) columns: Vec<Lost>,
    pub(crate) rows: usize,
}

/// The columns of a table that lose distinct values in single precision after this scaling: any of whole numbers, more
/// than one in a hundred of others. Columns that single precision holds as they are need no look.
pub(crate) fn lost(data: &Dataset, scaling: &Scaling) -> AllLost {
    if data.shape().len() > 1 {
        return AllLost::default();
    }
    let elements = elements(data);
    let inputs: Vec<usize> = (0..data.inputs())
        .filter(|&input| !elements[input].fits_f32())
        .collect();
    if inputs.is_empty() {
        return AllLost::default();
    }
    let sample = Sample::of(data);
    let found = sample.each_column(&inputs, |input, values| {
        values.sort_unstable_by(f64::total_cmp);
        let integers = integers_beyond(values, &sample, input, elements[input]);
        let (distinct, left) = match integers {
            Some(integers) => (
                distinct_of(integers.iter()),
                distinct_of(integers.iter().map(|&n| scaling.scaled_integer(input, n))),
            ),
            None => (
                distinct_of(values.iter()),
                distinct_of(values.iter().map(|&value| scaling.scaled(input, value))),
            ),
        };
        let lost = distinct.saturating_sub(left);
        let may_lose = match is_whole(values) {
            true => 0.0,
            false => MERGED * distinct as f64,
        };
        (lost as f64 > may_lose).then_some((distinct, left))
    });
    let columns = inputs.into_iter().zip(found);
    let named = columns.filter_map(|(input, found)| {
        let (distinct, left) = found?;
        let column = data.column_place(input);
        Some(Lost {
            column,
            distinct,
            left,
        })
    });
    AllLost {
        columns: named.collect(),
        rows: sample.rows(),
    }
}

/// Whether `f32` in the data's own units would merge distinct values of a column: any of whole numbers; of others more
/// than one in a hundred beyond those that merge when they are brought to mean 0 and std 1.
///
/// `values` are sorted.
pub(super) fn needs_double(
    values: &[f64],
    (mean, std): (f64, f64),
    sample: &Sample<'_>,
    input: usize,
    element: Element,
) -> bool {
    if element.fits_f32() {
        return false;
    }
    let single = distinct_of(values.iter().map(|&value| value as f32));
    if is_whole(values) {
        let distinct = match integers_beyond(values, sample, input, element) {
            Some(integers) => distinct_of(integers.iter()),
            None => distinct_of(values.iter()),
        };
        return single < distinct;
    }
    let distinct = distinct_of(values.iter());
    let factor = if std > 0.0 { 1.0 / std } else { 1.0 };
    let standardized = values.iter().map(|&value| ((value - mean) * factor) as f32);
    let more = distinct_of(standardized).saturating_sub(single);
    more as f64 > MERGED * distinct as f64
}

fn is_whole(values: &[f64]) -> bool {
    values.iter().all(|value| value.fract() == 0.0)
}

/// The integers of a sorted column exactly and in order, where some are beyond those that `f64` holds.
fn integers_beyond(
    values: &[f64],
    sample: &Sample<'_>,
    input: usize,
    element: Element,
) -> Option<Vec<i128>> {
    let beyond = |value: Option<&f64>| value.is_some_and(|value| value.abs() >= EXACT);
    if !element.is_integer() || !(beyond(values.first()) || beyond(values.last())) {
        return None;
    }
    let mut integers = sample.integers(input)?;
    integers.sort_unstable();
    Some(integers)
}

/// How many values of a sorted list differ.
fn distinct_of<T: PartialEq>(mut sorted: impl Iterator<Item = T>) -> usize {
    let Some(mut last) = sorted.next() else {
        return 0;
    };
    let mut count = 1;
    for value in sorted {
        if value != last {
            count += 1;
            last = value;
        }
    }
    count
}

#[cfg(test)]
mod tests;
