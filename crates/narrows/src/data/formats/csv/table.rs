//! A table of delimited text, and its description.

use super::convert::SeenBeside;
use super::decimal::Decimal;
use super::dialect::Dialect;
use super::plan::TextPlan;
use crate::data::ReadOptions;
use crate::data::column::{CellCounts, FileColumns};
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
    pub(super) columns: FileColumns,
    /// For each column, the counts of its cells; none if no other file is read with this one.
    pub(super) counts: Vec<CellCounts>,
    pub(super) is_alone: bool,
    /// The columns that have whole numbers with leading zeros, each with one of them.
    pub(super) padded: Vec<(usize, String)>,
    /// The number of columns at the end without name and values, which are left out.
    pub(super) hidden: usize,
    /// Whether all rows were counted, so that the decisions are final.
    pub(super) is_settled: bool,
    pub(super) seen: SeenBeside,
    pub(super) sizes: Sizes,
    pub(super) on_fault: OnFault,
    /// A note before all others.
    pub(super) note: Option<String>,
    /// Faults that were skipped, if faults are reported.
    pub(super) faults: Vec<Fault>,
}

/// The sizes of the parts in which a text is read.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// The number of bytes from which its dialect is detected.
    pub(super) start: usize,
    pub(super) chunk: usize,
    /// The number of threads that convert chunks; all threads if it is `None`.
    pub(super) threads: Option<usize>,
}

impl CsvTable {
    /// The first thousands separator that columns of numbers have.
    pub(super) fn group(&self) -> Option<char> {
        let columns = self.columns.iter().zip(&self.plan.columns);
        let mut numbers = columns.filter(|(column, _)| column.kind.is_numeric());
        numbers.find_map(|(_, plan)| plan.style.group)
    }

    /// The same table, if no other file is read with it.
    pub(in crate::data) fn alone(self) -> Self {
        CsvTable {
            counts: Vec::new(),
            is_alone: true,
            ..self
        }
    }

    /// The same table with a note before all others.
    pub(in crate::data) fn noting(self, note: Option<String>) -> Self {
        CsvTable { note, ..self }
    }
}
