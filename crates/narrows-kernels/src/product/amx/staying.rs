//! The packed side of a product that stays, and where its sums belong.

use super::sizes::BLOCK;
use super::way::{Chunk, Sides};
use crate::product::job::Job;

/// Rows of A, or columns of B, that stay while the others pass by.
pub(super) struct Staying<'a> {
    pub(super) job: &'a Job,
    pub(super) way: Sides,
    /// The first of them.
    pub(super) first: usize,
    /// How many they are.
    pub(super) count: usize,
    /// They, as panels.
    pub(super) packed: *const u8,
    /// The bytes from a panel to the next.
    pub(super) panel: usize,
    /// How many pass by.
    pub(super) passing: usize,
}

impl Staying<'_> {
    /// Whether the sums of a panel's whole block go to where they belong as they are.
    #[inline(always)]
    pub(super) fn is_direct(&self, chunk: Chunk, start: usize) -> bool {
        let is_plain = !self.job.accumulate && self.job.bias.is_null();
        let is_whole = chunk.count == BLOCK && self.count - start >= BLOCK;
        is_plain && is_whole && !self.way.is_transposed()
    }

    /// The row and column in C of a sum, so far into a panel that stays, and into a chunk that passes.
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
