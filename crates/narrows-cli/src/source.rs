//! The options for the data of a command, and for reading them. They are the same for every command.

mod values;

use crate::output::note;
use clap::Args;
use narrows::apply;
use narrows::data::write::Output;
use narrows::data::{Dataset, Fit, Layout, Missing, OnBad, ReadOptions, Source, TextOptions};
use narrows::run::is_file_of_run;
use narrows::{Error, ErrorKind, Model, Result, plain};
use std::path::Path;
use std::sync::Once;
use values::{Names, all, fit, layout, missing, on_bad, sign, size, yes_or_no};

/// The headings that the options stand under in `--help`. Each option names its own, as a heading of the struct would
/// go on to the options behind it.
const DATA: &str = "Data";
const TEXT: &str = "Tables in text: Narrows finds these in the file unless you set them";

#[derive(Args)]
pub struct DataArguments {
    /// Where the rows come from: `mnist`, a table (CSV, Parquet), an array (.npy, .npz), images, IDX files, or a folder
    /// of them. Repeat it, or give a pattern in quotes (`'days/*.csv'`), to read many files as one table.
    /// `SOURCE:train` and `SOURCE:test` take one part, `FILE.npz:ARRAY` takes one array, and `-` is standard input.
    /// `narrows data kinds` lists all [default: for the model of a run the rows of that run; to train on, and to convert,
    /// `mnist`]
    #[arg(long, value_name = "SOURCE", help_heading = DATA)]
    pub data: Vec<String>,
    #[command(flatten)]
    pub reading: ReadingArguments,
}

#[derive(Args)]
pub struct ReadingArguments {
    /// The columns of a table to learn from, in this order [default: all columns of numbers, without label and ids]
    #[arg(long, value_name = "A,B,…", help_heading = DATA)]
    columns: Vec<Names>,
    /// The columns of a table to leave out. Put a name that contains a comma in double quotes: `'"a,b",c'`
    #[arg(long, value_name = "A,B,…", help_heading = DATA)]
    drop: Vec<Names>,
    /// The column of a table that holds the labels, or the array of an .npz file. It is not learned from
    #[arg(long, value_name = "COLUMN", help_heading = DATA)]
    label: Option<String>,
    /// The columns of a table that identify the rows. They are not learned from; outputs keep them
    #[arg(long, value_name = "A,B,…", help_heading = DATA)]
    id: Vec<Names>,
    /// What to do with missing cells: `refuse` them, fill them with the `mean` of their column in the training rows or
    /// with `zero`, or `drop` their rows. Cells that are present but not numbers, such as `2,262`, are not filled: see
    /// `--on-bad` [default: refuse; for a model that was trained with `mean`, the means of its training rows]
    #[arg(long, value_name = "HOW", value_parser = missing, help_heading = DATA)]
    missing: Option<Missing>,
    /// Use only the rows with these labels, for example `0-8` or `cat,dog`
    #[arg(long, value_name = "LABELS", value_delimiter = ',', help_heading = DATA)]
    pub classes: Vec<String>,
    /// Resize images to this size, for example `32x32`
    #[arg(long, value_name = "WxH", value_parser = size, help_heading = DATA)]
    image_size: Option<(u32, u32)>,
    /// How `--image-size` treats images of other proportions: `squeeze` changes the proportions, `crop` cuts off two
    /// sides, `pad` adds black at two sides [default: squeeze]
    #[arg(long, value_name = "HOW", value_parser = fit, requires = "image_size", help_heading = DATA)]
    fit: Option<Fit>,
    /// What to do with bad rows (a missing cell that nothing fills, an unreadable cell, a value that is not finite, a line
    /// with another number of cells, an image that cannot be read): `refuse` the data, `drop` such rows and print how
    /// many, or, where rows are written, keep them in their place with empty results and a column `reason` (`null`)
    /// [default: refuse]
    #[arg(long, value_name = "HOW", value_parser = on_bad, help_heading = DATA)]
    on_bad: Option<OnBad>,
    /// What `--on-bad drop` was called.
    #[arg(long, hide = true, conflicts_with = "on_bad")]
    skip_bad: bool,
    /// The order of dimensions in an array of images: `channels-first` (PyTorch) or `channels-last` (Keras)
    /// [default: decided by the shape]
    #[arg(long, value_name = "ORDER", value_parser = layout, help_heading = DATA)]
    layout: Option<Layout>,
    #[command(flatten)]
    text: TextArguments,
}

#[derive(Args)]
struct TextArguments {
    /// Whether the file has a header, a line with the names of the columns
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no, help_heading = TEXT)]
    header: Option<bool>,
    /// The character between two cells, or `tab`, or `space` (one or more)
    #[arg(long, value_name = "SIGN", value_parser = sign, help_heading = TEXT)]
    separator: Option<char>,
    /// The decimal sign: `.` or `,`
    #[arg(long, value_name = "SIGN", value_parser = sign, help_heading = TEXT)]
    decimal: Option<char>,
    /// The thousands separator: `,`, `.`, `'`, `_` or `space`
    #[arg(long, value_name = "SIGN", value_parser = sign, help_heading = TEXT)]
    thousands: Option<char>,
    /// The quote around cells that contain separators
    #[arg(long, value_name = "SIGN", value_parser = sign, help_heading = TEXT)]
    quote: Option<char>,
    /// Leave out lines that begin with this text
    #[arg(long, value_name = "TEXT", help_heading = TEXT)]
    comment: Option<String>,
    /// Leave out this many lines at the start, before the header or the first row
    #[arg(long, value_name = "N", help_heading = TEXT)]
    skip_lines: Option<usize>,
    /// Leave out this many lines at the end, for example a line of totals
    #[arg(long, value_name = "N", help_heading = TEXT)]
    skip_end: Option<usize>,
    /// Whether the line below the header holds the units of the columns
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no, help_heading = TEXT)]
    units: Option<bool>,
    /// The encoding, for example `utf-8`, `utf-16le`, `windows-1252` (for Latin-1 too) or `shift_jis`
    #[arg(long, value_name = "NAME", help_heading = TEXT)]
    encoding: Option<String>,
}

impl TextArguments {
    /// These options, and others where they are not given.
    fn over(&self, base: &TextOptions) -> TextOptions {
        TextOptions {
            separator: self.separator.or(base.separator),
            decimal: self.decimal.or(base.decimal),
            thousands: self.thousands.or(base.thousands),
            quote: self.quote.or(base.quote),
            comment: self.comment.clone().or(base.comment.clone()),
            skip_lines: self.skip_lines.or(base.skip_lines),
            skip_end: self.skip_end.or(base.skip_end),
            units: self.units.or(base.units),
            encoding: self.encoding.clone().or(base.encoding.clone()),
            ..base.clone()
        }
    }
}

impl ReadingArguments {
    fn options(&self) -> ReadOptions {
        self.over(&ReadOptions::default())
    }

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
        if let Some(on_bad) = self.on_bad() {
            note(&format!(
                "`--on-bad {}` has no effect on a run's own rows: bad rows were refused or left out when it was trained",
                on_bad.name()
            ));
        }
    }

    fn over(&self, base: &ReadOptions) -> ReadOptions {
        let names = |given: &[Names], base: &[String]| {
            if given.is_empty() {
                base.to_vec()
            } else {
                all(given)
            }
        };
        ReadOptions {
            columns: names(&self.columns, &base.columns),
            drop: names(&self.drop, &base.drop),
            label: self.label.clone().or(base.label.clone()),
            ids: names(&self.id, &base.ids),
            missing: self.missing.unwrap_or(base.missing),
            header: self.text.header.or(base.header),
            classes: if self.classes.is_empty() {
                base.classes.clone()
            } else {
                self.classes.clone()
            },
            image_size: self.image_size.or(base.image_size),
            fit: self.fit.unwrap_or(base.fit),
            layout: self.layout.or(base.layout),
            on_bad: self.on_bad().unwrap_or(base.on_bad),
            text: self.text.over(&base.text),
            ..base.clone()
        }
    }

    fn on_bad(&self) -> Option<OnBad> {
        static SAID: Once = Once::new();
        match (self.on_bad, self.skip_bad) {
            (None, true) => {
                SAID.call_once(|| note("`--skip-bad` is now `--on-bad drop`"));
                Some(OnBad::Drop)
            }
            (on_bad, _) => on_bad,
        }
    }

    /// The options, for a command that writes no rows.
    pub fn options_without_null(&self) -> Result<ReadOptions> {
        self.over_without_null(&ReadOptions::default())
    }

    /// Refuses to keep bad rows, for a command that writes no rows and so has no place for those without values.
    pub(super) fn refuse_null(&self) -> Result<()> {
        match self.on_bad {
            Some(OnBad::Null) => Err(Error::new(
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
        let is_null = self.on_bad == Some(OnBad::Null);
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
                "taking the test rows; `--data {}:train` takes those for training",
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
            note(&plain::line(&format!("{}: {text}", data.name())));
        }
    }
}
