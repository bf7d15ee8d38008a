//! How a source is read: which columns, what missing values become, how large images get.

use crate::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// What a missing value becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// An error that names its row and column.
    #[default]
    Refuse,
    /// The mean of its column in the rows that are trained on.
    Mean,
    /// 0.
    Zero,
    /// Its row is left out.
    Drop,
}

impl Missing {
    /// The names, in the order of the variants.
    pub const NAMES: [&str; 4] = ["refuse", "mean", "zero", "drop"];

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Missing::Refuse, Missing::Mean, Missing::Zero, Missing::Drop];
        let found = Self::NAMES.iter().position(|&known| known == name)?;
        all.get(found).copied()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// Names in a list with commas between them; one with a comma in it stands in double quotes, as in CSV.
pub fn list_of_names(list: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(list.as_bytes());
    // Text in memory is always readable.
    let lines = reader.records().filter_map(std::result::Result::ok);
    lines
        .flat_map(|line| line.iter().map(String::from).collect::<Vec<_>>())
        .collect()
}

/// How to read a source. What does not concern its kind must be left at its default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadOptions {
    /// The columns of a table to read, in this order; all but the labels and ids if there are none.
    /// A table without a header has the columns `0`, `1` and so on.
    pub columns: Vec<String>,
    /// The columns of a table to leave out.
    pub drop: Vec<String>,
    /// The column of a table that has the labels, or the array of an `.npz`.
    pub label: Option<String>,
    /// The columns of a table that are kept beside the rows, as text.
    pub ids: Vec<String>,
    /// What becomes of missing values in a table.
    pub missing: Missing,
    /// The columns that a model was trained on: those of a table are matched with them by name if
    /// `columns` says nothing. Other sources have no names to match.
    pub model_columns: Option<Vec<String>>,
    /// Whether the columns of a CSV file without a header are taken as they stand, rather than matched with
    /// `model_columns`.
    #[serde(skip)]
    pub unnamed_as_they_stand: bool,
    /// For each of `columns` what stands for a missing value, as a model says; it goes before `missing`.
    pub fill: Option<Vec<f64>>,
    /// Whether a CSV file begins with the columns' names; told from its first line if it is not said.
    pub header: Option<bool>,
    /// Keep the rows of these labels only.
    pub classes: Vec<String>,
    /// Width and height that images are brought to.
    pub image_size: Option<(u32, u32)>,
    /// How an image of other proportions is brought to `image_size`.
    pub fit: Fit,
    /// The channels of the model that images are for, 1 or 3: they are brought to it.
    #[serde(skip)]
    pub channels: Option<usize>,
    /// Leave out images that cannot be read, and count them.
    pub skip_bad: bool,
    /// How the text of a table is written, as far as a person says it.
    pub text: TextOptions,
    /// Where the channels of an array of images stand; told from its shape if it is not said.
    pub layout: Option<Layout>,
}

/// How an image of other proportions is brought to a size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Width and height are each brought to theirs.
    #[default]
    Squeeze,
    /// The proportions are kept, and what stands out on two sides is cut off.
    Crop,
    /// The proportions are kept, and two sides are filled up with black.
    Pad,
}

/// Where the channels of an array `[rows, …]` of images stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `[rows, channels, height, width]`, as in PyTorch.
    ChannelsFirst,
    /// `[rows, height, width, channels]`, as in Keras.
    ChannelsLast,
}

/// How the text of a table is written. What is `None` is told from the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TextOptions {
    /// What stands between two cells; a space stands for one or more of them.
    pub separator: Option<char>,
    /// The decimal sign: a point or a comma.
    pub decimal: Option<char>,
    /// What may stand between groups of three digits: a comma, a point, an apostrophe, a space or an underscore.
    pub thousands: Option<char>,
    /// What cells with separators in them are put between.
    pub quote: Option<char>,
    /// How lines begin that are left out.
    pub comment: Option<String>,
    /// The lines before the header that are left out.
    pub skip_lines: Option<usize>,
    /// The lines at the end that are left out, such as one of totals.
    pub skip_end: Option<usize>,
    /// Whether the line behind the header has the columns' units.
    pub units: Option<bool>,
    /// The encoding, by its name on the web: `utf-8`, `windows-1252` (Latin-1), `utf-16le`, `shift_jis`.
    pub encoding: Option<String>,
    /// The decimal sign where the file leaves open which it is: that of the file that a model was trained on.
    pub usual_decimal: Option<char>,
}

impl ReadOptions {
    /// Refuses all but the classes, for a source that is `what`.
    pub(super) fn refuse_all(&self, spec: &str, what: &str) -> Result<()> {
        self.refuse_table(spec, what)?;
        self.refuse_label(spec, what)?;
        self.refuse_layout(spec, what)?;
        self.refuse_images(spec, what)
    }

    /// Refuses settings for tables, for a source that is `what`.
    pub(super) fn refuse_table(&self, spec: &str, what: &str) -> Result<()> {
        let is_set = [
            (!self.columns.is_empty(), "columns"),
            (!self.drop.is_empty(), "drop"),
            (!self.ids.is_empty(), "id"),
            (self.missing != Missing::Refuse, "missing"),
        ];
        refuse(&is_set, spec, what, "tables (CSV and Parquet)")?;
        self.refuse_text(spec, what)
    }

    /// Refuses settings for the text of a table, for a source that is `what`.
    pub(super) fn refuse_text(&self, spec: &str, what: &str) -> Result<()> {
        let text = &self.text;
        let is_set = [
            (self.header.is_some(), "header"),
            (text.separator.is_some(), "separator"),
            (text.decimal.is_some(), "decimal"),
            (text.thousands.is_some(), "thousands"),
            (text.quote.is_some(), "quote"),
            (text.comment.is_some(), "comment"),
            (text.skip_lines.is_some(), "skip-lines"),
            (text.skip_end.is_some(), "skip-end"),
            (text.units.is_some(), "units"),
            (text.encoding.is_some(), "encoding"),
        ];
        refuse(&is_set, spec, what, "tables in text (CSV)")
    }

    /// Refuses a label column, for a source that is `what`.
    pub(super) fn refuse_label(&self, spec: &str, what: &str) -> Result<()> {
        let is_set = [(self.label.is_some(), "label")];
        refuse(&is_set, spec, what, "tables and NPZ files")
    }

    /// Refuses settings for images, for a source that is `what`.
    pub(super) fn refuse_images(&self, spec: &str, what: &str) -> Result<()> {
        let is_set = [
            (self.image_size.is_some(), "image-size"),
            (self.fit != Fit::default(), "fit"),
            (self.skip_bad, "skip-bad"),
        ];
        refuse(&is_set, spec, what, "images")
    }

    /// Refuses where the channels stand, for a source that is `what`.
    pub(super) fn refuse_layout(&self, spec: &str, what: &str) -> Result<()> {
        refuse(
            &[(self.layout.is_some(), "layout")],
            spec,
            what,
            "arrays (NPY and NPZ)",
        )
    }
}

fn refuse(is_set: &[(bool, &str)], spec: &str, what: &str, of: &str) -> Result<()> {
    match is_set.iter().find(|(is_set, _)| *is_set) {
        None => Ok(()),
        Some((_, name)) => Err(Error::new(
            ErrorKind::Data,
            format!("`{name}` is a setting for {of}"),
        )
        .at(spec)
        .found(what)),
    }
}
