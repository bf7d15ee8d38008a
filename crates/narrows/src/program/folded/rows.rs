//! Passes rows through a run at once.

use super::factors::by_rows;
use super::shape::FoldedShape;
use crate::program::buffer::{Buffer, Uses};
use crate::program::context::RowContext;
use crate::program::operation::{Cost, RowOperation};
use crate::program::profile::Part;
use narrows_kernels::product::{Right, Start, product};

/// Computes `y`, the outputs of a run, from `x`, its inputs.
#[derive(Debug)]
pub(super) struct Forward {
    pub(super) x: Buffer,
    pub(super) y: Buffer,
    pub(super) whole: Buffer,
    pub(super) offsets: Option<Buffer>,
    pub(super) shape: FoldedShape,
}

impl FoldedShape {
    /// The cost of a row, in each direction; a factor has one number for each multiply-add.
    fn cost(self, shared: usize) -> Cost {
        Cost {
            panel: self.rank * self.wide,
            shared,
            ..Cost::default()
        }
    }

    /// The number of input and of output values of a row of the run.
    fn ends(self) -> (usize, usize) {
        if self.widens {
            (self.rank, self.wide)
        } else {
            (self.wide, self.rank)
        }
    }
}

impl RowOperation for Forward {
    fn label(&self) -> String {
        let (inputs, outputs) = self.shape.ends();
        format!("dense {inputs} -> {outputs}, folded")
    }

    fn part(&self) -> Part {
        Part::ForwardProducts
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.x, self.whole]).reads(self.offsets);
        uses.writes([self.y])
    }

    fn cost(&self) -> Cost {
        self.shape.cost(self.shape.rank * self.shape.wide)
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let FoldedShape { rank, wide, .. } = self.shape;
        let (inputs, outputs) = self.shape.ends();
        // If there are no separate offsets, they are the last row of the factor.
        let offsets = self.offsets.unwrap_or(self.whole);
        let reads = [self.x, self.whole, offsets];
        let ([x, whole, offsets], y) = context.buffers.read_write(reads, self.y);
        let (factor, last) = whole.split_at(rank * wide);
        let (factor, offsets) = if self.shape.widens {
            (Right::row_major(factor, wide), last)
        } else {
            (Right::transpose_of(factor, wide), offsets)
        };
        let shape = (x.len() / inputs, outputs, inputs);
        let start = Start::Bias(offsets);
        let isa = context.isa;
        product(isa, shape, by_rows(x, inputs), factor, start, y, outputs);
    }
}

/// Stores the narrow end's rows, each followed by a 1, for a run that widens.
#[derive(Debug)]
pub(super) struct Extend {
    pub(super) x: Buffer,
    pub(super) to: Buffer,
    pub(super) rank: usize,
}

impl RowOperation for Extend {
    fn label(&self) -> String {
        "rows with a 1".into()
    }

    fn part(&self) -> Part {
        Part::Folding
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.x]).writes([self.to])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let ([x], to) = context.buffers.read_write([self.x], self.to);
        let rows = to.chunks_exact_mut(self.rank + 1);
        for (from, to) in x.chunks_exact(self.rank).zip(rows) {
            to[..self.rank].copy_from_slice(from);
            to[self.rank] = 1.0;
        }
    }
}

/// Computes the gradient of a run's input from the gradient of its output.
#[derive(Debug)]
pub(super) struct Backward {
    pub(super) dy: Buffer,
    pub(super) dx: Buffer,
    pub(super) whole: Buffer,
    pub(super) shape: FoldedShape,
}

impl RowOperation for Backward {
    fn label(&self) -> String {
        let (inputs, outputs) = self.shape.ends();
        format!("dense {inputs} -> {outputs}, folded, back")
    }

    fn part(&self) -> Part {
        Part::BackwardProducts
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.dy, self.whole]).writes([self.dx])
    }

    fn cost(&self) -> Cost {
        self.shape.cost(0)
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let FoldedShape { rank, wide, .. } = self.shape;
        let (inputs, outputs) = self.shape.ends();
        let reads = [self.dy, self.whole];
        let ([dy, whole], dx) = context.buffers.read_write(reads, self.dx);
        let factor = &whole[..rank * wide];
        let factor = if self.shape.widens {
            Right::transpose_of(factor, wide)
        } else {
            Right::row_major(factor, wide)
        };
        let shape = (dy.len() / outputs, inputs, outputs);
        let isa = context.isa;
        product(
            isa,
            shape,
            by_rows(dy, outputs),
            factor,
            Start::Zero,
            dx,
            inputs,
        );
    }
}
