//! Rows in memory, and the number of rows that are processed at a time.

use crate::network::Rows;
use std::ops::Range;

/// The most values of rows in memory at a time; at least 64 rows are processed even if they have more.
const BLOCK_VALUES: usize = 1 << 22;

/// The number of rows that are processed at a time.
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
