//! Distributions of codes, from which new codes are drawn: the standard normal distribution, one Gaussian, or a mixture of
//! Gaussians, fitted to the codes of rows and kept in the model's file.

mod distribution;
mod em;
mod fit;
mod gaussian;
mod lower;
pub(super) mod section;
mod start;

pub use distribution::{Component, Prior, PriorKind};
pub(crate) use distribution::{noise_of_row, normals};
pub use fit::{FittedPrior, MOST_ITERATIONS, PriorSpec};
pub use gaussian::Gaussian;

#[cfg(test)]
mod tests;
