//! The reconstruction loss, averaged over the batch and the inputs; a file per loss.

mod binary_cross_entropy;
mod huber;
mod l1;
mod mse;

use crate::declaration::{Key, Kind, Part, Preset, Settings, Spec};
use narrows_kernels::loss::Loss;

/// A reconstruction loss with the values of its keys.
pub type Reconstruction = Spec<dyn ReconstructionPart>;

/// A kind of reconstruction loss: its declaration, and what it computes.
pub trait ReconstructionPart: Part {
    /// The loss of one value and its gradient. [`Loss::CrossEntropyOfLogits`] compares the logits of the sigmoid that the
    /// decoder must end in.
    fn loss(&self, settings: &Settings) -> Loss;
}

/// The key that names the reconstruction loss.
pub(crate) const RECONSTRUCTION: Key =
    Key::new("reconstruction", Kind::Name, "reconstruction loss").default(Preset::Text("mse"));

/// The reconstruction losses, in the order in which they are listed.
pub(crate) const RECONSTRUCTIONS: &[&dyn ReconstructionPart] = &[
    &mse::Mse,
    &l1::L1,
    &huber::Huber,
    &binary_cross_entropy::BinaryCrossEntropy,
];
