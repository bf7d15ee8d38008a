//! Scaling: the affine map between the data's own units and what the network sees.
//!
//! It is fitted on training rows only, saved with the model and undone on the way out:
//! `scaled = (value - offset) * factor`, with one offset and one factor for all values or one
//! for each place in a row. Whatever a [`ScalingSpec`] says comes down to these, the division
//! of 8-bit values by 255 included.

mod fit;
mod spec;

pub use spec::ScalingSpec;
pub(crate) use spec::{KIND, SCALINGS};

use super::{Dataset, Row, Values};
use crate::{Error, ErrorKind, Result};
use narrows_kernels::Isa;
use narrows_kernels::convert::scale_bytes;
use ndarray::Array2;
use serde_json::{Value, json};

/// A fitted scaling: `scaled = (value - offset) * factor`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// One for all, or one for each place in a row.
    offset: Vec<f32>,
    /// As many as there are offsets; finite and not 0.
    factor: Vec<f32>,
}

impl ScalingSpec {
    /// The scaling that training rows get where a recipe says nothing: `unit` for 8-bit data, `none` for such
    /// of 0 and 1 alone, which `unit` would squeeze to nearly nothing, else `standardize`.
    pub fn usual(data: &Dataset) -> ScalingSpec {
        if data.is_8_bit() {
            match data.range() {
                (_, high) if high <= 1.0 => ScalingSpec::None,
                _ => ScalingSpec::Unit,
            }
        } else {
            ScalingSpec::Standardize {
                mean: None,
                deviation: None,
            }
        }
    }
}

impl Scaling {
    /// Fits a scaling to training rows.
    ///
    /// Images (rows whose shape has two sizes or more) are fitted as a whole, one mean and
    /// deviation or one pair of extremes for all values; tables are fitted column by column.
    /// The deviation is that of the population (divided by the number of values).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Recipe`] for `unit` on data that are not 8-bit and for a mean or deviation
    /// that is given and impossible; [`ErrorKind::Data`] if what is to be divided by is 0
    /// because a column, or the whole, is constant, or if scaled values would not be finite.
    pub fn fit(spec: &ScalingSpec, data: &Dataset) -> Result<Self> {
        let scaling = match *spec {
            ScalingSpec::Unit => fit::unit(data),
            ScalingSpec::Standardize { mean, deviation } => fit::standardize(data, mean, deviation),
            ScalingSpec::MinMax => fit::min_max(data),
            ScalingSpec::None => Ok(Scaling::none()),
        }?;
        let (low, high) = scaling.range(data);
        data.check_readable()?;
        let usable = scaling.offset.iter().all(|offset| offset.is_finite())
            && scaling
                .factor
                .iter()
                .all(|&factor| is_usable_factor(factor));
        if usable && low.is_finite() && high.is_finite() {
            Ok(scaling)
        } else {
            Err(Error::new(
                ErrorKind::Data,
                "the data cannot be scaled within 32-bit floats",
            )
            .at(data.name())
            .expected("scaled values that are finite")
            .found(format!("values from {low} to {high}"))
            .hint("bring the data to a moderate size first"))
        }
    }

    /// The scaling where there are no data to fit it to: what `spec` says has to be enough.
    ///
    /// The mean and deviation of `standardize` are then in the data's own units, as for data that are
    /// not 8-bit.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Recipe`] if something would be fitted, or as [`Scaling::fit`].
    pub fn without_data(spec: &ScalingSpec) -> Result<Self> {
        let zero = match spec {
            ScalingSpec::Unit => Values::U8(Array2::zeros((1, 1))),
            ScalingSpec::None
            | ScalingSpec::Standardize {
                mean: Some(_),
                deviation: Some(_),
            } => Values::F32(Array2::zeros((1, 1))),
            ScalingSpec::Standardize { .. } | ScalingSpec::MinMax => {
                return Err(Error::new(
                    ErrorKind::Recipe,
                    format!("the scaling `{}` is fitted to data", spec.name()),
                )
                .expected("training rows, or a scaling that needs none")
                .found("no data")
                .hint(
                    "give --data, or let the recipe say `unit`, `none`, or `standardize` with \
                     `mean` and `deviation`",
                ));
            }
        };
        // Nothing is fitted, so that one row of 0 is as good as any.
        Scaling::fit(spec, &Dataset::new("no data", zero, vec![1], None)?)
    }

    /// The scaling that leaves values as they are.
    pub(super) fn none() -> Self {
        Scaling {
            offset: vec![0.0],
            factor: vec![1.0],
        }
    }

    /// What is subtracted: one number for all, or one for each place in a row.
    pub fn offset(&self) -> &[f32] {
        &self.offset
    }

    /// What the difference is multiplied by; as many numbers as offsets.
    pub fn factor(&self) -> &[f32] {
        &self.factor
    }

    /// Scales whole rows in place, `[rows, inputs]`.
    ///
    /// # Panics
    ///
    /// If `values` is not whole rows of the data that the scaling was fitted to.
    pub fn apply(&self, values: &mut [f32]) {
        self.map(values, |value, offset, factor| (value - offset) * factor);
    }

    /// Brings whole rows back to the data's own units in place, `[rows, inputs]`; 8-bit data
    /// come back in 0 to 255.
    ///
    /// # Panics
    ///
    /// If `values` is not whole rows of the data that the scaling was fitted to.
    pub fn undo(&self, values: &mut [f32]) {
        self.map(values, |value, offset, factor| value / factor + offset);
    }

    fn map(&self, values: &mut [f32], map: impl Fn(f32, f32, f32) -> f32) {
        if let (&[offset], &[factor]) = (&self.offset[..], &self.factor[..]) {
            for value in values {
                *value = map(*value, offset, factor);
            }
            return;
        }
        let inputs = self.offset.len();
        assert!(
            values.len().is_multiple_of(inputs),
            "values must be whole rows of {inputs}"
        );
        for row in values.chunks_exact_mut(inputs) {
            for ((value, &offset), &factor) in row.iter_mut().zip(&self.offset).zip(&self.factor) {
                *value = map(*value, offset, factor);
            }
        }
    }

    /// Converts one row of the data and scales it, `[inputs]`.
    ///
    /// # Panics
    ///
    /// If there is no such row, or if `out` or the scaling is of another length than a row.
    pub fn gather(&self, data: &Dataset, row: usize, out: &mut [f32]) {
        match data.row(row) {
            Row::U8(values) => match (&self.offset[..], &self.factor[..]) {
                (&[offset], &[factor]) => {
                    scale_bytes(Isa::best(), values, offset, factor, out);
                }
                _ => self.gather_as(values, out),
            },
            Row::F32(values) => self.gather_as(values, out),
            Row::Stored(stored) => {
                stored.read(row, out);
                self.apply(out);
            }
        }
    }

    /// The lengths are checked once, so that both loops run without checks and in vectors.
    fn gather_as<T: Copy + Into<f32>>(&self, values: &[T], out: &mut [f32]) {
        assert_eq!(values.len(), out.len(), "a row needs as many places");
        if let (&[offset], &[factor]) = (&self.offset[..], &self.factor[..]) {
            for (out, &value) in out.iter_mut().zip(values) {
                *out = (value.into() - offset) * factor;
            }
            return;
        }
        assert_eq!(
            values.len(),
            self.offset.len(),
            "the scaling is of another width"
        );
        let affine = self.offset.iter().zip(&self.factor);
        for ((out, &value), (&offset, &factor)) in out.iter_mut().zip(values).zip(affine) {
            *out = (value.into() - offset) * factor;
        }
    }

    /// The smallest and the largest scaled value of the data.
    ///
    /// # Panics
    ///
    /// If a row of the data is of another width than the scaling.
    pub fn range(&self, data: &Dataset) -> (f32, f32) {
        let (mut low, mut high) = data.extremes().clone();
        self.apply(&mut low);
        self.apply(&mut high);
        // A negative factor exchanges the two.
        let all = || low.iter().chain(&high).copied();
        (
            all().fold(f32::INFINITY, f32::min),
            all().fold(f32::NEG_INFINITY, f32::max),
        )
    }

    /// The mean over all scaled values `x` of `(x - clamp(x, low, high))²`: the mean squared
    /// error that is left to a decoder whose output cannot leave [`low`, `high`].
    ///
    /// # Panics
    ///
    /// If a row of the data is of another width than the scaling, or if not `low <= high`.
    pub fn clamp_floor(&self, data: &Dataset, low: f32, high: f32) -> f64 {
        let mut row = vec![0.0; data.inputs()];
        let mut sums = vec![0.0; data.inputs()];
        for index in 0..data.rows() {
            self.gather(data, index, &mut row);
            for (sum, &value) in sums.iter_mut().zip(&row) {
                let excess = f64::from(value - value.clamp(low, high));
                *sum += excess * excess;
            }
        }
        sums.iter().sum::<f64>() / (data.rows() as f64 * data.inputs() as f64)
    }

    /// The scaling as the model file keeps it: `{"offset": […], "factor": […]}`, each list of
    /// one number or of one for each place in a row.
    pub fn to_json(&self) -> Value {
        json!({ "offset": self.offset, "factor": self.factor })
    }

    /// The scaling from a model file, for rows of `inputs` values.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] if something is missing, of another type or length, or not usable
    /// as an offset or a factor; the place is `offset`, `factor` or an entry of one.
    pub fn from_json(value: &Value, inputs: usize) -> Result<Self> {
        let offset = numbers(
            value,
            "offset",
            inputs,
            "a finite 32-bit number",
            f32::is_finite,
        )?;
        let usable = "a finite 32-bit number that is not 0";
        let factor = numbers(value, "factor", inputs, usable, is_usable_factor)?;
        if offset.len() != factor.len() {
            return Err(
                Error::new(ErrorKind::Format, "the scaling does not fit together")
                    .at("factor")
                    .expected(format!("as many factors as offsets, {}", offset.len()))
                    .found(factor.len()),
            );
        }
        Ok(Scaling { offset, factor })
    }
}

fn is_usable_factor(factor: f32) -> bool {
    factor.is_finite() && factor != 0.0
}

/// The list of numbers under a key of the JSON of a scaling.
fn numbers(
    value: &Value,
    key: &str,
    inputs: usize,
    usable: &str,
    is_usable: impl Fn(f32) -> bool,
) -> Result<Vec<f32>> {
    let wrong = |what: &str| Error::new(ErrorKind::Format, what).at(key);
    let list = value
        .get(key)
        .and_then(Value::as_array)
        .ok_or_else(|| wrong("the scaling is incomplete").expected("a list of numbers"))?;
    if list.len() != 1 && list.len() != inputs {
        return Err(wrong("the scaling is of another width")
            .expected(format!("1 number or {inputs}, one for each value of a row"))
            .found(list.len()));
    }
    let number = |(index, entry): (usize, &Value)| {
        let number = entry.as_f64().map(|number| number as f32);
        number.filter(|&number| is_usable(number)).ok_or_else(|| {
            Error::new(ErrorKind::Format, "the scaling is not usable")
                .at(format!("{key}[{index}]"))
                .expected(usable)
                .found(entry)
        })
    };
    list.iter().enumerate().map(number).collect()
}

/// The smallest and the largest value of each column, `[inputs]` each.
pub(super) fn column_extremes(data: &Dataset) -> (Vec<f32>, Vec<f32>) {
    let mut low = vec![f32::INFINITY; data.inputs()];
    let mut high = vec![f32::NEG_INFINITY; data.inputs()];
    for_each_row(data, |row| {
        for ((low, high), &value) in low.iter_mut().zip(&mut high).zip(row) {
            *low = low.min(value);
            *high = high.max(value);
        }
    });
    (low, high)
}

/// Every row in turn, converted. What is gathered column by column from them needs no order of
/// operations within a row, and so runs in vectors.
pub(super) fn for_each_row(data: &Dataset, mut each: impl FnMut(&[f32])) {
    let none = Scaling::none();
    let mut row = vec![0.0; data.inputs()];
    for index in 0..data.rows() {
        none.gather(data, index, &mut row);
        each(&row);
    }
}

#[cfg(test)]
mod tests;
