//! Writing rows as the formats that are read: what an output is follows from how its path ends.
//!
//! A file is written under a temporary name and renamed when it is whole, so that one that was there
//! before stays until then.

use super::Dataset;
use super::formats::{csv, images, npy, parquet};
use crate::files::NewFile;
use crate::{Error, ErrorKind, Result};
use ndarray::{Array2, ArrayView2};
use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

/// How outputs may end, and what that makes of them.
pub const ENDINGS: &[(&str, &str)] = &[
    (
        ".npy",
        "a NumPy array of float32, or of uint8 where the rows are and stay 8-bit",
    ),
    (
        ".csv, .tsv",
        "a table with a header, also gzipped (.csv.gz)",
    ),
    (".parquet", "a table"),
    ("a folder", "a PNG image for each row"),
];

/// What [`Sink::create`] makes of a path.
enum Ending {
    Npy,
    Table,
    Parquet,
    Images,
}

impl Ending {
    fn of(path: &Path) -> Option<Ending> {
        let name = path.to_string_lossy().to_lowercase();
        let table = name.strip_suffix(".gz").unwrap_or(&name);
        if name.ends_with(".npy") {
            Some(Ending::Npy)
        } else if table.ends_with(".csv") || table.ends_with(".tsv") {
            Some(Ending::Table)
        } else if name.ends_with(".parquet") {
            Some(Ending::Parquet)
        } else {
            let is_folder = path.extension().is_none() || path.is_dir();
            is_folder.then_some(Ending::Images)
        }
    }
}

/// Refuses a path that ends as no output may, before anything is read for it. `beside` are endings that are
/// taken too, each with what it makes.
///
/// # Errors
///
/// [`ErrorKind::Data`] if the ending is not known.
pub fn check_ending(path: &Path, beside: &[(&str, &str)]) -> Result<()> {
    match Ending::of(path) {
        Some(_) => Ok(()),
        None => Err(unknown_ending(path, beside)),
    }
}

fn unknown_ending(path: &Path, beside: &[(&str, &str)]) -> Error {
    let endings: Vec<String> = beside
        .iter()
        .chain(ENDINGS)
        .map(|(ending, what)| format!("{ending} ({what})"))
        .collect();
    Error::new(ErrorKind::Data, "the output has an unknown ending")
        .at(path.display())
        .expected(endings.join(", "))
        .found(path.extension().unwrap_or_default().to_string_lossy())
}

/// What there will be to write.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The number of rows.
    pub rows: usize,
    /// The names of the values in a row.
    pub columns: Vec<String>,
    /// The shape of a row, for formats that have one.
    pub shape: Vec<usize>,
    /// The columns of text beside the values: ids, then labels.
    pub texts: Vec<TextColumn>,
    /// Which of the texts are labels.
    pub label: Option<usize>,
    /// Whether all values are whole numbers from 0 to 255, which `.npy` keeps as such.
    pub is_8_bit: bool,
}

/// A column of text beside the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextColumn {
    /// What it is called.
    pub name: String,
    /// Whether every text is a whole number as a program writes it, which Parquet keeps as such.
    pub is_integer: bool,
}

/// Whether a text is a whole number of 64 bits, written as numbers are: what a reader makes of the number is the text.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = !digits.starts_with(['0', '+']) || text == "0";
    is_plain && text.parse::<i64>().is_ok()
}

impl Head {
    /// Values of the given names beside the ids and labels of some data.
    pub fn beside(data: &Dataset, columns: Vec<String>, shape: Vec<usize>) -> Head {
        let of_ids = data.ids().iter().map(|ids| TextColumn {
            name: ids.name.clone(),
            is_integer: ids.values.iter().all(|text| is_integer(text)),
        });
        let mut texts: Vec<TextColumn> = of_ids.collect();
        let label = data.labels().map(|_| texts.len());
        if label.is_some() {
            texts.push(TextColumn {
                name: data.label_column().to_string(),
                is_integer: data.label_names().is_empty(),
            });
        }
        Head {
            rows: data.rows(),
            columns,
            shape,
            texts,
            label,
            is_8_bit: false,
        }
    }

    /// The names of all columns, texts first, for formats that find columns by their names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let texts = self.texts.iter().map(|text| text.name.as_str());
        texts.chain(self.columns.iter().map(String::as_str))
    }

    /// Refuses a table in which two columns would have one name.
    fn check_names(&self, path: &Path) -> Result<()> {
        let mut known = HashSet::new();
        match self.names().find(|name| !known.insert(*name)) {
            None => Ok(()),
            Some(twice) => Err(Error::new(
                ErrorKind::Data,
                format!("two columns of the output would be called `{twice}`"),
            )
            .at(path.display())
            .expected("a name of its own for each column")
            .hint("rename the column in the data, leave it out of the ids and labels, or write a .npy file")),
        }
    }
}

/// The texts of some rows of some data, as [`Head::beside`] names them, `[texts][rows]`.
pub fn texts_of(data: &Dataset, rows: Range<usize>) -> Vec<Vec<String>> {
    let of_ids = data.ids().iter().map(|ids| {
        let these = ids.values.get(rows.clone()).unwrap_or_default();
        these.to_vec()
    });
    let labels = data.labels().map(|labels| {
        let these = labels.get(rows.clone()).unwrap_or_default();
        these.iter().map(|&label| data.label_text(label)).collect()
    });
    of_ids.chain(labels).collect()
}

/// An output that is being written.
pub struct Sink(Kind);

enum Kind {
    Npy(npy::write::Sink),
    Csv(Box<csv::write::Sink>),
    Parquet(Box<parquet::write::Sink>),
    Images(images::write::Sink),
}

impl Sink {
    /// Begins an output of the kind that `path` ends with.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the ending is not known, or if the rows do not suit it; [`ErrorKind::Io`]
    /// if the system refuses.
    pub fn create(path: &Path, head: &Head) -> Result<Sink> {
        let ending = Ending::of(path).ok_or_else(|| unknown_ending(path, &[]))?;
        let table_file = || {
            head.check_names(path)?;
            NewFile::create(path)
        };
        Ok(Sink(match ending {
            Ending::Npy => Kind::Npy(npy::write::Sink::create(NewFile::create(path)?, head)?),
            Ending::Table => {
                let name = path.to_string_lossy().to_lowercase();
                let (table, is_packed) = match name.strip_suffix(".gz") {
                    Some(table) => (table, true),
                    None => (&name[..], false),
                };
                let delimiter = if table.ends_with(".tsv") { b'\t' } else { b',' };
                let file = table_file()?;
                Kind::Csv(Box::new(csv::write::Sink::create(
                    file, head, delimiter, is_packed,
                )?))
            }
            Ending::Parquet => {
                Kind::Parquet(Box::new(parquet::write::Sink::create(table_file()?, head)?))
            }
            Ending::Images => Kind::Images(images::write::Sink::create(path, head)?),
        }))
    }

    /// Writes the next rows, `[rows, columns]`, with their texts, `[texts][rows]`.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn write(&mut self, values: ArrayView2<'_, f32>, texts: &[Vec<String>]) -> Result<()> {
        match &mut self.0 {
            Kind::Npy(sink) => sink.write(values),
            Kind::Csv(sink) => sink.write(values, texts),
            Kind::Parquet(sink) => sink.write(values, texts),
            Kind::Images(sink) => sink.write(values, texts),
        }
    }

    /// Ends the output, and lets it stand under its name.
    ///
    /// # Errors
    ///
    /// When the system refuses; what was there before stays.
    pub fn finish(self) -> Result<()> {
        match self.0 {
            Kind::Npy(sink) => sink.finish(),
            Kind::Csv(sink) => sink.finish(),
            Kind::Parquet(sink) => sink.finish(),
            Kind::Images(sink) => sink.finish(),
        }
    }
}

/// Writes data as they are, in their own units.
///
/// # Errors
///
/// As [`Sink::create`] and [`Sink::write`], and what `progress` ends it with, which is told the rows that are done.
pub fn write_data(
    data: &Dataset,
    path: &Path,
    mut progress: impl FnMut(usize) -> Result<()>,
) -> Result<()> {
    let head = Head {
        is_8_bit: data.is_8_bit(),
        ..Head::beside(data, column_names(data), data.shape().to_vec())
    };
    let mut sink = Sink::create(path, &head)?;
    for rows in pieces(data.rows(), data.inputs()) {
        let values = data.array_of(rows.clone())?;
        sink.write(values.view(), &texts_of(data, rows.clone()))?;
        progress(rows.end)?;
    }
    sink.finish()
}

/// A number as text, in the fewest digits that are read back as the same number: very small and very large ones
/// with an exponent.
pub fn number(value: f32) -> String {
    match value.abs() {
        0.0 => "0".to_string(),
        1e-5..1e16 => value.to_string(),
        _ => format!("{value:e}"),
    }
}

/// The names of the values of a row: those of the columns, or `x0`, `x1` and so on.
pub fn column_names(data: &Dataset) -> Vec<String> {
    match data.columns() {
        Some(columns) => columns.to_vec(),
        None => (0..data.inputs())
            .map(|index| format!("x{index}"))
            .collect(),
    }
}

/// Rows in the pieces in which they are read, worked on and written.
pub fn pieces(rows: usize, inputs: usize) -> impl Iterator<Item = Range<usize>> {
    /// The values of a piece, unless a row has more.
    const VALUES: usize = 4 << 20;
    let piece = (VALUES / inputs.max(1)).clamp(1, 4096);
    (0..rows)
        .step_by(piece)
        .map(move |start| start..(start + piece).min(rows))
}

impl Dataset {
    /// Some of the rows as `f32`, `[rows, inputs]`, in the data's own units.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when rows that stay in a file cannot be read.
    pub fn array_of(&self, rows: Range<usize>) -> Result<Array2<f32>> {
        let none = super::scaling::Scaling::none();
        let mut array = Array2::zeros((rows.len(), self.inputs()));
        for (row, mut values) in rows.zip(array.rows_mut()) {
            if let Some(values) = values.as_slice_mut() {
                none.gather(self, row, values);
            }
        }
        self.check_readable()?;
        Ok(array)
    }
}
