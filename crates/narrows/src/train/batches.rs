//! How rows are cut into steps, and those of a step into batches.

use crate::network::Network;
use std::ops::Range;

/// Rows that are cut into pieces of one size, of which the last may be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pieces {
    /// The rows.
    pub(super) rows: usize,
    /// The rows of a piece.
    pub(super) size: usize,
    /// Whether a last piece of one row joins the one before it: where rows count together in training, one alone has no
    /// statistics.
    pub(super) joins: bool,
}

impl Pieces {
    /// How many pieces there are.
    pub(super) fn count(self) -> usize {
        self.rows.div_ceil(self.size) - usize::from(self.has_joined())
    }

    /// The rows of a piece.
    pub(super) fn of(self, index: usize) -> Range<usize> {
        let start = index.saturating_mul(self.size).min(self.rows);
        let end = match index + 1 == self.count() {
            true => self.rows,
            false => start.saturating_add(self.size).min(self.rows),
        };
        start..end
    }

    /// All of them.
    pub(super) fn all(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.count()).map(move |index| self.of(index))
    }

    /// Whether the last piece has one row more than the others.
    pub(super) fn has_joined(self) -> bool {
        self.joins && self.rows > self.size && self.rows % self.size == 1
    }
}

/// Whether a last batch of one row joins the one before it.
pub(super) fn joins(network: &Network, batch: usize) -> bool {
    network.couples_rows() && batch > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(rows: usize, size: usize, joins: bool) -> Vec<Range<usize>> {
        Pieces { rows, size, joins }.all().collect()
    }

    #[test]
    fn one_last_row_joins_the_piece_before_it_where_rows_count_together() {
        assert_eq!(pieces(9, 4, false), [0..4, 4..8, 8..9]);
        assert_eq!(pieces(9, 4, true), [0..4, 4..9]);
        assert_eq!(pieces(10, 4, true), [0..4, 4..8, 8..10]);
        assert_eq!(pieces(8, 4, true), [0..4, 4..8]);
        assert_eq!(pieces(5, 4, true), [0..5]);
        // There is no other piece, and pieces of one row stay as they are.
        assert_eq!(pieces(1, 4, true), [0..1]);
        assert_eq!(pieces(3, 1, true), [0..1, 1..2, 2..3]);
        assert_eq!(pieces(4, usize::MAX, true), [0..4]);
    }
}
