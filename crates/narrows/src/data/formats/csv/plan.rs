//! The plan for converting the rows of a text to the cells of columns.

use super::number::Style;
use super::syntax::{Comments, Syntax};
use super::tally::ColumnContent;
use crate::data::column::As;
use crate::data::fault::OnFault;

/// The plan for converting rows to cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextPlan {
    pub(super) syntax: Syntax,
    pub(super) comments: Comments,
    pub(super) width: usize,
    /// A header that is left out if it is repeated, for example in joined files.
    pub(super) header: Option<Vec<u8>>,
    /// The plans of all columns; empty while cells are only counted.
    pub(super) columns: Vec<ColumnPlan>,
    /// Whether a record that is not a row is an error, or is left out and counted.
    pub(super) on_fault: OnFault,
    /// Whether a record with a wrong number of cells is kept as a row without known cells.
    pub(super) keeps_odd: bool,
}

impl TextPlan {
    /// Whether a text that begins with a record begins with the header again.
    #[inline]
    pub(super) fn is_header(&self, text: &[u8]) -> bool {
        let Some(header) = &self.header else {
            return false;
        };
        text.strip_prefix(header.as_slice()).is_some_and(|rest| {
            let mut rest = rest
                .iter()
                .filter(|byte| **byte != b'\r' || self.syntax.end == b'\r');
            rest.next().is_none_or(|byte| *byte == self.syntax.end)
        })
    }
}

/// The plan of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnPlan {
    pub(super) style: Style,
    pub(super) kind: ColumnContent,
}

/// A requested column. The most columns fit into 32 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct WantedColumn {
    column: u32,
    place: u32,
    pub(super) as_: As,
}

impl WantedColumn {
    /// A column at a place among the requested columns.
    pub(super) fn new(column: usize, place: usize, as_: As) -> Self {
        WantedColumn {
            column: column as u32,
            place: place as u32,
            as_,
        }
    }

    pub(super) fn column(self) -> usize {
        self.column as usize
    }

    /// Its place among the requested columns.
    pub(super) fn place(self) -> usize {
        self.place as usize
    }
}
