//! What a reconstruction loss says of itself.

use crate::declaration::{Key, Kind, Part, Preset, Settings, Spec};
use crate::error::Result;
use crate::program::{Builder, Var};

/// A reconstruction loss with the values of its keys.
pub type Reconstruction = Spec<dyn ReconstructionPart>;

/// A kind of reconstruction loss: its declaration, and what it computes.
pub trait ReconstructionPart: Part {
    /// Compares what the decoder gives with the target, and reports a loss as `reconstruction`, or several parts of one
    /// as `reconstruction.NAME` each.
    ///
    /// # Errors
    ///
    /// When it has no meaning for what the decoder gives.
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        place: &ReconstructionPlace,
    ) -> Result<()>;

    /// Whether it compares the logits of the sigmoid that the decoder must end in, and not what the sigmoid gives.
    fn compares_logits(&self) -> bool {
        false
    }

    /// The least and the greatest scaled value that a target may have.
    fn target_range(&self, _settings: &Settings) -> (f32, f32) {
        (f32::NEG_INFINITY, f32::INFINITY)
    }
}

/// Where a reconstruction loss stands: the values that it compares.
#[derive(Clone, Copy, Debug)]
pub struct ReconstructionPlace {
    /// What the decoder gives; the logits where the loss compares these.
    pub output: Var,
    /// The clean rows.
    pub target: Var,
}

/// The key that names the reconstruction loss.
pub(crate) const RECONSTRUCTION: Key =
    Key::new("reconstruction", Kind::Name, "reconstruction loss").default(Preset::Text("mse"));
