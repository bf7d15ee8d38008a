//! Finishes a table: errors after all rows are read, notes, and the dataset.

use super::GatheredTable;
use super::index::counts_up;
use super::tally::InputTally;
use super::words::as_number;
use crate::advice::{Setting, set, setting};
use crate::data::dataset::{Dataset, Ids};
use crate::data::options::Missing;
use crate::data::roles::is_unnamed;
use crate::data::schema::{Column, ColumnKind};
use crate::data::values::Values;
use crate::text::{counted, list_shortly};
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::collections::HashMap;

/// The number of columns that an error names; further columns are only counted.
const NAMED: usize = 12;

impl GatheredTable<'_> {
    /// Refuses unreadable cells, in all columns at once; and missing cells if the options do not handle them.
    fn check(&self) -> Result<()> {
        let with = |count: fn(&InputTally) -> u64| -> Vec<(usize, &InputTally)> {
            let all = self.tallies.iter().enumerate();
            all.filter(|(_, tally)| count(tally) > 0).collect()
        };
        let (bad, missing) = (
            with(|tally| tally.unreadable.count()),
            with(|tally| tally.missing),
        );
        let may_miss =
            self.options.fill.is_some() || self.options.missing_or_refuse() != Missing::Refuse;
        // A model needs all of its columns.
        let is_of_model = self.options.model_columns.is_some();
        let list = |these: &[(usize, &InputTally)], of: &dyn Fn(&InputTally) -> String| {
            let shown = these.iter().take(NAMED);
            let shown =
                shown.map(|(input, tally)| format!("`{}`: {}", self.input_name(*input), of(tally)));
            let list = shown.collect::<Vec<_>>().join("; ");
            match these.len().saturating_sub(NAMED) {
                0 => list,
                more => format!(
                    "{list}; and {}",
                    counted(more, "more column", "more columns")
                ),
            }
        };
        let cells = |count: u64| counted(count as usize, "cell", "cells");
        let of_missing = |tally: &InputTally| {
            let first = tally.first.as_deref().unwrap_or_default();
            format!("{} (the first on {first})", cells(tally.missing))
        };
        if !bad.is_empty() {
            let of_bad = |tally: &InputTally| tally.unreadable.sentence();
            let mut found = list(&bad, &of_bad);
            if !missing.is_empty() && !may_miss {
                found.push_str(&format!("; also missing: {}", list(&missing, &of_missing)));
            }
            let out = setting(Setting::Drop);
            let rows = set(Setting::OnBad, "drop");
            return Err(Error::new(
                ErrorKind::Data,
                "some cells in columns of numbers are unreadable",
            )
            .expected("numbers, or signs for missing cells such as an empty cell or `NA`")
            .found(found)
            .hint(if is_of_model {
                format!("correct these cells, or leave their rows out with {rows}; the model needs the columns")
            } else {
                format!("correct these cells, leave the columns out with {out}, or leave the rows out with {rows}")
            }));
        }
        if missing.is_empty() || may_miss {
            return Ok(());
        }
        let out = setting(Setting::Drop);
        let [mean, zero, drop] = ["mean", "zero", "drop"].map(|how| set(Setting::Missing, how));
        Err(Error::new(ErrorKind::Data, "some cells are missing")
            .expected("a number in each cell")
            .found(list(&missing, &of_missing))
            .hint(if is_of_model {
                format!("fill them with {mean} or {zero}, or leave their rows out with {drop}")
            } else {
                format!("fill them with {mean} or {zero}, leave the rows out with {drop}, or leave the columns out \
                         with {out}")
            }))
    }

    /// The finished table; `notes` describe how it was read.
    pub(super) fn finish(self, name: &str, notes: Vec<String>) -> Result<Dataset> {
        self.check()?;
        let rows = self.rows.count();
        let is_empty = rows == 0 && self.bad.are_kept() && self.bad.count() > 0;
        if rows == 0 && !is_empty {
            let found = match (self.dropped, self.bad.count()) {
                (0, 0) => "none".to_string(),
                (dropped, 0) => format!("only {dropped} with missing cells, left out"),
                (_, bad) => format!(
                    "only {}, left out: {}; the first: {}",
                    counted(bad, "bad row", "bad rows"),
                    self.bad.by_kind(),
                    self.bad.examples()
                ),
            };
            return Err(Error::new(ErrorKind::Data, "there are no rows")
                .expected("at least one row")
                .found(found));
        }
        let fill = self.fill()?;
        let mut data_notes = notes;
        data_notes.extend(self.roles.notes.iter().cloned());
        data_notes.extend(self.own_notes(rows));
        let schema = self.schema();
        let missing: u64 = self.tallies.iter().map(|tally| tally.missing).sum();
        let name_of = |place: usize| self.columns[place].name.to_string();
        let columns: Vec<String> = self
            .roles
            .inputs
            .iter()
            .map(|&place| name_of(place))
            .collect();
        let is_filled = missing > 0;
        let is_mean = self.options.missing == Some(Missing::Mean);
        let is_integer = |&place: &usize| self.columns[place].kind == ColumnKind::Integer;
        let all_integers = self.roles.inputs.iter().all(is_integer);
        let rounded = self.rows.rounded();
        if !rounded.is_empty() {
            let names: Vec<&str> = rounded
                .iter()
                .map(|&input| self.input_name(input))
                .collect();
            data_notes.push(format!(
                "whole numbers beyond 2^53 are rounded to float64, because no 64-bit integer type holds all cells of \
                 the column: {}",
                list_shortly(&names)
            ));
        }
        let values = self.rows.finish(fill.clone().filter(|_| is_filled))?;
        let none = || Values::F32(Array2::zeros((0, self.roles.inputs.len())));
        let values = values.unwrap_or_else(none);
        data_notes.extend(self.labels.same_class());
        let (labels, label_names) = match self.roles.label {
            Some(_) => {
                let (labels, names) = self.labels.labels();
                (Some(labels), names)
            }
            None => (None, Vec::new()),
        };
        let data = if is_empty {
            Dataset::empty(name, values, labels)?
        } else {
            Dataset::of_table(name, values, all_integers, labels)?
        };
        let mut data = data.with_columns(columns)?;
        data.label_names = label_names;
        data.bad = self.bad;
        if data.label_names.is_empty() && self.roles.label.is_some() {
            data.bad.map_text(self.roles.ids.len(), as_number);
        }
        data.label_column = self.roles.label.map(name_of);
        let ids = self.roles.ids.iter().zip(self.ids);
        data.ids = ids
            .map(|(&place, values)| Ids {
                name: name_of(place),
                values,
            })
            .collect();
        data.notes = data_notes;
        data.missing = missing as usize;
        data.fills_with_means = fill.is_some() && self.options.fill.is_none() && is_mean;
        data.fill = fill;
        data.in_order_of = self.times.into_iter().find_map(|(_, times)| times.order());
        data.schema = schema;
        Ok(data)
    }

    /// The value that fills missing cells of each input: from a model, or the mean of the rows, or 0.
    fn fill(&self) -> Result<Option<Vec<f64>>> {
        if let Some(fill) = &self.options.fill {
            return Ok(Some(fill.clone()));
        }
        let missing: u64 = self.tallies.iter().map(|tally| tally.missing).sum();
        match self.options.missing_or_refuse() {
            Missing::Refuse | Missing::Drop => Ok(None),
            Missing::Zero => Ok((missing > 0).then(|| vec![0.0; self.tallies.len()])),
            // The means are also stored if nothing was missing, because later rows may have missing cells.
            Missing::Mean => {
                if let Some(input) = self.tallies.iter().position(|tally| tally.count == 0) {
                    return Err(Error::new(
                        ErrorKind::Data,
                        "the column has no numbers, so it has no mean",
                    )
                    .at(format!("column `{}`", self.input_name(input)))
                    .hint(format!(
                        "leave it out with {}, or fill with {}",
                        setting(Setting::Drop),
                        set(Setting::Missing, "zero")
                    )));
                }
                Ok(Some(self.tallies.iter().map(InputTally::mean).collect()))
            }
        }
    }

    /// Notes on changes of the rows, and on suspicious values.
    fn own_notes(&self, rows: usize) -> Vec<String> {
        let mut notes = Vec::new();
        let missing: u64 = self.tallies.iter().map(|tally| tally.missing).sum();
        let drops = self.options.missing == Some(Missing::Drop) && self.options.fill.is_none();
        if missing > 0 && !drops {
            let with = self
                .tallies
                .iter()
                .enumerate()
                .filter(|(_, tally)| tally.missing > 0);
            let names: Vec<&str> = with.map(|(input, _)| self.input_name(input)).collect();
            let how = match (&self.options.fill, self.options.missing) {
                (_, Some(Missing::Zero)) => "0",
                // The split decides from which rows the means are computed.
                (None, _) => "means",
                (Some(_), _) => "the means of the training rows",
            };
            let cells = counted(missing as usize, "missing cell was", "missing cells were");
            notes.push(format!(
                "{cells} filled with {how}, in {}",
                list_shortly(&names)
            ));
        }
        notes.extend(self.bad.note(rows + self.dropped));
        if self.dropped > 0 {
            notes.push(format!(
                "{} left out for missing cells, {} left",
                counted(self.dropped, "row was", "rows were"),
                counted(rows, "row is", "rows are")
            ));
        }
        let counts = |tally: &InputTally| tally.is_counting && rows > 2;
        let counting = self
            .tallies
            .iter()
            .enumerate()
            .filter(|(_, tally)| counts(tally));
        let names = counting.map(|(input, _)| self.input_name(input));
        let counting: Vec<&str> = names.filter(|name| !is_unnamed(name)).collect();
        if !counting.is_empty() && self.options.model_columns.is_none() {
            notes.push(counts_up(&counting));
        }
        notes
    }

    /// All columns of the file, with their statistics.
    fn schema(&self) -> Vec<Column> {
        let mut missing: HashMap<usize, u64> = HashMap::new();
        for (&place, tally) in self.roles.inputs.iter().zip(&self.tallies) {
            missing.insert(place, tally.missing);
        }
        let roles = self.roles.all(self.columns.len());
        let columns = self.columns.iter().zip(roles).enumerate();
        columns
            .map(|(place, (column, role))| Column {
                name: column.name.to_string(),
                kind: column.kind,
                role,
                unit: column.unit.as_deref().cloned(),
                missing: missing.get(&place).copied().unwrap_or_default(),
                rows: self.read,
            })
            .collect()
    }
}
