//! The Jacobian of the code with respect to the input: its norm and its singular values.
//!
//! It is computed column by column from the tangents of a model's layers at a row. The penalties of training go the
//! other way, from the code back to the input.

use super::needs::of_jacobians;
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::memory::require;
use crate::model::Model;
use crate::network::{Rows, ScaledRows};
use faer::{Mat, Side};
use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::team::Team;
use ndarray::Array2;

/// The most work for the Jacobians of a summary and their singular values, in multiply-adds. One multiply-add may take
/// the time of fifty.
const WORK: f64 = 5e9;

/// The most rows of a summary.
const ROWS: f64 = 64.0;

/// The most values of the tangents for a Jacobian: 256 MiB.
const MAX_VALUES: usize = 1 << 26;

/// The share of the largest singular value below which another one is only rounding: Jacobians are in single precision.
const LEAST_VALUE: f64 = 1e-7;

/// The Jacobians of a model, averaged over rows; in scaled units.
#[derive(Clone, Debug, PartialEq)]
pub struct JacobianSummary {
    /// The number of rows at which they were computed.
    pub rows: usize,
    /// The mean over the rows of the Frobenius norm `‖J‖_F`.
    pub mean_norm: f64,
    /// The mean of the largest singular value of each J, then of the second largest, and so on.
    pub spectrum: Vec<f64>,
}

impl JacobianSummary {
    /// The Jacobians at the first rows of a dataset, as many rows as take about a second. `None` if even one Jacobian
    /// would take too much time or memory, or if a layer has no derivative.
    ///
    /// # Errors
    ///
    /// As [`JacobianSummary::of`].
    pub fn of_first(
        model: &Model,
        data: &Dataset,
        threads: usize,
    ) -> Result<Option<JacobianSummary>> {
        let (inputs, code, network) = (data.inputs(), model.code_size(), model.network());
        let each = inputs as f64 * code as f64 * inputs.min(code) as f64;
        let outputs = network.encoder().map(|index| network.width(index + 1));
        let widest = outputs.fold(inputs, usize::max);
        if each > 50.0 * WORK || inputs.saturating_mul(widest) > MAX_VALUES {
            return Ok(None);
        }
        // A layer of another crate may have no derivative.
        if network
            .jacobian(model.parameters(), &vec![0.0; inputs])
            .is_none()
        {
            return Ok(None);
        }
        let rows = (WORK / each).clamp(1.0, ROWS) as usize;
        JacobianSummary::of(model, &data.head(rows.min(data.rows()))?, threads).map(Some)
    }

    /// The Jacobians at the rows of a dataset.
    ///
    /// # Errors
    ///
    /// If the rows do not fit the model, if there is too little memory, or if a Jacobian has no singular values because
    /// it is not finite.
    pub fn of(model: &Model, data: &Dataset, threads: usize) -> Result<JacobianSummary> {
        model.check_width(data.inputs())?;
        let rows = ScaledRows {
            data,
            scaling: model.scaling(),
        };
        let threads = threads.clamp(1, data.rows().max(1));
        require("the Jacobian of the code", of_jacobians(model, threads))?;
        let code = model.code_size();
        let width = code.min(data.inputs());
        // For each row the squared norm, then the singular values.
        let mut found = vec![f64::NAN; data.rows() * (width + 1)];
        let ends = (0..=data.rows()).map(|row| row * (width + 1));
        let bounds = Bounds::new(ends.collect());
        let mut team = Team::new(threads);
        let mut scratch = vec![(); team.threads()];
        team.run(
            &mut scratch,
            Parts::new(&mut found, &bounds),
            |(), row, found| {
                let mut input = vec![0.0; data.inputs()];
                rows.write(row..row + 1, &mut input);
                let Some(jacobian) = model.network().jacobian(model.parameters(), &input) else {
                    return;
                };
                let Ok(jacobian) = Array2::from_shape_vec((data.inputs(), code), jacobian) else {
                    return;
                };
                found[0] = jacobian.iter().map(|&d| f64::from(d).powi(2)).sum();
                if let Some(values) = singular_values(&jacobian) {
                    found[1..].copy_from_slice(&values);
                }
            },
        );
        if found.iter().any(|value| !value.is_finite()) {
            return Err(
                Error::new(ErrorKind::Data, "the Jacobian of the code is not finite")
                    .at(data.name()),
            );
        }
        let count = data.rows() as f64;
        let all = || found.chunks_exact(width + 1);
        Ok(JacobianSummary {
            rows: data.rows(),
            mean_norm: all().map(|row| row[0].sqrt()).sum::<f64>() / count,
            spectrum: (1..=width)
                .map(|k| all().map(|row| row[k]).sum::<f64>() / count)
                .collect(),
        })
    }
}

/// The mean Frobenius norm of the Jacobians at the rows of a dataset, on all cores.
///
/// # Errors
///
/// As [`JacobianSummary::of`].
pub fn mean_jacobian_norm(model: &Model, data: &Dataset) -> Result<f64> {
    let threads = crate::threads::available_threads();
    Ok(JacobianSummary::of(model, data, threads)?.mean_norm)
}

/// The singular values of a matrix, the largest first. They are the square roots of the eigenvalues of its smaller Gram
/// matrix, which takes a fraction of the time of a decomposition of the matrix.
fn singular_values(matrix: &Array2<f32>) -> Option<Vec<f64>> {
    let (rows, columns) = matrix.dim();
    let matrix = Mat::from_fn(rows, columns, |i, j| f64::from(matrix[[i, j]]));
    let square = if rows < columns {
        &matrix * matrix.transpose()
    } else {
        matrix.transpose() * &matrix
    };
    let mut values = square.self_adjoint_eigenvalues(Side::Lower).ok()?;
    values.reverse();
    let largest = values.first()?.max(0.0).sqrt();
    let value = |square: f64| match square.max(0.0).sqrt() {
        value if value > LEAST_VALUE * largest => value,
        _ => 0.0,
    };
    Some(values.into_iter().map(value).collect())
}
