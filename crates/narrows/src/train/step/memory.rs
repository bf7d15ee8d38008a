//! The memory of steps.

use crate::network::Network;
use crate::recipe::Recipe;

/// The planned memory of a step in bytes, without the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The parameters.
    pub parameters: usize,
    /// The state of the optimizer.
    pub optimizer: usize,
    /// Activations and gradients of the rows of a batch, including those of penalties, and factors of folded layers.
    pub activations: usize,
    /// The private memory of the threads, and the whole gradient if it is needed.
    pub scratch: usize,
}

impl Memory {
    /// The memory of the parameters, for any batch.
    pub(crate) fn least(recipe: &Recipe, network: &Network) -> Memory {
        let parameters = network.parameter_count().saturating_mul(size_of::<f32>());
        let has_whole = recipe.clip_norm > 0.0 || recipe.accumulation > 1;
        Memory {
            parameters,
            optimizer: parameters.saturating_mul(recipe.optimizer.numbers_remembered()),
            activations: 0,
            scratch: if has_whole { parameters } else { 0 },
        }
    }

    /// The total.
    pub fn total(&self) -> usize {
        let parts = [
            self.parameters,
            self.optimizer,
            self.activations,
            self.scratch,
        ];
        parts.into_iter().fold(0, usize::saturating_add)
    }
}
