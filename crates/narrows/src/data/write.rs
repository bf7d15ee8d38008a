//! Writing rows in the formats that are read. The ending of the path decides the format.
//!
//! A file is written under a temporary name and renamed when it is complete. Until then an older file stays.

use super::dataset::Dataset;
use super::formats::{csv, images, npy, parquet};
use super::output::{types_of, wide_columns};
use crate::files::{NewFile, folder_of, sweep_dead};
use crate::{Error, ErrorKind, Result};
use std::path::Path;

pub use super::output::{
    Head, NumberType, Piece, TextColumn, column_names, number, number_of, pieces, texts_of,
};

/// How outputs may end, and what that makes of them.
pub const ENDINGS: &[(&str, &str)] = &[
    (
        ".npy",
        "a NumPy array in the type of the data; float32 for what a model gives",
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

/// An output that is being written.
pub struct Sink(Kinds);

enum Kinds {
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
        sweep_dead(folder_of(path));
        let table_file = || {
            head.check_names(path)?;
            NewFile::create(path)
        };
        Ok(Sink(match ending {
            Ending::Npy => Kinds::Npy(npy::write::Sink::create(NewFile::create(path)?, head)?),
            Ending::Table => {
                let name = path.to_string_lossy().to_lowercase();
                let (table, is_packed) = match name.strip_suffix(".gz") {
                    Some(table) => (table, true),
                    None => (&name[..], false),
                };
                let delimiter = if table.ends_with(".tsv") { b'\t' } else { b',' };
                let file = table_file()?;
                Kinds::Csv(Box::new(csv::write::Sink::create(
                    file, head, delimiter, is_packed,
                )?))
            }
            Ending::Parquet => {
                Kinds::Parquet(Box::new(parquet::write::Sink::create(table_file()?, head)?))
            }
            Ending::Images => Kinds::Images(images::write::Sink::create(path, head)?),
        }))
    }

    /// Writes the next rows.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn write(&mut self, piece: Piece<'_>) -> Result<()> {
        match &mut self.0 {
            Kinds::Npy(sink) => sink.write(piece),
            Kinds::Csv(sink) => sink.write(piece),
            Kinds::Parquet(sink) => sink.write(piece),
            Kinds::Images(sink) => sink.write(piece),
        }
    }

    /// Ends the output, and lets it stand under its name.
    ///
    /// # Errors
    ///
    /// When the system refuses; what was there before stays.
    pub fn finish(self) -> Result<()> {
        match self.0 {
            Kinds::Npy(sink) => sink.finish(),
            Kinds::Csv(sink) => sink.finish(),
            Kinds::Parquet(sink) => sink.finish(),
            Kinds::Images(sink) => sink.finish(),
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
        types: types_of(data),
        ..Head::beside(data, column_names(data), data.shape().to_vec())
    };
    let wide = wide_columns(data, &head.types);
    let mut sink = Sink::create(path, &head)?;
    for rows in pieces(data.rows(), data.inputs()) {
        let values = data.array_of(rows.clone())?;
        let wide: Vec<(usize, Vec<i128>)> = wide
            .iter()
            .map(|&column| (column, data.integers(rows.clone(), column)))
            .collect();
        sink.write(Piece {
            values: values.view(),
            wide: &wide,
            texts: &texts_of(data, rows.clone()),
        })?;
        progress(rows.end)?;
    }
    sink.finish()
}
