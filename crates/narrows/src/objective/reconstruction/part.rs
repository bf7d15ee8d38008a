//! The trait of reconstruction losses.

use crate::declaration::{Key, Kind, Part, Preset, Settings, Spec};
use crate::error::Result;
use crate::program::{Builder, Var};

/// A reconstruction loss with the values of its keys.
pub type Reconstruction = Spec<dyn ReconstructionPart>;

/// A kind of reconstruction loss: its declaration, and its computation.
pub trait ReconstructionPart: Part {
    /// Compares the decoder's output with the target, and reports a loss as `reconstruction`, or several parts of a
    /// loss as `reconstruction.NAME` each.
    ///
    /// # Errors
    ///
    /// If it is not defined for the decoder's output.
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        place: &ReconstructionPlace,
    ) -> Result<()>;

    /// Whether it compares the logits of the sigmoid at the end of the decoder, not the sigmoid's output.
    fn compares_logits(&self) -> bool {
        false
    }

    /// The smallest and the largest scaled value that a target may have.
    fn target_range(&self, _settings: &Settings) -> (f32, f32) {
        (f32::NEG_INFINITY, f32::INFINITY)
    }
}

/// The values that a reconstruction loss compares.
#[derive(Clone, Copy, Debug)]
pub struct ReconstructionPlace {
    /// The decoder's output, or the logits if the loss compares logits.
    pub output: Var,
    /// The clean rows.
    pub target: Var,
}

/// The key that names the reconstruction loss.
pub(crate) const RECONSTRUCTION: Key =
    Key::new("reconstruction", Kind::Name, "reconstruction loss").default(Preset::Text("mse"));
