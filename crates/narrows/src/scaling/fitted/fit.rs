//! Fits a scaling: from the settings of a recipe and the training rows to offsets and factors.

use super::moments::{means, stds};
use super::{Scaling, ScalingSpec, quantiles};
use crate::advice::key;
use crate::data::Dataset;
use crate::{Error, ErrorKind, Result};

/// The largest 8-bit value, which becomes 1 if 8-bit values are scaled to [0, 1].
const LARGEST_8_BIT: f64 = 255.0;

impl Scaling {
    /// Fits a scaling to training rows.
    ///
    /// Images (rows whose shape has two sizes or more) are fitted as a whole: one mean and standard deviation, or one
    /// smallest and largest value, for all values. Tables are fitted column by column. The standard deviation is that
    /// of the population (divided by the number of values).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Recipe`] for `unit` on data that do not have 8 or 16 bits, for `robust` and `quantile` on images, and
    /// for an impossible setting;
    /// [`ErrorKind::Data`] if scaled values would not be finite. Constant columns are divided by 1.
    pub fn fit(spec: &ScalingSpec, data: &Dataset) -> Result<Self> {
        let scaling = match *spec {
            ScalingSpec::Unit => unit(data),
            ScalingSpec::Standardize { mean, std } => standardize(data, mean, std),
            ScalingSpec::MinMax { min, max } => min_max(data, min, max),
            ScalingSpec::Robust => quantiles::robust(data),
            ScalingSpec::Quantile => quantiles::quantile(data),
            ScalingSpec::None => Ok(Scaling::none()),
        }?;
        let (low, high) = scaling.range(data);
        data.check_readable()?;
        let refuse = || {
            Error::new(
                ErrorKind::Data,
                "the data cannot be scaled within 32-bit floats",
            )
            .hint("write the data in a unit in which their values are of moderate size")
        };
        let is_usable = |factor: f64| factor.is_finite() && factor != 0.0;
        let mut parts = scaling.offset.iter().zip(&scaling.factor);
        let unusable =
            parts.position(|(offset, &factor)| !offset.is_finite() || !is_usable(factor));
        if let Some(column) = unusable {
            // One offset and one factor apply to all columns.
            let error = match scaling.factor.len() {
                1 => refuse(),
                _ => refuse().at(data.column_place(column)),
            };
            return Err(error
                .at(data.name())
                .expected("values whose mean and spread are finite numbers in float64")
                .found("values that are too large or too small for that"));
        }
        if !low.is_finite() || !high.is_finite() {
            return Err(refuse()
                .at(data.name())
                .expected("scaled values that are finite")
                .found(format!("scaled values from {low} to {high}")));
        }
        Ok(scaling)
    }
}

fn unit(data: &Dataset) -> Result<Scaling> {
    if let Some(largest) = data.largest_of_type() {
        return Ok(Scaling::for_data(data, vec![0.0], vec![1.0 / largest]));
    }
    Err(Error::new(
        ErrorKind::Recipe,
        "the scaling `unit` is for 8-bit data and images of 16 bits",
    )
    .at("scaling")
    .at(data.name())
    .expected("8-bit or 16-bit values without a sign")
    .found(data.type_name())
    .hint(format!(
        "choose another, as with {} or `standardize`, or `none` if the data are in [0, 1]",
        key("scaling.kind", "minmax")
    )))
}

fn standardize(data: &Dataset, mean: Option<f32>, std: Option<f32>) -> Result<Scaling> {
    let refuse = |what: &str, expected: &str, found: f32| {
        Err(Error::new(ErrorKind::Recipe, what)
            .expected(expected)
            .found(found))
    };
    if let Some(mean) = mean
        && !mean.is_finite()
    {
        return refuse(
            "the mean of `standardize` is impossible",
            "a finite number",
            mean,
        );
    }
    if let Some(std) = std
        && !(std.is_finite() && std > 0.0)
    {
        let expected = "a finite number above 0";
        return refuse("the std of `standardize` is impossible", expected, std);
    }
    // Given values are on the [0, 1] scale for 8-bit data; fitted values are in the data's own units.
    let unit = if data.is_8_bit() { LARGEST_8_BIT } else { 1.0 };
    let (mean, std) = match (mean, std) {
        (Some(mean), Some(std)) => (vec![f64::from(mean) * unit], vec![f64::from(std) * unit]),
        _ => {
            let mut means = means(data);
            let stds = match std {
                Some(std) => vec![f64::from(std) * unit; means.len()],
                None => {
                    let mut stds = stds(data, &means);
                    // A sum of equal values may be rounded: a constant column becomes 0, divided by 1.
                    for (column, value) in data.constants() {
                        means[column] = value;
                        stds[column] = 1.0;
                    }
                    stds
                }
            };
            let means = match mean {
                Some(mean) => vec![f64::from(mean) * unit; means.len()],
                None => means,
            };
            (means, stds)
        }
    };
    let factor = std.into_iter().map(|std| 1.0 / std);
    Ok(Scaling::for_data(data, mean, factor.collect()))
}

fn min_max(data: &Dataset, min: Option<f32>, max: Option<f32>) -> Result<Scaling> {
    let (low, high) = data.extremes().clone();
    let given = |given: Option<f32>, found: Vec<f64>| match given {
        Some(value) => vec![f64::from(value); found.len()],
        None => found,
    };
    let (low, high) = (given(min, low), given(max, high));
    if let (Some(index), true) = (
        low.iter().zip(&high).position(|(low, high)| low >= high),
        min.is_some() || max.is_some(),
    ) {
        return Err(
            Error::new(ErrorKind::Recipe, "the range of `minmax` is empty")
                .at("scaling")
                .at(data.name())
                .expected("a `min` below the largest value and a `max` above the smallest")
                .found(format!("{} to {}", low[index], high[index])),
        );
    }
    let spans = match (min, max) {
        (None, None) => data.spans(),
        _ => low
            .iter()
            .zip(&high)
            .map(|(low, high)| high - low)
            .collect(),
    };
    let factor = |span: f64| if span == 0.0 { 1.0 } else { 1.0 / span };
    let factor = spans.into_iter().map(factor).collect();
    Ok(Scaling::for_data(data, low, factor))
}
