//! The dense layer with the transpose of an earlier layer's weights, `y = x W + b`: tied weights.
//!
//! ```text
//! forward   y = x W + b
//! backward  dx = dy Wᵀ,  dW = xᵀ dy,  db = 1ᵀ dy
//! ```
//!
//! W is the tensor of the earlier layer; for this layer it is `[inputs, outputs]`. Its gradient is the sum of the
//! contributions of both layers, the earlier layer's first.

use crate::program::{
    Derivative, Linear, Point, RowFunction, Scaled, TensorSpec, Tile, bias_gradient,
};
use narrows_kernels::product::{Left, Right, Start, product};
use std::sync::Arc;

/// `y = x W + b`, with `x` of `[rows, inputs]`, `W` of `[inputs, outputs]`, `y` of `[rows, outputs]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tied {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) bias: bool,
}

impl Tied {
    /// The only tensor that belongs to this layer.
    pub(super) fn bias_tensor(&self) -> TensorSpec {
        TensorSpec {
            name: "bias",
            shape: vec![self.outputs],
            fans: (self.inputs, self.outputs),
            initial: None,
            tile: self.outputs,
        }
    }

    /// `y = start + x W`.
    fn multiply(&self, at: Point<'_>, start: Start<'_>, x: &[f32], y: &mut [f32]) {
        let left = Left {
            data: x,
            row: self.inputs,
            column: 1,
        };
        let right = Right::row_major(at.tensors.tensor(0), self.outputs);
        let shape = (x.len() / self.inputs, self.outputs, self.inputs);
        product(at.isa, shape, left, right, start, y, self.outputs);
    }
}

impl RowFunction for Tied {
    fn label(&self) -> String {
        format!("dense {} -> {}, tied", self.inputs, self.outputs)
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn is_panel(&self) -> bool {
        true
    }

    fn work(&self) -> usize {
        self.inputs * self.outputs
    }

    fn scratch(&self) -> usize {
        // Holds sums over rows before they are added to a bias's gradient.
        self.outputs
    }

    fn forward(&self, at: Point<'_>, y: &mut [f32], _: &mut [f32]) {
        let start = if self.bias {
            Start::Bias(at.tensors.tensor(1))
        } else {
            Start::Zero
        };
        self.multiply(at, start, at.x, y);
    }

    fn backward(&self, at: Point<'_>, dy: &[f32], dx: &mut [f32], _: &mut [f32]) {
        let left = Left {
            data: dy,
            row: self.outputs,
            column: 1,
        };
        let right = Right::transpose_of(at.tensors.tensor(0), self.outputs);
        let shape = (dy.len() / self.outputs, self.inputs, self.outputs);
        product(at.isa, shape, left, right, Start::Zero, dx, self.inputs);
    }

    fn gradient(
        &self,
        tile: &Tile,
        x: &[f32],
        dy: &[f32],
        gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        if tile.tensor > 0 {
            return bias_gradient(tile, dy, gradient, &mut scratch[..self.outputs]);
        }
        // Rows of W belong to this layer's inputs.
        let left = Left {
            data: &x[tile.place.start / self.outputs..],
            row: 1,
            column: self.inputs,
        };
        let right = Right::row_major(dy, self.outputs);
        let start = if tile.adds {
            Start::Accumulate
        } else {
            Start::Zero
        };
        let rows = x.len() / self.inputs;
        let shape = (gradient.len() / self.outputs, self.outputs, rows);
        product(tile.isa, shape, left, right, start, gradient, self.outputs);
    }

    fn scaled(&self) -> Option<Scaled> {
        let with_bias = Tied {
            bias: true,
            ..*self
        };
        Some(Scaled {
            function: Arc::new(with_bias),
            axis: 1,
        })
    }

    fn derivative(&self) -> Option<&dyn Derivative> {
        Some(self)
    }
}

impl Linear for Tied {
    fn push(&self, at: Point<'_>, dx: &[f32], dy: &mut [f32], _: &mut [f32]) {
        self.multiply(at, Start::Zero, dx, dy);
    }
}
