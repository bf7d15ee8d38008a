//! Means in place of missing values, computed only from the rows that a model learns from.

use super::dataset::{Dataset, Extremes};
use super::records::Records;
use super::values::Values;
use crate::advice::{Setting, set, setting};
use crate::text::counted;
use crate::{Error, ErrorKind, Result};

impl Dataset {
    /// Whether missing values are filled with the means of the rows themselves, not with given values. Then a part of
    /// the rows, such as the training rows, has means of its own.
    pub fn fills_with_means(&self) -> bool {
        self.fills_with_means
    }

    /// The same rows, with their own means in place of missing values, if means are requested.
    pub(super) fn with_own_means(self) -> Result<Self> {
        let Values::Records(records) = &self.values else {
            return Ok(self);
        };
        if !self.fills_with_means {
            return Ok(self);
        }
        let means = self.means(records)?;
        Ok(self.refilled(means))
    }

    /// The same rows, with the means of the training rows in place of missing values, if means are requested.
    pub(super) fn filled_like(self, train: &Dataset) -> Self {
        match train.fill() {
            Some(fill) if train.fills_with_means && fill.len() == self.inputs() => {
                let fill = fill.to_vec();
                self.refilled(fill)
            }
            _ => self,
        }
    }

    fn refilled(self, fill: Vec<f64>) -> Self {
        let values = match self.values {
            Values::Records(records) if records.fill().is_some() => {
                Values::Records(records.filled(Some(fill.clone())))
            }
            values => values,
        };
        Dataset {
            values,
            fill: Some(fill),
            extremes: Extremes::default(),
            ..self
        }
    }

    /// The mean of the present values of each column.
    fn means(&self, records: &Records) -> Result<Vec<f64>> {
        let as_they_are = records.clone().filled(None);
        let rows = self.rows();
        // Sums relative to a first value are precise even if values are far from 0.
        let mut shifts = vec![f64::NAN; self.inputs()];
        for row in 0..rows {
            as_they_are.each(row, |place, values| {
                for (shift, &value) in shifts[place..].iter_mut().zip(values) {
                    *shift = if shift.is_nan() { value } else { *shift };
                }
            });
            if !shifts.iter().any(|shift| shift.is_nan()) {
                break;
            }
        }
        records.failure()?;
        if let Some(column) = shifts.iter().position(|shift| shift.is_nan()) {
            return Err(Error::new(
                ErrorKind::Data,
                "the column has no numbers in the training rows, so it has no mean",
            )
            .at(self.column_place(column))
            .at(self.name())
            .expected(format!(
                "a number in at least one of the {}",
                counted(rows, "training row", "training rows")
            ))
            .hint(format!(
                "leave the column out with {}, or fill with {}",
                setting(Setting::Drop),
                set(Setting::Missing, "zero")
            )));
        }
        let mut sums = vec![(0.0, 0_usize); self.inputs()];
        for row in 0..rows {
            as_they_are.each_minus(row, &shifts, |place, values| {
                for ((sum, count), &value) in sums[place..].iter_mut().zip(values) {
                    if !value.is_nan() {
                        *sum += value;
                        *count += 1;
                    }
                }
            });
        }
        records.failure()?;
        let mean = |(shift, (sum, count)): (&f64, &(f64, usize))| shift + sum / *count as f64;
        let means: Vec<f64> = shifts.iter().zip(&sums).map(mean).collect();
        match means.iter().position(|mean| !mean.is_finite()) {
            None => Ok(means),
            Some(column) => Err(Error::new(
                ErrorKind::Data,
                "the mean of a column in the training rows is too large for a float64",
            )
            .at(self.column_place(column))
            .at(self.name())
            .hint(format!(
                "write the column in a larger unit, or fill with {}",
                set(Setting::Missing, "zero")
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::element::{Element, NumberKind};
    use crate::data::records::RowType;

    fn data(rows: &[[f64; 2]]) -> Dataset {
        let row = RowType::all(Element::little(NumberKind::F64), 2);
        let bytes = rows
            .iter()
            .flatten()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        let records = Records::in_memory(bytes, row).filled(Some(vec![0.0, 0.0]));
        let mut data = Dataset::new("rows", Values::Records(records), vec![2], None).unwrap();
        data.fills_with_means = true;
        data
    }

    #[test]
    fn each_choice_of_rows_has_its_own_means_and_others_take_them() {
        let gap = f64::NAN;
        let all = data(&[[1.0, gap], [3.0, 4.0], [gap, 8.0], [100.0, gap]]);
        let train = all.choose(vec![0, 1, 2]).unwrap().with_own_means().unwrap();
        assert_eq!(train.fill(), Some(&[2.0, 6.0][..]));
        assert_eq!(train.range(), (1.0, 8.0));
        let test = all.choose(vec![3]).unwrap().filled_like(&train);
        assert_eq!(test.to_array_f64(), ndarray::array![[100.0, 6.0]]);
        assert_eq!(test.fill(), train.fill());
        let error = all.choose(vec![0]).unwrap().with_own_means().unwrap_err();
        assert!(
            error.to_string().contains("column 1 (counted from 0)"),
            "{error}"
        );
    }

    #[test]
    fn values_that_were_given_stay() {
        let mut all = data(&[[1.0, f64::NAN], [3.0, 4.0]]);
        all.fills_with_means = false;
        let array = all.to_array_f64();
        assert_eq!(all.with_own_means().unwrap().to_array_f64(), array);
    }
}
