//! Functions of one row: most layers are such functions. Forward and backward are side by side.

use super::context::Given;
use narrows_kernels::Isa;
use narrows_kernels::activation::Activation;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// The properties of a function that passes can use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `y = x Wᵀ + b`, with tensors W of `[outputs, inputs]` and, optionally, b.
    Affine,
    /// An activation of each value.
    Activation(Activation),
    /// Something else.
    Other,
}

/// The point at which a function is differentiated: `x` of `[rows, inputs]` and its output there, `y` of
/// `[rows, outputs]`. Both are empty if the derivative is the same everywhere.
#[derive(Clone, Copy)]
pub struct Point<'a> {
    /// The instruction set.
    pub isa: Isa,
    /// The function's tensors.
    pub tensors: Given<'a>,
    /// The input.
    pub x: &'a [f32],
    /// The output.
    pub y: &'a [f32],
}

/// Some numbers of one of a function's tensors, whose gradient is computed.
#[derive(Clone, Debug)]
pub struct Tile {
    /// The instruction set.
    pub isa: Isa,
    /// The index of the function's tensor.
    pub tensor: usize,
    /// The range of its numbers.
    pub place: Range<usize>,
    /// Whether to add to the old content; if not, it is overwritten.
    pub adds: bool,
}

/// A function of one row: `y` of `[rows, outputs]` from `x` of `[rows, inputs]`.
///
/// [`RowFunction::forward`] and [`RowFunction::backward`] overwrite their outputs. Scratch memory has
/// [`RowFunction::scratch`] numbers with arbitrary content at first. The order of each sum must not depend on how rows
/// or tensors are split.
pub trait RowFunction: Debug + Send + Sync {
    /// A description in a few words, for a printed program.
    fn label(&self) -> String;
    /// The number of input values of a row.
    fn inputs(&self) -> usize;
    /// The number of output values of a row.
    fn outputs(&self) -> usize;
    /// The properties that passes can use.
    fn kind(&self) -> Kind {
        Kind::Other
    }
    /// The multiply-adds of its product for one row; the gradients of the input and of the weights each need as many
    /// again. 0 if there is no product.
    fn work(&self) -> usize {
        0
    }
    /// Whether the cost of its product is per whole panel of rows, as for a product with one matrix of weights.
    fn is_panel(&self) -> bool {
        self.kind() == Kind::Affine
    }
    /// The number of scratch values that a thread needs.
    fn scratch(&self) -> usize {
        0
    }
    /// Computes `y` from `x`.
    fn forward(&self, at: Point<'_>, y: &mut [f32], scratch: &mut [f32]);
    /// The gradient `dx` of the input from `dy` of the output.
    fn backward(&self, at: Point<'_>, dy: &[f32], dx: &mut [f32], scratch: &mut [f32]);
    /// The gradient of some numbers of a tensor, summed over the rows from first to last.
    fn gradient(
        &self,
        tile: &Tile,
        x: &[f32],
        dy: &[f32],
        gradient: &mut [f32],
        scratch: &mut [f32],
    );
    /// The target into which a factor per output channel can be multiplied; `None` if the function is not linear in a
    /// tensor.
    fn scaled(&self) -> Option<Scaled> {
        None
    }
    /// The derivative, for penalties on derivatives; `None` if the function cannot be differentiated twice.
    fn derivative(&self) -> Option<&dyn Derivative> {
        None
    }
}

/// A function that is linear in its first tensor and adds its second, the bias, to each channel of its output.
#[derive(Clone, Debug)]
pub struct Scaled {
    /// The same function, but always with a bias.
    pub function: Arc<dyn RowFunction>,
    /// The axis of the first tensor that holds the output channels.
    pub axis: usize,
}

/// The derivative J of a function's output with respect to its input, which can be differentiated again.
pub trait Derivative {
    /// Whether J is the same everywhere. Then `x` and `y` are not used, and there may be more rows than they have.
    fn is_constant(&self) -> bool;
    /// Whether [`Derivative::add_curvature`] adds anything: J changes, and not only in steps.
    fn is_curved(&self) -> bool;
    /// Whether J depends on a tensor.
    fn depends_on(&self, tensor: usize) -> bool;
    /// The change `dy = J dx` of the output for a small change of the input.
    fn push(&self, at: Point<'_>, dx: &[f32], dy: &mut [f32], scratch: &mut [f32]);
    /// Adds to `dx` the gradient of `v · J w` with respect to the input.
    fn add_curvature(&self, at: Point<'_>, w: &[f32], v: &[f32], dx: &mut [f32]);
}

/// A function that is linear in its first tensor and in its input, apart from a bias: its derivative is the same
/// everywhere, and depends only on the first tensor.
pub trait Linear {
    /// The change `dy = J dx` of the output for a change of the input, for any number of rows.
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
