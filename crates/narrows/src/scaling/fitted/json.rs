//! A scaling in a model file.

use super::{Precision, Scaling};
use crate::scaling::Curve;
use crate::scaling::curve::KNOTS;
use crate::{Error, ErrorKind, Result};
use serde_json::{Value, json};

impl Scaling {
    /// The scaling in the form of the model file: `{"offset": […], "factor": […], "precision": "double"}`. Each list
    /// has one number, or one for each place in a row. The scaling `quantile` has in addition `"quantiles": [[…], …]`: for
    /// each place, the quantiles of `(value - offset) * factor` at even levels from 0 to 1.
    pub fn to_json(&self) -> Value {
        let precision = match self.precision {
            Precision::Single => "single",
            Precision::Double => "double",
        };
        let mut scaling =
            json!({ "offset": self.offset, "factor": self.factor, "precision": precision });
        if !self.curves.is_empty() {
            let curves = self.curves.iter().map(Curve::quantiles);
            scaling["quantiles"] = curves.collect::<Vec<_>>().into();
        }
        scaling
    }

    /// The scaling from a model file, for rows of `inputs` values. Files of format versions 1 and 2 have no precision;
    /// it is single there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] if a member is missing, has another type or length, or is not usable as an offset or a
    /// factor. The place is `offset`, `factor`, an entry of one of them, or `precision`.
    pub fn from_json(value: &Value, inputs: usize) -> Result<Self> {
        let single = match value.get("precision").map(Value::as_str) {
            None | Some(Some("single")) => true,
            Some(Some("double")) => false,
            Some(_) => {
                return Err(Error::new(ErrorKind::Format, "the scaling is not usable")
                    .at("precision")
                    .expected("\"single\" or \"double\""));
            }
        };
        let is_finite = |x: f64| x.is_finite() && (!single || (x as f32).is_finite());
        let is_usable = |x: f64| is_finite(x) && x != 0.0 && (!single || x as f32 != 0.0);
        let offset = numbers(value, "offset", inputs, "a finite number", is_finite)?;
        let usable = "a finite number that is not 0";
        let factor = numbers(value, "factor", inputs, usable, is_usable)?;
        if offset.len() != factor.len() {
            return Err(
                Error::new(ErrorKind::Format, "the scaling does not fit together")
                    .at("factor")
                    .expected(format!("as many factors as offsets, {}", offset.len()))
                    .found(factor.len()),
            );
        }
        let scaling = Scaling {
            curves: curves(value, offset.len())?,
            offset,
            factor,
            precision: Precision::Double,
        };
        if single && !scaling.curves.is_empty() {
            return Err(
                Error::new(ErrorKind::Format, "the scaling does not fit together")
                    .at("precision")
                    .expected("\"double\", as there are quantiles")
                    .found("\"single\""),
            );
        }
        Ok(if single {
            scaling.in_single_precision()
        } else {
            scaling
        })
    }
}

/// The curves of a scaling, one for each place in a row; none if it has no quantiles.
fn curves(value: &Value, places: usize) -> Result<Vec<Curve>> {
    let Some(quantiles) = value.get("quantiles") else {
        return Ok(Vec::new());
    };
    let wrong = |place: String, expected: String| {
        Error::new(
            ErrorKind::Format,
            "the quantiles of the scaling are damaged",
        )
        .at(place)
        .expected(expected)
    };
    let lists = quantiles.as_array().filter(|lists| lists.len() == places);
    let lists = lists.ok_or_else(|| {
        wrong(
            "quantiles".into(),
            format!("{places} lists, one for each value of a row"),
        )
    })?;
    let curve = |(index, list): (usize, &Value)| {
        let list = list.as_array().filter(|list| list.len() <= KNOTS);
        let numbers: Option<Vec<f64>> =
            list.and_then(|list| list.iter().map(Value::as_f64).collect());
        numbers.and_then(Curve::through).ok_or_else(|| {
            let expected = format!("2 to {KNOTS} finite numbers, the smallest first");
            wrong(format!("quantiles[{index}]"), expected)
        })
    };
    lists.iter().enumerate().map(curve).collect()
}

/// The list of numbers under a key of the JSON of a scaling.
fn numbers(
    value: &Value,
    key: &str,
    inputs: usize,
    usable: &str,
    is_usable: impl Fn(f64) -> bool,
) -> Result<Vec<f64>> {
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
        let number = entry.as_f64().filter(|&number| is_usable(number));
        number.ok_or_else(|| {
            Error::new(ErrorKind::Format, "the scaling is not usable")
                .at(format!("{key}[{index}]"))
                .expected(usable)
                .found(entry)
        })
    };
    list.iter().enumerate().map(number).collect()
}
