//! The options for the data of a command, and for reading them. They are the same for every command.

mod reading;

use crate::output::{kept, note};
use clap::Args;
use narrows::advice::Setting;
use narrows::apply;
use narrows::data::write::Output;
use narrows::data::{Dataset, OnBad, ReadOptions, Source};
use narrows::run::is_file_of_run;
use narrows::{Error, ErrorKind, Model, Result, plain};
use reading::DATA;
pub use reading::ReadingArguments;
use std::path::Path;

#[derive(Args)]
pub struct DataArguments {
    /// Where the rows come from: `mnist`, a table (CSV, Parquet), an array (.npy, .npz), images, IDX files, or a
    /// folder of them. To read many files as one table, repeat the option or give a pattern in quotes
    /// (`'days/*.csv'`). `SOURCE:train` and `SOURCE:test` take one part, `FILE.npz:ARRAY` takes one array, and `-` is
    /// standard input. `narrows data kinds` lists all sources [default: the rows of the run, for a command on a run;
    /// `mnist` for `train` and `data convert`]
    #[arg(long, value_name = "SOURCE", help_heading = DATA)]
    pub data: Vec<String>,
    #[command(flatten)]
    pub reading: ReadingArguments,
}

impl ReadingArguments {
    /// These options, and those of a run where they are not given, for a command that writes no rows.
    pub fn over_without_null(&self, base: &ReadOptions) -> Result<ReadOptions> {
        self.refuse_null()?;
        Ok(self.over(base))
    }

    /// The same for a run's own rows: which of them are bad was decided when it was trained.
    pub(super) fn over_own(&self, base: &ReadOptions) -> ReadOptions {
        ReadOptions {
            on_bad: base.on_bad,
            ..self.over(base)
        }
    }

    /// Says that how bad rows are treated changes nothing in a run's own rows.
    pub(super) fn tell_on_bad_in_vain(&self) {
        if self.is_given(Setting::OnBad) {
            let on_bad = self.options().on_bad;
            note(&format!(
                "`--on-bad {}` has no effect on a run's own rows: training has refused the bad rows or left them out",
                on_bad.name()
            ));
        }
    }

    /// The options, for a command that writes no rows.
    pub fn options_without_null(&self) -> Result<ReadOptions> {
        self.over_without_null(&ReadOptions::default())
    }

    /// Refuses to keep bad rows, for a command that writes no rows and so has no place for those without values.
    pub(super) fn refuse_null(&self) -> Result<()> {
        match self.options().on_bad {
            OnBad::Null => Err(Error::new(
                ErrorKind::Data,
                "`--on-bad null` needs a command that writes rows",
            )
            .expected("`--on-bad refuse` or `--on-bad drop`")
            .hint("encode, decode, reconstruct, denoise and score write rows")),
            _ => Ok(()),
        }
    }

    /// Opens a source, as for training.
    pub fn open(&self, specs: &[String]) -> Result<Source> {
        open(specs, &self.options_without_null()?)
    }

    /// Opens a source for a model: with the columns that it was trained on. The rows fit it.
    pub fn open_for(&self, specs: &[String], model: &Model) -> Result<Source> {
        open_checked(specs, &self.options_without_null()?, model)
    }

    /// The same for a command that writes a row for each row, also for those without values.
    fn open_all_for(&self, specs: &[String], model: &Model) -> Result<Source> {
        open_checked(specs, &self.options(), model)
    }

    /// Refuses an output beside which the reasons of rows without values would replace a file that is read.
    pub fn keep_reasons_apart(&self, output: &Output, specs: &[String]) -> Result<()> {
        let is_null = self.options().on_bad == OnBad::Null;
        let reasons = output.reasons().filter(|_| is_null);
        match reasons.filter(|file| specs.iter().any(|spec| Source::reads(spec, file))) {
            Some(file) => Err(would_replace(
                "the reasons beside the output",
                &file,
                DATA_READ,
            )),
            None => Ok(()),
        }
    }

    /// Opens a source of codes of a model.
    pub fn open_codes(&self, specs: &[String], model: &Model) -> Result<Source> {
        open(specs, &apply::options_for_codes(model, &self.options()))
    }
}

impl DataArguments {
    /// What is named, or the built-in data to train on where nothing is.
    pub fn specs(&self) -> Vec<String> {
        if self.data.is_empty() {
            vec!["mnist".into()]
        } else {
            self.data.clone()
        }
    }

    /// Opens the source, as for training.
    pub fn open(&self) -> Result<Source> {
        self.reading.open(&self.specs())
    }

    /// Opens the source for a model: with the columns that it was trained on.
    pub fn open_for(&self, model: &Model) -> Result<Source> {
        self.reading.open_for(&self.data, model)
    }

    /// The rows to apply a model to: the test rows of a source that has such, else all. Where no source is given, those of
    /// the run that the model's path belongs to, which `output` must not replace.
    pub fn rows_for(&self, path: &Path, model: &Model, output: Option<&Path>) -> Result<Dataset> {
        self.reading.refuse_null()?;
        if self.data.is_empty() {
            self.own_rows(path, model, output)
        } else {
            Ok(self.rows_of(self.open_for(model)?, model))
        }
    }

    /// The same for a command that writes a row for each row, also for those without values.
    pub fn all_rows_for(
        &self,
        path: &Path,
        model: &Model,
        output: Option<&Output>,
    ) -> Result<Dataset> {
        if self.data.is_empty() {
            self.own_rows(path, model, output.map(|output| &*output.path))
        } else {
            output.map_or(Ok(()), |output| {
                self.reading.keep_reasons_apart(output, &self.data)
            })?;
            let source = self.reading.open_all_for(&self.data, model)?;
            Ok(self.rows_of(source, model))
        }
    }

    fn rows_of(&self, source: Source, model: &Model) -> Dataset {
        if source.test.is_some() {
            note(&format!(
                "using the test rows; `--data {}:train` selects the training rows",
                self.data.join(" ")
            ));
        }
        let data = source.into_rows();
        warn_of(model, &data);
        data
    }
}

/// Refuses an output that would replace what a command reads: a file of a source, also one of a pattern or folder.
pub fn keep_apart(output: &Path, specs: &[String]) -> Result<()> {
    if specs.iter().any(|spec| Source::reads(spec, output)) {
        Err(would_replace("the output", output, DATA_READ))
    } else {
        Ok(())
    }
}

/// The same for a command that also reads a model, or weights, from a file or folder; the files of all runs stay too.
pub fn keep_read_apart(output: &Path, specs: &[String], read: &Path) -> Result<()> {
    keep_apart(output, specs)?;
    // A file that does not exist yet is not replaced.
    match (output.canonicalize(), read.canonicalize()) {
        (Ok(path), Ok(read)) if path == read => {
            Err(would_replace("the output", output, "the file that is read"))
        }
        _ => keep_runs_whole(output),
    }
}

/// Refuses an output that would replace a file of a run.
pub fn keep_runs_whole(output: &Path) -> Result<()> {
    if is_file_of_run(output) {
        Err(would_replace("the output", output, "a file of a run"))
    } else {
        Ok(())
    }
}

fn would_replace(what: &str, file: &Path, replaced: &str) -> Error {
    Error::new(ErrorKind::Data, format!("{what} would replace {replaced}"))
        .at(file.display())
        .hint("give the output another name")
}

/// What is replaced if an output is named as the data.
const DATA_READ: &str = "the data that are read";

/// Opens a source whose rows fit a model.
fn open_checked(specs: &[String], options: &ReadOptions, model: &Model) -> Result<Source> {
    let source = open(specs, &apply::options_for(model, options)?)?;
    apply::check(model, &source.train)?;
    Ok(source)
}

/// Opens a source, and says what was done to the data while they were read.
pub fn open(specs: &[String], options: &ReadOptions) -> Result<Source> {
    let source = Source::open_all(specs, options)?;
    tell_notes(&source);
    Ok(source)
}

/// Says what is odd about rows that a model is applied to.
pub fn warn_of(model: &Model, rows: &Dataset) {
    if let Some(warning) = apply::warning(model, rows) {
        note(&plain::line(&format!("narrows: warning: {warning}")));
    }
}

/// Says what was done to data while they were read.
pub fn tell_notes(source: &Source) {
    for data in [Some(&source.train), source.test.as_ref()]
        .into_iter()
        .flatten()
    {
        for text in data.notes() {
            note(&plain::line(&format!("{}: {text}", kept(data.name()))));
        }
    }
}
