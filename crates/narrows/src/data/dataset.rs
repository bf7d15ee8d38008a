//! Rows of values with a shape, perhaps labels, ids and names of columns.

mod checksum;
mod passes;

pub use checksum::{Checksum, Checksums};
pub(crate) use passes::for_each_row_minus;

use super::bad::BadRows;
use super::element::EXACT;
use super::element::{Element, Kind};
use super::into_rows::{IntoRows, stacked};
use super::number::Number;
use super::options::ReadOptions;
use super::records::{AT_ONCE, subtract};
use super::schema::Column;
use super::time::InOrder;
use super::values::{Row, Values};
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
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
        let kind = if all_integers { Kind::I64 } else { Kind::F64 };
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

    pub(super) fn check_finite(&self) -> Result<()> {
        let is_integer = match &self.values {
            Values::U8(_) => true,
            Values::F32(values) => values.iter().all(|value| value.is_finite()),
            Values::Records(records) => records.row_type().is_integer(),
        };
        if is_integer {
            return self.check_readable();
        }
        let mut found = None;
        let mut buffer = [0.0; AT_ONCE];
        for row in 0..self.rows() {
            self.each_value(row, &mut buffer, |place, values| {
                if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                    found.get_or_insert((place + index, values[index]));
                }
            });
            if let Some((column, value)) = found {
                self.check_readable()?;
                return Err(Error::new(ErrorKind::Data, "a value is not finite")
                    .at(format!("row {row}, {}", self.column_place(column)))
                    .at(&self.name)
                    .expected("a finite number")
                    .found(value)
                    .hint(match value.is_nan() {
                        true => "replace or leave out missing values first",
                        false => "replace or leave out infinite values first",
                    }));
            }
        }
        self.check_readable()
    }

    /// Hands on the values of a row as `f64`, in pieces: the place of the first, and the values.
    pub(crate) fn each_value(
        &self,
        row: usize,
        buffer: &mut [f64; AT_ONCE],
        mut give: impl FnMut(usize, &[f64]),
    ) {
        fn widened<T: Number>(
            values: &[T],
            buffer: &mut [f64; AT_ONCE],
            mut give: impl FnMut(usize, &[f64]),
        ) {
            for (piece, values) in values.chunks(AT_ONCE).enumerate() {
                for (wide, value) in buffer.iter_mut().zip(values) {
                    *wide = value.to_f64();
                }
                give(piece * AT_ONCE, &buffer[..values.len()]);
            }
        }
        match self.row(row) {
            Row::U8(values) => widened(values, buffer, give),
            Row::F32(values) => widened(values, buffer, give),
            Row::Records(records, row) => records.each(row, &mut give),
        }
    }

    /// The same with an offset subtracted from each value ([`Number::minus`]): one for all, or one for each place.
    pub(crate) fn each_minus(
        &self,
        row: usize,
        offset: &[f64],
        buffer: &mut [f64; AT_ONCE],
        mut give: impl FnMut(usize, &[f64]),
    ) {
        if let Row::Records(records, row) = self.row(row) {
            return records.each_minus(row, offset, give);
        }
        let mut differences = [0.0; AT_ONCE];
        self.each_value(row, buffer, |place, values| {
            let differences = &mut differences[..values.len()];
            differences.copy_from_slice(values);
            subtract(offset, place, differences);
            give(place, differences);
        });
    }

    /// Whether every row so far could be read; rows that stay in a file may turn out unreadable late.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] with the first failure since the last call.
    pub fn check_readable(&self) -> Result<()> {
        match &self.values {
            Values::Records(records) => records.failure(),
            Values::U8(_) | Values::F32(_) => Ok(()),
        }
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

    /// What messages call these data.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What they are called, without the folders: somebody else need not know where they lay.
    pub fn short_name(&self) -> String {
        match Path::new(&self.name).file_name() {
            Some(name) => name.to_string_lossy().into_owned(),
            None => self.name.clone(),
        }
    }

    /// The number of rows, at least 1.
    pub fn rows(&self) -> usize {
        self.values.dim().0
    }

    /// The number of values in a row, at least 1.
    pub fn inputs(&self) -> usize {
        self.values.dim().1
    }

    /// The shape of one row, `[channels, height, width]` for images or `[columns]` for tables.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// One label a row, if there are labels.
    pub fn labels(&self) -> Option<&[i64]> {
        self.labels.as_deref()
    }

    /// What label `n` stands for, where labels are words; none where they are numbers.
    pub fn label_names(&self) -> &[String] {
        &self.label_names
    }

    /// What the labels are called where they come from: `label` unless that said so.
    pub fn label_column(&self) -> &str {
        self.label_column.as_deref().unwrap_or("label")
    }

    /// A label as a person knows it.
    pub fn label_text(&self, label: i64) -> String {
        let name = usize::try_from(label).ok();
        match name.and_then(|index| self.label_names.get(index)) {
            Some(name) => name.clone(),
            None => label.to_string(),
        }
    }

    /// The names of the columns, for a table that has them; as many as [`Dataset::inputs`].
    pub fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    /// What says which row is which: the id columns of a table, the files of images.
    pub fn ids(&self) -> &[Ids] {
        &self.ids
    }

    /// Whether the rows are images of a folder, a file each.
    pub(crate) fn is_folder_of_images(&self) -> bool {
        matches!(&self.ids[..], [ids] if ids.name == FILE_COLUMN) && self.columns.is_none()
    }

    /// The rows that no model can take, where they are not refused: counted, and kept in their place where that is asked
    /// for.
    pub fn bad_rows(&self) -> &BadRows {
        &self.bad
    }

    /// What was done to the data while they were read, in sentences.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How many values were missing and have been filled.
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// For each column what stands for a missing value, where such are to be filled, whether there are any or not.
    pub fn fill(&self) -> Option<&[f64]> {
        self.fill.as_deref()
    }

    /// The column of times whose order the rows are in, for a table that has one.
    pub fn in_order_of(&self) -> Option<&InOrder> {
        self.in_order_of.as_ref()
    }

    /// Whether the rows come with Narrows, rather than from a person.
    pub(crate) fn is_built_in(&self) -> bool {
        self.is_built_in
    }

    /// All columns of the table that the rows were read from, those that were left out among them; none for other data.
    pub fn schema(&self) -> &[Column] {
        &self.schema
    }

    /// How the data were read: what was asked for, and in `text` what was told from the file; none for data that were
    /// not read from a source. What a model knows of columns is left out.
    pub fn reading(&self) -> Option<&ReadOptions> {
        self.reading.as_ref()
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

    /// The type of the values where they come from, for a sentence.
    pub fn type_name(&self) -> String {
        self.element.to_string()
    }

    /// Whether the values are 8-bit numbers without a sign, as in most images.
    pub fn is_8_bit(&self) -> bool {
        self.element.kind == Kind::U8
    }

    /// The largest value of the type of 8-bit data, and of images of 16 bits.
    pub(crate) fn largest_of_type(&self) -> Option<f64> {
        match self.element.kind {
            Kind::U8 => Some(255.0),
            Kind::U16 if self.shape.len() > 1 => Some(65_535.0),
            _ => None,
        }
    }

    /// A column by its name, else by its number, for a sentence.
    pub(crate) fn column_place(&self, column: usize) -> String {
        match self.columns.as_ref().and_then(|names| names.get(column)) {
            Some(name) => format!("column `{name}`"),
            None => format!("column {column} (counted from 0)"),
        }
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

    /// The values, `[rows, inputs]`, in standard layout.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The values as `f32`, `[rows, inputs]`, in the data's own units, each the nearest.
    pub fn to_array(&self) -> Array2<f32> {
        match &self.values {
            Values::U8(values) => values.mapv(f32::from),
            Values::F32(values) => values.clone(),
            Values::Records(_) => self.to_array_f64().mapv(|value| value as f32),
        }
    }

    /// The values as `f64`, `[rows, inputs]`, in the data's own units; exact for all but integers beyond 2^53.
    pub fn to_array_f64(&self) -> Array2<f64> {
        let mut array = Array2::zeros((self.rows(), self.inputs()));
        self.write_rows(0..self.rows(), &mut array);
        array
    }

    /// Writes some of the rows as `f64`.
    pub(crate) fn write_rows(&self, rows: Range<usize>, into: &mut Array2<f64>) {
        let mut buffer = [0.0; AT_ONCE];
        for (row, mut out) in rows.zip(into.rows_mut()) {
            if let Some(out) = out.as_slice_mut() {
                self.each_value(row, &mut buffer, |place, values| {
                    out[place..place + values.len()].copy_from_slice(values);
                });
            }
        }
    }

    /// The smallest and the largest value.
    pub fn range(&self) -> (f64, f64) {
        let (low, high) = self.extremes();
        (
            low.iter().copied().fold(f64::INFINITY, f64::min),
            high.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        )
    }

    /// Whether some integers are beyond those that an `f64` holds, where they may differ by less than it can tell.
    pub(crate) fn has_wide_integers(&self) -> bool {
        let Values::Records(records) = &self.values else {
            return false;
        };
        let mut elements = records.row_type().elements();
        let (low, high) = self.range();
        elements.any(Element::is_wide_integer) && (-low).max(high) >= EXACT
    }

    /// A number that tells these rows from others: a checksum (CRC-32C) of their count and width and of the
    /// values of up to 1000 rows, evenly spread.
    pub fn fingerprint(&self) -> u32 {
        const ROWS: usize = 1000;
        let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
        let mut digest = checksum.digest();
        digest.update(&(self.rows() as u64).to_le_bytes());
        digest.update(&(self.inputs() as u64).to_le_bytes());
        let mut buffer = [0.0; AT_ONCE];
        let count = ROWS.min(self.rows());
        for index in 0..count {
            let row = (index as u128 * self.rows() as u128 / count as u128) as usize;
            self.each_value(row, &mut buffer, |_, values| {
                for value in values {
                    digest.update(&value.to_le_bytes());
                }
            });
        }
        digest.finalize()
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

    /// Which row of all it is, in memory or in its file: what is drawn for a row follows from that.
    pub(crate) fn identity(&self, row: u32) -> u32 {
        self.identities.get(row as usize).copied().unwrap_or(row)
    }

    /// One row as it is stored, `[inputs]`.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub(crate) fn row(&self, row: usize) -> Row<'_> {
        fn slice<T>(values: &Array2<T>, row: usize) -> &[T] {
            values
                .row(row)
                .to_slice()
                .expect("a dataset is in standard layout")
        }
        match &self.values {
            Values::U8(values) => Row::U8(slice(values, row)),
            Values::F32(values) => Row::F32(slice(values, row)),
            Values::Records(records) => Row::Records(records, row),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
