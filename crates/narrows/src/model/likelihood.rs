//! The likelihood of a model around what its decoder gives.

use crate::error::Result;
use crate::network::{Network, Parameters};
use crate::objective::{Likelihood, Objective};
use crate::recipe::Recipe;
use std::ops::Range;

/// The likelihood of a network.
pub(super) struct LikelihoodOf {
    pub(super) likelihood: Box<dyn Likelihood>,
    /// The layers of the decoder up to what the likelihood compares.
    pub(super) compared: Range<usize>,
}

/// The likelihood of a recipe's network; none if the reconstruction loss has no such meaning.
pub(super) fn likelihood_of(
    recipe: &Recipe,
    network: &Network,
    parameters: &Parameters,
) -> Result<Option<LikelihoodOf>> {
    let objective = Objective::new(&recipe.reconstruction, &recipe.bottleneck, &recipe.decoder)?;
    let learned = network.of_loss().flat_map(|tensor| tensor.range.clone());
    let learned: Vec<f32> = learned
        .filter_map(|place| parameters.flat().get(place).copied())
        .collect();
    let decoder = network.decoder();
    let compared = decoder.start..decoder.end - objective.left_out();
    let likelihood = objective.likelihood(&learned, network.inputs());
    Ok(likelihood.map(|likelihood| LikelihoodOf {
        likelihood,
        compared,
    }))
}
