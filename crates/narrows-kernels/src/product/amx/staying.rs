//! The packed side of a product that stays, and the place of its sums.

use super::sizes::BLOCK;
use super::way::{Chunk, Sides};
use crate::product::job::Job;

/// Rows of A, or columns of B, that stay while the others pass by.
pub(super) struct Staying<'a> {
    pub(super) job: &'a Job,
    pub(super) way: Sides,
    /// The index of the first.
    pub(super) first: usize,
    /// Their number.
    pub(super) count: usize,
    /// Their panels.
    pub(super) packed: *const u8,
    /// The distance between panels in bytes.
    pub(super) panel: usize,
    /// The number of rows or columns that pass by.
    pub(super) passing: usize,
}

impl Staying<'_> {
    /// Whether the sums of a panel's whole block go directly to their place.
    #[inline(always)]
    pub(super) fn is_direct(&self, chunk: Chunk, start: usize) -> bool {
        let is_plain = !self.job.accumulate && self.job.bias.is_null();
        let is_whole = chunk.count == BLOCK && self.count - start >= BLOCK;
        is_plain && is_whole && !self.way.is_transposed()
    }

    /// The row and column in C of a sum, from its offset in a panel that stays and its offset in a chunk that passes.
    #[inline(always)]
    pub(super) fn place(
        &self,
        chunk: Chunk,
        panel: usize,
        stay: usize,
        pass: usize,
    ) -> (usize, usize) {
        let (stay, pass) = (self.first + panel + stay, chunk.start + pass);
        if self.way.columns_stay {
            (pass, stay)
        } else {
            (stay, pass)
        }
    }
}
