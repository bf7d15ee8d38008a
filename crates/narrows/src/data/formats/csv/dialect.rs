//! The dialect of a text table.

use super::syntax::{Comments, Syntax};
use crate::data::texts::Texts;
use std::sync::Arc;

/// The dialect of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) syntax: Syntax,
    pub(super) comments: Comments,
    /// The names of the columns, without those of surplus cells; `None` without a header.
    pub(super) names: Option<Arc<Texts>>,
    pub(super) header_line: Option<u64>,
    /// Whether another file decides that there is no header.
    pub(super) is_as_elsewhere: bool,
    /// The line of the header, if it cannot be a row; it is used to find repeated headers.
    pub(super) header: Option<Vec<u8>>,
    pub(super) units: Option<Texts>,
    pub(super) units_line: Option<u64>,
    /// The number of columns. A row may have more cells if the additional ones are empty.
    pub(super) width: usize,
    /// The number of cells of most rows.
    pub(super) usual_width: usize,
    /// The place of the first row in the text, and its line.
    pub(super) start: usize,
    pub(super) line: u64,
    /// Notes for the user.
    pub(super) notes: Vec<String>,
}

/// A count and its noun.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
