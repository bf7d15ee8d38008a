//! The parameter arena: all parameters of a network in one slice.

use super::{Folding, Network};
use crate::layer::Initialization;
use crate::rng::{Draws, Purpose};
use narrows_kernels::Aligned;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

/// A named tensor in the arena.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// As PyTorch's `state_dict` names it: `encoder.0.weight`.
    pub name: String,
    /// As PyTorch has it: `[outputs, inputs]` for a dense layer's weights.
    pub shape: Vec<usize>,
    /// How many inputs an output has, and how many outputs an input.
    pub fans: (usize, usize),
    /// Where it lies in the arena.
    pub range: Range<usize>,
}

/// The parameters of a network, and of that one alone: what is worked out from both is kept.
#[derive(Clone, Debug)]
pub struct Parameters {
    flat: Aligned,
    folded: Folded,
}

/// The linear layers folded, once they are first needed and until the parameters change.
#[derive(Default)]
struct Folded(OnceLock<Folding>);

impl Clone for Folded {
    fn clone(&self) -> Self {
        Folded::default()
    }
}

impl fmt::Debug for Folded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() {
            "folded"
        } else {
            "-"
        })
    }
}

impl Parameters {
    /// Parameters drawn for training to start from.
    pub fn initial(network: &Network, how: Initialization, seed: u64) -> Parameters {
        let mut flat = vec![0.0; network.parameter_count()];
        let draws = Draws::new(seed, Purpose::Initialization);
        for (index, tensor) in network.tensors().iter().enumerate() {
            let is_bias = tensor.shape.len() == 1;
            how.fill(
                &mut flat[tensor.range.clone()],
                tensor.fans,
                is_bias,
                |block| draws.words(index as u32, (block >> 32) as u32, block as u32),
            );
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
            folded: Folded::default(),
        }
    }

    /// All parameters, tensor after tensor.
    pub fn flat(&self) -> &[f32] {
        &self.flat
    }

    /// All parameters, for the parameter phase.
    pub(crate) fn flat_mut(&mut self) -> &mut [f32] {
        self.folded = Folded::default();
        &mut self.flat
    }

    /// The linear layers folded, as the parameters stand; `network` is theirs.
    pub(super) fn folding(&self, network: &Network) -> &Folding {
        assert_eq!(self.flat.len(), network.parameter_count());
        let fold = || Folding::for_rows(network, self);
        let folding = self.folded.0.get_or_init(fold);
        assert!(folding.is_of(network), "parameters of this network");
        folding
    }
}
