//! The data of a command on a model if the user gives none: the data of the model's run.

use crate::output::{count_of, note};
use crate::source::{DataArguments, ReadingArguments, keep_apart, warn_of};
use narrows::data::{Dataset, ReadOptions, Split, Watch};
use narrows::run::{Opened, OwnData, Part, Sources};
use narrows::{Error, ErrorKind, Model, Result};
use std::borrow::Cow;
use std::path::Path;

impl ReadingArguments {
    /// The run's data, with its reading options where the command has no others. Labels are chosen among the rows
    /// afterwards, as they were divided without that.
    fn own(&self, path: &Path, model: &Model) -> Result<OwnData> {
        let change = |reading: &ReadOptions| ReadOptions {
            classes: reading.classes.clone(),
            ..self.over_own(reading)
        };
        self.tell_on_bad_in_vain();
        // The notes on reading these data were already printed in training.
        OwnData::of_model(path, model, &change)
    }

    fn chosen(&self, data: &Dataset) -> Result<Dataset> {
        let classes = self.classes();
        if classes.is_empty() {
            return Ok(data.clone());
        }
        let is = data.is_of_classes(&classes)?;
        let rows: Vec<usize> = (0..data.rows()).filter(|&row| is[row]).collect();
        data.select(&rows)
    }
}

/// Says which data a command uses that was given none, and which rows of them.
fn tell(own: &OwnData, part: Part, rows: &str) {
    let moved = match &own.moved[..] {
        [] => String::new(),
        moved => format!(", found at {}", moved.join(" ")),
    };
    let name = own.name(part);
    note(&format!("data: {name}{moved}, as in training ({rows})"));
}

/// Refuses an output that would replace a file of a run's data.
fn keep_own_apart(output: &Path, own: &OwnData) -> Result<()> {
    let specs: Vec<String> = own.sources.specs().cloned().collect();
    keep_apart(output, &specs)
}

fn held_out(is_held_out: bool) -> &'static str {
    if is_held_out {
        ", held out of the data"
    } else {
        ""
    }
}

impl DataArguments {
    /// The data of the run that a model's path belongs to.
    pub fn own(&self, path: &Path, model: &Model) -> Result<OwnData> {
        self.reading.refuse_null()?;
        self.reading.own(path, model)
    }

    /// The rows of a run to measure its model on, with the rows that it was trained on.
    pub fn own_split<'a>(&self, own: &'a OwnData) -> Result<Split<'a>> {
        let mut split = own.split()?;
        if let Some(test) = split.test.take() {
            let train = self.reading.chosen(&split.train)?;
            let test = self.reading.chosen(&test)?;
            let count = count_of(test.rows(), "test row");
            let rows = format!("its {count}{}", held_out(split.is_held_out));
            tell(own, Part::Test, &rows);
            (split.train, split.test) = (Cow::Owned(train), Some(Cow::Owned(test)));
        }
        Ok(split)
    }

    /// The rows of a run to apply its model to: the test rows, or all where there are none.
    pub(super) fn own_rows(
        &self,
        path: &Path,
        model: &Model,
        output: Option<&Path>,
    ) -> Result<Dataset> {
        let own = self.reading.own(path, model)?;
        if let Some(output) = output {
            keep_own_apart(output, &own)?;
        }
        let split = own.split()?;
        let tested = split.test.as_deref();
        let test = tested.filter(|_| !split.is_tested_on_training_rows());
        let rows = self
            .reading
            .chosen(test.unwrap_or(&own.opened.source.train))?;
        let count = |noun| count_of(rows.rows(), noun);
        let which = match test {
            None => format!(
                "all {}, because the run has no test rows; `--data` reads other rows",
                count("row")
            ),
            Some(_) => format!(
                "its {}{}; `--data` reads other rows",
                count("test row"),
                held_out(split.is_held_out)
            ),
        };
        let part = test.map_or(Part::Data, |_| Part::Test);
        tell(&own, part, &which);
        warn_of(model, &rows);
        Ok(rows)
    }

    /// The rows to choose a threshold from: rows given on the command line, or the run's validation rows, which it has not learned
    /// from.
    pub fn rows_to_calibrate(&self, path: &Path, model: &Model, output: &Path) -> Result<Dataset> {
        if !self.data.is_empty() {
            return self.rows_for(path, model, Some(output));
        }
        let own = self.own(path, model)?;
        keep_own_apart(output, &own)?;
        let Some(validation) = own.split()?.validation else {
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
        tell(&own, Part::Validation, &format!("its {count}"));
        warn_of(model, &rows);
        Ok(rows)
    }

    /// The rows to fit a distribution of codes to: rows given on the command line, or the run's training rows.
    pub fn rows_to_fit(&self, path: &Path, model: &Model, output: &Path) -> Result<Dataset> {
        if self.data.is_empty() {
            self.training_rows(path, model, output)
        } else {
            self.rows_for(path, model, Some(output))
        }
    }

    /// The rows that a run was trained on, which `output` must not replace.
    pub fn training_rows(&self, path: &Path, model: &Model, output: &Path) -> Result<Dataset> {
        let own = self.own(path, model)?;
        keep_own_apart(output, &own)?;
        let rows = self.reading.chosen(&own.split()?.train)?;
        let count = count_of(rows.rows(), "training row");
        tell(&own, Part::Data, &format!("its {count}"));
        Ok(rows)
    }

    /// The data to compare recipes and runs on: those that are given, those of the runs among the names, or the built-in
    /// MNIST where there is no run; where they come from; and their files.
    pub fn to_compare(&self, names: &[String]) -> Result<(Opened, Sources, Watch)> {
        self.reading.refuse_null()?;
        if self.data.is_empty() {
            let change = |reading: &ReadOptions| self.reading.over_own(reading);
            if let Some(own) = OwnData::of_comparison(names, None, &change)? {
                self.reading.tell_on_bad_in_vain();
                tell(&own, Part::Data, "for all of them");
                let watch = Watch::of(own.sources.specs());
                return Ok((own.opened, own.sources, watch));
            }
        }
        let sources = Sources {
            data: self.specs(),
            reading: self.reading.options_without_null()?,
            ..Sources::default()
        };
        let watch = Watch::of(sources.specs());
        let opened = Opened {
            source: self.open()?,
            validation: None,
            test: None,
        };
        Ok((opened, sources, watch))
    }
}
