//! The columns of a table: names, kinds, roles, units and counts of missing cells.

use serde::{Deserialize, Serialize};

/// What the cells of a column hold.
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
    /// Something that is not read: lists of different lengths, maps, bytes.
    Other,
    /// Nothing: all cells are missing.
    Empty,
}

impl ColumnKind {
    /// Whether a model can learn from it as it is.
    pub fn is_numeric(self) -> bool {
        matches!(
            self,
            ColumnKind::Integer | ColumnKind::Float | ColumnKind::Float32 | ColumnKind::Boolean
        )
    }

    /// What it holds, in words: `whole numbers`, `words`.
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

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A model learns from it.
    Input,
    /// It holds the class of each row.
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
    /// What its cells hold.
    pub kind: ColumnKind,
    /// What it is for.
    pub role: Role,
    /// Its unit, from its cells or from a line of units below the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The number of missing cells, before any is filled; 0 for a column that is left out.
    pub missing: u64,
    /// The number of rows that were read.
    pub rows: u64,
}
