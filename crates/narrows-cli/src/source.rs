//! The options that say which data a command reads, and how: the same for every command.

use crate::output::note;
use clap::Args;
use narrows::apply;
use narrows::data::{Dataset, Missing, ReadOptions, Source, list_of_names};
use narrows::{Error, ErrorKind, Model, Result};
use std::path::Path;

#[derive(Args)]
#[command(next_help_heading = "Data")]
pub struct DataArguments {
    /// `mnist`, a table (.csv, .tsv, .parquet), an array (.npy, .npz), a folder of PNG or JPEG images, or
    /// IDX files; `SOURCE:train` and `SOURCE:test` take one part.
    #[arg(long, value_name = "SOURCE", default_value = "mnist")]
    pub data: String,
    #[command(flatten)]
    pub reading: ReadingArguments,
}

#[derive(Args)]
#[command(next_help_heading = "Data")]
pub struct ReadingArguments {
    /// The columns of a table to read [default: all but the label and the ids]
    #[arg(long, value_name = "A,B,…")]
    columns: Vec<Names>,
    /// Columns of a table to leave out; a name with a comma in it stands in double quotes, as in CSV.
    #[arg(long, value_name = "A,B,…")]
    drop: Vec<Names>,
    /// The column of a table that has the labels, or the array of an .npz.
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Columns of a table that say which row is which; outputs keep them.
    #[arg(long, value_name = "A,B,…")]
    id: Vec<Names>,
    /// What becomes of cells that are missing or no numbers: `refuse`, `mean`, `zero`, or `drop` the row
    /// [default: refuse, or the means of the rows that the model was trained on, if it was trained with `mean`]
    #[arg(long, value_name = "HOW", value_parser = missing)]
    missing: Option<Missing>,
    /// Whether a CSV file begins with the columns' names [default: told from its first line]
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    header: Option<bool>,
    /// Only the rows of these labels, as in `0-8` or `cat,dog`.
    #[arg(long, value_name = "LABELS", value_delimiter = ',')]
    classes: Vec<String>,
    /// Bring images to this size.
    #[arg(long, value_name = "WxH", value_parser = size)]
    image_size: Option<(u32, u32)>,
    /// Leave out images that cannot be read, and say how many.
    #[arg(long)]
    skip_bad: bool,
}

fn missing(text: &str) -> std::result::Result<Missing, String> {
    let known = || format!("expected one of {}", Missing::NAMES.join(", "));
    Missing::named(text).ok_or_else(known)
}

/// Names from one list.
#[derive(Clone)]
struct Names(Vec<String>);

impl From<&str> for Names {
    fn from(list: &str) -> Self {
        Names(list_of_names(list))
    }
}

fn all(lists: &[Names]) -> Vec<String> {
    lists.iter().flat_map(|names| names.0.clone()).collect()
}

fn yes_or_no(text: &str) -> std::result::Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("expected yes or no".into()),
    }
}

fn size(text: &str) -> std::result::Result<(u32, u32), String> {
    let parse = || {
        let (width, height) = text.split_once('x')?;
        let side = |text: &str| text.parse().ok().filter(|side| (1..=16384).contains(side));
        Some((side(width)?, side(height)?))
    };
    parse().ok_or_else(|| "expected WIDTHxHEIGHT, as in 32x32".into())
}

impl ReadingArguments {
    pub fn options(&self) -> ReadOptions {
        ReadOptions {
            columns: all(&self.columns),
            drop: all(&self.drop),
            label: self.label.clone(),
            ids: all(&self.id),
            missing: self.missing.unwrap_or_default(),
            header: self.header,
            classes: self.classes.clone(),
            image_size: self.image_size,
            skip_bad: self.skip_bad,
            ..ReadOptions::default()
        }
    }

    /// Opens a source, as for training.
    pub fn open(&self, spec: &str) -> Result<Source> {
        open(spec, &self.options())
    }

    /// Opens a source for a model: with the columns that it was trained on. The rows fit it.
    pub fn open_for(&self, spec: &str, model: &Model) -> Result<Source> {
        let source = open(spec, &apply::options_for(model, &self.options())?)?;
        apply::check(model, &source.train)?;
        Ok(source)
    }

    /// Opens a source of codes of a model.
    pub fn open_codes(&self, spec: &str, model: &Model) -> Result<Source> {
        open(spec, &apply::options_for_codes(model, &self.options()))
    }
}

impl DataArguments {
    /// Opens the source, as for training.
    pub fn open(&self) -> Result<Source> {
        self.reading.open(&self.data)
    }

    /// Opens the source for a model: with the columns that it was trained on.
    pub fn open_for(&self, model: &Model) -> Result<Source> {
        self.reading.open_for(&self.data, model)
    }

    /// The rows to apply a model to: the test rows of a source that has such, else all.
    pub fn rows_for(&self, model: &Model) -> Result<Dataset> {
        let source = self.open_for(model)?;
        if source.test.is_some() {
            note(&format!(
                "taking the test rows; `--data {}:train` takes those for training",
                self.data
            ));
        }
        let data = source.into_rows();
        if let Some(warning) = apply::warning(model, &data) {
            note(&format!("narrows: warning: {warning}"));
        }
        Ok(data)
    }
}

/// Refuses an output that would replace what a command reads: a source's file, or an image of its folder.
pub fn keep_apart(output: &Path, spec: &str) -> Result<()> {
    match Source::path_of(spec) {
        Some(read) => keep_file_apart(output, &read),
        None => Ok(()),
    }
}

/// The same for a file or folder that a command reads.
pub fn keep_file_apart(output: &Path, read: &Path) -> Result<()> {
    // What is not there yet replaces nothing.
    let (Ok(output_path), Ok(read)) = (output.canonicalize(), read.canonicalize()) else {
        return Ok(());
    };
    let is_image = output.extension().is_some_and(|ending| ending == "png");
    if output_path == read || (is_image && output_path.starts_with(&read)) {
        return Err(Error::new(
            ErrorKind::Data,
            "the output would replace the data that are read",
        )
        .at(output.display())
        .hint("give the output another name"));
    }
    Ok(())
}

/// Opens a source, and says what was done to the data while they were read.
pub fn open(spec: &str, options: &ReadOptions) -> Result<Source> {
    let source = Source::open_with(spec, options)?;
    for data in [Some(&source.train), source.test.as_ref()]
        .into_iter()
        .flatten()
    {
        for text in data.notes() {
            note(&format!("{}: {text}", data.name()));
        }
    }
    Ok(source)
}
