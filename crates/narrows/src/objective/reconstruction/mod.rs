//! The reconstruction loss; a file per loss. Plain losses are means over the batch and the values of a row; likelihoods are
//! in nats a row, means over the batch.

mod bernoulli;
mod binary_cross_entropy;
mod compare;
mod continuous_bernoulli;
mod gaussian;
mod huber;
mod l1;
mod mse;
mod nodes;
mod part;
mod place;
mod weighed;

pub(crate) use part::RECONSTRUCTION;
pub use part::{InNats, Likelihood, Reconstruction, ReconstructionPart, ReconstructionPlace};

/// The reconstruction losses, in the order in which they are listed.
pub(crate) const RECONSTRUCTIONS: &[&dyn ReconstructionPart] = &[
    &mse::Mse,
    &l1::L1,
    &huber::Huber,
    &binary_cross_entropy::BinaryCrossEntropy,
    &bernoulli::Bernoulli,
    &continuous_bernoulli::ContinuousBernoulli,
    &gaussian::Gaussian,
];

/// The reconstruction loss of a recipe that names none.
impl Default for Reconstruction {
    fn default() -> Self {
        Reconstruction::preset(&RECONSTRUCTION, RECONSTRUCTIONS)
    }
}
