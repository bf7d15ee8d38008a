//! A fitted scaling, and its application to values.

mod fit;
mod json;
mod moments;
mod quantiles;

pub(crate) use quantiles::without_iqr;

use super::{Curve, ScalingSpec};
use crate::advice::{Setting, setting};
use crate::data::{Dataset, Number, Real, Row, Values, difference};
use crate::{Error, ErrorKind, Result};
use narrows_kernels::Isa;
use narrows_kernels::convert::scale_bytes;
use ndarray::Array2;

/// A fitted scaling: `scaled = (value - offset) * factor`; with the scaling `quantile` a rising curve of this difference,
/// one for each place in a row.
///
/// Both operations are done in double precision, and the result is converted to `f32`. So values that are far from 0
/// and close to each other, such as seconds since 1970, keep their differences. 8-bit values need only single
/// precision. Models of format versions 1 and 2 also use single precision, so that their outputs keep their bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// One for all values, or one for each place in a row.
    offset: Vec<f64>,
    /// As many as there are offsets; finite and not 0.
    factor: Vec<f64>,
    precision: Precision,
    /// The curves of `quantile`, one for each place in a row; else none.
    curves: Vec<Curve>,
}

/// The precision of the computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Precision {
    Single,
    Double,
}

impl Scaling {
    /// The scaling without data; it must not depend on data.
    ///
    /// The mean and std of `standardize` are then in the data's own units, as for data that are not 8-bit.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Recipe`] if a value would have to be fitted; otherwise as [`Scaling::fit`].
    pub fn without_data(spec: &ScalingSpec) -> Result<Self> {
        let zero = match spec {
            ScalingSpec::Unit => Values::U8(Array2::zeros((1, 1))),
            ScalingSpec::None
            | ScalingSpec::Standardize {
                mean: Some(_),
                std: Some(_),
            }
            | ScalingSpec::MinMax {
                min: Some(_),
                max: Some(_),
            } => Values::F32(Array2::zeros((1, 1))),
            ScalingSpec::Standardize { .. }
            | ScalingSpec::MinMax { .. }
            | ScalingSpec::Robust
            | ScalingSpec::Quantile => {
                return Err(Error::new(
                    ErrorKind::Recipe,
                    format!("the scaling `{}` is fitted to data", spec.name()),
                )
                .expected("training rows, or a scaling that needs none")
                .found("no data")
                .hint(format!(
                    "give {}, or let the recipe say `unit`, `none`, or `standardize` with \
                     `mean` and `std`, or `minmax` with `min` and `max`",
                    setting(Setting::Data)
                )));
            }
        };
        // Nothing is fitted, so any data will do, for example one row of 0.
        Scaling::fit(spec, &Dataset::new("no data", zero, vec![1], None)?)
    }

    /// The scaling that leaves values unchanged.
    pub(crate) fn none() -> Self {
        Scaling {
            offset: vec![0.0],
            factor: vec![1.0],
            precision: Precision::Double,
            curves: Vec::new(),
        }
    }

    /// A scaling from offsets and factors; 8-bit data are scaled in single precision.
    fn for_data(data: &Dataset, offset: Vec<f64>, factor: Vec<f64>) -> Self {
        let scaling = Scaling {
            offset,
            factor,
            precision: Precision::Double,
            curves: Vec::new(),
        };
        if data.is_8_bit() {
            scaling.in_single_precision()
        } else {
            scaling
        }
    }

    fn in_single_precision(mut self) -> Self {
        for value in self.offset.iter_mut().chain(&mut self.factor) {
            *value = f64::from(*value as f32);
        }
        self.precision = Precision::Single;
        self
    }

    /// The offsets, which are subtracted: one number for all values, or one for each place in a row.
    pub fn offset(&self) -> &[f64] {
        &self.offset
    }

    /// The factors, by which the differences are multiplied; as many as offsets.
    pub fn factor(&self) -> &[f64] {
        &self.factor
    }

    /// The offset and the factor of a place in a row.
    pub(crate) fn of(&self, place: usize) -> (f64, f64) {
        let of = |values: &[f64]| match *values {
            [one] => one,
            _ => values.get(place).copied().unwrap_or(1.0),
        };
        (of(&self.offset), of(&self.factor))
    }

    /// The curve of each place in a row, which the scaling `quantile` has.
    pub(crate) fn curves(&self) -> &[Curve] {
        &self.curves
    }

    /// The scaled value of a value from which the offset was subtracted in double precision.
    fn of_difference(&self, place: usize, difference: f64) -> f32 {
        let (_, factor) = self.of(place);
        let scaled = difference * factor;
        let curve = self.curves.get(place);
        curve.map_or(scaled, |curve| curve.forward(scaled)) as f32
    }

    /// Whether the scaling is computed in double precision.
    pub fn is_double(&self) -> bool {
        self.precision == Precision::Double
    }

    /// Scales some values of a row; the first is at `place`.
    #[inline]
    fn scale_from<T: Number>(&self, place: usize, values: &[T], out: &mut [f32]) {
        let pairs = out.iter_mut().zip(values);
        if !self.curves.is_empty() {
            for (index, (out, &value)) in pairs.enumerate() {
                let difference = value.minus(self.of(place + index).0);
                *out = self.of_difference(place + index, difference);
            }
            return;
        }
        match (&self.offset[..], &self.factor[..], self.precision) {
            (&[offset], &[factor], Precision::Single) => {
                let (offset, factor) = (offset as f32, factor as f32);
                for (out, &value) in pairs {
                    *out = (value.to_f32() - offset) * factor;
                }
            }
            (&[offset], &[factor], Precision::Double) => {
                for (out, &value) in pairs {
                    *out = (value.minus(offset) * factor) as f32;
                }
            }
            (offset, factor, precision) => {
                let affine = offset[place..].iter().zip(&factor[place..]);
                match precision {
                    Precision::Single => {
                        for ((out, &value), (&offset, &factor)) in pairs.zip(affine) {
                            *out = (value.to_f32() - offset as f32) * factor as f32;
                        }
                    }
                    Precision::Double => {
                        for ((out, &value), (&offset, &factor)) in pairs.zip(affine) {
                            *out = (value.minus(offset) * factor) as f32;
                        }
                    }
                }
            }
        }
    }

    /// The scaled value of a value at a place of a row.
    pub(crate) fn scaled(&self, place: usize, value: f64) -> f32 {
        let (offset, factor) = self.of(place);
        match self.precision {
            Precision::Single => (value as f32 - offset as f32) * factor as f32,
            Precision::Double => self.of_difference(place, value - offset),
        }
    }

    /// The scaled value of an integer, which may be too large for an exact `f64`.
    pub(crate) fn scaled_integer(&self, place: usize, value: i128) -> f32 {
        match self.precision {
            Precision::Single => self.scaled(place, value as f64),
            Precision::Double => {
                let (offset, _) = self.of(place);
                self.of_difference(place, difference(value as f64, value, offset))
            }
        }
    }

    /// Scales whole rows, `[rows, inputs]`.
    ///
    /// # Panics
    ///
    /// If `values` is not whole rows of the data that the scaling was fitted to, or if `out` has another length.
    pub fn scale<T: Number>(&self, values: &[T], out: &mut [f32]) {
        assert_eq!(values.len(), out.len(), "a value needs a place");
        let width = self.width(values.len());
        let rows = values.chunks_exact(width).zip(out.chunks_exact_mut(width));
        for (values, out) in rows {
            self.scale_from(0, values, out);
        }
    }

    /// Unscales whole rows to the data's own units, `[rows, inputs]`; 8-bit data are in 0 to 255.
    ///
    /// # Panics
    ///
    /// If `scaled` is not whole rows of the data that the scaling was fitted to, or if `out` has another length.
    pub fn unscale<T: Real>(&self, scaled: &[f32], out: &mut [T]) {
        assert_eq!(scaled.len(), out.len(), "a value needs a place");
        let width = self.width(scaled.len());
        let rows = scaled.chunks_exact(width).zip(out.chunks_exact_mut(width));
        for (scaled, out) in rows {
            for (place, (out, &value)) in out.iter_mut().zip(scaled).enumerate() {
                *out = T::from_f64(self.unscaled(place, value));
            }
        }
    }

    /// The same in place.
    ///
    /// # Panics
    ///
    /// If `values` is not whole rows of the data that the scaling was fitted to.
    pub fn undo(&self, values: &mut [f32]) {
        let width = self.width(values.len());
        for row in values.chunks_exact_mut(width) {
            for (place, value) in row.iter_mut().enumerate() {
                *value = self.unscaled(place, *value) as f32;
            }
        }
    }

    /// The value of a scaled value at a place of a row.
    #[inline]
    pub(crate) fn unscaled(&self, place: usize, value: f32) -> f64 {
        let (offset, factor) = self.of(place);
        match self.precision {
            Precision::Single => f64::from(value / factor as f32 + offset as f32),
            Precision::Double => {
                let curve = self.curves.get(place);
                let value = f64::from(value);
                curve.map_or(value, |curve| curve.backward(value)) / factor + offset
            }
        }
    }

    /// The width of a row, if the `values` values are whole rows.
    fn width(&self, values: usize) -> usize {
        match self.offset.len() {
            1 => values.max(1),
            inputs => {
                assert!(
                    values.is_multiple_of(inputs),
                    "values must be whole rows of {inputs}"
                );
                inputs
            }
        }
    }

    /// Converts one row of the data and scales it, `[inputs]`.
    ///
    /// # Panics
    ///
    /// If there is no such row, or if the length of `out` or of the scaling differs from a row.
    pub fn gather(&self, data: &Dataset, row: usize, out: &mut [f32]) {
        match data.row(row) {
            Row::U8(values) => match (&self.offset[..], &self.factor[..]) {
                (&[offset], &[factor]) => {
                    scale_bytes(Isa::best(), values, offset as f32, factor as f32, out);
                }
                _ => self.scale(values, out),
            },
            Row::F32(values) => self.scale(values, out),
            Row::Records(records, row) => match records.as_f32(row) {
                Some(values) => self.scale(values, out),
                None if self.is_double() => {
                    records.each_minus(row, &self.offset, |place, values| {
                        let out = out[place..].iter_mut().zip(values);
                        if !self.curves.is_empty() {
                            for (index, (out, &difference)) in out.enumerate() {
                                *out = self.of_difference(place + index, difference);
                            }
                            return;
                        }
                        match &self.factor[..] {
                            &[factor] => {
                                out.for_each(|(out, value)| *out = (value * factor) as f32)
                            }
                            factor => {
                                for ((out, value), factor) in out.zip(&factor[place..]) {
                                    *out = (value * factor) as f32;
                                }
                            }
                        }
                    });
                }
                None => records.each(row, |place, values| {
                    self.scale_from(place, values, &mut out[place..place + values.len()]);
                }),
            },
        }
    }

    /// The smallest and the largest scaled value of the data.
    ///
    /// # Panics
    ///
    /// If the width of a row of the data differs from the scaling.
    pub fn range(&self, data: &Dataset) -> (f32, f32) {
        let (low, high) = data.extremes();
        let mut scaled = vec![0.0; low.len() + high.len()];
        let (of_low, of_high) = scaled.split_at_mut(low.len());
        let mut range = (f32::INFINITY, f32::NEG_INFINITY);
        // A negative factor exchanges smallest and largest.
        let mut widen = |values: &[f32]| {
            for &value in values {
                range = (range.0.min(value), range.1.max(value));
            }
        };
        if (low.len() == data.inputs() || self.offset.len() == 1) && !data.has_wide_integers() {
            self.scale(low, of_low);
            self.scale(high, of_high);
            widen(&scaled);
        } else {
            // For images, only the smallest and largest value over all places are known, and each place may have its
            // own scaling. For integers beyond 2^53 they are rounded.
            let mut row = vec![0.0; data.inputs()];
            for index in 0..data.rows() {
                self.gather(data, index, &mut row);
                widen(&row);
            }
        }
        range
    }

    /// The mean over all scaled values `x` of `(x - clamp(x, low, high))²`: the lowest mean squared error of a decoder
    /// whose output cannot leave [`low`, `high`].
    ///
    /// # Panics
    ///
    /// If the width of a row of the data differs from the scaling, or if not `low <= high`.
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
}

#[cfg(test)]
mod tests;
