//! The columns of the training table, as a model stores them in its file.

use crate::data::{ColumnKind, Dataset, QUANTILES, Role};
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// A column of the table that a model was trained on, or a value of its rows if they came from an array.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelColumn {
    /// Its name; `x0`, `x1` and so on if the data have no names.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// The type of its cells.
    pub kind: ColumnKind,
    /// Its unit, from its cells or from a line of units below the header.
    pub unit: Option<String>,
    /// The share of its cells that are missing in the file; 0 for a column that is left out.
    pub missing: f64,
    /// The statistics of its numbers, if the model learns from it.
    pub input: Option<InputColumn>,
    /// Each label with its number of training rows, in the order of the labels, if there are at most 1000 labels. For a
    /// column of yes and no without gaps, the labels are `0` and `1`.
    pub levels: Option<Vec<(String, u64)>>,
}

/// The numbers of a column in the training rows, in the data's own units.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InputColumn {
    /// Its place in a row.
    pub place: usize,
    /// The value that fills a missing cell: the value that training used, or the mean.
    pub fill: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation (of the population).
    pub std: f64,
    /// The quantiles at the levels of [`QUANTILES`]. The first and the last are from all rows, the others from up to
    /// 100,000 rows. Empty for tables with more than 10,000 columns.
    pub quantiles: Vec<f64>,
    /// Whether float32 would merge distinct values of the column. For whole numbers, two merged values are enough. For
    /// other numbers, more than one in a hundred of the distinct values must merge, not counting values that merge even
    /// at mean 0 and std 1.
    pub needs_double: bool,
}

/// A column as the file has it.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default = "input", skip_serializing_if = "is_input")]
    role: Role,
    #[serde(rename = "type")]
    kind: ColumnKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(default, skip_serializing_if = "is_0")]
    missing: f64,
    /// Stored only if the order of the inputs differs from the order in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<usize>,
    /// Stored only if it is not the mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    fill: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    std: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    quantiles: Vec<f64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    double: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    levels: Option<Vec<(String, u64)>>,
}

fn input() -> Role {
    Role::Input
}

fn is_input(role: &Role) -> bool {
    *role == Role::Input
}

fn is_0(number: &f64) -> bool {
    *number == 0.0
}

/// Describes the columns of training rows; empty for images, whose values are not columns.
pub(super) fn of(data: &Dataset) -> Vec<ModelColumn> {
    if data.shape().len() > 1 {
        return Vec::new();
    }
    let mut inputs = inputs_of(data);
    let places: HashMap<&str, usize> = data
        .columns()
        .map(|names| names.iter().enumerate())
        .into_iter()
        .flatten()
        .map(|(place, name)| (name.as_str(), place))
        .collect();
    let mut columns = Vec::new();
    for column in data.schema() {
        let place = match column.role {
            Role::Input => places.get(column.name.as_str()),
            _ => None,
        };
        let known = place.and_then(|&place| inputs.get_mut(place)?.take());
        // An input that has been renamed since is among the inputs without a column of the file.
        let role = match (column.role, &known) {
            (Role::Input, None) => Role::Ignored,
            (role, _) => role,
        };
        let missing = match column.rows {
            0 => 0.0,
            rows => column.missing as f64 / rows as f64,
        };
        columns.push(ModelColumn {
            name: column.name.clone(),
            role,
            kind: column.kind,
            unit: column.unit.clone(),
            missing,
            levels: match column.role {
                Role::Label => data.levels(),
                _ => known.as_ref().and_then(|known| known.levels.clone()),
            },
            input: known.and_then(|known| known.input),
        });
    }
    // Inputs without a name in a schema, for example the values of an array.
    columns.extend(inputs.into_iter().flatten());
    let has_label = columns.iter().any(|column| column.role == Role::Label);
    if data.labels().is_some() && !has_label {
        columns.push(ModelColumn {
            name: data.label_column().to_string(),
            role: Role::Label,
            kind: if data.label_names().is_empty() {
                ColumnKind::Integer
            } else {
                ColumnKind::Text
            },
            unit: None,
            missing: 0.0,
            input: None,
            levels: data.levels(),
        });
    }
    columns
}

/// The inputs as columns of their own, in the order of a row.
fn inputs_of(data: &Dataset) -> Vec<Option<ModelColumn>> {
    let kinds = data.kinds();
    let known = data.summaries().into_iter().zip(kinds).enumerate();
    let column = |(place, (known, kind))| {
        let known: crate::data::Summary = known;
        let name = data.columns().and_then(|names| names.get(place));
        let filled = data.fill().and_then(|fill| fill.get(place));
        let levels = known.zeros_and_ones.map(|[zeros, ones]| {
            let levels = [("0", zeros), ("1", ones)];
            levels.map(|(name, count)| (name.to_string(), count)).into()
        });
        Some(ModelColumn {
            name: name.cloned().unwrap_or_else(|| format!("x{place}")),
            role: Role::Input,
            kind,
            unit: None,
            missing: 0.0,
            input: Some(InputColumn {
                place,
                fill: filled.copied().unwrap_or(known.mean),
                mean: known.mean,
                std: known.std,
                quantiles: known.quantiles,
                needs_double: known.needs_double,
            }),
            levels,
        })
    };
    known.map(column).collect()
}

/// As stored in the model file; `are_named` says whether the data have names for the inputs.
pub(super) fn to_json(columns: &[ModelColumn], are_named: bool) -> Value {
    let mut next = 0;
    let stored = columns.iter().map(|column| {
        let known = column.input.as_ref();
        let place = known.and_then(|known| {
            next += 1;
            (known.place + 1 != next).then_some(known.place)
        });
        Stored {
            name: (are_named || known.is_none()).then(|| column.name.clone()),
            role: column.role,
            kind: column.kind,
            unit: column.unit.clone(),
            missing: column.missing,
            place,
            fill: known.and_then(|known| (known.fill != known.mean).then_some(known.fill)),
            mean: known.map(|known| known.mean),
            std: known.map(|known| known.std),
            quantiles: known.map_or(Vec::new(), |known| known.quantiles.clone()),
            double: known.is_some_and(|known| known.needs_double),
            levels: column.levels.clone(),
        }
    });
    // Numbers, texts and lists of them can always be converted to JSON.
    serde_json::to_value(stored.collect::<Vec<_>>()).unwrap_or_default()
}

/// Reads them from a model file, for rows of `inputs` values; also returns whether the inputs have names.
pub(super) fn from_json(value: &Value, inputs: usize) -> Result<(Vec<ModelColumn>, bool)> {
    let damaged = |place: String, expected: String| {
        Error::new(
            ErrorKind::Format,
            "the model's description of its columns is damaged",
        )
        .at(place)
        .expected(expected)
    };
    let list = value
        .as_array()
        .ok_or_else(|| damaged("columns".into(), "a list".into()))?;
    let mut columns = Vec::new();
    let (mut is_there, mut next, mut are_named) = (vec![false; inputs], 0, true);
    for (index, entry) in list.iter().enumerate() {
        let place = format!("columns[{index}]");
        let stored = Stored::deserialize(entry).map_err(|error| {
            damaged(place.clone(), "a column with its type".into()).caused_by(error)
        })?;
        let input = match stored.role {
            Role::Input => {
                let input = stored.place.unwrap_or(next);
                next += 1;
                let is_free = is_there.get(input).is_some_and(|is_there| !is_there);
                let known = stored.input(input).filter(|_| is_free);
                let known = known.ok_or_else(|| {
                    let expected =
                        "a place of its own in a row, and a finite mean, std, fill and quantiles";
                    damaged(place.clone(), expected.into())
                })?;
                is_there[input] = true;
                are_named &= stored.name.is_some();
                Some(known)
            }
            _ => None,
        };
        if !(0.0..=1.0).contains(&stored.missing) {
            return Err(damaged(
                place,
                "a share of missing cells from 0 to 1".into(),
            ));
        }
        let unnamed = input.as_ref().map_or(index, |input| input.place);
        columns.push(ModelColumn {
            name: stored.name.unwrap_or_else(|| format!("x{unnamed}")),
            role: stored.role,
            kind: stored.kind,
            unit: stored.unit,
            missing: stored.missing,
            input,
            levels: stored.levels,
        });
    }
    if next != inputs {
        return Err(damaged(
            "columns".into(),
            format!("{inputs} inputs, one for each value of a row"),
        )
        .found(next));
    }
    let mut names = HashSet::new();
    let inputs = columns.iter().filter(|column| column.input.is_some());
    let twice = inputs
        .map(|column| &column.name)
        .find(|&name| !names.insert(name));
    if let Some(twice) = twice.filter(|_| are_named) {
        return Err(damaged(
            "columns".into(),
            "inputs with a name of their own each".into(),
        )
        .found(format!("`{twice}` twice")));
    }
    Ok((columns, are_named))
}

impl Stored {
    /// The statistics of an input at a place, if they are complete.
    fn input(&self, place: usize) -> Option<InputColumn> {
        let mean = self.mean?;
        let known = InputColumn {
            place,
            fill: self.fill.unwrap_or(mean),
            mean,
            std: self.std?,
            quantiles: self.quantiles.clone(),
            needs_double: self.double,
        };
        let counts = [0, QUANTILES.len()];
        let is_whole = counts.contains(&known.quantiles.len())
            && known.quantiles.is_sorted()
            && known.std >= 0.0;
        is_whole.then_some(known)
    }
}

#[cfg(test)]
mod tests;
