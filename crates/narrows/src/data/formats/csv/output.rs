//! The cells of requested columns, in the types of the columns.

use super::cell::{is_missing_word, truth};
use super::number::{CellValue, exact_float};
use super::plan::{TextPlan, WantedColumn};
use super::tally::Whole;
use crate::data::column::{As, Cells, Texts};
use crate::data::schema::ColumnKind;

/// The cells of a wanted column so far.
pub(super) enum ColumnOutput {
    Signed(Vec<i64>, MissingCells),
    Unsigned(Vec<u64>, MissingCells),
    Floats(Vec<f64>),
    Truths(Vec<i64>, MissingCells),
    Texts(Texts),
    Written(Texts),
}

/// The missing cells, from the first one on.
#[derive(Default)]
pub(super) struct MissingCells(Vec<bool>);

impl MissingCells {
    fn push(&mut self, row: usize) {
        self.0.resize(row, false);
        self.0.push(true);
    }

    fn gaps(mut self, rows: usize) -> Option<Vec<bool>> {
        if self.0.is_empty() {
            return None;
        }
        self.0.resize(rows, false);
        Some(self.0)
    }
}

impl ColumnOutput {
    /// One for each target, without cells.
    pub(super) fn all(plan: &TextPlan, targets: &[WantedColumn]) -> Vec<Self> {
        let new = |target: &WantedColumn| {
            let kind = plan.columns.get(target.column).map(|column| column.kind);
            match (target.as_, kind) {
                (As::Texts, _) | (As::Numbers, None) => ColumnOutput::Texts(Texts::default()),
                (As::Written, _) => ColumnOutput::Written(Texts::default()),
                (As::Numbers, Some(kind)) if kind.kind == ColumnKind::Boolean => {
                    ColumnOutput::Truths(Vec::new(), MissingCells::default())
                }
                (As::Numbers, Some(kind)) => match kind.whole {
                    Whole::Signed => ColumnOutput::Signed(Vec::new(), MissingCells::default()),
                    Whole::Unsigned => ColumnOutput::Unsigned(Vec::new(), MissingCells::default()),
                    Whole::Float => ColumnOutput::Floats(Vec::new()),
                },
            }
        };
        targets.iter().map(new).collect()
    }

    /// Adds a cell; returns whether it has the type of the column or is missing.
    #[inline]
    pub(super) fn push(&mut self, value: CellValue, cell: &[u8], row: usize) -> bool {
        match self {
            ColumnOutput::Texts(texts) => {
                let text = std::str::from_utf8(cell).unwrap_or_default().trim();
                texts.push(if is_missing_word(text) { "" } else { text });
                true
            }
            ColumnOutput::Written(texts) => {
                texts.push(std::str::from_utf8(cell).unwrap_or_default());
                true
            }
            ColumnOutput::Floats(values) => {
                let float = match value {
                    CellValue::Float(value) => Some(value),
                    CellValue::Whole(whole) => exact_float(whole),
                    CellValue::Missing | CellValue::Bad => None,
                };
                values.push(float.unwrap_or(f64::NAN));
                float.is_some() || value == CellValue::Missing
            }
            ColumnOutput::Signed(values, missing) => {
                let whole = match value {
                    CellValue::Whole(whole) => i64::try_from(whole).ok(),
                    _ => None,
                };
                put(values, missing, whole, row) || value == CellValue::Missing
            }
            ColumnOutput::Unsigned(values, missing) => {
                let whole = match value {
                    CellValue::Whole(whole) => u64::try_from(whole).ok(),
                    _ => None,
                };
                put(values, missing, whole, row) || value == CellValue::Missing
            }
            ColumnOutput::Truths(values, missing) => {
                let known = match value {
                    CellValue::Whole(whole @ (0 | 1)) => Some(whole == 1),
                    _ => truth(std::str::from_utf8(cell).unwrap_or_default().trim()),
                };
                put(values, missing, known.map(i64::from), row) || value == CellValue::Missing
            }
        }
    }

    /// The cells as a block has them.
    pub(super) fn cells(self) -> Cells {
        match self {
            ColumnOutput::Texts(texts) | ColumnOutput::Written(texts) => Cells::Texts(texts),
            ColumnOutput::Floats(values) => Cells::Floats(values),
            ColumnOutput::Unsigned(values, missing) => {
                let gaps = missing.gaps(values.len());
                Cells::Unsigned(values, gaps)
            }
            ColumnOutput::Signed(values, missing) | ColumnOutput::Truths(values, missing) => {
                let gaps = missing.gaps(values.len());
                Cells::Integers(values, gaps)
            }
        }
    }
}

/// Adds a value, or a gap; whether it is a value.
#[inline]
fn put<T: Default>(
    values: &mut Vec<T>,
    missing: &mut MissingCells,
    value: Option<T>,
    row: usize,
) -> bool {
    let is_there = value.is_some();
    if !is_there {
        missing.push(row);
    }
    values.push(value.unwrap_or_default());
    is_there
}
