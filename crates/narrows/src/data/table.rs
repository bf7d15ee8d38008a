//! Tables: which columns are numbers to learn from, labels or ids, and rows with what is missing.
//! The formats of tables share this.

use super::builder::Rows;
use super::element::whole;
use super::{Dataset, Ids, Missing, ReadOptions};
use crate::settings::suggest;
use crate::{Error, ErrorKind, Result};
use std::collections::HashMap;

/// Which columns of a file are what, by their position.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) inputs: Vec<usize>,
    pub(super) label: Option<usize>,
    pub(super) ids: Vec<usize>,
    pub(super) names: Vec<String>,
}

impl Layout {
    /// Chooses among the columns of a file as the options say.
    pub(super) fn choose(names: Vec<String>, options: &ReadOptions) -> Result<Self> {
        let find = |setting: &str, name: &String| -> Result<usize> {
            let mut places = (0..names.len()).filter(|&place| names[place] == *name);
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            match (places.next(), places.next()) {
                (Some(place), None) => Ok(place),
                (Some(_), Some(_)) => Err(Error::new(
                    ErrorKind::Data,
                    format!("several columns are called `{name}`"),
                )
                .hint("give each column a name of its own")),
                (None, _) => {
                    let what = format!("there is no column `{name}`, which `{setting}` asks for");
                    Err(suggest(Error::new(ErrorKind::Data, what), name, &known))
                }
            }
        };
        let label = options.label.as_ref().map(|name| find("label", name));
        let label = label.transpose()?;
        let all = |setting, names: &[String]| -> Result<Vec<usize>> {
            names.iter().map(|name| find(setting, name)).collect()
        };
        let ids = all("id", &options.ids)?;
        // Several columns of one name can be left out, though not chosen.
        for name in options.drop.iter().filter(|&name| !names.contains(name)) {
            find("drop", name)?;
        }
        let is_dropped = |place: usize| options.drop.contains(&names[place]);
        if let (true, Some(wanted)) = (options.columns.is_empty(), &options.model_columns) {
            let missing: Vec<&str> = wanted
                .iter()
                .filter(|name| !names.contains(name))
                .map(String::as_str)
                .collect();
            if !missing.is_empty() {
                return Err(
                    Error::new(ErrorKind::Data, "the columns do not fit the model")
                        .expected(format!("the columns {}", shortly(wanted)))
                        .found(format!(
                            "{}, without {}",
                            shortly(&names),
                            shortly(&missing)
                        )),
                );
            }
            return Ok(Layout {
                inputs: all("model", wanted)?,
                label,
                ids,
                names,
            });
        }
        let inputs = if options.columns.is_empty() {
            let apart = |place: &usize| {
                label != Some(*place) && !ids.contains(place) && !is_dropped(*place)
            };
            (0..names.len()).filter(apart).collect()
        } else {
            let columns = all("columns", &options.columns)?;
            let twice = columns.iter().find(|&place| label == Some(*place));
            if let Some(&place) = twice {
                return Err(Error::new(
                    ErrorKind::Data,
                    format!(
                        "the column `{}` cannot be both a label and an input",
                        names[place]
                    ),
                ));
            }
            columns
        };
        if inputs.is_empty() {
            return Err(
                Error::new(ErrorKind::Data, "no columns are left to learn from")
                    .found(format!("{} columns, none of them an input", names.len())),
            );
        }
        Ok(Layout {
            inputs,
            label,
            ids,
            names,
        })
    }

    /// The name of a column of the file.
    pub(super) fn quoted_name(&self, place: usize) -> String {
        format!("`{}`", self.names.get(place).map_or("", String::as_str))
    }

    /// The name of an input.
    pub(super) fn input_name(&self, input: usize) -> &str {
        let place = self.inputs.get(input).copied().unwrap_or(usize::MAX);
        self.names.get(place).map_or("", String::as_str)
    }
}

/// The first few of many names.
fn shortly(names: &[impl AsRef<str>]) -> String {
    const MOST: usize = 12;
    let first: Vec<String> = names
        .iter()
        .take(MOST)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match names.len().saturating_sub(MOST) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// The rows of a table as they are read.
pub(super) struct Table<'a> {
    layout: Layout,
    options: &'a ReadOptions,
    rows: Rows<f32>,
    labels: Words,
    ids: Vec<Vec<String>>,
    sums: Vec<f64>,
    counts: Vec<usize>,
    filled: usize,
    dropped: usize,
    notes: Vec<String>,
}

/// Words by number, in the order in which they came.
#[derive(Default)]
struct Words {
    numbers: HashMap<String, usize>,
    words: Vec<String>,
    rows: Vec<u32>,
}

impl Words {
    fn push(&mut self, word: &str) {
        let number = match self.numbers.get(word) {
            Some(&number) => number,
            None => {
                let number = self.words.len();
                self.numbers.insert(word.to_string(), number);
                self.words.push(word.to_string());
                number
            }
        };
        self.rows.push(number as u32);
    }

    /// Labels and what they stand for; whole numbers stand for themselves.
    fn labels(self) -> (Vec<i64>, Vec<String>) {
        // Whole numbers with a point too, as pandas writes integers of a column that once had a hole.
        let number = |word: &String| word.parse().ok().or_else(|| whole(word.parse().ok()?));
        let numbers: Option<Vec<i64>> = self.words.iter().map(number).collect();
        if let Some(numbers) = numbers {
            let label = |&row: &u32| numbers.get(row as usize).copied().unwrap_or_default();
            return (self.rows.iter().map(label).collect(), Vec::new());
        }
        let mut names = self.words.clone();
        names.sort();
        let place = |word| names.binary_search(word).unwrap_or_default() as i64;
        let places: Vec<i64> = self.words.iter().map(place).collect();
        let label = |&row: &u32| places.get(row as usize).copied().unwrap_or_default();
        (self.rows.iter().map(label).collect(), names)
    }
}

impl<'a> Table<'a> {
    pub(super) fn new(layout: Layout, options: &'a ReadOptions) -> Self {
        let inputs = layout.inputs.len();
        Table {
            rows: Rows::new(inputs),
            labels: Words::default(),
            ids: vec![Vec::new(); layout.ids.len()],
            sums: vec![0.0; inputs],
            counts: vec![0; inputs],
            filled: 0,
            dropped: 0,
            notes: Vec::new(),
            layout,
            options,
        }
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Says something of how the table is read.
    pub(super) fn note(&mut self, note: &str) {
        self.notes.push(note.to_string());
    }

    /// Adds a row: its inputs, NaN where one is missing, its label and its ids. `place` says where it is,
    /// and `cell` what stands in the file in place of an input.
    pub(super) fn push<'t>(
        &mut self,
        values: &mut [f32],
        label: Option<&str>,
        ids: impl Iterator<Item = &'t str>,
        place: impl Fn() -> String,
        cell: impl Fn(usize) -> String,
    ) -> Result<()> {
        let refuse = |input: usize, what: &str| {
            Error::new(ErrorKind::Data, what)
                .at(format!(
                    "{}, column `{}`",
                    place(),
                    self.layout.input_name(input)
                ))
                .found(cell(input))
        };
        if let Some(input) = values.iter().position(|value| value.is_infinite()) {
            return Err(refuse(input, "a value is not finite").expected("a finite 32-bit number"));
        }
        if let Some(first) = values.iter().position(|value| value.is_nan()) {
            match (&self.options.fill, self.options.missing) {
                (None, Missing::Refuse) => {
                    return Err(refuse(first, "a value is missing or no number")
                        .expected("a number")
                        .hint(
                            "fill it with `--missing mean` or `--missing zero`, leave its row out \
                             with `--missing drop`, or its column with `--drop`; `--id` keeps a column \
                             of text beside the values",
                        ));
                }
                (None, Missing::Drop) => {
                    self.dropped += 1;
                    return Ok(());
                }
                (fill, _) => {
                    let fill = fill.as_deref().unwrap_or_default();
                    let is_mean = self.options.missing == Missing::Mean;
                    for (input, value) in values.iter_mut().enumerate().skip(first) {
                        if value.is_nan() {
                            self.filled += 1;
                            *value = match fill.get(input) {
                                Some(&fill) => fill,
                                None if is_mean => f32::NAN,
                                None => 0.0,
                            };
                        }
                    }
                }
            }
        }
        for ((sum, count), &value) in self.sums.iter_mut().zip(&mut self.counts).zip(&*values) {
            if !value.is_nan() {
                *sum += f64::from(value);
                *count += 1;
            }
        }
        self.rows.push(values)?;
        if let Some(label) = label {
            if label.is_empty() {
                let column = self
                    .layout
                    .label
                    .map_or("", |place| &self.layout.names[place]);
                return Err(Error::new(ErrorKind::Data, "a label is missing")
                    .at(format!("{}, column `{column}`", place())));
            }
            self.labels.push(label);
        }
        for (ids, id) in self.ids.iter_mut().zip(ids) {
            ids.push(id.to_string());
        }
        Ok(())
    }

    /// The table whole.
    pub(super) fn finish(self, name: &str) -> Result<Dataset> {
        if self.rows.count() == 0 {
            let found = match self.dropped {
                0 => "none".to_string(),
                dropped => format!("none but {dropped} with missing values, all left out"),
            };
            return Err(Error::new(ErrorKind::Data, "there are no rows")
                .at(name)
                .expected("at least one row")
                .found(found));
        }
        if let Some(input) = self.counts.iter().position(|&count| count == 0) {
            return Err(Error::new(ErrorKind::Data, "a column has no number at all")
                .at(format!("column `{}`", self.layout.input_name(input)))
                .at(name)
                .hint("leave it out with `--drop`"));
        }
        // The means are kept where nothing was missing too: later rows may have holes.
        let means = || {
            let means = self.sums.iter().zip(&self.counts);
            means.map(|(sum, &count)| (sum / count as f64) as f32)
        };
        let is_mean = self.options.missing == Missing::Mean;
        let fill = match &self.options.fill {
            Some(fill) => Some(fill.clone()),
            None => is_mean.then(|| means().collect()),
        };
        let mut notes = self.notes;
        if self.filled > 0 {
            let how = match (&self.options.fill, self.options.missing) {
                (None, Missing::Zero) => "0",
                (None, _) => "the mean of their column",
                (Some(_), _) => "the means of the training rows",
            };
            notes.push(format!(
                "{} filled with {how}",
                counted(
                    self.filled,
                    "cell that is missing or no number was",
                    "cells that are missing or no numbers were"
                )
            ));
        }
        if self.dropped > 0 {
            notes.push(format!(
                "{} left out for missing values, {} left",
                counted(self.dropped, "row was", "rows were"),
                counted(self.rows.count(), "row is", "rows are")
            ));
        }
        let Layout {
            inputs,
            label,
            ids,
            names,
        } = self.layout;
        let name_of = |place: usize| names.get(place).cloned().unwrap_or_default();
        let columns: Vec<String> = inputs.iter().map(|&place| name_of(place)).collect();
        let (labels, label_names) = match label {
            Some(_) => {
                let (labels, names) = self.labels.labels();
                (Some(labels), names)
            }
            None => (None, Vec::new()),
        };
        // What a model says is filled in already.
        let is_open = self.filled > 0 && self.options.fill.is_none();
        let values = self.rows.finish(fill.clone().filter(|_| is_open))?;
        let data = Dataset::new(name, values, vec![columns.len()], labels)?;
        let mut data = data.with_columns(columns)?;
        data.label_names = label_names;
        data.label_column = label.map(name_of);
        let ids = ids.iter().zip(self.ids);
        data.ids = ids
            .map(|(&place, values)| Ids {
                name: name_of(place),
                values,
            })
            .collect();
        data.notes = notes;
        data.missing = self.filled;
        data.fill = fill;
        Ok(data)
    }
}
