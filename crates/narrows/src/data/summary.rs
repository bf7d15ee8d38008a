//! Statistics of the columns of training rows: mean, std, quantiles, and whether they need double precision.

use super::dataset::Dataset;
use super::element::{Element, NumberKind};
use super::precision::needs_double;
use super::records;
use super::sample::{Sample, elements, on_all_threads};
use super::schema::ColumnKind;
use std::collections::HashMap;

/// The levels of the quantiles of a column.
pub const QUANTILES: [f64; 9] = [0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0];

/// Tables with more columns than this have no quantiles, because the header of a model file would become too long.
const MOST_WITH_QUANTILES: usize = 10_000;

/// The most different labels that are counted.
const MOST_LEVELS: usize = 1000;

/// The number of rows in a piece with sums of its own; larger pieces are used if there would be more than
/// [`MOST_PIECES`].
const PIECE: usize = 1 << 16;

const MOST_PIECES: usize = 64;

/// The number of rows from which the center of a column is estimated; its sums are relative to this center.
const SHIFT_ROWS: usize = 1000;

/// The statistics of an input of training rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) mean: f64,
    /// The standard deviation of the population.
    pub(crate) std: f64,
    /// The quantiles at the levels [`QUANTILES`]; empty for tables with more than 10,000 columns.
    pub(crate) quantiles: Vec<f64>,
    /// Whether `f32` in the data's own units would merge distinct values.
    pub(crate) needs_double: bool,
    /// The numbers of zeros and ones, for an input of true and false in its source that has no other values.
    pub(crate) zeros_and_ones: Option<[u64; 2]>,
}

impl Dataset {
    /// Each input at a glance. Means and stds are of all rows, and so are the smallest and the largest value among the
    /// quantiles; the others are of up to 100,000 rows ([`Sample`]).
    pub(crate) fn summaries(&self) -> Vec<Summary> {
        let sample = Sample::of(self);
        let elements = elements(self);
        let all: Vec<usize> = (0..self.inputs()).collect();
        let keeps_quantiles = self.inputs() <= MOST_WITH_QUANTILES;
        // The center of some rows is close to all values, so that sums relative to it are precise.
        let shifts =
            Sample::of_rows(self, SHIFT_ROWS).each_column(&all, |_, values| mean_of(values));
        let moments = self.moments(&shifts);
        let (low, high) = self.extremes();
        let spans = self.spans();
        let booleans = self.booleans();
        sample.each_column(&all, |input, values| {
            values.sort_unstable_by(f64::total_cmp);
            let (low, high) = (low[input], high[input]);
            let (mean, std) = match moments[input] {
                _ if spans[input] == 0.0 => (low, 0.0),
                (mean, std) if mean.is_finite() && std.is_finite() => (mean, std),
                _ => moments_of_huge(values, low, high),
            };
            let quantile = |level| match level {
                0.0 => low,
                1.0 => high,
                level => quantile(values, level),
            };
            let quantiles = QUANTILES.into_iter().filter(|_| keeps_quantiles);
            let is_boolean = booleans[input] && low >= 0.0 && high <= 1.0;
            let ones = (mean * self.rows() as f64).round() as u64;
            Summary {
                mean,
                std,
                quantiles: quantiles.map(quantile).collect(),
                needs_double: needs_double(values, (mean, std), &sample, input, elements[input]),
                zeros_and_ones: is_boolean.then(|| [self.rows() as u64 - ones, ones]),
            }
        })
    }

    /// The types of the inputs, from the types in which they are stored.
    pub(crate) fn kinds(&self) -> Vec<ColumnKind> {
        let kind = |element: Element| match element.kind {
            NumberKind::Bool => ColumnKind::Boolean,
            NumberKind::F32 => ColumnKind::Float32,
            NumberKind::F64 => ColumnKind::Float,
            _ => ColumnKind::Integer,
        };
        elements(self).into_iter().map(kind).collect()
    }

    /// Which inputs are true or false in their source, and have no value that marks a missing cell.
    fn booleans(&self) -> Vec<bool> {
        let kinds: HashMap<&str, ColumnKind> = self
            .schema()
            .iter()
            .filter(|column| column.missing == 0)
            .map(|column| (column.name.as_str(), column.kind))
            .collect();
        let is_boolean = |name: &String| kinds.get(name.as_str()) == Some(&ColumnKind::Boolean);
        match self.columns() {
            Some(names) => names.iter().map(is_boolean).collect(),
            None => vec![false; self.inputs()],
        }
    }

    /// Mean and std of each input over all rows, from sums relative to `shifts`. Sums are computed piece by piece and
    /// added in order, so they do not depend on the number of threads.
    fn moments(&self, shifts: &[f64]) -> Vec<(f64, f64)> {
        let rows = self.rows();
        let piece = PIECE.max(rows.div_ceil(MOST_PIECES));
        let sums = on_all_threads(rows.div_ceil(piece), |index| {
            let mut sums = vec![(0.0, 0.0); shifts.len()];
            let mut buffer = [0.0; records::AT_ONCE];
            for row in index * piece..((index + 1) * piece).min(rows) {
                self.each_minus(row, shifts, &mut buffer, |place, values| {
                    for ((sum, squares), &distance) in sums[place..].iter_mut().zip(values) {
                        *sum += distance;
                        *squares += distance * distance;
                    }
                });
            }
            sums
        });
        let total = |input: usize| {
            let (mut sum, mut squares) = (0.0, 0.0);
            for piece in &sums {
                sum += piece[input].0;
                squares += piece[input].1;
            }
            let mean = sum / rows as f64;
            let variance = squares / rows as f64 - mean * mean;
            (shifts[input] + mean, variance.max(0.0).sqrt())
        };
        (0..shifts.len()).map(total).collect()
    }

    /// Each label as text with its number of rows, in the order of the labels; `None` if there are more than 1000.
    pub(crate) fn levels(&self) -> Option<Vec<(String, u64)>> {
        let mut counts = std::collections::BTreeMap::new();
        for label in self.labels()? {
            *counts.entry(*label).or_default() += 1;
            if counts.len() > MOST_LEVELS {
                return None;
            }
        }
        let levels = counts.into_iter();
        Some(
            levels
                .map(|(label, count)| (self.label_text(label), count))
                .collect(),
        )
    }
}

/// Mean and std of values whose squares or sum are too large for an `f64`.
fn moments_of_huge(values: &[f64], low: f64, high: f64) -> (f64, f64) {
    let span = high - low;
    let shares: Vec<f64> = values.iter().map(|value| (value - low) / span).collect();
    let mean = mean_of(&shares);
    let squares: Vec<f64> = shares.iter().map(|share| (share - mean).powi(2)).collect();
    (low + mean * span, mean_of(&squares).sqrt() * span)
}

fn mean_of(values: &[f64]) -> f64 {
    let first = values.first().copied().unwrap_or_default();
    let sum: f64 = values.iter().map(|value| value - first).sum();
    first + sum / values.len().max(1) as f64
}

/// The quantile of sorted values, interpolated linearly between two.
pub(crate) fn quantile(sorted: &[f64], level: f64) -> f64 {
    let place = level * sorted.len().saturating_sub(1) as f64;
    let at = |place: f64| sorted.get(place as usize).copied().unwrap_or_default();
    let (below, above) = (at(place.floor()), at(place.ceil()));
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn values_far_from_0_keep_their_std() {
        // Two days of seconds, 54 years after 1970.
        let rows = Array2::from_shape_fn((172_801, 2), |(row, column)| match column {
            0 => 1_700_000_000.0 + row as f64,
            _ => 1e-3 * (row % 3) as f64,
        });
        let data = Dataset::from_array(rows.view()).unwrap();
        let found = data.summaries();
        let expected = ((172_801_f64.powi(2) - 1.0) / 12.0).sqrt();
        assert_eq!(found[0].mean, 1_700_086_400.0);
        assert!(
            (found[0].std / expected - 1.0).abs() < 1e-9,
            "{:?}",
            found[0]
        );
        let quantiles = &found[0].quantiles;
        assert_eq!((quantiles[0], quantiles[8]), (1.7e9, 1_700_172_800.0));
        // Of a part of the rows.
        for (quantile, level) in quantiles.iter().zip(QUANTILES) {
            assert!((quantile - 1.7e9 - level * 172_800.0).abs() < 1000.0);
        }
        assert!(found[0].needs_double && !found[1].needs_double);
        assert!((found[1].std - 1e-3 * (2.0_f64 / 3.0).sqrt()).abs() < 1e-8);
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        let data = Dataset::from_array(ndarray::array![[4.0], [1.0], [3.0], [10.0]].view());
        let found = &data.unwrap().summaries()[0];
        let expected = [1.0, 1.06, 1.3, 2.5, 3.5, 5.5, 9.1, 9.82, 10.0];
        for (found, expected) in found.quantiles.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!((found.mean, found.zeros_and_ones), (4.5, None));
        assert!((found.std - 11.25_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn huge_values_have_a_mean_and_a_std() {
        let data = Dataset::from_array(ndarray::array![[1e300], [3e300]].view()).unwrap();
        let found = &data.summaries()[0];
        assert!(
            (found.mean / 2e300 - 1.0).abs() < 1e-12 && (found.std / 1e300 - 1.0).abs() < 1e-12
        );
    }

    #[test]
    fn labels_are_counted_and_too_many_are_not() {
        let rows = |count: usize| Array2::<f64>::zeros((count, 1));
        let data = Dataset::from_array(rows(5).view()).unwrap();
        assert_eq!(data.levels(), None);
        let data = data.with_labels(vec![7, -1, 7, 7, 2]).unwrap();
        let levels = [("-1", 1), ("2", 1), ("7", 3)].map(|(name, n)| (name.to_string(), n));
        assert_eq!(data.levels().unwrap(), levels);
        let many = Dataset::from_array(rows(1001).view()).unwrap();
        assert_eq!(
            many.with_labels((0..1001).collect()).unwrap().levels(),
            None
        );
    }
}
