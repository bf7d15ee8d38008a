//! How a text of a table is written.

use super::syntax::{Comments, Syntax};
use crate::data::column::Texts;

/// How a text is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) syntax: Syntax,
    pub(super) comments: Comments,
    /// The names of the columns, without those of surplus cells; `None` without a header.
    pub(super) names: Option<Texts>,
    pub(super) header_line: Option<u64>,
    /// The line of a header that can be no row, for where it comes again among the rows.
    pub(super) header: Option<Vec<u8>>,
    pub(super) units: Option<Vec<String>>,
    pub(super) units_line: Option<u64>,
    /// The columns. A row may have more cells if those behind are empty.
    pub(super) width: usize,
    /// The cells of most rows.
    pub(super) usual_width: usize,
    /// Where the first row begins: its place in the text, and its line.
    pub(super) start: usize,
    pub(super) line: u64,
    /// What was found and decided, for a person.
    pub(super) notes: Vec<String>,
}

/// A count and its noun.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
