//! The number of distinct values of a column that remain as `f32` after scaling.
//!
//! Up to 100,000 rows are checked. If there are more, runs of neighboring rows are checked that are spread evenly over
//! all. If rows are wider than about 160 values, fewer rows are checked.

use super::Scaling;
use crate::data::Dataset;
use crate::data::precision::{MERGED, distinct_of, integers_beyond, is_whole};
use crate::data::sample::{Sample, elements};

/// A column whose number of distinct values falls when it is scaled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// The column in a sentence: its name, or otherwise its number.
    pub(crate) column: String,
    /// The number of distinct values in the checked rows.
    pub(crate) distinct: usize,
    /// The number of distinct values after scaling.
    pub(crate) left: usize,
}

/// The columns that lose values, and the number of checked rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AllLost {
    pub(crate) columns: Vec<Lost>,
    pub(crate) rows: usize,
}

/// The columns of a table that lose distinct values in single precision after this scaling. For whole numbers, two
/// merged values are enough; for other numbers, it must be more than one in a hundred. Columns of types that are exact
/// in single precision are not checked.
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
        let may_lose = if is_whole(values) {
            0.0
        } else {
            MERGED * distinct as f64
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

#[cfg(test)]
mod tests;
