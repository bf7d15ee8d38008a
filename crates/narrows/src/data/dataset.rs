//! Rows of values with a shape, and optionally labels, ids and names of columns.

mod checksum;
mod known;
mod passes;
mod rows;

pub use checksum::{Checksum, Checksums};
pub(crate) use passes::for_each_row_minus;

use super::bad::BadRows;
use super::element::{Element, NumberKind};
use super::into_rows::{IntoRows, stacked};
use super::number::Number;
use super::options::ReadOptions;
use super::schema::Column;
use super::time::InOrder;
use super::values::Values;
use crate::text::count_of;
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::collections::HashSet;
use std::sync::OnceLock;

/// The name of the column with the names of the files, if each row is an image of a folder.
pub(crate) const FILE_COLUMN: &str = "file";

/// A column of text that identifies the rows; a model does not learn from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The name of the column.
    pub name: String,
    /// One value per row.
    pub values: Vec<String>,
}

/// Rows of values with the shape of one row and, optionally, one label per row.
///
/// It has at least one row and one input, and every value is finite. The exception: if bad rows are kept without values
/// ([`Dataset::bad_rows`]), there may be no row with values.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    pub(super) name: String,
    /// In standard layout, so that a row is a slice.
    pub(super) values: Values,
    /// The type of the values in their source.
    pub(super) element: Element,
    /// The index of each row among the data in the file, for rows that were read from there in another order; empty if
    /// the index of each row is its own.
    pub(super) identities: Vec<u32>,
    pub(super) shape: Vec<usize>,
    pub(super) labels: Option<Vec<i64>>,
    /// The names of the labels if they are words; label 0 is the first name.
    pub(super) label_names: Vec<String>,
    /// The name of the labels in their source.
    pub(super) label_column: Option<String>,
    /// The names of a table's columns.
    pub(super) columns: Option<Vec<String>>,
    pub(super) ids: Vec<Ids>,
    /// Notes on changes during reading.
    pub(super) notes: Vec<String>,
    /// The number of values that were missing and have been filled.
    pub(super) missing: usize,
    /// The value that fills a missing value, for each column, if missing values are filled.
    pub(super) fill: Option<Vec<f64>>,
    /// Whether `fill` has the means of the rows themselves, so that a part of the rows has other means.
    pub(super) fills_with_means: bool,
    /// All columns of the table that the rows were read from.
    pub(super) schema: Vec<Column>,
    /// The options for reading them.
    pub(super) reading: Option<ReadOptions>,
    /// The column of times that the rows are in the order of, if there is one.
    pub(super) in_order_of: Option<InOrder>,
    /// Whether they are built-in data.
    pub(super) is_built_in: bool,
    /// The bad rows.
    pub(super) bad: BadRows,
    pub(super) extremes: Extremes,
}

/// The smallest and the largest values and the checksum, computed at the first request.
#[derive(Clone, Debug, Default)]
pub(super) struct Extremes {
    ends: OnceLock<(Vec<f64>, Vec<f64>)>,
    /// The checksum over all rows.
    checksum: OnceLock<Checksum>,
}

impl PartialEq for Extremes {
    /// They follow from the values, so it does not matter whether they are computed yet.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Dataset {
    /// Rows of values; `name` is their name in messages.
    ///
    /// `shape` is the shape of one row: `[channels, height, width]` for images, `[columns]` for a table. `labels`, if
    /// there are any, has one label per row.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are no rows or no inputs, if the product of `shape` differs from the width of a
    /// row, if the number of labels differs from the number of rows, or if a value is not finite.
    pub fn new(
        name: impl Into<String>,
        values: Values,
        shape: Vec<usize>,
        labels: Option<Vec<i64>>,
    ) -> Result<Self> {
        let element = values.element();
        Dataset::stored_as(element, name, values, shape, labels)
    }

    /// As [`Dataset::new`], for values that have another type in their source.
    pub(super) fn stored_as(
        element: Element,
        name: impl Into<String>,
        values: Values,
        shape: Vec<usize>,
        labels: Option<Vec<i64>>,
    ) -> Result<Self> {
        let dataset = Dataset::unchecked(element, name, values, shape, labels)?;
        dataset.check_finite()?;
        Ok(dataset)
    }

    /// The same, but the caller must check that values are finite.
    pub(super) fn unchecked(
        element: Element,
        name: impl Into<String>,
        values: Values,
        shape: Vec<usize>,
        labels: Option<Vec<i64>>,
    ) -> Result<Self> {
        let name = name.into();
        let refuse = |what: &str| Error::new(ErrorKind::Data, what).at(&name);
        let (rows, inputs) = values.dim();
        if rows == 0 {
            return Err(refuse("there are no rows")
                .expected("at least one row")
                .found("none"));
        }
        if u32::try_from(rows).is_err() {
            return Err(refuse("there are too many rows")
                .expected(format!("at most {}", count_of(u32::MAX, "row")))
                .found(rows));
        }
        if inputs == 0 {
            return Err(refuse("the rows are empty")
                .expected("at least one value a row")
                .found("none"));
        }
        let product = shape
            .iter()
            .try_fold(1_usize, |product, &size| product.checked_mul(size));
        if shape.is_empty() || product != Some(inputs) {
            return Err(refuse("the shape does not fit the rows")
                .expected(format!(
                    "a shape whose product is {inputs}, the values of a row"
                ))
                .found(format!("{shape:?}")));
        }
        let dataset = Dataset {
            name,
            element,
            values: values.standard_layout(),
            identities: Vec::new(),
            shape,
            labels: None,
            label_names: Vec::new(),
            label_column: None,
            columns: None,
            ids: Vec::new(),
            notes: Vec::new(),
            missing: 0,
            fill: None,
            fills_with_means: false,
            schema: Vec::new(),
            reading: None,
            in_order_of: None,
            is_built_in: false,
            bad: BadRows::default(),
            extremes: Extremes::default(),
        };
        match labels {
            Some(labels) => dataset.with_labels(labels),
            None => Ok(dataset),
        }
    }

    /// Rows of a table, whose columns may differ in type.
    pub(super) fn of_table(
        name: &str,
        values: Values,
        all_integers: bool,
        labels: Option<Vec<i64>>,
    ) -> Result<Self> {
        let kind = if all_integers {
            NumberKind::I64
        } else {
            NumberKind::F64
        };
        let shape = vec![values.dim().1];
        Dataset::stored_as(Element::little(kind), name, values, shape, labels)
    }

    /// A table whose rows are all bad and kept without values.
    pub(super) fn empty(name: &str, values: Values, labels: Option<Vec<i64>>) -> Result<Self> {
        // The placeholder for the values of one row is removed again.
        let one = Values::F32(Array2::zeros((1, values.dim().1)));
        let data = Dataset::of_table(name, one, false, None)?;
        let data = Dataset { values, ..data };
        match labels {
            Some(labels) => data.with_labels(labels),
            None => Ok(data),
        }
    }

    /// The same rows with one label each.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the number of labels differs from the number of rows.
    pub fn with_labels(mut self, labels: Vec<i64>) -> Result<Self> {
        if labels.len() != self.rows() {
            return Err(
                Error::new(ErrorKind::Data, "the labels do not fit the rows")
                    .at(&self.name)
                    .expected(format!("{}, one a row", count_of(self.rows(), "label")))
                    .found(labels.len()),
            );
        }
        self.labels = Some(labels);
        Ok(self)
    }

    /// A table: rows of numbers without labels, `[rows, columns]`. They keep their type until they are scaled. Rows of
    /// `u8` are 8-bit data, like images.
    ///
    /// # Errors
    ///
    /// As [`Dataset::new`].
    ///
    /// ```
    /// use narrows::data::Dataset;
    /// let table = Dataset::from_array(ndarray::array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]].view())?;
    /// assert_eq!((table.rows(), table.shape()), (3, &[2][..]));
    /// assert!(Dataset::from_array(ndarray::array![[1.0, f32::NAN]].view()).is_err());
    /// let days = Dataset::from_array(ndarray::array![[20240101_i64, 3], [20240102, 5]].view())?;
    /// assert_eq!(days.range(), (3.0, 20240102.0));
    /// # Ok::<(), narrows::Error>(())
    /// ```
    pub fn from_array<'a>(rows: impl IntoRows<'a>) -> Result<Self> {
        Dataset::of_numbers(rows.into_rows()?.into_owned())
    }

    /// As [`Dataset::from_array`], from an iterator of rows: slices, arrays or vectors of numbers.
    ///
    /// # Errors
    ///
    /// As [`Dataset::new`]. Also if the length of a row differs from the first; the error names the row.
    ///
    /// ```
    /// use narrows::data::Dataset;
    ///
    /// let table = Dataset::from_rows((0..100).map(|n| [n as f32, (n * n) as f32]))?;
    /// assert_eq!((table.rows(), table.inputs()), (100, 2));
    /// let error = Dataset::from_rows([vec![1.0, 2.0], vec![f64::NAN, 4.0]]).unwrap_err();
    /// assert!(error.to_string().contains("row 1, column 0"), "{error}");
    /// # Ok::<(), narrows::Error>(())
    /// ```
    pub fn from_rows<T: Number, R: AsRef<[T]>>(rows: impl IntoIterator<Item = R>) -> Result<Self> {
        Dataset::of_numbers(stacked(rows)?)
    }

    fn of_numbers<T: Number>(rows: Array2<T>) -> Result<Self> {
        let columns = rows.ncols();
        Dataset::new("array", T::values(rows), vec![columns], None)
    }

    /// The same rows with the options for reading them, unless they have such options already.
    pub(super) fn read_as(mut self, options: &ReadOptions) -> Self {
        self.reading.get_or_insert_with(|| ReadOptions {
            model_columns: None,
            truths: Vec::new(),
            fill: None,
            ..options.clone()
        });
        self
    }

    /// The same rows with names for their columns, one for each input.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the number of names differs, or if two names are equal, because a model finds columns by
    /// name.
    pub fn with_columns(mut self, columns: Vec<String>) -> Result<Self> {
        if columns.len() != self.inputs() {
            return Err(
                Error::new(ErrorKind::Data, "the names do not fit the columns")
                    .at(&self.name)
                    .expected(self.inputs())
                    .found(columns.len()),
            );
        }
        let mut known = HashSet::new();
        if let Some(twice) = columns.iter().find(|name| !known.insert(*name)) {
            return Err(Error::new(
                ErrorKind::Data,
                format!("several columns are called `{twice}`"),
            )
            .at(&self.name)
            .hint("give each column a name of its own"));
        }
        self.columns = Some(columns);
        Ok(self)
    }

    /// The description of the data without any rows.
    pub(super) fn without_rows(&self) -> Self {
        Dataset {
            name: self.name.clone(),
            values: Values::U8(Array2::zeros((0, 0))),
            element: self.element,
            identities: Vec::new(),
            shape: self.shape.clone(),
            labels: None,
            label_names: self.label_names.clone(),
            label_column: self.label_column.clone(),
            columns: self.columns.clone(),
            ids: Vec::new(),
            notes: self.notes.clone(),
            missing: self.missing,
            fill: self.fill.clone(),
            fills_with_means: self.fills_with_means,
            schema: self.schema.clone(),
            reading: self.reading.clone(),
            in_order_of: self.in_order_of.clone(),
            is_built_in: self.is_built_in,
            bad: BadRows::default(),
            extremes: Extremes::default(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
