//! The number of distinct values of a column that remain as `f32`.
//!
//! Up to 100,000 rows are checked. If there are more, runs of neighboring rows are checked that are spread evenly over
//! all. If rows are wider than about 160 values, fewer rows are checked.

use super::element::{EXACT, Element};
use super::sample::Sample;

/// The share of the distinct values of a column of floating-point numbers that may merge without a warning. In the
/// data's own units, values that merge even at mean 0 and std 1 are not counted. Of 100,000 random numbers, some
/// hundreds merge with any scaling.
pub(crate) const MERGED: f64 = 0.01;

/// Whether `f32` in the data's own units would merge distinct values of a column. For whole numbers, two merged values
/// are enough. For other numbers, it must be more than one in a hundred, not counting values that merge even at mean 0
/// and std 1.
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

pub(crate) fn is_whole(values: &[f64]) -> bool {
    values.iter().all(|value| value.fract() == 0.0)
}

/// The integers of a sorted column exactly and in order, if some are too large for an exact `f64`.
pub(crate) fn integers_beyond(
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

/// The number of different values of a sorted list.
pub(crate) fn distinct_of<T: PartialEq>(mut sorted: impl Iterator<Item = T>) -> usize {
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
