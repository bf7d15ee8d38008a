//! The gradients of a run's parameters, from its factors.

use super::shape::Layer;
use crate::program::buffer::{Buffer, Uses};
use crate::program::context::TileContext;
use crate::program::operation::TileOperation;
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::reduce::add_scaled;
use std::ops::Range;

/// The size of a part of a gradient that is computed before the optimizer applies it. It takes little longer to compute
/// than to read, so it should stay in the first-level cache in between.
const PART: usize = 6144;

/// The number of rows of weights in such a part is a multiple of this, which is also a multiple of a product's tile.
const ROWS: usize = 12;

/// A tensor of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Weights,
    Bias,
}

/// The gradient of a layer's weights or bias.
#[derive(Debug)]
pub(super) struct FactorGradient {
    pub(super) side: Side,
    /// The factor of the layer's outputs, and the factor of its inputs.
    pub(super) left: Buffer,
    pub(super) right: Buffer,
    pub(super) shares: Buffer,
    pub(super) layer: Layer,
    pub(super) height: usize,
}

impl TileOperation for FactorGradient {
    fn label(&self) -> String {
        "from factors".into()
    }

    fn uses(&self) -> Uses {
        match self.side {
            Side::Weights => Uses::new().reads([self.right, self.left]),
            Side::Bias => Uses::new().reads([self.left, self.shares]),
        }
    }

    fn step(&self, _: &Range<usize>) -> Option<usize> {
        let inputs = self.layer.inputs;
        let rows = (PART / inputs).max(1).next_multiple_of(ROWS);
        (self.side == Side::Weights).then_some(rows * inputs)
    }

    fn work(&self) -> usize {
        match self.side {
            Side::Weights => self.layer.inputs * self.layer.outputs,
            Side::Bias => 0,
        }
    }

    fn depth(&self) -> Option<usize> {
        Some(self.height)
    }

    fn scratch(&self) -> usize {
        self.layer.outputs
    }

    fn run(&self, context: &mut TileContext<'_>, gradient: &mut [f32]) {
        let (isa, place) = (context.isa, context.place.clone());
        let Layer {
            inputs, outputs, ..
        } = self.layer;
        let left = context.get(self.left);
        match self.side {
            Side::Bias => {
                if !context.adds {
                    gradient.fill(0.0);
                }
                let shares = context.get(self.shares);
                for (&share, row) in shares.iter().zip(left.chunks_exact(outputs)) {
                    add_scaled(isa, gradient, share, &row[place.clone()]);
                }
            }
            Side::Weights => {
                let left = Left {
                    data: &left[place.start / inputs..],
                    row: 1,
                    column: outputs,
                };
                let right = Right::row_major(context.get(self.right), inputs);
                let shape = (gradient.len() / inputs, inputs, self.height);
                let start = if context.adds {
                    Start::Accumulate
                } else {
                    Start::Zero
                };
                product(isa, shape, left, right, start, gradient, inputs);
            }
        }
    }
}
