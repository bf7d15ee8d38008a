//! The values of all options.

use super::choices::{Fit, Layout, Missing, OnBad};
use crate::advice::{Setting, setting};
use crate::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// The names in a list separated by commas. A name that contains a comma is in double quotes, as in CSV, if the feature
/// `csv` is on.
#[cfg(feature = "csv")]
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

/// The names in a list separated by commas.
#[cfg(not(feature = "csv"))]
pub fn list_of_names(list: &str) -> Vec<String> {
    let names = list.split(',').filter(|_| !list.is_empty());
    names.map(String::from).collect()
}

/// The options for reading a source. Options that do not apply to its kind must have their defaults; otherwise they are
/// refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadOptions {
    /// The columns of a table to learn from, in this order; if empty, all columns of numbers without the label and ids.
    /// A table without a header has the columns `0`, `1` and so on.
    pub columns: Vec<String>,
    /// The columns of a table to leave out.
    pub drop: Vec<String>,
    /// The column of a table with the labels, or the array of an `.npz`.
    pub label: Option<String>,
    /// The columns of a table that are kept as text beside the rows.
    pub ids: Vec<String>,
    /// The column of a table whose groups of rows must stay together. It is kept as text beside the rows, unless it is
    /// an input or the label.
    pub group: Option<String>,
    /// How to handle missing values in a table. `None`: as a model was trained, otherwise refuse them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// The columns that a model was trained on. If `columns` is empty, the columns of a table are matched with them by
    /// name. Other sources have no names to match.
    pub model_columns: Option<Vec<String>>,
    /// Whether the columns of a text without a header are used in the order of the file, without matching with
    /// `model_columns`.
    #[serde(skip)]
    pub unnamed_as_they_stand: bool,
    /// The columns that hold yes and no in the training file of a model, or in other files of the table. There a column
    /// of one letter, such as `Y`, holds yes and no too.
    #[serde(skip)]
    pub truths: Vec<String>,
    /// The values that fill missing cells, one for each of `columns`, from a model. They override `missing`.
    pub fill: Option<Vec<f64>>,
    /// Whether a text begins with the names of the columns; `None` detects it from the file.
    pub header: Option<bool>,
    /// Keep only the rows with these labels; all rows if empty.
    pub classes: Vec<String>,
    /// The width and height that images are resized to.
    pub image_size: Option<(u32, u32)>,
    /// How an image is resized to `image_size` if its aspect ratio differs.
    pub fit: Fit,
    /// The number of channels of the model that reads the images, 1 or 3. Images are converted to it.
    #[serde(skip)]
    pub channels: Option<usize>,
    /// The bits of the pixels that a model was trained on, 8 or 16. Images are converted to this depth.
    #[serde(skip)]
    pub bits: Option<u8>,
    /// How to handle bad rows.
    pub on_bad: OnBad,
    /// The syntax of the text of a table, as far as the user sets it.
    pub text: TextOptions,
    /// The order of dimensions of an array of images; `None` detects it from the shape.
    pub layout: Option<Layout>,
}

/// The syntax of the text of a table. `None` detects it from the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TextOptions {
    /// The character between two cells. A space means one or more spaces or tabs.
    pub separator: Option<char>,
    /// The decimal sign: a point or a comma.
    pub decimal: Option<char>,
    /// The thousands separator: a comma, a point, an apostrophe, a space or an underscore.
    pub thousands: Option<char>,
    /// The quote around cells that contain separators.
    pub quote: Option<char>,
    /// Lines that begin with this text are left out.
    pub comment: Option<String>,
    /// The number of lines to leave out before the header, or before the first row.
    pub skip_lines: Option<usize>,
    /// The number of lines to leave out at the end, such as a line of totals.
    pub skip_end: Option<usize>,
    /// Whether the line below the header has the units of the columns.
    pub units: Option<bool>,
    /// The encoding, by its name on the web: `utf-8`, `windows-1252` (Latin-1), `utf-16le`, `shift_jis`.
    pub encoding: Option<String>,
    /// The decimal sign to use if no cell of the file shows one: the sign of the file that a model was trained on.
    pub usual_decimal: Option<char>,
    /// The separator of the file that shows [`TextOptions::usual_decimal`]. Decimal commas of another file are not used
    /// if the separator is a comma.
    pub usual_separator: Option<char>,
    /// Whether the file that shows [`TextOptions::usual_decimal`] has a header. If it has none, a first line that may be
    /// a row is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_header: Option<bool>,
    /// The thousands separator of that file. Cells that show no other one are read with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_thousands: Option<char>,
}

impl TextOptions {
    /// Refuses signs that would have two meanings.
    pub(in crate::data) fn check(&self) -> Result<()> {
        let pairs = [
            (
                self.decimal,
                Setting::Decimal,
                self.thousands,
                Setting::Thousands,
            ),
            (
                self.separator,
                Setting::Separator,
                self.quote,
                Setting::Quote,
            ),
            (self.decimal, Setting::Decimal, self.quote, Setting::Quote),
        ];
        for (sign, of, other, of_other) in pairs {
            if sign.is_some() && sign == other {
                return Err(Error::new(
                    ErrorKind::Data,
                    format!(
                        "{} and {} are the same sign",
                        setting(of),
                        setting(of_other)
                    ),
                )
                .expected("two different signs")
                .found(format!("{:?} for both", sign.unwrap_or_default())));
            }
        }
        Ok(())
    }

    /// The same options, but cells and lines that can be read in two ways are read as in another file, as far as the
    /// options do not know one already.
    #[must_use]
    pub(crate) fn like(self, other: &TextOptions) -> Self {
        let (usual_decimal, usual_separator) = match self.usual_decimal {
            Some(_) => (self.usual_decimal, self.usual_separator),
            None => (
                other.decimal.or(other.usual_decimal),
                other.separator.or(other.usual_separator),
            ),
        };
        let thousands = other.thousands.or(other.usual_thousands);
        TextOptions {
            usual_decimal,
            usual_separator,
            usual_header: self.usual_header.or(other.usual_header),
            usual_thousands: self.usual_thousands.or(thousands),
            ..self
        }
    }
}

impl ReadOptions {
    /// The same options, but to drop a column of lists drops all columns that are made from it.
    pub(crate) fn with_lists(&self, lists: &[(String, Vec<String>)]) -> Self {
        let mut options = self.clone();
        for (name, places) in lists {
            if let Some(place) = options.drop.iter().position(|dropped| dropped == name) {
                options.drop.splice(place..=place, places.iter().cloned());
            }
        }
        options
    }

    /// How missing values are handled if no model says it.
    pub(crate) fn missing_or_refuse(&self) -> Missing {
        self.missing.unwrap_or_default()
    }

    /// Whether a missing cell makes a row bad: it is not filled, and its row is not left out because of it.
    pub(crate) fn is_missing_bad(&self) -> bool {
        let is_filled = self.fill.is_some() || self.missing_or_refuse() != Missing::Refuse;
        self.on_bad != OnBad::Refuse && !is_filled
    }
}
