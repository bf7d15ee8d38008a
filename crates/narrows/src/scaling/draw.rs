//! Dynamic binarization: each scaled value is drawn as 0 or 1, anew in each epoch, with the value as its probability
//! (Salakhutdinov & Murray 2008, "On the quantitative analysis of deep belief networks").

use crate::error::Result;
use crate::program::{
    Buffer, Builder, Cost, Isa, Lower, Node, Operation, Part, RowContext, RowOperation, Uses, Var,
};
use crate::rng::Draws;
use narrows_kernels::noise::{Address, fill_uniform};
use std::sync::Arc;

/// Draws each value of a row, from 0 to 1, as 0 or 1; `scratch` has room for as many numbers.
pub(crate) fn draw_row(isa: Isa, address: Address, row: &mut [f32], scratch: &mut [f32]) {
    fill_uniform(isa, address, scratch);
    for (value, uniform) in row.iter_mut().zip(scratch) {
        *value = f32::from(u8::from(*uniform < *value));
    }
}

/// Draws the values of a row in a program; `draws` decide.
pub(crate) fn draw(builder: &mut Builder, values: Var, draws: Draws) -> Var {
    builder.at("scaling");
    let shape = builder.shape(values).to_vec();
    let operation = Arc::new(Binarize { draws });
    builder.node(operation, Vec::new(), vec![values], vec![(shape, 1)])[0]
}

/// Values drawn as 0 or 1. Nothing is learned before it, so it has no backward pass.
#[derive(Clone, Copy, Debug)]
struct Binarize {
    draws: Draws,
}

impl Operation for Binarize {
    fn label(&self) -> String {
        "draw 0 or 1".into()
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let values = lower.buffer_of(node.inputs[0]);
        let drawn = lower.buffer_of(node.outputs[0]);
        lower.rows(DrawRows {
            of: *self,
            values,
            drawn,
            width: lower.width_of(node.inputs[0]),
        });
        Ok(())
    }

    fn backward(&self, _: &Node, _: &mut Lower<'_>) -> Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct DrawRows {
    of: Binarize,
    values: Buffer,
    drawn: Buffer,
    width: usize,
}

impl RowOperation for DrawRows {
    fn label(&self) -> String {
        self.of.label()
    }

    fn part(&self) -> Part {
        Part::Noise
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.values]).writes([self.drawn])
    }

    fn cost(&self) -> Cost {
        Cost {
            noise: self.width,
            ..Cost::default()
        }
    }

    fn scratch(&self) -> usize {
        self.width
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let (isa, epoch, samples) = (context.isa, context.batch.epoch, context.samples());
        let ([values], drawn) = context.buffers.read_write([self.values], self.drawn);
        drawn.copy_from_slice(values);
        let scratch = &mut context.scratch[..self.width];
        for (&sample, row) in samples.iter().zip(drawn.chunks_exact_mut(self.width)) {
            draw_row(isa, self.of.draws.address(epoch, sample), row, scratch);
        }
    }
}
