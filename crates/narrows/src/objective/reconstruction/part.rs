//! What a reconstruction loss says of itself.

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
