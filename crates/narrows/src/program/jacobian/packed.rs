//! The layout of probes: the probes of a block of rows are one after the other, at the block's beginning. After them
//! there may be unused room, because a row need not have all its probes.

use crate::program::buffer::Buffer;
use narrows_kernels::split::Bounds;
use std::ops::Range;

/// The probes of the rows of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed {
    /// The most probes of a row.
    pub(super) probes: usize,
    /// The number of probes of each row.
    pub(super) counts: Buffer<u32>,
}

/// The total number of probes of some rows.
pub(super) fn all(counts: &[u32]) -> usize {
    counts.iter().map(|&count| count as usize).sum()
}

/// For each row, its range among the probes of a block.
pub(super) fn of_rows(counts: &[u32]) -> impl Iterator<Item = Range<usize>> {
    counts.iter().scan(0, |next, &count| {
        let start = *next;
        *next += count as usize;
        Some(start..*next)
    })
}

impl Packed {
    /// Calls `f` with each row of the batch and the range of its probes.
    pub(super) fn each_row(
        self,
        counts: &[u32],
        blocks: &Bounds,
        mut f: impl FnMut(usize, Range<usize>),
    ) {
        for block in 0..blocks.count() {
            let rows = blocks.range(block);
            let start = rows.start * self.probes;
            for (row, probes) in rows.clone().zip(of_rows(&counts[rows])) {
                f(row, start + probes.start..start + probes.end);
            }
        }
    }

    /// Calls `f` with contiguous ranges of probes, in the order of the rows; no range is empty. Sums over them do not
    /// depend on how the rows were split into blocks.
    pub(super) fn each_range(
        self,
        counts: &[u32],
        blocks: &Bounds,
        mut f: impl FnMut(Range<usize>),
    ) {
        let mut open = 0..0;
        for block in 0..blocks.count() {
            let rows = blocks.range(block);
            let start = rows.start * self.probes;
            if start != open.end {
                if !open.is_empty() {
                    f(open.clone());
                }
                open = start..start;
            }
            open.end = start + all(&counts[rows]);
        }
        if !open.is_empty() {
            f(open);
        }
    }
}
