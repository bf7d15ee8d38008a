//! Scalings of tables by the quantiles of each column: `robust` and `quantile`.
//!
//! Quantiles are of the rows that [`Sample`] takes: all rows, up to 100,000.

use super::moments::stds;
use super::{Precision, Scaling, ScalingSpec};
use crate::advice::key;
use crate::data::sample::Sample;
use crate::data::{Dataset, quantile as at_level};
use crate::scaling::Curve;
use crate::scaling::curve::KNOTS;
use crate::{Error, ErrorKind, Result};

/// The interquartile range of the standard normal distribution.
const IQR_OF_NORMAL: f64 = 1.348_979_500_392_163_4;

/// The most columns whose quantiles are kept: more would make the header of a model file too long.
const MOST_COLUMNS: usize = 1000;

/// `(value - median) / (IQR / 1.349)`, or divided by the std where the quartiles are equal.
pub(super) fn robust(data: &Dataset) -> Result<Scaling> {
    check_table(data, "robust")?;
    let all: Vec<usize> = (0..data.inputs()).collect();
    let quartiles = Sample::of(data).each_column(&all, |_, values| {
        values.sort_unstable_by(f64::total_cmp);
        [0.25, 0.5, 0.75].map(|level| at_level(values, level))
    });
    data.check_readable()?;
    let offset: Vec<f64> = quartiles.iter().map(|[_, median, _]| *median).collect();
    let mut spread: Vec<f64> = quartiles
        .iter()
        .map(|[low, _, high]| (high - low) / IQR_OF_NORMAL)
        .collect();
    if spread.contains(&0.0) {
        // Around the median, as that is subtracted.
        let stds = stds(data, &offset);
        for (spread, std) in spread.iter_mut().zip(stds) {
            *spread = if *spread == 0.0 { std } else { *spread };
        }
    }
    for (column, value) in data.constants() {
        debug_assert_eq!(offset[column], value);
        spread[column] = 1.0;
    }
    let factor = spread.into_iter().map(|spread| 1.0 / spread).collect();
    Ok(in_double_precision(offset, factor, Vec::new()))
}

/// The names of the columns that `robust` divides by their std, because their quartiles are equal though they are not
/// constant; none for other scalings.
pub(crate) fn without_iqr(spec: &ScalingSpec, data: &Dataset) -> Vec<String> {
    if *spec != ScalingSpec::Robust {
        return Vec::new();
    }
    let all: Vec<usize> = (0..data.inputs()).collect();
    let has_iqr = Sample::of(data).each_column(&all, |_, values| {
        values.sort_unstable_by(f64::total_cmp);
        at_level(values, 0.75) > at_level(values, 0.25)
    });
    let constant: Vec<usize> = data.constants().map(|(column, _)| column).collect();
    let is_without = |column: &usize| !has_iqr[*column] && !constant.contains(column);
    let without = all.into_iter().filter(is_without);
    without.map(|column| data.column_place(column)).collect()
}

/// The curve of each column through its quantiles to a standard normal distribution, from the values that `robust`
/// gives.
pub(super) fn quantile(data: &Dataset) -> Result<Scaling> {
    check_table(data, "quantile")?;
    if data.inputs() > MOST_COLUMNS {
        return Err(Error::new(
            ErrorKind::Recipe,
            format!("the scaling `quantile` keeps {KNOTS} numbers of each column"),
        )
        .at("scaling")
        .at(data.name())
        .expected(format!("at most {MOST_COLUMNS} columns"))
        .found(data.inputs())
        .hint(format!("choose {}", key("scaling.kind", "robust"))));
    }
    let Scaling { offset, factor, .. } = robust(data)?;
    let all: Vec<usize> = (0..data.inputs()).collect();
    let (low, high) = data.extremes();
    let curves = Sample::of(data).each_column(&all, |input, values| {
        values.sort_unstable_by(f64::total_cmp);
        let last = (KNOTS - 1) as f64;
        let quantiles = (0..KNOTS).map(|knot| match knot as f64 / last {
            // Of all rows.
            0.0 => low[input],
            1.0 => high[input],
            level => at_level(values, level),
        });
        let scaled = quantiles.map(|value| (value - offset[input]) * factor[input]);
        Curve::through(scaled.collect())
    });
    data.check_readable()?;
    match curves.iter().position(Option::is_none) {
        None => {
            let curves = curves.into_iter().flatten().collect();
            Ok(in_double_precision(offset, factor, curves))
        }
        Some(column) => Err(Error::new(
            ErrorKind::Data,
            "values of a column are too large, or too close together, for its quantiles",
        )
        .at(data.column_place(column))
        .at(data.name())
        .expected("values whose differences are numbers of moderate size in float64")
        .hint("write the column in a unit in which its values are of moderate size")),
    }
}

fn in_double_precision(offset: Vec<f64>, factor: Vec<f64>, curves: Vec<Curve>) -> Scaling {
    Scaling {
        offset,
        factor,
        precision: Precision::Double,
        curves,
    }
}

/// Refuses images, whose values are not columns.
fn check_table(data: &Dataset, scaling: &str) -> Result<()> {
    if data.shape().len() == 1 {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Recipe,
        format!("the scaling `{scaling}` is for tables"),
    )
    .at("scaling")
    .at(data.name())
    .expected("rows with columns")
    .found(format!("images of shape {:?}", data.shape()))
    .hint(format!(
        "for images choose {} or `standardize`",
        key("scaling.kind", "unit")
    )))
}
