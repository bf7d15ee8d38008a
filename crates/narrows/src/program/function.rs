//! Functions of one row: what most layers are. Forward and backward stand side by side.

use super::context::Given;
use narrows_kernels::Isa;
use narrows_kernels::activation::Activation;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// What the passes know of a function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `y = x Wᵀ + b`, with tensors W of `[outputs, inputs]` and, perhaps, b.
    Affine,
    /// An activation of each value.
    Activation(Activation),
    /// Something else.
    Other,
}

/// Where a function is differentiated: `x` of `[rows, inputs]` and what it gives there, `y` of `[rows, outputs]`. Both
/// are empty where the derivative is the same everywhere.
#[derive(Clone, Copy)]
pub struct Point<'a> {
    /// The instruction set.
    pub isa: Isa,
    /// The function's tensors.
    pub tensors: Given<'a>,
    /// What it reads.
    pub x: &'a [f32],
    /// What it gives.
    pub y: &'a [f32],
}

/// Some numbers of one of a function's tensors, by which the gradient is formed.
#[derive(Clone, Debug)]
pub struct Tile {
    /// The instruction set.
    pub isa: Isa,
    /// Which of the function's tensors.
    pub tensor: usize,
    /// Which of its numbers.
    pub place: Range<usize>,
    /// Whether to add to what is there; else it is overwritten.
    pub adds: bool,
}

/// A function of one row: `y` of `[rows, outputs]` from `x` of `[rows, inputs]`.
///
/// [`RowFunction::forward`] and [`RowFunction::backward`] overwrite what they fill. Scratch memory has
/// [`RowFunction::scratch`] numbers and holds anything at first. Each sum is formed in an order that depends neither on
/// how the rows nor on how the tensors are cut.
pub trait RowFunction: Debug + Send + Sync {
    /// What it is, in a few words: for a printed program.
    fn label(&self) -> String;
    /// The values of a row that it reads.
    fn inputs(&self) -> usize;
    /// The values of a row that it gives.
    fn outputs(&self) -> usize;
    /// What passes may know of it.
    fn kind(&self) -> Kind {
        Kind::Other
    }
    /// The multiply-adds of its product for one row, which the gradients by the input and by the weights need once
    /// more each; 0 where there is no product.
    fn work(&self) -> usize {
        0
    }
    /// Whether its product takes a whole panel of rows or nothing, as a product with one matrix of weights does.
    fn is_panel(&self) -> bool {
        self.kind() == Kind::Affine
    }
    /// How many numbers of scratch memory a thread needs.
    fn scratch(&self) -> usize {
        0
    }
    /// `y` from `x`.
    fn forward(&self, at: Point<'_>, y: &mut [f32], scratch: &mut [f32]);
    /// The gradient `dx` by the input from `dy` by the output.
    fn backward(&self, at: Point<'_>, dy: &[f32], dx: &mut [f32], scratch: &mut [f32]);
    /// The gradient by some numbers of a tensor, summed over the rows from first to last.
    fn gradient(
        &self,
        tile: &Tile,
        x: &[f32],
        dy: &[f32],
        gradient: &mut [f32],
        scratch: &mut [f32],
    );
    /// What a factor of each channel of its output can be multiplied into; nothing where it is not linear in a tensor.
    fn scaled(&self) -> Option<Scaled> {
        None
    }
    /// What penalties on derivatives need; nothing where the function cannot be differentiated twice.
    fn derivative(&self) -> Option<&dyn Derivative> {
        None
    }
}

/// A function that is linear in its first tensor and adds its second, the bias, to each channel of its output.
#[derive(Clone, Debug)]
pub struct Scaled {
    /// The same function, with a bias whether it has one or not.
    pub function: Arc<dyn RowFunction>,
    /// The axis of the first tensor along which the channels of the output lie.
    pub axis: usize,
}

/// The derivative J of a function's output by its input, as something to differentiate again.
pub trait Derivative {
    /// Whether J is the same everywhere. `x` and `y` then mean nothing, and there may be more rows than those have.
    fn is_constant(&self) -> bool;
    /// Whether [`Derivative::add_curvature`] adds anything: whether J changes, other than in steps.
    fn is_curved(&self) -> bool;
    /// Whether J depends on a tensor.
    fn depends_on(&self, tensor: usize) -> bool;
    /// The change `dy = J dx` of the output with a small change of the input.
    fn push(&self, at: Point<'_>, dx: &[f32], dy: &mut [f32], scratch: &mut [f32]);
    /// Adds to `dx` the gradient of `v · J w` by the input.
    fn add_curvature(&self, at: Point<'_>, w: &[f32], v: &[f32], dx: &mut [f32]);
}

/// A function that is linear in its first tensor and in its input, apart from a bias: its derivative is the same
/// everywhere, and depends on the first tensor alone.
pub trait Linear {
    /// The change `dy = J dx` of the output with a change of the input, for any number of rows.
    fn push(&self, at: Point<'_>, dx: &[f32], dy: &mut [f32], scratch: &mut [f32]);
}

impl<T: Linear> Derivative for T {
    fn is_constant(&self) -> bool {
        true
    }

    fn is_curved(&self) -> bool {
        false
    }

    fn depends_on(&self, tensor: usize) -> bool {
        tensor == 0
    }

    fn push(&self, at: Point<'_>, dx: &[f32], dy: &mut [f32], scratch: &mut [f32]) {
        Linear::push(self, at, dx, dy, scratch);
    }

    fn add_curvature(&self, _: Point<'_>, _: &[f32], _: &[f32], _: &mut [f32]) {}
}
