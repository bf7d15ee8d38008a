//! The description of the training data that a model stores, and the threshold above which a row is unusual.

use super::columns::{self, ModelColumn};
use crate::data::{
    Checksums, ColumnKind, Dataset, OtherRows, ReadOptions, RowSketch, Split, SplitPlan, TestRows,
};
use crate::error::{Error, ErrorKind, Result};
use crate::memory::require;
use crate::text::counted;
use serde::Deserialize;
use serde_json::{Value, json};

/// The bytes that a model stores for a column; the same number is needed for a moment to compute them.
const OF_COLUMN: usize = 400;

/// The data that a model was trained on, and how it was trained.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// The name of the data, without folders.
    pub data: Option<String>,
    /// The names of the columns, for tables; later rows are matched by them.
    pub columns: Option<Vec<String>>,
    /// The value that fills a missing cell of each column, if training filled missing cells.
    pub fill: Option<Vec<f64>>,
    /// All columns of the table, including columns that the model does not learn from, or all values of a row. Empty
    /// for images, and for models of format versions 1 and 2.
    pub table: Vec<ModelColumn>,
    /// The options for reading the data. `None` for rows of a program, and for models of format versions 1 and 2.
    pub reading: Option<ReadOptions>,
    /// The smallest and the largest value of the training rows, in the data's own units.
    pub range: Option<(f64, f64)>,
    /// The split of the rows.
    pub split: Option<SplitRecord>,
    /// The name of the source of the validation rows, without folders, if they had a source of their own.
    pub validation: Option<String>,
    /// The name of the source of the test rows, if it was not the source of the training rows.
    pub test: Option<String>,
    /// Checksums of some training rows, by which they are recognized. `None` for models of format versions 1 and 2.
    pub rows: Option<RowSketch>,
    /// Checksums over all rows of the run, which distinguish them from other rows. `None` for models that were not
    /// trained in a run of this version.
    pub checksums: Option<Checksums>,
    /// The instruction sets of the training, by [name](crate::isa::name), in order; several if a run was resumed with
    /// another one. Empty for models that were not trained in a run of this version.
    pub isa: Vec<String>,
}

/// The split of rows into training, validation and test rows.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitRecord {
    /// The seed of the split.
    pub seed: u64,
    /// The plan of the split, with the share for validation that was used.
    pub plan: SplitPlan,
    /// Whether the test rows were held out of the rows of the source. If not, they are the source's own test rows.
    pub held_out: bool,
    /// The numbers of training, validation and test rows.
    pub rows: [usize; 3],
}

impl SplitRecord {
    /// The record of a split that was drawn with `seed`.
    pub fn of(split: &Split<'_>, seed: u64) -> SplitRecord {
        SplitRecord {
            seed,
            plan: split.plan.clone(),
            held_out: split.is_held_out,
            rows: split.counts(),
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        let [train, validation, test] = self.rows;
        let mut json = json!({
            "seed": self.seed, "validation": self.plan.validation.unwrap_or(0.0), "held_out": self.held_out,
            "train_rows": train, "validation_rows": validation, "test_rows": test,
        });
        if self.plan.test != TestRows::Usual {
            json["test"] = json!(self.plan.test);
        }
        if let Some(group) = &self.plan.group {
            json["group"] = json!(group);
        }
        json
    }

    fn from_json(value: &Value) -> Option<SplitRecord> {
        let rows = |key: &str| usize::try_from(value.get(key)?.as_u64()?).ok();
        let test = match value.get("test") {
            None => TestRows::Usual,
            Some(test) => TestRows::deserialize(test).ok()?,
        };
        Some(SplitRecord {
            seed: value.get("seed")?.as_u64()?,
            plan: SplitPlan {
                test,
                validation: Some(value.get("validation")?.as_f64()?),
                group: text(value, "group"),
            },
            held_out: value.get("held_out")?.as_bool()?,
            rows: [
                rows("train_rows")?,
                rows("validation_rows")?,
                rows("test_rows")?,
            ],
        })
    }
}

impl Origin {
    /// The description of training rows.
    ///
    /// # Errors
    ///
    /// If rows that stay in a file cannot be read, or if the columns need more memory than there is.
    pub fn of(data: &Dataset) -> Result<Origin> {
        if data.shape().len() == 1 {
            require(
                "what a model keeps of its columns",
                data.inputs() * OF_COLUMN,
            )?;
        }
        Ok(Origin {
            // A model that is passed on should not reveal the folders of its data.
            data: Some(data.short_name()),
            columns: data.columns().map(<[String]>::to_vec),
            fill: data.fill().map(<[f64]>::to_vec),
            table: columns::of(data),
            // Inputs have the names of their columns.
            reading: data.reading().map(|reading| ReadOptions {
                columns: Vec::new(),
                ..reading.clone()
            }),
            range: Some(data.range()),
            split: None,
            validation: None,
            test: None,
            rows: Some(RowSketch::of(data)?),
            checksums: None,
            isa: Vec::new(),
        })
    }

    /// The same origin with the split of the rows, and with the names of other sources of validation and test rows.
    #[must_use]
    pub fn with_split(self, split: SplitRecord, other: OtherRows<'_>) -> Origin {
        Origin {
            split: Some(split),
            validation: other.validation.map(Dataset::short_name),
            test: other.test.map(Dataset::short_name),
            ..self
        }
    }

    /// The inputs that hold yes and no.
    pub(crate) fn truths(&self) -> Vec<String> {
        let is_truth =
            |column: &&ModelColumn| column.input.is_some() && column.kind == ColumnKind::Boolean;
        let truths = self.table.iter().filter(is_truth);
        truths.map(|column| column.name.clone()).collect()
    }

    /// As stored in the model file under `data`; the part under `columns` is separate.
    pub(super) fn to_json(&self) -> Value {
        let mut json = json!({
            "name": self.data, "range": self.range.map(|(low, high)| [low, high]),
            "split": self.split.as_ref().map(SplitRecord::to_json),
            "validation": self.validation, "reading": self.reading, "checksum": self.checksums,
        });
        if let Some(test) = &self.test {
            json["test"] = json!(test);
        }
        if !self.isa.is_empty() {
            json["isa"] = json!(self.isa);
        }
        if let Some(rows) = &self.rows {
            let checksums = rows.checksums().iter();
            json["sketch"] = checksums.map(|sum| format!("{sum:016x}")).collect();
        }
        if self.table.is_empty() {
            json["columns"] = json!(self.columns);
            json["fill"] = json!(self.fill);
        } else {
            // The fill values are stored with the columns.
            json["fills"] = self.fill.is_some().into()
        }
        json
    }

    /// The columns as stored in the model file, if there are any.
    pub(super) fn columns_to_json(&self) -> Option<Value> {
        let are_named = self.columns.is_some();
        (!self.table.is_empty()).then(|| columns::to_json(&self.table, are_named))
    }

    /// From a model file, for rows of `inputs` values: from `data`, and from `columns` if it is there.
    pub(super) fn from_json(
        value: &Value,
        columns: Option<&Value>,
        inputs: usize,
    ) -> Result<Origin> {
        let damaged = |expected: &str| {
            Error::new(
                ErrorKind::Format,
                "the model's description of its data is damaged",
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

    /// The part that all versions have, under `key` of the file. Members that are missing there stay unknown.
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
        let names = |key: &str| {
            let names = value.get(key).and_then(Value::as_array);
            let names = names.into_iter().flatten().filter_map(Value::as_str);
            names.map(String::from).collect()
        };
        let range = value.get("range").and_then(Value::as_array);
        let range = range.and_then(|range| match &range[..] {
            [low, high] => Some((low.as_f64()?, high.as_f64()?)),
            _ => None,
        });
        let checksums = value.get("sketch").and_then(Value::as_array);
        let rows = checksums.map(|checksums| {
            let number = |sum: &Value| u64::from_str_radix(sum.as_str()?, 16).ok();
            let numbers: Option<Vec<u64>> = checksums.iter().map(number).collect();
            numbers
                .map(RowSketch::from_checksums)
                .ok_or_else(|| damaged("sketch", "a list of hexadecimal numbers".into()))
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
            test: text(value, "test"),
            rows: rows.transpose()?,
            checksums: None,
            isa: names("isa"),
        })
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(String::from)
}

/// The score above which a row is unusual.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The score, in the units of [`Model::score`](crate::Model::score).
    pub value: f32,
    /// The rule by which it was chosen.
    pub rule: Rule,
    /// The number of normal rows that it was chosen from.
    pub rows: usize,
    /// The source of these rows.
    pub from: ThresholdRows,
}

/// The source of the rows that a threshold was chosen from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ThresholdRows {
    /// Unknown rows, in models of earlier versions.
    #[default]
    Unknown,
    /// The validation rows of the run.
    Validation,
    /// The rows of a source of this name.
    Source(String),
}

/// The rule that computes a threshold from the scores of normal rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// The quantile of this level, interpolated linearly between two scores.
    Quantile(f64),
    /// The smallest score that a further normal row exceeds with at most this probability.
    FalsePositiveRate(f64),
}

impl Rule {
    /// The name of the rule, as in the command's option, and its level.
    pub fn parts(self) -> (&'static str, f64) {
        match self {
            Rule::Quantile(level) => ("quantile", level),
            Rule::FalsePositiveRate(level) => ("false-positive-rate", level),
        }
    }
}

impl Threshold {
    /// The rows that it was chosen from: `900 validation rows`, `60 rows of normal.csv`.
    pub fn rows_in_words(&self) -> String {
        match &self.from {
            ThresholdRows::Unknown => counted(self.rows, "row", "rows"),
            ThresholdRows::Validation => counted(self.rows, "validation row", "validation rows"),
            ThresholdRows::Source(name) => {
                format!("{} of {name}", counted(self.rows, "row", "rows"))
            }
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        let (rule, level) = self.rule.parts();
        let rule = rule.replace('-', "_");
        let mut json =
            json!({ "value": self.value, "rule": rule, "level": level, "rows": self.rows });
        match &self.from {
            ThresholdRows::Unknown => {}
            ThresholdRows::Validation => json["from"] = json!("validation"),
            ThresholdRows::Source(name) => {
                json["from"] = json!("source");
                json["source"] = json!(name);
            }
        }
        json
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
                from: match value.get("from").and_then(Value::as_str) {
                    Some("validation") => ThresholdRows::Validation,
                    Some("source") => ThresholdRows::Source(text(value, "source")?),
                    _ => ThresholdRows::Unknown,
                },
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
