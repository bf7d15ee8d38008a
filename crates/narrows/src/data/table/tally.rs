//! Counts for an input while a table is read: missing and unreadable cells, the mean, and whether it counts up.

use crate::data::column::{BlockPlace, Cells, GapList, Gaps};
use crate::data::number::Number;
use crate::data::unreadable::Unreadable;

/// Whether a cell is missing; a list may also say that no cell is.
pub(super) fn has_gaps(gaps: &Gaps) -> bool {
    gaps.as_ref().is_some_and(|gaps| gaps.contains(&true))
}

/// The counts of an input.
#[derive(Clone, Debug, Default)]
pub(super) struct InputTally {
    pub(super) missing: u64,
    pub(super) unreadable: Unreadable,
    /// The place of the first missing cell.
    pub(super) first: Option<String>,
    /// The origin of the sums: a first value, so that the sums are precise even if values are far from 0.
    pub(super) shift: Option<f64>,
    pub(super) sum: f64,
    pub(super) count: u64,
    /// The first value and the number of rows, while the values increase by one from row to row.
    pub(super) counting: Option<(i64, i64)>,
    pub(super) is_counting: bool,
}

impl InputTally {
    /// Adds the cells of a block; if requested, rows with a missing cell are no longer kept.
    pub(super) fn add(
        &mut self,
        cells: &Cells,
        place: &BlockPlace,
        is_kept: Option<&mut Vec<bool>>,
    ) {
        let mut missing = Vec::new();
        match cells {
            Cells::Integers(values, gaps) => {
                self.count_up(values, has_gaps(gaps));
                self.add_values(values, gaps.as_deref(), &mut missing);
            }
            Cells::Unsigned(values, gaps) => {
                self.is_counting = false;
                self.add_values(values, gaps.as_deref(), &mut missing);
            }
            Cells::Floats(values) => {
                self.is_counting = false;
                self.add_values(values, None, &mut missing);
            }
            Cells::Floats32(values) => {
                self.is_counting = false;
                self.add_values(values, None, &mut missing);
            }
            Cells::Texts(_) => {}
        }
        self.missing += missing.len() as u64;
        if let (None, Some(&row)) = (&self.first, missing.first()) {
            self.first = Some(place.of(row));
        }
        if let Some(is_kept) = is_kept {
            for row in missing {
                is_kept[row] = false;
            }
        }
    }

    fn add_values(
        &mut self,
        values: &[impl Number],
        gaps: Option<&GapList>,
        missing: &mut Vec<usize>,
    ) {
        let mut shift = self.shift;
        let (mut sum, mut count) = (0.0, 0);
        for (row, value) in values.iter().enumerate() {
            if value.to_f64().is_nan() || gaps.is_some_and(|gaps| gaps[row]) {
                missing.push(row);
                continue;
            }
            sum += value.minus(*shift.get_or_insert(value.to_f64()));
            count += 1;
        }
        self.shift = shift;
        self.sum += sum;
        self.count += count;
    }

    fn count_up(&mut self, values: &[i64], has_gaps: bool) {
        let Some(&first) = values.first() else { return };
        let (start, before) = *self.counting.get_or_insert((first, 0));
        let is =
            |(row, &value): (usize, &i64)| value.checked_sub(start) == Some(before + row as i64);
        self.is_counting &= !has_gaps && values.iter().enumerate().all(is);
        self.counting = Some((start, before + values.len() as i64));
    }

    pub(super) fn mean(&self) -> f64 {
        self.shift.unwrap_or_default() + self.sum / self.count.max(1) as f64
    }
}
