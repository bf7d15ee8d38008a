//! Means and stds of training rows: one for all values of images, or one for each column of a table.

use crate::data::{Dataset, EXACT, for_each_row_minus};

/// The mean: one for all values, or one for each column.
pub(super) fn means(data: &Dataset) -> Vec<f64> {
    let mut sums = vec![0.0; data.inputs()];
    // If values are far from 0, their sum would lose digits.
    let (low, _) = data.extremes();
    for_each_row_minus(data, low, |place, values| {
        for (sum, &value) in sums[place..].iter_mut().zip(values) {
            *sum += value;
        }
    });
    for (place, sum) in sums.iter_mut().enumerate() {
        let low = match **low {
            [low] => low,
            _ => low[place],
        };
        *sum += low * data.rows() as f64;
    }
    averages(data, sums)
}

/// The std around the means: one for all values, or one for each column.
pub(super) fn stds(data: &Dataset, means: &[f64]) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); data.inputs()];
    for_each_row_minus(data, means, |place, values| {
        for ((sum, squares), &distance) in sums[place..].iter_mut().zip(values) {
            *sum += distance;
            *squares += distance * distance;
        }
    });
    let (sums, squares) = sums.into_iter().unzip();
    let apart = averages(data, sums);
    let all = averages(data, squares).into_iter().zip(apart).zip(means);
    let variance = |((squares, apart), mean): ((f64, f64), &f64)| {
        if mean.abs() < EXACT {
            squares
        } else {
            // The mean itself is rounded.
            squares - apart * apart
        }
    };
    all.map(variance).map(f64::sqrt).collect()
}

/// Sums over the rows, one for each column, as averages.
fn averages(data: &Dataset, sums: Vec<f64>) -> Vec<f64> {
    let rows = data.rows() as f64;
    if data.is_one_column() {
        vec![sums.iter().sum::<f64>() / (rows * data.inputs() as f64)]
    } else {
        sums.into_iter().map(|sum| sum / rows).collect()
    }
}
