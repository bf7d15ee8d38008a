//! What a model knows of its training data, and the threshold above which a row is unusual.

use super::columns::{self, ModelColumn};
use crate::data::{Checksums, Dataset, ReadOptions, Split};
use crate::error::{Error, ErrorKind, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;

/// The data that a model was trained on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// What they were called, without the folders.
    pub data: Option<String>,
    /// The names of the columns, for tables; rows are matched by them.
    pub columns: Option<Vec<String>>,
    /// The value that fills a missing cell of each column, if training filled missing cells.
    pub fill: Option<Vec<f64>>,
    /// All columns of the table, also those that the model does not learn from, or all values of a row; none for
    /// images, and for models of format versions 1 and 2.
    pub table: Vec<ModelColumn>,
    /// How the data were read; none for rows of a program, and for models of format versions 1 and 2.
    pub reading: Option<ReadOptions>,
    /// The smallest and the largest value of the training rows, in the data's own units.
    pub range: Option<(f64, f64)>,
    /// How the rows were divided.
    pub split: Option<SplitRecord>,
    /// What the source of the rows to watch was called, without the folders, where they had one of their own.
    pub validation: Option<String>,
    /// What tells the rows of the run from others; none for models that no run of this version trained.
    pub checksums: Option<Checksums>,
}

/// How rows were divided into training, validation and test rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplitRecord {
    /// The seed of the division.
    pub seed: u64,
    /// The share of the training rows that was set apart for validation.
    pub validation: f64,
    /// Whether the test rows were held out of the training rows, rather than the source's own.
    pub held_out: bool,
    /// The numbers of training, validation and test rows.
    pub rows: [usize; 3],
}

impl SplitRecord {
    /// The record of a split.
    pub fn of(split: &Split<'_>, seed: u64, validation: f64) -> SplitRecord {
        SplitRecord {
            seed,
            validation,
            held_out: split.is_held_out,
            rows: [
                split.train.rows(),
                split.validation.as_ref().map_or(0, |data| data.rows()),
                split.test.rows(),
            ],
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        let [train, validation, test] = self.rows;
        json!({
            "seed": self.seed, "validation": self.validation, "held_out": self.held_out,
            "train_rows": train, "validation_rows": validation, "test_rows": test,
        })
    }

    fn from_json(value: &Value) -> Option<SplitRecord> {
        let rows = |key: &str| usize::try_from(value.get(key)?.as_u64()?).ok();
        Some(SplitRecord {
            seed: value.get("seed")?.as_u64()?,
            validation: value.get("validation")?.as_f64()?,
            held_out: value.get("held_out")?.as_bool()?,
            rows: [
                rows("train_rows")?,
                rows("validation_rows")?,
                rows("test_rows")?,
            ],
        })
    }
}

/// What data are called, without the folders.
fn short_name(data: &Dataset) -> Option<String> {
    let name = Path::new(data.name()).file_name()?;
    Some(name.to_string_lossy().into_owned())
}

impl Origin {
    /// What there is to know of training rows.
    pub fn of(data: &Dataset) -> Origin {
        Origin {
            // A model that is passed on need not say where its data lay.
            data: short_name(data),
            columns: data.columns().map(<[String]>::to_vec),
            fill: data.fill().map(<[f64]>::to_vec),
            table: columns::of(data),
            // The names are those of the columns.
            reading: data.reading().map(|reading| ReadOptions {
                columns: Vec::new(),
                ..reading.clone()
            }),
            range: Some(data.range()),
            split: None,
            validation: None,
            checksums: None,
        }
    }

    /// The same with how the rows were divided; `validation` is the source of the rows to watch, where they had
    /// one of their own.
    #[must_use]
    pub fn with_split(self, mut split: SplitRecord, validation: Option<&Dataset>) -> Origin {
        if let Some(validation) = validation {
            split.rows[1] = validation.rows();
        }
        Origin {
            split: Some(split),
            validation: validation.and_then(short_name),
            ..self
        }
    }

    /// As the model file keeps it under `data`; what it keeps under `columns` is apart.
    pub(super) fn to_json(&self) -> Value {
        let mut json = json!({
            "name": self.data, "range": self.range.map(|(low, high)| [low, high]),
            "split": self.split.map(|split| split.to_json()),
            "validation": self.validation, "reading": self.reading, "checksum": self.checksums,
        });
        match self.table.is_empty() {
            // What stands for a missing value is with the columns.
            false => json["fills"] = self.fill.is_some().into(),
            true => {
                json["columns"] = json!(self.columns);
                json["fill"] = json!(self.fill);
            }
        }
        json
    }

    /// The columns as the model file keeps them, if there are any.
    pub(super) fn columns_to_json(&self) -> Option<Value> {
        let are_named = self.columns.is_some();
        (!self.table.is_empty()).then(|| columns::to_json(&self.table, are_named))
    }

    /// From a model file, for rows of `inputs` values: what is under `data`, and under `columns` if that is there.
    pub(super) fn from_json(
        value: &Value,
        columns: Option<&Value>,
        inputs: usize,
    ) -> Result<Origin> {
        let damaged = |expected: &str| {
            Error::new(
                ErrorKind::Format,
                "what the model says of its data is damaged",
            )
            .at("data.reading")
            .expected(expected)
        };
        let mut origin = Origin::from_parts(value, "data", inputs)?;
        origin.data = text(value, "name");
        origin.reading = match value.get("reading") {
            None | Some(Value::Null) => None,
            Some(reading) => Some(
                ReadOptions::deserialize(reading)
                    .map_err(|error| damaged("how the data were read").caused_by(error))?,
            ),
        };
        origin.checksums = match value.get("checksum") {
            None | Some(Value::Null) => None,
            Some(checksums) => Some(Checksums::deserialize(checksums).map_err(|error| {
                damaged("the checksums of the rows")
                    .at("data.checksum")
                    .caused_by(error)
            })?),
        };
        let reading = origin.reading.as_ref();
        let separator = reading.and_then(|reading| reading.text.separator);
        let is_usable = |sign: char| sign.is_ascii() && !matches!(sign, '\0' | '\n' | '\r' | '"');
        if let Some(separator) = separator.filter(|&sign| !is_usable(sign)) {
            return Err(damaged("a separator of cells").found(format!("{separator:?}")));
        }
        if let Some(columns) = columns {
            let (table, are_named) = columns::from_json(columns, inputs)?;
            let mut known: Vec<&ModelColumn> = table.iter().filter(|c| c.input.is_some()).collect();
            known.sort_by_key(|column| column.input.as_ref().map(|input| input.place));
            let names = known.iter().map(|column| column.name.clone()).collect();
            let fill = known
                .iter()
                .filter_map(|column| Some(column.input.as_ref()?.fill));
            let fills = value.get("fills").and_then(Value::as_bool);
            origin.fill = (fills == Some(true)).then(|| fill.collect());
            origin.columns = are_named.then_some(names);
            origin.table = table;
        }
        Ok(origin)
    }

    /// From a model file of format version 1 or 2, for rows of `inputs` values.
    pub(super) fn from_older_json(value: &Value, inputs: usize) -> Result<Origin> {
        Origin::from_parts(value, "origin", inputs)
    }

    /// What all versions have, under `key` of the file; what is not there is not known.
    fn from_parts(value: &Value, of: &str, inputs: usize) -> Result<Origin> {
        let damaged = |key: &str, expected: String| {
            Error::new(
                ErrorKind::Format,
                "what the model says of its data is damaged",
            )
            .at(format!("{of}.{key}"))
            .expected(expected)
            .found(value.get(key).unwrap_or(&Value::Null))
        };
        let list = |key: &str| match value.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(list) => {
                let list = list.as_array().filter(|list| list.len() == inputs);
                list.map(Some)
                    .ok_or_else(|| damaged(key, format!("a list of {inputs}, one for each column")))
            }
        };
        let columns = list("columns")?.map(|columns| {
            let names = columns.iter().map(|name| name.as_str().map(String::from));
            names
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| damaged("columns", "a list of names".into()))
        });
        let fill = list("fill")?.map(|numbers| {
            let numbers = numbers.iter().map(Value::as_f64);
            numbers
                .collect::<Option<Vec<_>>>()
                .filter(|numbers| numbers.iter().all(|number| number.is_finite()))
                .ok_or_else(|| damaged("fill", "a list of finite numbers".into()))
        });
        let range = value.get("range").and_then(Value::as_array);
        let range = range.and_then(|range| match &range[..] {
            [low, high] => Some((low.as_f64()?, high.as_f64()?)),
            _ => None,
        });
        Ok(Origin {
            data: text(value, "data"),
            columns: columns.transpose()?,
            fill: fill.transpose()?,
            table: Vec::new(),
            reading: None,
            range,
            split: value.get("split").and_then(SplitRecord::from_json),
            validation: text(value, "validation"),
            checksums: None,
        })
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(String::from)
}

/// The score above which a row is unusual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The score, in the units of [`Model::score`](crate::Model::score).
    pub value: f32,
    /// How it was chosen.
    pub rule: Rule,
    /// The number of normal rows that it was chosen from.
    pub rows: usize,
}

/// How a threshold follows from the scores of normal rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Their quantile of this level, interpolated linearly between two scores.
    Quantile(f64),
    /// The smallest score such that a further normal row lies above it with at most this probability.
    FalsePositiveRate(f64),
}

impl Rule {
    /// Its name, as the command's option has it, and its level.
    pub fn parts(self) -> (&'static str, f64) {
        match self {
            Rule::Quantile(level) => ("quantile", level),
            Rule::FalsePositiveRate(level) => ("false-positive-rate", level),
        }
    }
}

impl Threshold {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        let (rule, level) = self.rule.parts();
        let rule = rule.replace('-', "_");
        json!({ "value": self.value, "rule": rule, "level": level, "rows": self.rows })
    }

    pub(super) fn from_json(value: &Value) -> Result<Option<Threshold>> {
        if value.is_null() {
            return Ok(None);
        }
        let read = || {
            let level = value.get("level")?.as_f64()?;
            let threshold = Threshold {
                value: value.get("value")?.as_f64()? as f32,
                rule: match value.get("rule")?.as_str()? {
                    "quantile" => Rule::Quantile(level),
                    "false_positive_rate" => Rule::FalsePositiveRate(level),
                    _ => return None,
                },
                rows: usize::try_from(value.get("rows")?.as_u64()?).ok()?,
            };
            threshold.value.is_finite().then_some(threshold)
        };
        read().map(Some).ok_or_else(|| {
            Error::new(ErrorKind::Format, "the model's threshold is damaged")
                .expected("value, rule, level and rows")
                .found(value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_that_no_text_has_is_damage() {
        let read = |separator: &str| {
            let json = json!({ "reading": { "text": { "separator": separator } } });
            Origin::from_json(&json, None, 1).is_ok()
        };
        assert!(read(";") && read("\t") && read("\u{1}"));
        assert!(!read("é") && !read("\n") && !read("\""));
    }
}
