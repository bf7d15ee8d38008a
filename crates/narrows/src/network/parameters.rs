//! The parameter arena: all parameters of a network in one slice.

use super::Network;
use crate::layer::Initialization;
use crate::rng::{Draws, Purpose};
use narrows_kernels::Aligned;

/// The parameters of a network.
#[derive(Clone, Debug)]
pub struct Parameters {
    flat: Aligned,
}

impl Parameters {
    /// Parameters drawn for training to start from.
    pub fn initial(network: &Network, how: Initialization, seed: u64) -> Parameters {
        let mut flat = vec![0.0; network.parameter_count()];
        let draws = Draws::new(seed, Purpose::Initialization);
        for (index, tensor) in network.tensors().iter().enumerate() {
            let numbers = &mut flat[tensor.range.clone()];
            if let Some(initial) = tensor.initial {
                numbers.fill(initial);
                continue;
            }
            let is_bias = tensor.shape.len() == 1;
            how.fill(numbers, tensor.fans, is_bias, |block| {
                draws.words(index as u32, (block >> 32) as u32, block as u32)
            });
        }
        Parameters::new(network, &flat)
    }

    /// Parameters as they lie in the arena.
    ///
    /// # Panics
    ///
    /// When there are not as many as the network has.
    pub fn new(network: &Network, flat: &[f32]) -> Parameters {
        assert_eq!(flat.len(), network.parameter_count());
        Parameters {
            flat: Aligned::from(flat),
        }
    }

    /// All parameters, tensor after tensor.
    pub fn flat(&self) -> &[f32] {
        &self.flat
    }

    /// All parameters, to change.
    pub(crate) fn flat_mut(&mut self) -> &mut [f32] {
        &mut self.flat
    }
}
