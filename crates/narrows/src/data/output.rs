//! The rows of an output, piece by piece: their names and types.

use super::bad::is_integer;
use super::dataset::Dataset;
use super::element::{Element, NumberKind};
use super::schema::{ColumnKind, Role};
use super::values::Values;
use crate::{Error, ErrorKind, Result};
use ndarray::{Array2, ArrayView2};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

/// The name of the column with the reasons of rows without values.
pub(super) const REASON: &str = "reason";

/// The system's error behind an error of writing CSV.
#[cfg(feature = "csv")]
pub(super) fn io_error(error: csv::Error) -> std::io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}

/// The description of an output.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The number of rows.
    pub rows: usize,
    /// The names of the values in a row.
    pub columns: Vec<String>,
    /// The type of each value; empty if all are float32.
    pub types: Vec<NumberType>,
    /// The shape of a row, for formats that have one.
    pub shape: Vec<usize>,
    /// The type of pixels, for a folder of images; `None` is 8 bits.
    pub pixels: Option<NumberType>,
    /// The columns of text beside the values: ids, then labels.
    pub texts: Vec<TextColumn>,
    /// The index of the labels among the texts.
    pub label: Option<usize>,
    /// Whether rows may have a reason in place of values. In tables, the column `reason` after the values has it.
    pub has_reasons: bool,
}

/// The type in which values are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NumberType {
    /// 0 and 1.
    Boolean,
    /// Whole numbers from 0 to 255.
    U8,
    /// Whole numbers from 0 to 65,535.
    U16,
    /// Whole numbers of 64 bits.
    I64,
    /// Unsigned whole numbers of 64 bits.
    U64,
    /// 32-bit floating-point numbers.
    #[default]
    F32,
    /// 64-bit floating-point numbers.
    F64,
}

/// The type of the pixels of images: the type in the data; 8 bits for numbers of a table.
fn pixels_of(data: &Dataset) -> NumberType {
    match (NumberType::of(data.element), data.shape().len()) {
        (_, 1) => NumberType::U8,
        (kind, _) => kind,
    }
}

impl NumberType {
    /// The type in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            NumberType::Boolean => "0 and 1",
            NumberType::U8 => "8-bit values",
            NumberType::U16 => "16-bit values",
            NumberType::I64 | NumberType::U64 => "whole numbers of 64 bits",
            NumberType::F32 => "32-bit floating-point values",
            NumberType::F64 => "64-bit floating-point values",
        }
    }

    fn of(element: Element) -> NumberType {
        match element.kind {
            NumberKind::Bool => NumberType::Boolean,
            NumberKind::U8 => NumberType::U8,
            NumberKind::U16 => NumberType::U16,
            NumberKind::I8
            | NumberKind::I16
            | NumberKind::U32
            | NumberKind::I32
            | NumberKind::I64 => NumberType::I64,
            NumberKind::U64 => NumberType::U64,
            NumberKind::F16 | NumberKind::BF16 | NumberKind::F32 => NumberType::F32,
            NumberKind::F64 => NumberType::F64,
        }
    }

    /// Whether all values of the type are whole numbers.
    pub(super) fn is_integer(self) -> bool {
        !matches!(self, NumberType::F32 | NumberType::F64)
    }
}

/// Some rows to write.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Their values, `[rows, columns]`.
    pub values: ArrayView2<'a, f64>,
    /// Columns of whole numbers that are too large for an exact `f64`: the index of each and its numbers, which are
    /// used instead of `values`.
    pub wide: &'a [(usize, Vec<i128>)],
    /// Their texts, `[texts][rows]`.
    pub texts: &'a [Vec<String>],
    /// For each row the reason if it has no values; empty if all rows have values.
    pub reasons: &'a [Option<&'a str>],
}

impl Piece<'_> {
    /// The reason why a row has no values, if it has none.
    pub(super) fn reason(&self, row: usize) -> Option<&str> {
        self.reasons.get(row).copied().flatten()
    }

    /// A whole number of the rows.
    pub(super) fn integer(&self, row: usize, column: usize) -> i128 {
        let wide = self.wide.iter().find(|(place, _)| *place == column);
        match wide.and_then(|(_, numbers)| numbers.get(row)) {
            Some(&number) => number,
            None => self
                .values
                .get((row, column))
                .map_or(0, |&value| value as i128),
        }
    }
}

/// A column of text beside the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextColumn {
    /// Its name.
    pub name: String,
    /// Whether every text is a whole number in its usual form, or empty in a row without values; Parquet stores it as
    /// integers.
    pub is_integer: bool,
}

impl Head {
    /// A head with values of the given names, and with the ids and labels of some data.
    pub fn beside(data: &Dataset, columns: Vec<String>, shape: Vec<usize>) -> Head {
        let bad = data.bad_rows();
        let of_ids = data
            .ids()
            .iter()
            .enumerate()
            .map(|(place, ids)| TextColumn {
                name: ids.name.clone(),
                is_integer: ids.values.iter().all(|text| is_integer(text))
                    && bad.has_integers(place),
            });
        let mut texts: Vec<TextColumn> = of_ids.collect();
        let label = data.labels().map(|_| texts.len());
        if label.is_some() {
            texts.push(TextColumn {
                name: data.label_column().to_string(),
                is_integer: data.label_names().is_empty() && bad.has_integers(texts.len()),
            });
        }
        Head {
            rows: data.rows() + bad.rows().len(),
            has_reasons: bad.are_kept(),
            columns,
            shape,
            texts,
            label,
            types: Vec::new(),
            pixels: Some(pixels_of(data)),
        }
    }

    /// The type of a column.
    pub(super) fn type_of(&self, column: usize) -> NumberType {
        self.types.get(column).copied().unwrap_or_default()
    }

    /// The narrowest type that holds the values of all columns, if there is one.
    pub(super) fn common_type(&self) -> Option<NumberType> {
        use NumberType::{Boolean, F32, F64, I64, U8, U16, U64};
        let join = |a: NumberType, b: NumberType| match (a, b) {
            (a, b) if a == b => Some(a),
            (Boolean, other) | (other, Boolean) => Some(other),
            (U8, other) | (other, U8) => Some(other),
            (U16, other) | (other, U16) => Some(if other == F32 { F32 } else { other }),
            (I64, U64) | (U64, I64) => None,
            (F64, _) | (_, F64) | (F32, _) | (_, F32) => Some(F64),
            (I64 | U64, _) => Some(a),
        };
        let mut types = (0..self.columns.len()).map(|column| self.type_of(column));
        let first = types.next().unwrap_or_default();
        types.try_fold(first, join)
    }

    /// The names of all columns, texts first, for formats that find columns by name.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let texts = self.texts.iter().map(|text| text.name.as_str());
        let reason = self.has_reasons.then_some(REASON);
        texts
            .chain(self.columns.iter().map(String::as_str))
            .chain(reason)
    }

    /// Refuses a table with two columns of the same name.
    pub(super) fn check_names(&self, path: &Path) -> Result<()> {
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

/// The type of each value of a row in its source.
pub(super) fn types_of(data: &Dataset) -> Vec<NumberType> {
    let inputs = data
        .schema()
        .iter()
        .filter(|column| column.role == Role::Input);
    let kinds: HashMap<&str, ColumnKind> = inputs.map(|c| (c.name.as_str(), c.kind)).collect();
    let element = |input: usize| match data.values() {
        Values::Records(records) => records.row_type().element(input),
        values => values.element(),
    };
    let of = |input: usize| {
        let name = data.columns().and_then(|columns| columns.get(input));
        let kept = NumberType::of(element(input));
        match name.and_then(|name| kinds.get(name.as_str())) {
            None => kept,
            Some(ColumnKind::Boolean) => NumberType::Boolean,
            Some(ColumnKind::Integer) if kept == NumberType::U64 => kept,
            Some(ColumnKind::Integer) if kept.is_integer() => NumberType::I64,
            // The fill value of a missing cell may need more bits.
            Some(ColumnKind::Float32) if kept != NumberType::F64 => NumberType::F32,
            Some(_) => NumberType::F64,
        }
    };
    // The fill value of missing cells may not be a whole number.
    let fill = data.fill().filter(|_| data.missing() > 0);
    let filled = |input: usize| fill.and_then(|fill| fill.get(input)).copied();
    (0..data.inputs())
        .map(|input| match (of(input), filled(input)) {
            (kept, Some(fill)) if kept.is_integer() && fill.fract() != 0.0 => NumberType::F64,
            (kept, _) => kept,
        })
        .collect()
}

/// The columns with whole numbers that may be too large for an exact `f64`.
pub(super) fn wide_columns(data: &Dataset, types: &[NumberType]) -> Vec<usize> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let (low, high) = data.extremes();
    // For images, one pair applies to all places.
    let of = |all: &[f64], column: usize| all.get(column).or(all.first()).map_or(0.0, |x| x.abs());
    let is_wide = |&column: &usize| {
        let largest = of(low, column).max(of(high, column));
        types[column].is_integer() && largest >= EXACT
    };
    (0..types.len()).filter(is_wide).collect()
}

/// A number as text, with the fewest digits from which the same number of its type is read back; very small and very
/// large numbers have an exponent.
pub fn number_of(value: f64, kind: NumberType) -> String {
    match kind {
        NumberType::F32 | NumberType::F64 if value == 0.0 && value.is_sign_negative() => {
            "-0.0".into()
        }
        NumberType::F32 => number(value as f32),
        NumberType::F64 => shortest(value, value.abs()),
        _ => format!("{}", value as i128),
    }
}

/// A float32 as text, as in [`number_of`].
pub fn number(value: f32) -> String {
    shortest(value, value.abs().into())
}

fn shortest(value: impl std::fmt::Display + std::fmt::LowerExp, size: f64) -> String {
    match size {
        0.0 => "0".to_string(),
        1e-5..1e16 => value.to_string(),
        _ => format!("{value:e}"),
    }
}

/// The names of the values of a row: the names of the columns, or `x0`, `x1` and so on.
pub fn column_names(data: &Dataset) -> Vec<String> {
    match data.columns() {
        Some(columns) => columns.to_vec(),
        None => (0..data.inputs())
            .map(|index| format!("x{index}"))
            .collect(),
    }
}

/// The pieces in which rows are read, processed and written.
pub fn pieces(rows: usize, inputs: usize) -> impl Iterator<Item = Range<usize>> {
    /// The number of values of a piece, unless a row has more.
    const VALUES: usize = 4 << 20;
    let piece = (VALUES / inputs.max(1)).clamp(1, 4096);
    (0..rows)
        .step_by(piece)
        .map(move |start| start..(start + piece).min(rows))
}

impl Dataset {
    /// Some of the rows as `f64`, `[rows, inputs]`, in the data's own units.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if rows that stay in a file cannot be read.
    pub fn array_of(&self, rows: Range<usize>) -> Result<Array2<f64>> {
        let mut array = Array2::zeros((rows.len(), self.inputs()));
        self.write_rows(rows, &mut array);
        self.check_readable()?;
        Ok(array)
    }

    /// The whole numbers of a column in some of the rows, exactly.
    pub(super) fn integers(&self, rows: Range<usize>, column: usize) -> Vec<i128> {
        let fill = self.fill().and_then(|fill| fill.get(column)).copied();
        rows.map(|row| match &self.values {
            Values::Records(records) => records.integer(row, column, fill),
            _ => None,
        })
        .map(Option::unwrap_or_default)
        .collect()
    }
}
