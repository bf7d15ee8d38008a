//! Properties of a dataset besides the values of its rows: names, labels, columns, and notes.

use super::{Dataset, FILE_COLUMN, Ids};
use crate::data::bad::BadRows;
use crate::data::element::NumberKind;
use crate::data::options::ReadOptions;
use crate::data::schema::{Column, ColumnKind, Role};
use crate::data::time::InOrder;
use std::path::Path;

impl Dataset {
    /// The name of the data in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name without folders, for example for a model file: other users need not know the folders.
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

    /// One label per row, if there are labels.
    pub fn labels(&self) -> Option<&[i64]> {
        self.labels.as_deref()
    }

    /// The names of the labels 0, 1 and so on, if labels are words; empty if they are numbers.
    pub fn label_names(&self) -> &[String] {
        &self.label_names
    }

    /// The name of the labels in their source; `label` if it has no name for them.
    pub fn label_column(&self) -> &str {
        self.label_column.as_deref().unwrap_or("label")
    }

    /// A label as shown to the user.
    pub fn label_text(&self, label: i64) -> String {
        let name = usize::try_from(label).ok();
        match name.and_then(|index| self.label_names.get(index)) {
            Some(name) => name.clone(),
            None => label.to_string(),
        }
    }

    /// The names of the columns, if it is a table with names; as many as [`Dataset::inputs`].
    pub fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    /// The columns that identify the rows: the id columns of a table, the file names of images.
    pub fn ids(&self) -> &[Ids] {
        &self.ids
    }

    /// Whether the rows are the images of a folder, one file each.
    pub(crate) fn is_folder_of_images(&self) -> bool {
        matches!(&self.ids[..], [ids] if ids.name == FILE_COLUMN) && self.columns.is_none()
    }

    /// The bad rows, if they are not refused: they are counted, and kept in their place if that was requested.
    pub fn bad_rows(&self) -> &BadRows {
        &self.bad
    }

    /// Notes on changes during reading, in sentences.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The number of values that were missing and have been filled.
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// The value that fills a missing value, for each column, if missing values are to be filled; also if none is
    /// missing.
    pub fn fill(&self) -> Option<&[f64]> {
        self.fill.as_deref()
    }

    /// The column of times that the rows are in the order of, if the table has such a column.
    pub fn in_order_of(&self) -> Option<&InOrder> {
        self.in_order_of.as_ref()
    }

    /// Whether the rows are built-in data.
    pub(crate) fn is_built_in(&self) -> bool {
        self.is_built_in
    }

    /// All columns of the table that the rows were read from, including columns that were left out; empty for other
    /// data.
    pub fn schema(&self) -> &[Column] {
        &self.schema
    }

    /// The inputs that hold yes and no.
    pub(crate) fn truths(&self) -> Vec<String> {
        let is_truth =
            |column: &&Column| column.role == Role::Input && column.kind == ColumnKind::Boolean;
        let truths = self.schema.iter().filter(is_truth);
        truths.map(|column| column.name.clone()).collect()
    }

    /// The options for reading the data: the requested options and, in `text`, the detected ones. `None` for data that
    /// were not read from a source. What a model knows about columns is left out.
    pub fn reading(&self) -> Option<&ReadOptions> {
        self.reading.as_ref()
    }

    /// The type of the values in their source, for a sentence.
    pub fn type_name(&self) -> String {
        self.element.to_string()
    }

    /// Whether the values are unsigned 8-bit numbers, as in most images.
    pub fn is_8_bit(&self) -> bool {
        self.element.kind == NumberKind::U8
    }

    /// The largest value of the type, for 8-bit data and for images of 16 bits.
    pub(crate) fn largest_of_type(&self) -> Option<f64> {
        match self.element.kind {
            NumberKind::U8 => Some(255.0),
            NumberKind::U16 if self.shape.len() > 1 => Some(65_535.0),
            _ => None,
        }
    }

    /// The name of a column, or its number if it has none, for a sentence.
    pub(crate) fn column_place(&self, column: usize) -> String {
        match self.columns.as_ref().and_then(|names| names.get(column)) {
            Some(name) => format!("column `{name}`"),
            None => format!("column {column} (counted from 0)"),
        }
    }
}
