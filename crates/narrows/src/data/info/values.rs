//! Descriptions of arrays, images and rows in memory.

use super::super::dataset::{Dataset, for_each_row_minus};
use super::super::options::ReadOptions;
use super::command;
use super::told::line;
use crate::advice::{Action, Keys, key};
use serde_json::{Value, json};

/// The description of a dataset.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ValuesInfo {
    /// The name of the data in messages.
    pub name: String,
    /// The number of rows.
    pub rows: usize,
    /// The shape of a row.
    pub shape: Vec<usize>,
    /// The type of the values in their source.
    pub type_name: String,
    /// The format that they were read from, such as `NPY array`; `None` if it is not a file.
    pub how: Option<String>,
    /// Whether the rows stay in their file because they are too large for memory.
    pub in_file: bool,
    /// The smallest and the largest value.
    pub range: (f64, f64),
    /// The mean of all values.
    pub mean: f64,
    /// Their standard deviation (of the population).
    pub std: f64,
    /// The number of values that were missing and have been filled.
    pub missing: usize,
    /// For each label its name and its number of rows, in the order of the labels.
    pub labels: Vec<(String, usize)>,
    /// For a table each column.
    pub columns: Vec<ValuesColumn>,
    /// Whether the values are stored as 8 bits each.
    pub is_8_bit: bool,
    /// The constant columns, for values that are not 8-bit; for images `all values`.
    pub constant: Vec<String>,
    /// Notes on changes during reading.
    pub notes: Vec<String>,
    /// The reasons why training would refuse the data with the given options, in sentences; empty if it would not. The
    /// data are described with the options of the command.
    pub refusals: Vec<String>,
    /// What trains on them, with all settings that this takes; none if it is not known what names them.
    pub training: Option<Action>,
}

/// The description of a column.
#[derive(Clone, Debug)]
pub struct ValuesColumn {
    /// Its name.
    pub name: String,
    /// The smallest and the largest value.
    pub range: (f64, f64),
    /// The mean.
    pub mean: f64,
    /// The standard deviation (of the population).
    pub std: f64,
}

/// Sums relative to the smallest value, so that they are precise even if values are far from 0.
#[derive(Clone, Copy)]
struct ValueSums {
    low: f64,
    high: f64,
    sum: f64,
    squares: f64,
}

impl ValueSums {
    fn add(&mut self, apart: f64) {
        self.sum += apart;
        self.squares += apart * apart;
    }

    fn mean(&self, count: f64) -> f64 {
        self.low + self.sum / count
    }

    fn variance(&self, count: f64) -> f64 {
        (self.squares / count - (self.sum / count).powi(2)).max(0.0)
    }
}

impl ValuesInfo {
    /// Looks at all rows once.
    ///
    /// # Errors
    ///
    /// When rows that stay in a file cannot be read.
    pub fn of(data: &Dataset) -> crate::Result<ValuesInfo> {
        // For images, whose rows may be very wide, single places are not described.
        let is_whole = data.shape().len() > 1;
        let (low, high) = data.extremes();
        let ends = low.iter().zip(high);
        let mut sums: Vec<ValueSums> = ends
            .map(|(&low, &high)| ValueSums {
                low,
                high,
                sum: 0.0,
                squares: 0.0,
            })
            .collect();
        for_each_row_minus(data, low, |place, values| {
            if is_whole {
                values.iter().for_each(|&apart| sums[0].add(apart))
            } else {
                let sums = sums[place..].iter_mut().zip(values);
                sums.for_each(|(sums, &apart)| sums.add(apart));
            }
        });
        data.check_readable()?;
        let values = data.rows() as f64 * data.inputs() as f64;
        let (rows, inputs) = if is_whole {
            (values, 1.0)
        } else {
            (data.rows() as f64, data.inputs() as f64)
        };
        let mean = sums.iter().map(|sums| sums.mean(rows)).sum::<f64>() / inputs;
        let about = |sums: &ValueSums| sums.variance(rows) + (sums.mean(rows) - mean).powi(2);
        let variance = sums.iter().map(about).sum::<f64>() / inputs;
        let column = |(name, sums): (&String, &ValueSums)| ValuesColumn {
            name: name.clone(),
            range: (sums.low, sums.high),
            mean: sums.mean(rows),
            std: sums.variance(rows).sqrt(),
        };
        let columns = data.columns().unwrap_or_default();
        Ok(ValuesInfo {
            name: data.name().to_string(),
            rows: data.rows(),
            shape: data.shape().to_vec(),
            type_name: data.type_name(),
            how: None,
            in_file: data.is_in_file(),
            range: data.range(),
            mean,
            std: variance.sqrt(),
            missing: data.missing(),
            labels: count_labels(data),
            columns: columns.iter().zip(&sums).map(column).collect(),
            is_8_bit: data.is_8_bit(),
            constant: if data.is_8_bit() {
                Vec::new()
            } else {
                data.constant_columns()
            },
            notes: data.notes().to_vec(),
            refusals: Vec::new(),
            training: None,
        })
    }

    /// The same with the command line that trains on a source of these rows.
    pub(super) fn with_command(
        mut self,
        data: &Dataset,
        specs: &[String],
        options: &ReadOptions,
    ) -> Self {
        // Values of only 0 and 1 are not divided by 255.
        let (recipe, keys) = match (data.is_8_bit(), self.range.1 <= 1.0) {
            (true, false) => ("basic", Keys::default()),
            (true, true) => ("basic", key("scaling.kind", "none")),
            (false, _) => ("table", Keys::default()),
        };
        self.training = Some(command::training(recipe, keys, specs, options));
        self
    }

    /// As a JSON object.
    pub fn to_json(&self) -> Value {
        let labels: serde_json::Map<String, Value> = self
            .labels
            .iter()
            .map(|(name, count)| (name.clone(), json!(count)))
            .collect();
        let column = |column: &ValuesColumn| {
            json!({
                "name": column.name, "min": column.range.0, "max": column.range.1,
                "mean": column.mean, "std": column.std,
            })
        };
        json!({
            "name": self.name, "rows": self.rows, "shape": self.shape, "type": self.type_name,
            "read_as": self.how, "in_file": self.in_file, "min": self.range.0, "max": self.range.1, "mean": self.mean,
            "std": self.std, "missing": self.missing, "labels": labels,
            "columns": self.columns.iter().map(column).collect::<Vec<_>>(),
            "constant": self.constant, "notes": self.notes,
            "refusals": self.refusals, "command": line(self.training.as_ref()),
        })
    }
}

fn count_labels(data: &Dataset) -> Vec<(String, usize)> {
    let mut labels = data.labels().unwrap_or_default().to_vec();
    labels.sort_unstable();
    labels
        .chunk_by(|a, b| a == b)
        .filter_map(|same| Some((data.label_text(*same.first()?), same.len())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_summary_is_that_of_the_values() {
        let shift = 1e6;
        let rows = array![[1.0, shift + 10.0], [3.0, shift + 30.0]];
        let names = vec!["a".to_string(), "b".to_string()];
        let data = Dataset::from_array(rows.view()).unwrap();
        let info = ValuesInfo::of(&data.with_columns(names).unwrap()).unwrap();
        assert_eq!((info.rows, info.range), (2, (1.0, shift + 30.0)));
        assert_eq!(
            (info.columns[1].mean, info.columns[1].std),
            (1e6 + 20.0, 10.0)
        );
        assert_eq!(info.mean, (1e6 + 22.0) / 2.0);
    }
}
