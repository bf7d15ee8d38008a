//! Writes rows in the formats that can be read. The format is the requested one, or the ending of the path decides.
//!
//! A file is written under a temporary name and renamed when it is complete. Until then an existing file stays.
//! Standard output, pipes and devices get the rows while they are computed.

use super::dataset::Dataset;
#[cfg(not(feature = "csv"))]
use super::formats::csv::Reasons;
use super::formats::{csv, images, npy, parquet};
use super::output::{types_of, wide_columns};
#[cfg(feature = "csv")]
use super::reasons::Reasons;
use crate::advice::{Setting, set, setting};
use crate::files::{OutputFile, folder_of, is_stream, sweep_dead};
use crate::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

pub use super::output::{
    Head, NumberType, Piece, TextColumn, column_names, number, number_of, pieces, texts_of,
};

/// The endings of outputs, each with its format.
pub const ENDINGS: &[(&str, &str)] = &[
    (
        ".npy",
        "a NumPy array in the type of the data, float32 for outputs of a model",
    ),
    (
        ".csv, .tsv",
        "a table with a header, also gzipped (.csv.gz)",
    ),
    (".parquet", "a table"),
    ("a folder", "a PNG image for each row"),
];

/// A format for writing rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A table with commas and a header.
    Csv,
    /// The same in gzip.
    CsvGz,
    /// A table with tabs and a header.
    Tsv,
    /// The same in gzip.
    TsvGz,
    /// A Parquet table.
    Parquet,
    /// A NumPy array.
    Npy,
    /// A folder with a PNG image for each row.
    Images,
}

impl Format {
    /// The names, in the order of the variants.
    pub const NAMES: [&str; 7] = ["csv", "csv.gz", "tsv", "tsv.gz", "parquet", "npy", "images"];

    /// By its name.
    ///
    /// ```
    /// use narrows::data::write::Format;
    /// assert_eq!(Format::named("csv.gz"), Some(Format::CsvGz));
    /// assert_eq!(Format::named("xlsx"), None);
    /// ```
    pub fn named(name: &str) -> Option<Format> {
        use Format::{Csv, CsvGz, Images, Npy, Parquet, Tsv, TsvGz};
        let all = [Csv, CsvGz, Tsv, TsvGz, Parquet, Npy, Images];
        let place = Format::NAMES.iter().position(|&known| known == name)?;
        all.get(place).copied()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Format::NAMES[self as usize]
    }

    /// The format of the ending of a path; `None` for an unknown ending or without one.
    fn of_ending(path: &Path) -> Option<Format> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        let ends = |format: &&Format| name.ends_with(&format!(".{}", format.name()));
        use Format::{Csv, CsvGz, Npy, Parquet, Tsv, TsvGz};
        [Csv, CsvGz, Tsv, TsvGz, Parquet, Npy]
            .iter()
            .find(ends)
            .copied()
    }
}

/// The place and the format of an output. From a path alone, the ending decides the format.
///
/// ```
/// use narrows::data::write::{Format, Output};
/// let output = Output::from("scores.parquet");
/// assert_eq!(output.format(), Some(Format::Parquet));
/// assert_eq!(Output::from("-").format(), Some(Format::Csv));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The file or folder; `-` is standard output.
    pub path: PathBuf,
    /// The requested format, which overrides the ending of the path.
    pub asked: Option<Format>,
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Output {
    fn from(path: &P) -> Output {
        Output {
            path: path.as_ref().to_path_buf(),
            asked: None,
        }
    }
}

impl Output {
    /// The format: the requested one, or the format of the ending. Without an ending it is a folder of images, or CSV
    /// for standard output, a pipe or a device. `None` for an unknown ending.
    pub fn format(&self) -> Option<Format> {
        let told = || match Format::of_ending(&self.path) {
            Some(format) => Some(format),
            None if is_stream(&self.path) => Some(Format::Csv),
            None => {
                let is_folder = self.path.extension().is_none() || self.path.is_dir();
                is_folder.then_some(Format::Images)
            }
        };
        self.asked.or_else(told)
    }

    /// A sentence if the ending of the path stands for another format than the requested one.
    pub fn contradiction(&self) -> Option<String> {
        let (asked, ending) = (self.asked?, Format::of_ending(&self.path)?);
        (asked != ending).then(|| {
            format!(
                "{}: written as {}, because of {}; its ending says something else",
                self.path.display(),
                asked.name(),
                setting(Setting::Format)
            )
        })
    }

    /// Refuses an output that rows cannot be written to, before anything is read. `beside` are further allowed endings,
    /// each with its output.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the ending is not known, or if a folder of images would go to standard output.
    pub fn check(&self, beside: &[(&str, &str)]) -> Result<()> {
        self.known_format(beside).map(|_| ())
    }

    fn known_format(&self, beside: &[(&str, &str)]) -> Result<Format> {
        match self.format() {
            Some(Format::Images) if is_stream(&self.path) => Err(Error::new(
                ErrorKind::Data,
                "a folder of images cannot be written to standard output, a pipe or a device",
            )
            .at(self.path.display())
            .expected("one of the formats csv, tsv, parquet and npy")),
            Some(format) => Ok(format),
            None => Err(unknown_ending(&self.path, beside)),
        }
    }

    /// The file for the reasons of rows without values: `scores.reasons.csv` beside `scores.npy`. `None` for tables,
    /// which have a column for them.
    pub fn reasons(&self) -> Option<PathBuf> {
        let has_no_column = matches!(self.format(), Some(Format::Npy | Format::Images));
        has_no_column.then(|| self.beside()).flatten()
    }

    /// The same for any format. `None` for standard output, a pipe or a device.
    fn beside(&self) -> Option<PathBuf> {
        let name = self.path.with_extension("");
        let name = name.file_name()?.to_string_lossy().into_owned();
        (!is_stream(&self.path)).then(|| self.path.with_file_name(format!("{name}.reasons.csv")))
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
        .found(format!(
            ".{}",
            path.extension().unwrap_or_default().to_string_lossy()
        ))
        .hint(format!(
            "give the file one of these endings, or name the format with {}",
            setting(Setting::Format)
        ))
}

/// An output in progress.
pub struct Sink {
    kind: Kinds,
    /// The reasons of rows without values, for a format that has no column for them.
    reasons: Option<Reasons>,
}

enum Kinds {
    Npy(npy::write::NpySink),
    Csv(Box<csv::write::CsvSink>),
    Parquet(Box<parquet::write::ParquetSink>),
    Images(images::write::ImagesSink),
}

impl Sink {
    /// Begins an output in its format.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the ending is not known, or if the rows do not fit the format; [`ErrorKind::Io`] if the
    /// system cannot write it.
    pub fn create(output: impl Into<Output>, head: &Head) -> Result<Sink> {
        let output = output.into();
        let (path, format) = (&*output.path, output.known_format(&[])?);
        sweep_dead(folder_of(path));
        let table_file = || {
            head.check_names(path)?;
            OutputFile::create(path)
        };
        let has_no_column = head.has_reasons && matches!(format, Format::Npy | Format::Images);
        let reasons = match has_no_column.then(|| output.beside()) {
            None => None,
            Some(Some(beside)) => Some(Reasons::create(&beside)?),
            Some(None) => {
                return Err(Error::new(
                    ErrorKind::Data,
                    "the reasons of bad rows need a file beside the array, and this output has no file beside it",
                )
                .at(path.display())
                .expected("a table, which has a column for reasons, or a file")
                .hint(format!(
                    "use {} or {}, or leave bad rows out with {}",
                    set(Setting::Format, "csv"),
                    set(Setting::Format, "parquet"),
                    set(Setting::OnBad, "drop")
                )));
            }
        };
        let kind = match format {
            Format::Npy => Kinds::Npy(npy::write::NpySink::create(
                OutputFile::create(path)?,
                head,
            )?),
            Format::Csv | Format::CsvGz | Format::Tsv | Format::TsvGz => {
                let is_packed = matches!(format, Format::CsvGz | Format::TsvGz);
                let is_tsv = matches!(format, Format::Tsv | Format::TsvGz);
                let delimiter = if is_tsv { b'\t' } else { b',' };
                let file = table_file()?;
                Kinds::Csv(Box::new(csv::write::CsvSink::create(
                    file, head, delimiter, is_packed,
                )?))
            }
            Format::Parquet => Kinds::Parquet(Box::new(parquet::write::ParquetSink::create(
                table_file()?,
                head,
            )?)),
            Format::Images => Kinds::Images(images::write::ImagesSink::create(path, head)?),
        };
        Ok(Sink { kind, reasons })
    }

    /// Writes the next rows.
    ///
    /// # Errors
    ///
    /// If the system cannot write them.
    pub fn write(&mut self, piece: Piece<'_>) -> Result<()> {
        if let Some(reasons) = &mut self.reasons {
            reasons.write(piece)?;
        }
        match &mut self.kind {
            Kinds::Npy(sink) => sink.write(piece),
            Kinds::Csv(sink) => sink.write(piece),
            Kinds::Parquet(sink) => sink.write(piece),
            Kinds::Images(sink) => sink.write(piece),
        }
    }

    /// Completes the output, which then gets its name.
    ///
    /// # Errors
    ///
    /// If the system cannot write it; an existing file then stays.
    pub fn finish(self) -> Result<()> {
        match self.kind {
            Kinds::Npy(sink) => sink.finish(),
            Kinds::Csv(sink) => sink.finish(),
            Kinds::Parquet(sink) => sink.finish(),
            Kinds::Images(sink) => sink.finish(),
        }?;
        self.reasons.map_or(Ok(()), Reasons::finish)
    }
}

/// Writes data in their own units.
///
/// # Errors
///
/// As [`Sink::create`] and [`Sink::write`], and errors of `progress`, which is called with the number of finished rows.
pub fn write_data(
    data: &Dataset,
    output: impl Into<Output>,
    mut progress: impl FnMut(usize) -> Result<()>,
) -> Result<()> {
    let head = Head {
        types: types_of(data),
        ..Head::beside(data, column_names(data), data.shape().to_vec())
    };
    let wide = wide_columns(data, &head.types);
    let mut sink = Sink::create(output, &head)?;
    for rows in pieces(data.rows(), data.inputs()) {
        let values = data.array_of(rows.clone())?;
        let wide: Vec<(usize, Vec<i128>)> = wide
            .iter()
            .map(|&column| (column, data.integers(rows.clone(), column)))
            .collect();
        sink.write(Piece {
            values: values.view(),
            wide: &wide,
            reasons: &[],
            texts: &texts_of(data, rows.clone()),
        })?;
        progress(rows.end)?;
    }
    sink.finish()
}
