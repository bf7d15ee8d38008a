//! A table of delimited text, and what is known of it.

use super::convert::SeenBeside;
use super::decimal::Decimal;
use super::dialect::Dialect;
use super::plan::TextPlan;
use crate::data::ReadOptions;
use crate::data::column::FileColumn;
use crate::data::fault::{Fault, OnFault};
use std::path::PathBuf;

/// A table of delimited text.
pub(in crate::data) struct CsvTable {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) options: ReadOptions,
    pub(super) encoding: Option<&'static str>,
    pub(super) dialect: Dialect,
    pub(super) plan: TextPlan,
    pub(super) decimal: Decimal,
    pub(super) columns: Vec<FileColumn>,
    /// For each column a whole number in it that begins with zeros.
    pub(super) padded: Vec<Option<String>>,
    /// The columns at the end without name and values, which are left out.
    pub(super) hidden: usize,
    /// Whether all rows were counted, so that what they decide is known.
    pub(super) is_settled: bool,
    pub(super) seen: SeenBeside,
    pub(super) sizes: Sizes,
    pub(super) on_fault: OnFault,
    /// What is said before anything else.
    pub(super) note: Option<String>,
    /// What was found and read around, where faults are told.
    pub(super) faults: Vec<Fault>,
}

/// In what parts a text is read.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// The bytes that its dialect is told from.
    pub(super) start: usize,
    pub(super) chunk: usize,
    /// The threads that convert chunks; as many as there are, if it is not said.
    pub(super) threads: Option<usize>,
}

impl CsvTable {
    /// The same table, of which something is said before anything else.
    pub(in crate::data) fn noting(self, note: Option<String>) -> Self {
        CsvTable { note, ..self }
    }
}
