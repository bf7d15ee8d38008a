//! The dense layer, `y = x Wᵀ + b`.

use super::{Layer, TensorSpec};
use narrows_kernels::Isa;
use narrows_kernels::product::{Left, PANEL, Right, Start, product};
use narrows_kernels::reduce::column_sums;

/// The outputs whose weights form one tile of the parameter phase: a multiple of [`PANEL`], four
/// register tiles of twelve rows.
const TILE: usize = 6 * PANEL;

/// A dense layer: `y = x Wᵀ + b`, with `x` of `[batch, inputs]`, `W` of `[outputs, inputs]` as in
/// PyTorch's `Linear`, `y` of `[batch, outputs]`.
#[derive(Debug)]
pub(crate) struct Dense {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) bias: bool,
}

impl Dense {
    fn weights(&self) -> usize {
        self.outputs * self.inputs
    }

    /// The outputs of a tile of weights; the tile behind the last one is the bias.
    fn tile_outputs(&self, tile: usize) -> std::ops::Range<usize> {
        let start = (tile * TILE).min(self.outputs);
        start..(start + TILE).min(self.outputs)
    }
}

impl Layer for Dense {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn tensors(&self) -> Vec<TensorSpec> {
        let fans = (self.inputs, self.outputs);
        let mut tensors = vec![TensorSpec {
            name: "weight",
            shape: vec![self.outputs, self.inputs],
            fans,
        }];
        if self.bias {
            tensors.push(TensorSpec {
                name: "bias",
                shape: vec![self.outputs],
                fans,
            });
        }
        tensors
    }

    fn tiles(&self) -> Vec<usize> {
        let weights = (0..self.outputs.div_ceil(TILE))
            .map(|tile| self.tile_outputs(tile).len() * self.inputs);
        weights.chain(self.bias.then_some(self.outputs)).collect()
    }

    fn forward(&self, isa: Isa, p: &[f32], x: &[f32], y: &mut [f32], _: &mut [f32]) {
        let rows = x.len() / self.inputs;
        let start = if self.bias {
            Start::Bias(&p[self.weights()..])
        } else {
            Start::Zero
        };
        product(
            isa,
            (rows, self.outputs, self.inputs),
            Left {
                data: x,
                row: self.inputs,
                column: 1,
            },
            Right::transpose_of(&p[..self.weights()], self.inputs),
            start,
            y,
            self.outputs,
        );
    }

    fn backward(
        &self,
        isa: Isa,
        p: &[f32],
        _x: &[f32],
        _y: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        _: &mut [f32],
    ) {
        let rows = dx.len() / self.inputs;
        product(
            isa,
            (rows, self.inputs, self.outputs),
            Left {
                data: dy,
                row: self.outputs,
                column: 1,
            },
            Right::row_major(&p[..self.weights()], self.inputs),
            Start::Zero,
            dx,
            self.inputs,
        );
    }

    fn gradient(
        &self,
        isa: Isa,
        tile: usize,
        x: &[f32],
        dy: &[f32],
        gradient: &mut [f32],
        _: &mut [f32],
    ) {
        let outputs = self.tile_outputs(tile);
        if outputs.is_empty() {
            return column_sums(isa, dy, gradient);
        }
        let rows = x.len() / self.inputs;
        product(
            isa,
            (outputs.len(), self.inputs, rows),
            Left {
                data: &dy[outputs.start..],
                row: 1,
                column: self.outputs,
            },
            Right::row_major(x, self.inputs),
            Start::Zero,
            gradient,
            self.inputs,
        );
    }
}
