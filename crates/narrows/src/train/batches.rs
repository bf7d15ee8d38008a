//! How rows are split into steps, and the rows of a step into batches.

use std::ops::Range;

/// Rows that are split into pieces of one size; the last piece may be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pieces {
    /// The number of rows.
    pub(super) rows: usize,
    /// The number of rows of a piece.
    pub(super) size: usize,
    /// Whether a last piece of one row joins the piece before it. This is needed if training couples rows, because one
    /// row alone has no statistics.
    pub(super) joins: bool,
}

impl Pieces {
    /// The number of pieces.
    pub(super) fn count(self) -> usize {
        self.rows.div_ceil(self.size) - usize::from(self.has_joined())
    }

    /// The rows of a piece.
    pub(super) fn of(self, index: usize) -> Range<usize> {
        let start = index.saturating_mul(self.size).min(self.rows);
        let end = if index + 1 == self.count() {
            self.rows
        } else {
            start.saturating_add(self.size).min(self.rows)
        };
        start..end
    }

    /// All pieces.
    pub(super) fn all(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.count()).map(move |index| self.of(index))
    }

    /// Whether the last piece has one row more than the others.
    pub(super) fn has_joined(self) -> bool {
        self.joins && self.rows > self.size && self.rows % self.size == 1
    }
}

/// Whether a last batch of one row joins the one before it.
pub(super) fn joins(couples_rows: bool, batch: usize) -> bool {
    couples_rows && batch > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends of the pieces.
    fn ends(rows: usize, size: usize, joins: bool) -> Vec<usize> {
        let pieces = Pieces { rows, size, joins };
        let starts: Vec<usize> = pieces.all().map(|piece| piece.start).collect();
        let ends: Vec<usize> = pieces.all().map(|piece| piece.end).collect();
        assert_eq!(starts[0], 0);
        assert_eq!(starts[1..], ends[..ends.len() - 1]);
        ends
    }

    #[test]
    fn one_last_row_joins_the_piece_before_it_where_rows_count_together() {
        assert_eq!(ends(9, 4, false), [4, 8, 9]);
        assert_eq!(ends(9, 4, true), [4, 9]);
        assert_eq!(ends(10, 4, true), [4, 8, 10]);
        assert_eq!(ends(8, 4, true), [4, 8]);
        assert_eq!(ends(5, 4, true), [5]);
        // A piece without a neighbor, and pieces of one row, are unchanged.
        assert_eq!(ends(1, 4, true), [1]);
        assert_eq!(ends(3, 1, true), [1, 2, 3]);
        assert_eq!(ends(4, usize::MAX, true), [4]);
    }
}
