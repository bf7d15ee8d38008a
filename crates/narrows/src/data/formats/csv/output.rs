//! The cells of requested columns, in the types of the columns.

use super::cell::{is_missing_word, truth};
use super::number::{CellValue, exact_float};
use super::plan::{TextPlan, WantedColumn};
use super::tally::Whole;
use crate::data::column::{As, Cells, Gaps};
use crate::data::schema::ColumnKind;
use crate::data::texts::Texts;

/// The cells of a wanted column so far.
pub(super) enum ColumnOutput {
    Signed(Vec<i64>, Gaps),
    Unsigned(Vec<u64>, Gaps),
    Floats(Vec<f64>),
    Truths(Vec<i64>, Gaps),
    Texts(Box<Texts>),
    Written(Box<Texts>),
}

impl ColumnOutput {
    /// One for each target, without cells, with room for so many.
    pub(super) fn all(plan: &TextPlan, targets: &[WantedColumn], rows: usize) -> Vec<Self> {
        let new = |target: &WantedColumn| {
            let kind = plan.columns.get(target.column()).map(|column| column.kind);
            match (target.as_, kind) {
                (As::Texts, _) | (As::Numbers, None) => {
                    ColumnOutput::Texts(Box::new(Texts::with_capacity(rows)))
                }
                (As::Written, _) => ColumnOutput::Written(Box::new(Texts::with_capacity(rows))),
                (As::Numbers, Some(kind)) if kind.kind == ColumnKind::Boolean => {
                    ColumnOutput::Truths(Vec::with_capacity(rows), None)
                }
                (As::Numbers, Some(kind)) => match kind.whole {
                    Whole::Signed => ColumnOutput::Signed(Vec::with_capacity(rows), None),
                    Whole::Unsigned => ColumnOutput::Unsigned(Vec::with_capacity(rows), None),
                    Whole::Float => ColumnOutput::Floats(Vec::with_capacity(rows)),
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
            ColumnOutput::Signed(values, gaps) => {
                let whole = match value {
                    CellValue::Whole(whole) => i64::try_from(whole).ok(),
                    _ => None,
                };
                put(values, gaps, whole, row) || value == CellValue::Missing
            }
            ColumnOutput::Unsigned(values, gaps) => {
                let whole = match value {
                    CellValue::Whole(whole) => u64::try_from(whole).ok(),
                    _ => None,
                };
                put(values, gaps, whole, row) || value == CellValue::Missing
            }
            ColumnOutput::Truths(values, gaps) => {
                let known = match value {
                    CellValue::Whole(whole @ (0 | 1)) => Some(whole == 1),
                    _ => truth(std::str::from_utf8(cell).unwrap_or_default().trim()),
                };
                put(values, gaps, known.map(i64::from), row) || value == CellValue::Missing
            }
        }
    }

    /// The cells as a block has them.
    pub(super) fn cells(self) -> Cells {
        match self {
            ColumnOutput::Texts(texts) | ColumnOutput::Written(texts) => Cells::Texts(texts),
            ColumnOutput::Floats(values) => Cells::Floats(values),
            ColumnOutput::Unsigned(values, gaps) => {
                let gaps = finished(gaps, values.len());
                Cells::Unsigned(values, gaps)
            }
            ColumnOutput::Signed(values, gaps) | ColumnOutput::Truths(values, gaps) => {
                let gaps = finished(gaps, values.len());
                Cells::Integers(values, gaps)
            }
        }
    }
}

/// The gaps of so many rows.
fn finished(mut gaps: Gaps, rows: usize) -> Gaps {
    if let Some(gaps) = &mut gaps {
        gaps.finish(rows);
    }
    gaps
}

/// Adds a value, or a gap; whether it is a value.
#[inline]
fn put<T: Default>(values: &mut Vec<T>, gaps: &mut Gaps, value: Option<T>, row: usize) -> bool {
    let is_there = value.is_some();
    if !is_there {
        gaps.get_or_insert_default().push(row);
    }
    values.push(value.unwrap_or_default());
    is_there
}
