//! The cells of wanted columns, in the types of the columns.

use super::cell::{is_missing_word, truth};
use super::number::{Value, exact_float};
use super::plan::{Plan, Target};
use super::tally::Whole;
use crate::data::column::{As, Cells, Texts};
use crate::data::schema::ColumnKind;

/// The cells of a wanted column so far.
pub(super) enum Output {
    Signed(Vec<i64>, Missing),
    Unsigned(Vec<u64>, Missing),
    Floats(Vec<f64>),
    Truths(Vec<i64>, Missing),
    Texts(Texts),
    Written(Texts),
}

/// Which cells are missing, from the first such on.
#[derive(Default)]
pub(super) struct Missing(Vec<bool>);

impl Missing {
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

impl Output {
    /// One for each target, without cells.
    pub(super) fn all(plan: &Plan, targets: &[Target]) -> Vec<Self> {
        let new = |target: &Target| {
            let kind = plan.columns.get(target.column).map(|column| column.kind);
            match (target.as_, kind) {
                (As::Texts, _) | (As::Numbers, None) => Output::Texts(Texts::default()),
                (As::Written, _) => Output::Written(Texts::default()),
                (As::Numbers, Some(kind)) if kind.kind == ColumnKind::Boolean => {
                    Output::Truths(Vec::new(), Missing::default())
                }
                (As::Numbers, Some(kind)) => match kind.whole {
                    Whole::Signed => Output::Signed(Vec::new(), Missing::default()),
                    Whole::Unsigned => Output::Unsigned(Vec::new(), Missing::default()),
                    Whole::Float => Output::Floats(Vec::new()),
                },
            }
        };
        targets.iter().map(new).collect()
    }

    /// Adds a cell; whether it is what the column holds, or missing.
    #[inline]
    pub(super) fn push(&mut self, value: Value, cell: &[u8], row: usize) -> bool {
        match self {
            Output::Texts(texts) => {
                let text = std::str::from_utf8(cell).unwrap_or_default();
                texts.push(if is_missing_word(text) { "" } else { text });
                true
            }
            Output::Written(texts) => {
                texts.push(std::str::from_utf8(cell).unwrap_or_default());
                true
            }
            Output::Floats(values) => {
                let float = match value {
                    Value::Float(value) => Some(value),
                    Value::Whole(whole) => exact_float(whole),
                    Value::Missing | Value::Bad => None,
                };
                values.push(float.unwrap_or(f64::NAN));
                float.is_some() || value == Value::Missing
            }
            Output::Signed(values, missing) => {
                let whole = match value {
                    Value::Whole(whole) => i64::try_from(whole).ok(),
                    _ => None,
                };
                put(values, missing, whole, row) || value == Value::Missing
            }
            Output::Unsigned(values, missing) => {
                let whole = match value {
                    Value::Whole(whole) => u64::try_from(whole).ok(),
                    _ => None,
                };
                put(values, missing, whole, row) || value == Value::Missing
            }
            Output::Truths(values, missing) => {
                let known = match value {
                    Value::Whole(whole @ (0 | 1)) => Some(whole == 1),
                    _ => truth(std::str::from_utf8(cell).unwrap_or_default()),
                };
                put(values, missing, known.map(i64::from), row) || value == Value::Missing
            }
        }
    }

    /// The cells as a block has them.
    pub(super) fn cells(self) -> Cells {
        match self {
            Output::Texts(texts) | Output::Written(texts) => Cells::Texts(texts),
            Output::Floats(values) => Cells::Floats(values),
            Output::Unsigned(values, missing) => {
                let gaps = missing.gaps(values.len());
                Cells::Unsigned(values, gaps)
            }
            Output::Signed(values, missing) | Output::Truths(values, missing) => {
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
    missing: &mut Missing,
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
