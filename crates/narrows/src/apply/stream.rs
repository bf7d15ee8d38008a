//! Rows in pieces: read, processed, written.

use crate::data::write::{Head, Output, pieces};
use crate::data::{Dataset, Woven};
use crate::error::Result;
use ndarray::Array2;
use std::ops::Range;

/// Called with the number of finished rows. If it returns an error, the work ends with this error, and no output
/// remains.
pub type Progress<'a> = &'a mut dyn FnMut(usize) -> Result<()>;

/// The number of rows of a piece, for a number of rows and of values per row.
pub(super) fn piece_rows(rows: usize, inputs: usize) -> usize {
    pieces(rows, inputs).next().map_or(0, |rows| rows.len())
}

/// Applies `make` to each piece of the rows and writes the result.
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
