//! Corruption as an operation of a program.

use super::part::{Corruption, CorruptionPart, Target};
use crate::declaration::Spec;
use crate::error::Result;
use crate::program::{
    Buffer, Builder, Cost, Lower, Node, Operation, Part, RowContext, RowOperation, Uses, Var,
};
use crate::rng::Draws;
use std::sync::Arc;

impl Spec<dyn CorruptionPart> {
    /// Applies the noise to a value; `draws` gives its random numbers.
    pub(crate) fn build(&self, builder: &mut Builder, clean: Var, draws: Draws) -> Var {
        builder.at("corruption");
        let shape = builder.shape(clean).to_vec();
        let operation = Noise {
            corruption: self.clone(),
            draws,
        };
        builder.node(
            Arc::new(operation),
            Vec::new(),
            vec![clean],
            vec![(shape, 1)],
        )[0]
    }
}

/// Noise on a value. Nothing is learned before it, so it has no backward pass.
#[derive(Clone, Debug)]
struct Noise {
    corruption: Corruption,
    draws: Draws,
}

impl Operation for Noise {
    fn label(&self) -> String {
        self.corruption.name().into()
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let (clean, noisy) = (
            lower.buffer_of(node.inputs[0]),
            lower.buffer_of(node.outputs[0]),
        );
        lower.rows(Corrupt {
            noise: self.clone(),
            clean,
            noisy,
            width: lower.width_of(node.inputs[0]),
        });
        Ok(())
    }

    fn backward(&self, _: &Node, _: &mut Lower<'_>) -> Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Corrupt {
    noise: Noise,
    clean: Buffer,
    noisy: Buffer,
    width: usize,
}

impl RowOperation for Corrupt {
    fn label(&self) -> String {
        self.noise.label()
    }

    fn part(&self) -> Part {
        Part::Noise
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.clean]).writes([self.noisy])
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
        let ([clean], noisy) = context.buffers.read_write([self.clean], self.noisy);
        noisy.copy_from_slice(clean);
        let scratch = &mut context.scratch[..self.width];
        let Noise { corruption, draws } = &self.noise;
        for (&sample, row) in samples.iter().zip(noisy.chunks_exact_mut(self.width)) {
            corruption.apply(Target {
                isa,
                address: draws.address(epoch, sample),
                row,
                scratch: &mut *scratch,
            });
        }
    }
}
