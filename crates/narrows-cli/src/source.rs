//! The options that say which data a command reads, and how: the same for every command.

use crate::output::note;
use clap::Args;
use narrows::apply;
use narrows::data::{
    Dataset, Fit, Layout, Missing, ReadOptions, Source, TextOptions, list_of_names,
};
use narrows::{Error, ErrorKind, Model, Result};
use std::path::Path;

#[derive(Args)]
#[command(next_help_heading = "Data")]
pub struct DataArguments {
    /// `mnist`, a table (CSV, Parquet), an array (.npy, .npz), images, IDX files, or a folder of such; several times,
    /// or a pattern in quotes (`'days/*.csv'`), for many files as one table. `SOURCE:train` and `SOURCE:test` take one
    /// part, `FILE.npz:ARRAY` one array.
    #[arg(long, value_name = "SOURCE", default_value = "mnist")]
    pub data: Vec<String>,
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
    /// What becomes of missing cells: `refuse`, `mean`, `zero`, or `drop` the row; a cell that is there and no number,
    /// such as `2,262`, is always refused
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
    /// How images of other proportions are brought to `--image-size`: `squeeze`, `crop` or `pad` [default: squeeze]
    #[arg(long, value_name = "HOW", value_parser = fit, requires = "image_size")]
    fit: Option<Fit>,
    /// Where the channels of an array of images stand: `channels-first` or `channels-last` [default: told from its
    /// shape]
    #[arg(long, value_name = "WHERE", value_parser = layout)]
    layout: Option<Layout>,
    #[command(flatten)]
    text: TextArguments,
    /// Leave out images that cannot be read, and say how many.
    #[arg(long)]
    skip_bad: bool,
}

#[derive(Args)]
#[command(next_help_heading = "Tables in text, all told from the file if they are not given")]
struct TextArguments {
    /// What stands between two cells: a character, `tab` or `space` (one or more of them)
    #[arg(long, value_name = "SIGN", value_parser = sign)]
    separator: Option<char>,
    /// The decimal sign: `.` or `,`
    #[arg(long, value_name = "SIGN", value_parser = sign)]
    decimal: Option<char>,
    /// What stands between thousands: `,`, `.`, `'`, `_` or `space`
    #[arg(long, value_name = "SIGN", value_parser = sign)]
    thousands: Option<char>,
    /// What cells with separators in them are put between
    #[arg(long, value_name = "SIGN", value_parser = sign)]
    quote: Option<char>,
    /// How lines begin that are left out
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Lines before the header, or before the first row, that are left out
    #[arg(long, value_name = "N")]
    skip_lines: Option<usize>,
    /// Lines at the end that are left out, such as one of totals
    #[arg(long, value_name = "N")]
    skip_end: Option<usize>,
    /// Whether the line behind the header has the columns' units
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    units: Option<bool>,
    /// The encoding, by its name on the web, as `utf-8`, `windows-1252` (Latin-1) or `utf-16le`
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
}

impl TextArguments {
    fn options(&self) -> TextOptions {
        TextOptions {
            separator: self.separator,
            decimal: self.decimal,
            thousands: self.thousands,
            quote: self.quote,
            comment: self.comment.clone(),
            skip_lines: self.skip_lines,
            skip_end: self.skip_end,
            units: self.units,
            encoding: self.encoding.clone(),
            usual_decimal: None,
        }
    }
}

/// A character, by itself or by its name.
fn sign(text: &str) -> std::result::Result<char, String> {
    let known = [
        ("tab", '\t'),
        ("\\t", '\t'),
        ("space", ' '),
        ("comma", ','),
        ("semicolon", ';'),
        ("bar", '|'),
        ("point", '.'),
        ("apostrophe", '\''),
    ];
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Ok(character),
        _ => {
            let named = known.iter().find(|(name, _)| *name == text);
            named
                .map(|(_, character)| *character)
                .ok_or_else(|| "expected one character, or `tab` or `space`".into())
        }
    }
}

fn fit(text: &str) -> std::result::Result<Fit, String> {
    match text {
        "squeeze" => Ok(Fit::Squeeze),
        "crop" => Ok(Fit::Crop),
        "pad" => Ok(Fit::Pad),
        _ => Err("expected squeeze, crop or pad".into()),
    }
}

fn layout(text: &str) -> std::result::Result<Layout, String> {
    match text {
        "channels-first" => Ok(Layout::ChannelsFirst),
        "channels-last" => Ok(Layout::ChannelsLast),
        _ => Err("expected channels-first or channels-last".into()),
    }
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
        // An empty list is the name of a column that has none, as pandas leaves it above its index.
        match list {
            "" => Names(vec![String::new()]),
            list => Names(list_of_names(list)),
        }
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
            fit: self.fit.unwrap_or_default(),
            layout: self.layout,
            skip_bad: self.skip_bad,
            text: self.text.options(),
            ..ReadOptions::default()
        }
    }

    /// Opens a source, as for training.
    pub fn open(&self, specs: &[String]) -> Result<Source> {
        open(specs, &self.options())
    }

    /// Opens a source for a model: with the columns that it was trained on. The rows fit it.
    pub fn open_for(&self, specs: &[String], model: &Model) -> Result<Source> {
        let source = open(specs, &apply::options_for(model, &self.options())?)?;
        apply::check(model, &source.train)?;
        Ok(source)
    }

    /// Opens a source of codes of a model.
    pub fn open_codes(&self, specs: &[String], model: &Model) -> Result<Source> {
        open(specs, &apply::options_for_codes(model, &self.options()))
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
                self.data.join(" ")
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
pub fn keep_apart(output: &Path, specs: &[String]) -> Result<()> {
    let mut paths = specs.iter().filter_map(|spec| Source::path_of(spec));
    paths.try_for_each(|read| keep_file_apart(output, &read))
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
pub fn open(specs: &[String], options: &ReadOptions) -> Result<Source> {
    let source = Source::open_all(specs, options)?;
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
