//! The eigenvalues and eigenvectors of symmetric matrices.

use crate::error::{Error, ErrorKind, Result};
use faer::{MatRef, Side};

/// The eigenvalues and eigenvectors of a symmetric matrix, the largest value first.
pub(super) struct Eigen(faer::linalg::solvers::SelfAdjointEigen<f64>);

impl Eigen {
    /// Of a matrix whose lower half is filled.
    pub(super) fn of(matrix: MatRef<'_, f64>) -> Result<Eigen> {
        let eigen = matrix
            .self_adjoint_eigen(Side::Lower)
            .map_err(|error| not_found(&format!("{error:?}")))?;
        Ok(Eigen(eigen))
    }

    /// The first `count` values; values that are negative by rounding are set to 0.
    pub(super) fn values(&self, count: usize) -> Vec<f64> {
        let values = self.0.S().column_vector();
        // They are in ascending order there.
        let descending = (0..values.nrows()).rev().take(count);
        // `max` would hide a NaN.
        descending
            .map(|c| if values[c] < 0.0 { 0.0 } else { values[c] })
            .collect()
    }

    /// The vector of the `index`-th value.
    pub(super) fn vector(&self, index: usize) -> impl Iterator<Item = f64> {
        let vectors = self.0.U();
        let column = vectors.ncols() - 1 - index;
        (0..vectors.nrows()).map(move |i| vectors[(i, column)])
    }
}

pub(super) fn not_found(why: &str) -> Error {
    Error::new(
        ErrorKind::Data,
        format!("the principal components cannot be found: {why}"),
    )
}
