//! Rows in pieces: read, worked on, written.

use crate::data::write::{Head, Output, pieces};
use crate::data::{Dataset, Woven};
use crate::error::Result;
use ndarray::Array2;
use std::ops::Range;

/// Called with the rows done so far. An error ends the work with it, and no output is left.
pub type Progress<'a> = &'a mut dyn FnMut(usize) -> Result<()>;

/// The most rows of a piece of so many rows of so many values.
pub(super) fn piece_rows(rows: usize, inputs: usize) -> usize {
    pieces(rows, inputs).next().map_or(0, |rows| rows.len())
}

/// Writes what `make` makes of each piece of the rows.
pub(super) fn stream(
    data: &Dataset,
    out: Output,
    head: &Head,
    progress: Progress<'_>,
    mut make: impl FnMut(Range<usize>) -> Result<Array2<f64>>,
) -> Result<()> {
    let mut sink = Woven::create(data, out, head)?;
    for rows in pieces(data.rows(), data.inputs()) {
        let made = make(rows.clone())?;
        sink.write(rows.clone(), made.view())?;
        progress(rows.end)?;
    }
    sink.finish()
}
