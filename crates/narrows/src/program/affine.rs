//! The affine map of a dense layer, `y = x Wᵀ + b`.

use super::function::{Derivative, Kind, Linear, Point, RowFunction, Scaled, Tile};
use super::tensor::TensorSpec;
use narrows_kernels::product::{Left, PANEL, Right, Start, product};
use narrows_kernels::reduce::{add, column_sums};
use std::ops::Range;
use std::sync::Arc;

/// The number of outputs whose weights form one tile: a multiple of [`PANEL`], four register tiles of twelve rows.
const TILE: usize = 6 * PANEL;

/// `y = x Wᵀ + b`, with `x` of `[rows, inputs]`, `W` of `[outputs, inputs]` as in PyTorch's `Linear`, `y` of
/// `[rows, outputs]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine {
    /// The number of input values of a row.
    pub inputs: usize,
    /// The number of output values of a row.
    pub outputs: usize,
    /// Whether there is a bias b.
    pub bias: bool,
}

impl Affine {
    /// Its tensors: W and, optionally, b.
    pub fn tensors(&self) -> Vec<TensorSpec> {
        let fans = (self.inputs, self.outputs);
        let mut tensors = vec![TensorSpec {
            name: "weight",
            shape: vec![self.outputs, self.inputs],
            fans,
            initial: None,
            tile: TILE * self.inputs,
        }];
        if self.bias {
            tensors.push(TensorSpec {
                name: "bias",
                shape: vec![self.outputs],
                fans,
                initial: None,
                tile: self.outputs,
            });
        }
        tensors
    }

    /// `y = start + x Wᵀ`.
    fn multiply(&self, at: Point<'_>, start: Start<'_>, x: &[f32], y: &mut [f32]) {
        let rows = x.len() / self.inputs;
        product(
            at.isa,
            (rows, self.outputs, self.inputs),
            Left {
                data: x,
                row: self.inputs,
                column: 1,
            },
            Right::transpose_of(at.tensors.tensor(0), self.inputs),
            start,
            y,
            self.outputs,
        );
    }

    /// The outputs whose weights are at a place of W.
    fn outputs_at(&self, place: &Range<usize>) -> Range<usize> {
        place.start / self.inputs..place.end / self.inputs
    }
}

/// The gradient of a bias with one number for each output: the sums of `dy` over the rows. `sums` is scratch memory, as
/// long as a row.
pub(crate) fn bias_gradient(tile: &Tile, dy: &[f32], gradient: &mut [f32], sums: &mut [f32]) {
    if tile.adds {
        column_sums(tile.isa, dy, sums);
        add(tile.isa, gradient, &sums[tile.place.clone()]);
    } else {
        column_sums(tile.isa, dy, gradient)
    }
}

impl RowFunction for Affine {
    fn label(&self) -> String {
        format!("dense {} -> {}", self.inputs, self.outputs)
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn kind(&self) -> Kind {
        Kind::Affine
    }

    fn work(&self) -> usize {
        self.outputs * self.inputs
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
        let rows = dx.len() / self.inputs;
        product(
            at.isa,
            (rows, self.inputs, self.outputs),
            Left {
                data: dy,
                row: self.outputs,
                column: 1,
            },
            Right::row_major(at.tensors.tensor(0), self.inputs),
            Start::Zero,
            dx,
            self.inputs,
        );
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
        let outputs = self.outputs_at(&tile.place);
        let rows = x.len() / self.inputs;
        let start = if tile.adds {
            Start::Accumulate
        } else {
            Start::Zero
        };
        product(
            tile.isa,
            (outputs.len(), self.inputs, rows),
            Left {
                data: &dy[outputs.start..],
                row: 1,
                column: self.outputs,
            },
            Right::row_major(x, self.inputs),
            start,
            gradient,
            self.inputs,
        );
    }

    fn scratch(&self) -> usize {
        // Holds sums over rows before they are added to a bias's gradient.
        self.outputs
    }

    fn scaled(&self) -> Option<Scaled> {
        let with_bias = Affine {
            bias: true,
            ..*self
        };
        Some(Scaled {
            function: Arc::new(with_bias),
            axis: 0,
        })
    }

    fn derivative(&self) -> Option<&dyn Derivative> {
        Some(self)
    }
}

impl Linear for Affine {
    fn push(&self, at: Point<'_>, dx: &[f32], dy: &mut [f32], _: &mut [f32]) {
        self.multiply(at, Start::Zero, dx, dy);
    }
}
