//! Tensors: the parameters, by name, in one arena.

use std::ops::Range;

/// A handle to a tensor of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub(super) usize);

impl TensorId {
    /// Its place among the tensors.
    pub fn index(self) -> usize {
        self.0
    }
}

/// A named tensor in the arena of parameters.
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
    /// What each number is before training; none where the recipe's initialization draws it.
    pub(crate) initial: Option<f32>,
    /// The numbers of a tile, which one thread changes at a time; the last tile may be smaller.
    pub(crate) tile: usize,
}

impl Tensor {
    /// What each number is before training; none where the recipe's initialization draws it.
    pub fn initial(&self) -> Option<f32> {
        self.initial
    }
}

/// A tensor that a part asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorSpec {
    /// `weight` or `bias`.
    pub name: &'static str,
    /// As PyTorch has it.
    pub shape: Vec<usize>,
    /// How many inputs an output has, and how many outputs an input.
    pub fans: (usize, usize),
    /// What each number is before training; none where the recipe's initialization draws it.
    pub initial: Option<f32>,
    /// The numbers of a tile: a multiple of what lies behind the first axis.
    pub tile: usize,
}

/// A tensor that a second layer uses transposed, so that it is stored once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// The name that PyTorch's `state_dict` has for the transpose: `decoder.0.weight`.
    pub name: String,
    /// The tensor that is stored, of two axes.
    pub tensor: TensorId,
}
