//! The Bernoulli likelihood of binary values, worked out from the logits of the sigmoid that the decoder ends in.

use super::compare::ScaledLoss;
use super::part::{InNats, Likelihood, Reconstruction, ReconstructionPart, ReconstructionPlace};
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::program::Builder;
use narrows_kernels::loss::Loss;

/// `-Σ x ln p + (1 - x) ln(1 - p)` in nats, for values x that are 0 or 1.
#[derive(Debug)]
pub(super) struct Bernoulli;

impl Part for Bernoulli {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "bernoulli",
                "negative log likelihood in nats a row, for data that are 0 or 1 and a decoder that ends in sigmoid",
            )
        }
    }
}

impl ReconstructionPart for Bernoulli {
    fn build(
        &self,
        _: &Settings,
        builder: &mut Builder,
        place: &ReconstructionPlace,
    ) -> Result<()> {
        place.compare(builder, Loss::CrossEntropyOfLogits)
    }

    fn in_nats(&self) -> InNats {
        InNats::Always
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

    fn needs_binary_targets(&self) -> bool {
        true
    }
}

impl Reconstruction {
    /// The Bernoulli likelihood of values that are 0 or 1, in nats a row.
    pub fn bernoulli() -> Reconstruction {
        Reconstruction::unchecked(&Bernoulli, &[])
    }
}
