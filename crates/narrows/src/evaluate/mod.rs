//! Evaluation: the quality of a trained autoencoder, compared with baselines.
//!
//! [`evaluate`] measures a model on rows that it was not trained on, with principal component analysis for comparison,
//! and returns one plain record, [`Evaluation`]. [`metrics`] has the name, unit and definition of each number. Each
//! measure can also be used alone, and has a file of its own.

mod affine;
mod anomaly;
mod baselines;
mod bound;
mod classes;
mod column;
mod drawn;
mod eigen;
mod evaluating;
mod forecast;
mod generation;
mod jacobian;
mod json;
mod matrix;
mod measure;
pub mod metric;
pub mod metrics;
mod moments;
mod mse;
mod needs;
mod neighbors;
mod noise;
mod pca;
mod probe;
mod psnr;
mod quality;
mod record;
mod robustness;
mod ssim;
mod subspace;
mod units;
mod words;

pub use anomaly::{Counts, Detection, threshold};
pub use baselines::Baselines;
pub use bound::Sampling;
pub use evaluating::Progress;
pub use forecast::Forecast;
pub use jacobian::{JacobianSummary, mean_jacobian_norm};
pub(crate) use matrix::{Matrix, block_rows};
pub(crate) use measure::no_test_rows;
pub use measure::{Measures, Measuring, evaluate};
pub use mse::mse;
pub(crate) use needs::require_passes;
pub use neighbors::{NEIGHBORS, nearest_neighbors};
pub use noise::NOISY_ROWS;
pub use pca::Pca;
pub use probe::RidgeProbe;
pub use psnr::psnr;
pub use record::{
    Bounded, ClassError, ColumnError, Denoising, Evaluation, Generation, NoiseCurve, NoisePoint,
    Quality, SampledLikelihood, noise_in_words,
};
pub use robustness::{Reconstruct, TestNoise, noise_draws, noisy_errors, standard_noises};
pub use ssim::ssim;
pub use units::LayerUnits;
pub use words::BesidePca;
pub(crate) use words::nats;
