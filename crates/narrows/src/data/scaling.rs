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
    /// The scaling that data get where a recipe says nothing: `unit` for 8-bit data, else
    /// `standardize`.
    pub fn usual(data: &Dataset) -> ScalingSpec {
        if data.is_8_bit() {
            ScalingSpec::Unit
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
mod tests {
    use super::*;
    use crate::data::Values;
    use ndarray::array;

    const STANDARDIZE: ScalingSpec = ScalingSpec::Standardize {
        mean: None,
        deviation: None,
    };

    fn standardize_by(mean: f32, deviation: f32) -> ScalingSpec {
        ScalingSpec::Standardize {
            mean: Some(mean),
            deviation: Some(deviation),
        }
    }

    fn pixels(values: Array2<u8>, shape: &[usize]) -> Dataset {
        Dataset::new("pixels", Values::U8(values), shape.to_vec(), None).unwrap()
    }

    fn table(values: Array2<f32>) -> Dataset {
        Dataset::from_array(values.view()).unwrap()
    }

    fn gathered(scaling: &Scaling, data: &Dataset) -> Vec<f32> {
        let mut out = vec![f32::NAN; data.rows() * data.inputs()];
        for (row, out) in out.chunks_exact_mut(data.inputs()).enumerate() {
            scaling.gather(data, row, out);
        }
        out
    }

    fn assert_close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() <= 1e-6 * expected.abs().max(1.0),
                "{found} {expected}"
            );
        }
    }

    fn refusal(spec: &ScalingSpec, data: &Dataset) -> (ErrorKind, String) {
        let error = Scaling::fit(spec, data).unwrap_err();
        (error.kind(), error.to_string())
    }

    #[test]
    fn unit_puts_8_bit_values_into_0_to_1() {
        let every = Array2::from_shape_fn((1, 256), |(_, column)| column as u8);
        let every = pixels(every, &[1, 16, 16]);
        let scaling = Scaling::fit(&ScalingSpec::Unit, &every).unwrap();
        let scaled = gathered(&scaling, &every);
        let quotients: Vec<f32> = (0..256_u16).map(|value| f32::from(value) / 255.0).collect();
        assert_close(&scaled, &quotients);
        assert_eq!((scaled[0], scaled[255]), (0.0, 1.0));
        assert!(scaled.iter().all(|value| (0.0..=1.0).contains(value)));
    }

    #[test]
    fn unit_refuses_floats() {
        let (kind, text) = refusal(&ScalingSpec::Unit, &table(array![[0.5]]));
        assert_eq!(kind, ErrorKind::Recipe);
        assert_eq!(
            text,
            "array: the scaling `unit` is for 8-bit data: expected 8-bit values, found 32-bit \
             floating-point values (choose `minmax` or `standardize`, or `none` if the data are \
             in [0, 1])"
        );
    }

    #[test]
    fn none_leaves_values_alone() {
        let data = pixels(array![[0, 7, 255]], &[3]);
        let scaling = Scaling::fit(&ScalingSpec::None, &data).unwrap();
        assert_eq!(gathered(&scaling, &data), [0.0, 7.0, 255.0]);
    }

    #[test]
    fn a_given_mean_and_deviation_are_on_the_scale_from_0_to_1() {
        let data = pixels(array![[0, 51, 255]], &[3]);
        let scaling = Scaling::fit(&standardize_by(0.1307, 0.3081), &data).unwrap();
        let expected = [0.0, 0.2, 1.0].map(|x: f32| (x - 0.1307) / 0.3081);
        assert_close(&gathered(&scaling, &data), &expected);

        let data = table(array![[0.0, 0.2, 1.0]]);
        let scaling = Scaling::fit(&standardize_by(0.1307, 0.3081), &data).unwrap();
        assert_close(&gathered(&scaling, &data), &expected);
    }

    #[test]
    fn images_are_standardized_as_a_whole() {
        // Mean 4 and variance 6.
        let data = pixels(array![[1, 3], [1, 3], [7, 7], [7, 3]], &[1, 1, 2]);
        let scaling = Scaling::fit(&STANDARDIZE, &data).unwrap();
        let expected = [1.0, 3.0, 1.0, 3.0, 7.0, 7.0, 7.0, 3.0].map(|x| (x - 4.0) / 6_f32.sqrt());
        assert_close(&gathered(&scaling, &data), &expected);
    }

    #[test]
    fn tables_are_standardized_column_by_column() {
        // Means 2 and 300, deviations 1 and 100; a large offset costs no precision.
        for shift in [0.0, 1e6] {
            let data = table(array![[1.0, 200.0 + shift], [3.0, 400.0 + shift]]);
            let scaling = Scaling::fit(&STANDARDIZE, &data).unwrap();
            assert_close(&gathered(&scaling, &data), &[-1.0, -1.0, 1.0, 1.0]);
        }
        let data = pixels(array![[1, 200], [3, 240]], &[2]);
        let scaling = Scaling::fit(&STANDARDIZE, &data).unwrap();
        assert_close(&gathered(&scaling, &data), &[-1.0, -1.0, 1.0, 1.0]);
    }

    #[test]
    fn what_is_given_is_kept_and_the_rest_fitted() {
        let data = table(array![[1.0, 200.0], [3.0, 400.0]]);
        let mean_alone = ScalingSpec::Standardize {
            mean: Some(3.0),
            deviation: None,
        };
        let scaling = Scaling::fit(&mean_alone, &data).unwrap();
        assert_close(&gathered(&scaling, &data), &[-2.0, 1.97, 0.0, 3.97]);

        let deviation_alone = ScalingSpec::Standardize {
            mean: None,
            deviation: Some(4.0),
        };
        let scaling = Scaling::fit(&deviation_alone, &data).unwrap();
        assert_close(&gathered(&scaling, &data), &[-0.25, -25.0, 0.25, 25.0]);

        let data = pixels(array![[0, 255], [0, 255]], &[1, 1, 2]);
        let scaling = Scaling::fit(&deviation_alone, &data).unwrap();
        assert_close(&gathered(&scaling, &data), &[-0.125, 0.125, -0.125, 0.125]);
    }

    #[test]
    fn minmax_is_by_column_for_tables_and_overall_for_images() {
        let rows = array![[10, 0], [20, 100], [30, 50]];
        let data = pixels(rows.clone(), &[2]);
        let scaling = Scaling::fit(&ScalingSpec::MinMax, &data).unwrap();
        assert_close(&gathered(&scaling, &data), &[0.0, 0.0, 0.5, 1.0, 1.0, 0.5]);

        let data = pixels(rows, &[1, 1, 2]);
        let scaling = Scaling::fit(&ScalingSpec::MinMax, &data).unwrap();
        assert_close(&gathered(&scaling, &data), &[0.1, 0.0, 0.2, 1.0, 0.3, 0.5]);
    }

    #[test]
    fn a_constant_is_refused() {
        let column = table(array![[1.0, 0.1, 5.0], [2.0, 0.1, 6.0], [3.0, 0.1, 7.0]]);
        let (kind, text) = refusal(&STANDARDIZE, &column);
        assert_eq!(kind, ErrorKind::Data);
        assert_eq!(
            text,
            "array: column 1 (counted from 0): `standardize` would divide by a deviation of 0: \
             found the same value in every row (leave the column out, or choose another scaling)"
        );
        let (_, text) = refusal(&ScalingSpec::MinMax, &column);
        assert!(text.starts_with("array: column 1 (counted from 0): `minmax` would divide"));

        let image = pixels(array![[3, 3], [3, 3]], &[1, 1, 2]);
        for spec in [STANDARDIZE, ScalingSpec::MinMax] {
            let (kind, text) = refusal(&spec, &image);
            assert_eq!(kind, ErrorKind::Data);
            assert!(text.contains("found the same value everywhere"), "{text}");
        }
    }

    #[test]
    fn an_impossible_mean_or_deviation_is_refused() {
        let data = table(array![[1.0], [2.0]]);
        for deviation in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let (kind, text) = refusal(&standardize_by(0.0, deviation), &data);
            assert_eq!(kind, ErrorKind::Recipe);
            assert_eq!(
                text,
                format!(
                    "the deviation of `standardize` is impossible: expected a finite number \
                     above 0, found {deviation}"
                )
            );
        }
        for mean in [f32::NAN, f32::NEG_INFINITY] {
            let (kind, text) = refusal(&standardize_by(mean, 1.0), &data);
            assert_eq!(kind, ErrorKind::Recipe);
            assert!(
                text.starts_with("the mean of `standardize` is impossible"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_leaves_32_bit_floats_is_refused() {
        let wide = table(array![[-3e38], [3e38]]);
        let narrow = table(array![[0.0], [1e-45]]);
        for (spec, data) in [
            (ScalingSpec::MinMax, &wide),
            (ScalingSpec::MinMax, &narrow),
            (standardize_by(0.0, 1e-3), &wide),
        ] {
            let (kind, text) = refusal(&spec, data);
            assert_eq!(kind, ErrorKind::Data);
            assert!(
                text.contains("cannot be scaled within 32-bit floats"),
                "{text}"
            );
        }
    }

    #[test]
    fn apply_agrees_with_gather_and_undo_returns() {
        let images = pixels(array![[0, 10, 20], [30, 40, 250]], &[1, 1, 3]);
        let bytes = pixels(array![[0, 10, 20], [30, 40, 250]], &[3]);
        let floats = table(array![[0.0, 1e-3, 5e4], [1.0, -1e-3, 7e4]]);
        for data in [&images, &bytes, &floats] {
            let raw = gathered(&Scaling::none(), data);
            for spec in [STANDARDIZE, ScalingSpec::MinMax, standardize_by(0.3, 0.2)] {
                let scaling = Scaling::fit(&spec, data).unwrap();
                let mut values = raw.clone();
                scaling.apply(&mut values);
                assert_eq!(values, gathered(&scaling, data));
                scaling.undo(&mut values);
                assert_close(&values, &raw);
            }
        }
    }

    #[test]
    fn the_range_is_that_of_the_scaled_values() {
        let data = pixels(array![[10, 0], [20, 100], [30, 50]], &[1, 1, 2]);
        let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
        let hundred = 100.0 * (1.0 / 255.0);
        assert_eq!(scaling.range(&data), (0.0, hundred));

        let turned = Scaling {
            offset: vec![0.0],
            factor: vec![-1.0],
        };
        assert_eq!(turned.range(&data), (-100.0, 0.0));

        let table = table(array![[1.0, -4.0], [2.0, 8.0]]);
        let columns = Scaling {
            offset: vec![0.0, 4.0],
            factor: vec![1.0, 0.5],
        };
        assert_eq!(columns.range(&table), (-4.0, 2.0));
    }

    #[test]
    fn the_floor_is_the_part_outside_the_bounds() {
        let data = table(array![[-1.0, 0.5], [0.25, 3.0]]);
        let scaling = Scaling::fit(&ScalingSpec::None, &data).unwrap();
        assert_eq!(scaling.clamp_floor(&data, 0.0, 1.0), (1.0 + 4.0) / 4.0);
        assert_eq!(scaling.clamp_floor(&data, -1.0, 3.0), 0.0);
    }

    #[test]
    fn the_floor_of_standardized_mnist_under_a_sigmoid_is_the_known_one() {
        let test = narrows_mnist::test().unwrap();
        let images = Array2::from_shape_vec((10_000, 784), test.images).unwrap();
        let data = pixels(images, &[1, 28, 28]);
        for (mean, deviation, floor) in [(0.1307, 0.3081, 0.4694), (0.5, 0.5, 0.8311)] {
            let scaling = Scaling::fit(&standardize_by(mean, deviation), &data).unwrap();
            let found = scaling.clamp_floor(&data, 0.0, 1.0);
            assert!((found - floor).abs() < 5e-5, "{found} {floor}");
        }
    }

    #[test]
    fn a_scaling_survives_json_to_the_bit() {
        let data = table(array![[0.1, 1e-30, 5e30], [0.7, -3e-30, 7e30]]);
        for spec in [STANDARDIZE, ScalingSpec::MinMax, ScalingSpec::None] {
            let scaling = Scaling::fit(&spec, &data).unwrap();
            let text = scaling.to_json().to_string();
            let back = Scaling::from_json(&serde_json::from_str(&text).unwrap(), 3).unwrap();
            assert_eq!(back, scaling);
        }
    }

    #[test]
    fn json_that_is_no_scaling_is_refused() {
        let said = |value: Value| {
            let error = Scaling::from_json(&value, 3).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Format);
            error.to_string()
        };
        let incomplete = "offset: the scaling is incomplete: expected a list of numbers";
        assert_eq!(said(json!(null)), incomplete);
        assert_eq!(said(json!({ "factor": [1.0] })), incomplete);
        assert_eq!(said(json!({ "offset": 0.0, "factor": [1.0] })), incomplete);
        for (offset, found) in [(json!([]), 0), (json!([0, 0]), 2), (json!([0, 0, 0, 0]), 4)] {
            assert_eq!(
                said(json!({ "offset": offset, "factor": [1.0] })),
                format!(
                    "offset: the scaling is of another width: expected 1 number or 3, one for \
                     each value of a row, found {found}"
                )
            );
        }
        assert_eq!(
            said(json!({ "offset": [0.0], "factor": [1, 2, 3] })),
            "factor: the scaling does not fit together: expected as many factors as offsets, 1, \
             found 3"
        );
        for entry in [json!(1e39), json!("1"), json!(null)] {
            assert_eq!(
                said(json!({ "offset": [0, entry, 0], "factor": [1.0] })),
                format!(
                    "offset[1]: the scaling is not usable: expected a finite 32-bit number, \
                     found {entry}"
                )
            );
        }
        for entry in [json!(0), json!(1e-60), json!(1e39)] {
            let text = said(json!({ "offset": [0.0], "factor": [entry] }));
            assert!(
                text.starts_with("factor[0]: the scaling is not usable"),
                "{text}"
            );
        }
    }
}
