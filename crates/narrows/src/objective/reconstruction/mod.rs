//! The reconstruction loss, averaged over the batch and the inputs; one file per loss.

mod binary_cross_entropy;
mod compare;
mod huber;
mod l1;
mod mse;
mod part;

pub(crate) use part::RECONSTRUCTION;
pub use part::{Reconstruction, ReconstructionPart, ReconstructionPlace};

/// The reconstruction losses, in the order in which they are listed.
pub(crate) const RECONSTRUCTIONS: &[&dyn ReconstructionPart] = &[
    &mse::Mse,
    &l1::L1,
    &huber::Huber,
    &binary_cross_entropy::BinaryCrossEntropy,
];

/// The reconstruction loss of a recipe that names none.
impl Default for Reconstruction {
    fn default() -> Self {
        Reconstruction::preset(&RECONSTRUCTION, RECONSTRUCTIONS)
    }
}
