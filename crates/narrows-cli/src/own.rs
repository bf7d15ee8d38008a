//! The data of commands on a model that are given none: those of its run.

use crate::output::{count_of, note};
use crate::source::{DataArguments, ReadingArguments, keep_apart, tell_notes, warn_of};
use narrows::data::{Dataset, ReadOptions, Source, Split, Watch};
use narrows::run::{OwnData, Sources};
use narrows::{Error, ErrorKind, Model, Result};
use std::borrow::Cow;
use std::path::Path;

/// The rows of a run that a model is measured on, and those that it was trained on.
pub struct OwnSplit {
    pub train: Dataset,
    pub test: Dataset,
    pub is_held_out: bool,
}

impl OwnSplit {
    pub fn as_split(&self) -> Split<'_> {
        Split {
            train: Cow::Borrowed(&self.train),
            validation: None,
            test: Cow::Borrowed(&self.test),
            is_held_out: self.is_held_out,
        }
    }
}

impl ReadingArguments {
    /// The run's data, with its reading options where the command has no others. Labels are chosen among the rows
    /// afterwards, as they were divided without that.
    fn own(&self, path: &Path, model: &Model) -> Result<OwnData> {
        let change = |reading: &ReadOptions| ReadOptions {
            classes: reading.classes.clone(),
            ..self.over(reading)
        };
        let own = OwnData::of_model(path, model, &change)?;
        tell_notes(&own.source);
        Ok(own)
    }

    fn chosen(&self, data: &Dataset) -> Result<Dataset> {
        if self.classes.is_empty() {
            return Ok(data.clone());
        }
        let is = data.is_of_classes(&self.classes)?;
        let rows: Vec<usize> = (0..data.rows()).filter(|&row| is[row]).collect();
        data.select(&rows)
    }
}

/// Which data a command uses that was given none, for a note.
fn said(own: &OwnData) -> String {
    let moved = match own.is_moved {
        true => format!(", found at {}", own.sources.data.join(" ")),
        false => String::new(),
    };
    format!("data: {}{moved}, as in training", own.name())
}

/// Says which data a command uses that was given none, and which rows of them.
fn tell(own: &OwnData, rows: &str) {
    note(&format!("{} ({rows})", said(own)));
}

fn held_out(is_held_out: bool) -> &'static str {
    if is_held_out {
        ", held out of the data"
    } else {
        ""
    }
}

impl DataArguments {
    /// The rows of a run to measure its model on, with the rows that it was trained on.
    pub fn own_split(&self, path: &Path, model: &Model) -> Result<OwnSplit> {
        let own = self.reading.own(path, model)?;
        let split = own.split()?;
        let chosen = OwnSplit {
            train: self.reading.chosen(&split.train)?,
            test: self.reading.chosen(&split.test)?,
            is_held_out: split.is_held_out,
        };
        let count = count_of(chosen.test.rows(), "test row");
        tell(&own, &format!("its {count}{}", held_out(split.is_held_out)));
        Ok(chosen)
    }

    /// The rows of a run to apply its model to: the test rows, or the one row where there is but one.
    pub(super) fn own_rows(
        &self,
        path: &Path,
        model: &Model,
        output: Option<&Path>,
    ) -> Result<Dataset> {
        let own = self.reading.own(path, model)?;
        if let Some(output) = output {
            keep_apart(output, &own.sources.data)?;
        }
        let split = own.split()?;
        let rows = self.reading.chosen(&split.test)?;
        let which = match split.is_tested_on_training_rows() {
            true => "all of it, 1 row".to_string(),
            false => format!(
                "its {}{}; `--data` takes others",
                count_of(rows.rows(), "test row"),
                held_out(split.is_held_out)
            ),
        };
        tell(&own, &which);
        warn_of(model, &rows);
        Ok(rows)
    }

    /// The rows to choose a threshold from: those that are given, or the run's validation rows, which it has not learned
    /// from.
    pub fn rows_to_calibrate(&self, path: &Path, model: &Model, output: &Path) -> Result<Dataset> {
        if !self.data.is_empty() {
            return self.rows_for(path, model, Some(output));
        }
        let own = self.reading.own(path, model)?;
        keep_apart(output, &own.sources.data)?;
        let said = said(&own);
        let Some(validation) = own.into_validation()? else {
            return Err(Error::new(
                ErrorKind::Data,
                "the run has no validation rows to choose a threshold from",
            )
            .at(path.display())
            .expected("normal rows that it was not trained on")
            .hint("give them with `--data`, or train with `--validation 0.1`, which sets a tenth of the rows apart"));
        };
        let rows = self.reading.chosen(&validation)?;
        let count = count_of(rows.rows(), "validation row");
        note(&format!("{said} (its {count})"));
        warn_of(model, &rows);
        Ok(rows)
    }

    /// The data to compare recipes and runs on: those that are given, those of the runs among the names, or the built-in
    /// MNIST where there is no run; where they come from; and their files.
    pub fn to_compare(&self, names: &[String]) -> Result<(Source, Sources, Watch)> {
        if self.data.is_empty() {
            let change = |reading: &ReadOptions| self.reading.over(reading);
            if let Some(own) = OwnData::of_comparison(names, &change)? {
                tell_notes(&own.source);
                tell(&own, "for all of them");
                let sources = Sources {
                    validation: None,
                    ..own.sources
                };
                let watch = Watch::of(sources.specs());
                return Ok((own.source, sources, watch));
            }
        }
        let sources = Sources {
            data: self.specs(),
            reading: self.reading.options(),
            ..Sources::default()
        };
        let watch = Watch::of(sources.specs());
        Ok((self.open()?, sources, watch))
    }
}
