//! How much memory steps take.

use crate::network::Network;
use crate::recipe::Recipe;

/// The memory that a step is planned with, in bytes, beside that of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The parameters.
    pub parameters: usize,
    /// What the optimizer remembers of each.
    pub optimizer: usize,
    /// Activations and gradients of the rows of a batch, those of penalties included, and factors of folded layers.
    pub activations: usize,
    /// What the threads have for themselves, and the whole gradient where there is one.
    pub scratch: usize,
}

impl Memory {
    /// What parameters take whatever the batch.
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

    /// All of it.
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
