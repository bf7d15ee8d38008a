//! Rows of values with a shape, perhaps labels, ids and names of columns.

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
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::collections::HashSet;
use std::sync::OnceLock;

/// What the column of the files' names is called, where each row is an image of a folder.
pub(crate) const FILE_COLUMN: &str = "file";

/// A column that is no number to learn from but says which row is which, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The name of the column.
    pub name: String,
    /// One value a row.
    pub values: Vec<String>,
}

/// Rows of values with the shape of one row and, perhaps, one label a row.
///
/// It has at least one row and one input, and every value is finite. Only where bad rows are kept without values
/// ([`Dataset::bad_rows`]) there may be no row with values.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    pub(super) name: String,
    /// In standard layout, so that a row is a slice.
    pub(super) values: Values,
    /// The type that they have where they come from.
    pub(super) element: Element,
    /// Which row of the data in their file each row is, for rows that were read from there in another order; none where
    /// each row is its own.
    pub(super) identities: Vec<u32>,
    pub(super) shape: Vec<usize>,
    pub(super) labels: Option<Vec<i64>>,
    /// What the labels stand for, where they are words; label 0 is the first of them.
    pub(super) label_names: Vec<String>,
    /// What the labels are called where they come from.
    pub(super) label_column: Option<String>,
    /// The names of a table's columns.
    pub(super) columns: Option<Vec<String>>,
    pub(super) ids: Vec<Ids>,
    /// What was done to the data while they were read.
    pub(super) notes: Vec<String>,
    /// The values that were missing and have been filled.
    pub(super) missing: usize,
    /// For each column what stands for a missing value, where such are to be filled.
    pub(super) fill: Option<Vec<f64>>,
    /// Whether `fill` are means of the rows themselves, so that a part of them has others.
    pub(super) fills_with_means: bool,
    /// All columns of the table that they were read from.
    pub(super) schema: Vec<Column>,
    /// How they were read.
    pub(super) reading: Option<ReadOptions>,
    /// The column of times whose order the rows are in, if there is one.
    pub(super) in_order_of: Option<InOrder>,
    /// Whether they come with Narrows.
    pub(super) is_built_in: bool,
    /// The rows that no model can take.
    pub(super) bad: BadRows,
    pub(super) extremes: Extremes,
}

/// The smallest and the largest values and the checksum, found when they are first asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Extremes {
    ends: OnceLock<(Vec<f64>, Vec<f64>)>,
    /// What tells the rows from others.
    checksum: OnceLock<Checksum>,
}

impl PartialEq for Extremes {
    /// They follow from the values, whether they are found yet or not.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Dataset {
    /// Rows of values; `name` stands for them in messages.
    ///
    /// `shape` is that of one row: `[channels, height, width]` for images, `[columns]` for a
    /// table. `labels`, if there are any, are one a row.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are no rows or no inputs, if the product of `shape` is not
    /// the width of a row, if the labels are not one a row, or if a value is not finite.
    pub fn new(
        name: impl Into<String>,
        values: Values,
        shape: Vec<usize>,
        labels: Option<Vec<i64>>,
    ) -> Result<Self> {
        let element = values.element();
        Dataset::stored_as(element, name, values, shape, labels)
    }

    /// As [`Dataset::new`], for values that have another type where they come from.
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

    /// The same, where values that are not finite are left to whoever calls.
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
                .expected(format!("at most {} rows", u32::MAX))
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

    /// A table all of whose rows are bad, and kept without values.
    pub(super) fn empty(name: &str, values: Values, labels: Option<Vec<i64>>) -> Result<Self> {
        // What stands for the values of one row is taken away again.
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
    /// [`ErrorKind::Data`] if there are more or fewer.
    pub fn with_labels(mut self, labels: Vec<i64>) -> Result<Self> {
        if labels.len() != self.rows() {
            return Err(
                Error::new(ErrorKind::Data, "the labels do not fit the rows")
                    .at(&self.name)
                    .expected(format!("{} labels, one a row", self.rows()))
                    .found(labels.len()),
            );
        }
        self.labels = Some(labels);
        Ok(self)
    }

    /// A table: rows of numbers without labels, `[rows, columns]`. They stay in their type until they are scaled;
    /// rows of `u8` count as 8-bit data, as images are.
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

    /// As [`Dataset::from_array`], from rows that come one after the other: slices, arrays or vectors of numbers.
    ///
    /// # Errors
    ///
    /// As [`Dataset::new`]; when a row has another length than the first, with the row.
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

    /// The same rows with how they were read, unless that is known more closely.
    pub(super) fn read_as(mut self, options: &ReadOptions) -> Self {
        self.reading.get_or_insert_with(|| ReadOptions {
            model_columns: None,
            fill: None,
            ..options.clone()
        });
        self
    }

    /// The same rows with names for their columns, as many as there are inputs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are more or fewer, or if two are the same: a model finds columns by name.
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

    /// What is said of the data, without any of them.
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
