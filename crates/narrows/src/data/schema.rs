//! The columns of a table: names, kinds, roles, units and counts of missing cells.

use serde::{Deserialize, Serialize};

/// The type of the cells of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ColumnKind {
    /// Whole numbers.
    Integer,
    /// Floating-point numbers, or whole numbers beyond 64 bits.
    Float,
    /// Floating-point numbers that have 32 or 16 bits in the file.
    Float32,
    /// True and false, or yes and no: 1 and 0 as inputs, words as labels.
    Boolean,
    /// Words.
    Text,
    /// Days.
    Date,
    /// Times of day.
    Time,
    /// Points in time.
    Timestamp,
    /// Spans of time.
    Duration,
    /// A type that is not read: lists of different lengths, maps, bytes.
    Other,
    /// Nothing: all cells are missing.
    Empty,
}

impl ColumnKind {
    /// Whether a model can learn from it directly.
    pub fn is_numeric(self) -> bool {
        matches!(
            self,
            ColumnKind::Integer | ColumnKind::Float | ColumnKind::Float32 | ColumnKind::Boolean
        )
    }

    /// The type in words: `whole numbers`, `words`.
    pub fn words(self) -> &'static str {
        match self {
            ColumnKind::Integer => "whole numbers",
            ColumnKind::Float | ColumnKind::Float32 => "numbers",
            ColumnKind::Boolean => "yes and no",
            ColumnKind::Text => "words",
            ColumnKind::Date => "dates",
            ColumnKind::Time => "times of day",
            ColumnKind::Timestamp => "points in time",
            ColumnKind::Duration => "spans of time",
            ColumnKind::Other => "unsupported type (lists of different lengths, maps or bytes)",
            ColumnKind::Empty => "nothing",
        }
    }
}

/// The role of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// An input of the model.
    Input,
    /// The class of each row.
    Label,
    /// It identifies the rows.
    Id,
    /// It is left out.
    Ignored,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type of its cells.
    pub kind: ColumnKind,
    /// Its role.
    pub role: Role,
    /// Its unit, from its cells or from a line of units below the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The number of missing cells before any is filled; 0 for a column that is left out.
    pub missing: u64,
    /// The number of rows that were read.
    pub rows: u64,
}
