//! What is known of a dataset's rows beside their values: names, labels, columns, and what was done to them.

use super::{Dataset, FILE_COLUMN, Ids};
use crate::data::bad::BadRows;
use crate::data::element::NumberKind;
use crate::data::options::ReadOptions;
use crate::data::schema::Column;
use crate::data::time::InOrder;
use std::path::Path;

impl Dataset {
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

    /// The type of the values where they come from, for a sentence.
    pub fn type_name(&self) -> String {
        self.element.to_string()
    }

    /// Whether the values are 8-bit numbers without a sign, as in most images.
    pub fn is_8_bit(&self) -> bool {
        self.element.kind == NumberKind::U8
    }

    /// The largest value of the type of 8-bit data, and of images of 16 bits.
    pub(crate) fn largest_of_type(&self) -> Option<f64> {
        match self.element.kind {
            NumberKind::U8 => Some(255.0),
            NumberKind::U16 if self.shape.len() > 1 => Some(65_535.0),
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
}
