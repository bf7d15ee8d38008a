//! Tensors: the named parameters, in one arena.

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
    /// Its name in PyTorch's `state_dict`: `encoder.0.weight`.
    pub name: String,
    /// Its shape in PyTorch: `[outputs, inputs]` for a dense layer's weights.
    pub shape: Vec<usize>,
    /// Fan-in and fan-out: the number of inputs of an output, and the number of outputs of an input.
    pub fans: (usize, usize),
    /// Its range in the arena.
    pub range: Range<usize>,
    /// The initial value of its numbers; `None` if the recipe's initialization draws them.
    pub(crate) initial: Option<f32>,
    /// The number of values of a tile, which one thread changes at a time; the last tile may be smaller.
    pub(crate) tile: usize,
}

impl Tensor {
    /// What each number is before training; none where the recipe's initialization draws it.
    pub fn initial(&self) -> Option<f32> {
        self.initial
    }
}

/// A tensor that a part requests.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorSpec {
    /// `weight` or `bias`.
    pub name: &'static str,
    /// Its shape in PyTorch.
    pub shape: Vec<usize>,
    /// Fan-in and fan-out: the number of inputs of an output, and the number of outputs of an input.
    pub fans: (usize, usize),
    /// The initial value of its numbers; `None` if the recipe's initialization draws them.
    pub initial: Option<f32>,
    /// The number of values of a tile: a multiple of the size of an entry of the first axis.
    pub tile: usize,
}

/// A tensor that a second layer uses transposed, so that it is stored once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// The name of the transpose in PyTorch's `state_dict`: `decoder.0.weight`.
    pub name: String,
    /// The stored tensor, with two axes.
    pub tensor: TensorId,
}
