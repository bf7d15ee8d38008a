//! Rows in memory, and how many of them are worked on at a time.

use crate::network::Rows;
use std::ops::Range;

/// The most values of rows that are in memory at a time, unless 64 rows are more.
const BLOCK_VALUES: usize = 1 << 22;

/// The rows that are worked on at a time.
pub(crate) fn block_rows(inputs: usize) -> usize {
    (BLOCK_VALUES / inputs.max(1)).clamp(64, 1024)
}

/// Rows in memory, row-major `[rows, width]`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) width: usize,
}

impl Rows for Matrix<'_> {
    fn count(&self) -> usize {
        self.values.len() / self.width
    }
    fn write(&self, rows: Range<usize>, into: &mut [f32]) {
        into.copy_from_slice(&self.values[rows.start * self.width..rows.end * self.width]);
    }
}
