//! Binary cross-entropy, computed from the logits of the sigmoid at the end of the decoder.

use super::compare::ScaledLoss;
use super::part::{InNats, Likelihood, Reconstruction, ReconstructionPart, ReconstructionPlace};
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::program::Builder;
use narrows_kernels::loss::Loss;

/// Binary cross-entropy, computed from the logits of the sigmoid at the end of the decoder.
#[derive(Debug)]
pub(super) struct BinaryCrossEntropy;

impl Part for BinaryCrossEntropy {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new("binary-cross-entropy", "cross-entropy of pixels as probabilities, for data in [0, 1] and a decoder that ends in sigmoid").elsewhere(&["bce"])
        }
    }
}

impl ReconstructionPart for BinaryCrossEntropy {
    fn build(
        &self,
        _: &Settings,
        builder: &mut Builder,
        place: &ReconstructionPlace,
    ) -> Result<()> {
        place.compare(builder, Loss::CrossEntropyOfLogits)
    }

    fn in_nats(&self) -> InNats {
        InNats::BesideDivergence
    }

    fn likelihood(&self, _: &Settings, _: &[f32], _: usize) -> Option<Box<dyn Likelihood>> {
        Some(Box::new(ScaledLoss::of(Loss::CrossEntropyOfLogits)))
    }

    fn compares_logits(&self) -> bool {
        true
    }

    fn target_range(&self, _: &Settings) -> (f32, f32) {
        (0.0, 1.0)
    }
}

impl Reconstruction {
    /// Binary cross-entropy, computed from the logits of the sigmoid at the end of the decoder.
    pub fn binary_cross_entropy() -> Reconstruction {
        Reconstruction::unchecked(&BinaryCrossEntropy, &[])
    }
}
