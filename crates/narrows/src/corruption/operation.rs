//! Noise on rows as an operation of a program.

use super::part::{CorruptionPart, Target};
use crate::declaration::Spec;
use crate::error::Result;
use crate::program::{
    Buffer, Builder, Cost, Lower, Node, Operation, Part, RowContext, RowOperation, Uses, Var,
};
use crate::rng::Draws;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

impl Spec<dyn CorruptionPart> {
    /// Applies the noise to a value; `draws` gives its random numbers.
    pub(crate) fn build(&self, builder: &mut Builder, clean: Var, draws: Draws) -> Var {
        builder.at("corruption");
        let corruption = self.clone();
        let noise = RowNoise {
            label: self.name().into(),
            draws,
            apply: Arc::new(move |target| corruption.apply(target)),
        };
        noise.build(builder, clean)
    }
}

/// A change of each row of a value by random numbers. Nothing is learned before it, so it has no backward pass.
#[derive(Clone)]
pub(super) struct RowNoise {
    pub(super) label: String,
    pub(super) draws: Draws,
    pub(super) apply: Arc<dyn Fn(Target<'_>) + Send + Sync>,
}

impl RowNoise {
    /// Changes the rows of a value.
    pub(super) fn build(self, builder: &mut Builder, clean: Var) -> Var {
        let shape = builder.shape(clean).to_vec();
        builder.node(Arc::new(self), Vec::new(), vec![clean], vec![(shape, 1)])[0]
    }
}

impl Debug for RowNoise {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.label)
    }
}

impl Operation for RowNoise {
    fn label(&self) -> String {
        self.label.clone()
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let (clean, noisy) = (
            lower.buffer_of(node.inputs[0]),
            lower.buffer_of(node.outputs[0]),
        );
        lower.rows(Change {
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
struct Change {
    noise: RowNoise,
    clean: Buffer,
    noisy: Buffer,
    width: usize,
}

impl RowOperation for Change {
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
        for (&sample, row) in samples.iter().zip(noisy.chunks_exact_mut(self.width)) {
            (self.noise.apply)(Target {
                isa,
                address: self.noise.draws.address(epoch, sample),
                row,
                scratch: &mut *scratch,
            });
        }
    }
}
