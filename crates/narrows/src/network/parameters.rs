//! The parameter arena: all parameters of a network in one slice, and the numbers of its states.

use super::plan::Network;
use crate::layer::Initialization;
use crate::program::initial;
use crate::rng::{Draws, Purpose};
use narrows_kernels::Aligned;

/// The parameters of a network, with the states that belong to them.
#[derive(Clone, Debug)]
pub struct Parameters {
    flat: Aligned,
    states: Vec<f32>,
}

impl Parameters {
    /// Initial parameters for training: random, unless their layer sets their initial values.
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

    /// Parameters in the order of the arena, with states as before training.
    ///
    /// # Panics
    ///
    /// If their number differs from the network's.
    pub fn new(network: &Network, flat: &[f32]) -> Parameters {
        assert_eq!(flat.len(), network.parameter_count());
        Parameters {
            flat: Aligned::from(flat),
            states: initial(network.states()),
        }
    }

    /// The same parameters with other states: the numbers of [`Network::states`], one state after the other.
    ///
    /// # Panics
    ///
    /// If their number differs from before.
    pub fn with_states(mut self, states: &[f32]) -> Parameters {
        self.states.copy_from_slice(states);
        self
    }

    /// All parameters, tensor after tensor.
    pub fn flat(&self) -> &[f32] {
        &self.flat
    }

    /// All parameters, mutable.
    pub(crate) fn flat_mut(&mut self) -> &mut [f32] {
        &mut self.flat
    }

    /// The numbers of all states, one state after the other. The numbers of a count are the bits of a `u32`.
    pub fn states(&self) -> &[f32] {
        &self.states
    }

    /// The numbers of all states, mutable.
    pub(crate) fn states_mut(&mut self) -> &mut [f32] {
        &mut self.states
    }
}
