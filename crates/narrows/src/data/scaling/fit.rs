//! Fitting: from what a recipe says and the training rows to offsets and factors.

use super::{Scaling, ScalingSpec, for_each_row};
use crate::data::Dataset;
use crate::{Error, ErrorKind, Result};

/// The largest 8-bit value, which stands for 1 where 8-bit values are put into [0, 1].
const LARGEST_8_BIT: f64 = 255.0;

pub(super) fn unit(data: &Dataset) -> Result<Scaling> {
    if data.is_8_bit() {
        return Ok(Scaling {
            offset: vec![0.0],
            factor: vec![(1.0 / LARGEST_8_BIT) as f32],
        });
    }
    Err(
        Error::new(ErrorKind::Recipe, "the scaling `unit` is for 8-bit data")
            .at(data.name())
            .expected("8-bit values")
            .found(data.type_name())
            .hint("choose `minmax` or `standardize`, or `none` if the data are in [0, 1]"),
    )
}

pub(super) fn standardize(
    data: &Dataset,
    mean: Option<f32>,
    deviation: Option<f32>,
) -> Result<Scaling> {
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
    if let Some(deviation) = deviation
        && !(deviation.is_finite() && deviation > 0.0)
    {
        let expected = "a finite number above 0";
        return refuse(
            "the deviation of `standardize` is impossible",
            expected,
            deviation,
        );
    }
    // What is given is on the [0, 1] scale for 8-bit data; what is fitted is in their own units.
    let unit = if data.is_8_bit() { LARGEST_8_BIT } else { 1.0 };
    let (mean, deviation) = match (mean, deviation) {
        (Some(mean), Some(deviation)) => (
            vec![f64::from(mean) * unit],
            vec![f64::from(deviation) * unit],
        ),
        _ => {
            let means = means(data);
            let deviations = match deviation {
                Some(deviation) => vec![f64::from(deviation) * unit; means.len()],
                None => {
                    refuse_constant(data, "`standardize` would divide by a deviation of 0")?;
                    deviations(data, &means)
                }
            };
            let means = match mean {
                Some(mean) => vec![f64::from(mean) * unit; means.len()],
                None => means,
            };
            (means, deviations)
        }
    };
    Ok(Scaling {
        offset: mean.into_iter().map(|mean| mean as f32).collect(),
        factor: deviation
            .into_iter()
            .map(|deviation| (1.0 / deviation) as f32)
            .collect(),
    })
}

pub(super) fn min_max(data: &Dataset) -> Result<Scaling> {
    refuse_constant(data, "`minmax` would divide by a range of 0")?;
    let (low, high) = extremes(data);
    let factor = |(&low, &high): (&f32, &f32)| (1.0 / (f64::from(high) - f64::from(low))) as f32;
    Ok(Scaling {
        factor: low.iter().zip(&high).map(factor).collect(),
        offset: low,
    })
}

/// Whether the statistics are over all values, as for images, or column by column.
fn is_fitted_as_a_whole(data: &Dataset) -> bool {
    data.shape().len() > 1
}

/// The smallest and the largest value, one pair for the whole or one for each column.
fn extremes(data: &Dataset) -> (Vec<f32>, Vec<f32>) {
    let (low, high) = data.extremes().clone();
    if is_fitted_as_a_whole(data) {
        let low = low.into_iter().fold(f32::INFINITY, f32::min);
        let high = high.into_iter().fold(f32::NEG_INFINITY, f32::max);
        (vec![low], vec![high])
    } else {
        (low, high)
    }
}

/// The columns, or the whole, that have the same value everywhere.
fn constants(data: &Dataset) -> impl Iterator<Item = usize> {
    let (low, high) = extremes(data);
    let pairs = low.into_iter().zip(high).enumerate();
    pairs.filter_map(|(column, (low, high))| (low == high).then_some(column))
}

impl ScalingSpec {
    /// The columns that this scaling refuses for having the same value in every row, by name; `all values`
    /// stands for images, which are fitted as a whole.
    pub(crate) fn constants(&self, data: &Dataset) -> Vec<String> {
        let divides = match self {
            ScalingSpec::Standardize { deviation, .. } => deviation.is_none(),
            ScalingSpec::MinMax => true,
            ScalingSpec::Unit | ScalingSpec::None => false,
        };
        if !divides {
            return Vec::new();
        }
        let name = |column| match is_fitted_as_a_whole(data) {
            true => "all values".to_string(),
            false => data.column_place(column),
        };
        constants(data).map(name).collect()
    }
}

fn refuse_constant(data: &Dataset, what: &str) -> Result<()> {
    let Some(column) = constants(data).next() else {
        return Ok(());
    };
    let error = Error::new(ErrorKind::Data, what);
    Err(if is_fitted_as_a_whole(data) {
        error
            .found("the same value everywhere")
            .hint("choose another scaling")
    } else {
        error
            .at(data.column_place(column))
            .found("the same value in every row")
            .hint("leave the column out, or choose another scaling")
    }
    .at(data.name()))
}

/// The mean, one for the whole or one for each column.
fn means(data: &Dataset) -> Vec<f64> {
    let mut sums = vec![0.0; data.inputs()];
    for_each_row(data, |row| {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    });
    averages(data, sums)
}

/// The deviation about the means, one for the whole or one for each column.
fn deviations(data: &Dataset, means: &[f64]) -> Vec<f64> {
    let inputs = data.inputs();
    let means = if let &[mean] = means {
        vec![mean; inputs]
    } else {
        means.to_vec()
    };
    let mut sums = vec![0.0; inputs];
    for_each_row(data, |row| {
        for ((sum, &value), &mean) in sums.iter_mut().zip(row).zip(&means) {
            let distance = f64::from(value) - mean;
            *sum += distance * distance;
        }
    });
    averages(data, sums).into_iter().map(f64::sqrt).collect()
}

/// Sums over the rows, one for each column, as averages.
fn averages(data: &Dataset, sums: Vec<f64>) -> Vec<f64> {
    let rows = data.rows() as f64;
    if is_fitted_as_a_whole(data) {
        vec![sums.iter().sum::<f64>() / (rows * data.inputs() as f64)]
    } else {
        sums.into_iter().map(|sum| sum / rows).collect()
    }
}
