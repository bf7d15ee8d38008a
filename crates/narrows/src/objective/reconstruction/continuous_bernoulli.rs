//! The continuous Bernoulli likelihood of values in [0, 1] (Loaiza-Ganem & Cunningham 2019, "The continuous Bernoulli: fixing
//! a pervasive error in variational autoencoders"), worked out from the logits of the sigmoid that the decoder ends in.

use super::compare::ScaledLoss;
use super::part::{InNats, Likelihood, Reconstruction, ReconstructionPart, ReconstructionPlace};
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::layer::Activation;
use crate::program::Builder;
use narrows_kernels::loss::Loss;

/// Cross-entropy less the logarithm of the constant that makes a density of it, for values in [0, 1].
#[derive(Debug)]
pub(super) struct ContinuousBernoulli;

impl Part for ContinuousBernoulli {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "continuous-bernoulli",
                "negative log likelihood in nats a row, for data in [0, 1] and a decoder that ends in sigmoid; the model gives the means of the distribution",
            )
        }
    }
}

impl ReconstructionPart for ContinuousBernoulli {
    fn build(
        &self,
        _: &Settings,
        builder: &mut Builder,
        place: &ReconstructionPlace,
    ) -> Result<()> {
        place.compare(builder, Loss::ContinuousBernoulliOfLogits)
    }

    fn in_nats(&self) -> InNats {
        InNats::Always
    }

    fn likelihood(&self, _: &Settings, _: &[f32], _: usize) -> Option<Box<dyn Likelihood>> {
        Some(Box::new(ScaledLoss::of(Loss::ContinuousBernoulliOfLogits)))
    }

    fn compares_logits(&self) -> bool {
        true
    }

    fn mean_of_logits(&self) -> Option<Activation> {
        Some(Activation::ContinuousBernoulliMean)
    }

    fn target_range(&self, _: &Settings) -> (f32, f32) {
        (0.0, 1.0)
    }
}

impl Reconstruction {
    /// The continuous Bernoulli likelihood of values in [0, 1], in nats a row. The model gives its means.
    pub fn continuous_bernoulli() -> Reconstruction {
        Reconstruction::unchecked(&ContinuousBernoulli, &[])
    }
}
