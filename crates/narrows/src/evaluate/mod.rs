//! Evaluation: what a trained autoencoder is worth, and against what.
//!
//! [`evaluate`] measures a model on rows that it was not trained on, with principal component
//! analysis beside it, into one plain record, [`Evaluation`]. The measures stand alone as well, a
//! file each. Errors are in the scaled units of training; PSNR and SSIM are in the data's own units.

mod anomaly;
mod baselines;
mod eigen;
mod jacobian;
mod moments;
mod mse;
mod needs;
mod neighbors;
mod pca;
mod probe;
mod psnr;
mod quality;
mod record;
mod robustness;
mod ssim;
mod study;
mod subspace;
mod units;

pub use anomaly::{Counts, Detection, threshold};
pub use baselines::Baselines;
pub use jacobian::{JacobianSummary, mean_jacobian_norm};
pub use mse::mse;
pub(crate) use needs::require_passes;
pub use neighbors::{NEIGHBORS, nearest_neighbors};
pub use pca::Pca;
pub use probe::RidgeProbe;
pub use psnr::psnr;
pub use record::{ClassError, Evaluation, NoiseCurve, NoisePoint, Quality};
pub use robustness::{Reconstruct, TestNoise, noise_draws, noisy_errors, standard_noises};
pub use ssim::ssim;
pub(crate) use study::no_test_rows;
pub use study::{Progress, evaluate};
pub use units::LayerUnits;

use crate::network::Rows;
use std::ops::Range;

/// The most values of rows that are in memory at a time, unless 64 rows are more.
const BLOCK_VALUES: usize = 1 << 22;

/// The rows that are worked on at a time.
fn block_rows(inputs: usize) -> usize {
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
