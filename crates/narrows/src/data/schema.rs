//! What the columns of a table are: names, kinds, roles and what is known of their values.

use serde::{Deserialize, Serialize};

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ColumnKind {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Float,
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
            ColumnKind::Integer | ColumnKind::Float | ColumnKind::Boolean
        )
    }

    /// What it holds, in words: `whole numbers`, `words`.
    pub fn words(self) -> &'static str {
        match self {
            ColumnKind::Integer => "whole numbers",
            ColumnKind::Float => "numbers",
            ColumnKind::Boolean => "yes and no",
            ColumnKind::Text => "words",
            ColumnKind::Date => "dates",
            ColumnKind::Time => "times of day",
            ColumnKind::Timestamp => "points in time",
            ColumnKind::Duration => "spans of time",
            ColumnKind::Other => "values that are not read",
            ColumnKind::Empty => "nothing",
        }
    }
}
