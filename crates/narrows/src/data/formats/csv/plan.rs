//! How the rows of a text become the cells of columns.

use super::number::Style;
use super::syntax::{Comments, Syntax};
use super::tally::ColumnContent;
use crate::data::column::As;
use crate::data::fault::OnFault;

/// How the rows of a text become cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextPlan {
    pub(super) syntax: Syntax,
    pub(super) comments: Comments,
    pub(super) width: usize,
    /// A header that is left out where it comes again, as where files were joined.
    pub(super) header: Option<Vec<u8>>,
    /// Those of all columns; none while cells are only counted.
    pub(super) columns: Vec<ColumnPlan>,
    /// Whether a record that is no row is an error, or is left out and counted.
    pub(super) on_fault: OnFault,
    /// Whether a record with another number of cells is a row of which nothing is known.
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

/// How a column is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnPlan {
    pub(super) style: Style,
    pub(super) kind: ColumnContent,
}

/// A column that is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct WantedColumn {
    pub(super) column: usize,
    /// Its place among those that are wanted.
    pub(super) place: usize,
    pub(super) as_: As,
}
