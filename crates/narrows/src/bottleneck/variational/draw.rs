//! The code in training and validation: drawn, with its divergence from the prior.

use super::tempered::share_in;
use crate::error::Result;
use crate::program::{
    Buffer, Cost, Lower, Mean, Mode, Node, Operation, Part, RowContext, RowOperation, Uses,
};
use crate::rng::Draws;
use narrows_kernels::noise::add_normal;
use narrows_kernels::variational::{draw, draw_back};

/// The name of the divergence among the losses.
const DIVERGENCE: &str = "kl";

/// `z = m + exp(l / 2) e` with normal noise e.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    /// The values of a code.
    pub(super) width: usize,
    /// How much the gradient by the divergence counts, after the warm-up.
    pub(super) weight: f32,
    /// The divergence that costs nothing, for each value of a code.
    pub(super) free_bits: f32,
    /// The epochs of the warm-up.
    pub(super) warmup: usize,
    pub(super) draws: Draws,
}

impl Draw {
    /// How much the divergence counts in an epoch, from 0.
    fn weight_in(&self, epoch: u32) -> f32 {
        self.weight * share_in(epoch, self.warmup)
    }
}

impl Operation for Draw {
    fn label(&self) -> String {
        format!("draw {} of {} values", self.width, 2 * self.width)
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let encoded = lower.buffer_of(node.inputs[0]);
        let code = lower.buffer_of(node.outputs[0]);
        let noise = lower.buffer("noise of the code", self.width);
        let divergence = lower.buffer("divergence of rows", 1);
        lower.rows(Forward {
            of: *self,
            encoded,
            noise,
            code,
            divergence,
        });
        lower.loss(DIVERGENCE, self.weight, divergence, Mean::OverRows(1));
        if lower.mode() == Mode::Training {
            lower.stash(noise);
        }
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let encoded = lower.buffer_of(node.inputs[0]);
        let (Some(by_code), Some(noise)) = (lower.gradient_of(node.outputs[0]), lower.unstash())
        else {
            return Ok(());
        };
        lower.contribute(node.inputs[0], |lower, gradient| {
            lower.rows(Backward {
                of: *self,
                encoded,
                noise,
                by_code,
                gradient,
            });
        });
        Ok(())
    }
}

#[derive(Debug)]
struct Forward {
    of: Draw,
    encoded: Buffer,
    noise: Buffer,
    code: Buffer,
    divergence: Buffer,
}

impl RowOperation for Forward {
    fn label(&self) -> String {
        self.of.label()
    }

    fn part(&self) -> Part {
        Part::ForwardElementwise
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.encoded]);
        uses.writes([self.noise, self.code, self.divergence])
    }

    fn cost(&self) -> Cost {
        Cost {
            noise: self.of.width,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let Draw {
            width,
            free_bits,
            draws,
            ..
        } = self.of;
        let (isa, epoch, samples) = (context.isa, context.batch.epoch, context.samples());
        let writes = [self.noise, self.code, self.divergence];
        let ([encoded], [noise, code, divergence]) = context.buffers.access([self.encoded], writes);
        noise.fill(0.0);
        for (&sample, noise) in samples.iter().zip(noise.chunks_exact_mut(width)) {
            add_normal(isa, draws.address(epoch, sample), 1.0, noise);
        }
        draw(isa, encoded, noise, free_bits, code, divergence);
    }
}

#[derive(Debug)]
struct Backward {
    of: Draw,
    encoded: Buffer,
    noise: Buffer,
    by_code: Buffer,
    gradient: Buffer,
}

impl RowOperation for Backward {
    fn label(&self) -> String {
        format!("{}, back", self.of.label())
    }

    fn part(&self) -> Part {
        Part::BackwardElementwise
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.encoded, self.noise, self.by_code]);
        uses.writes([self.gradient])
    }

    fn cost(&self) -> Cost {
        Cost {
            elements: 2 * self.of.width,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let Draw {
            width, free_bits, ..
        } = self.of;
        let weight = self.of.weight_in(context.batch.epoch) / context.batch.rows() as f32;
        let isa = context.isa;
        let reads = [self.encoded, self.noise, self.by_code];
        let ([encoded, noise, by_code], gradient) =
            context.buffers.read_write(reads, self.gradient);
        let of = (encoded, noise, by_code);
        draw_back(isa, width, of, free_bits, weight, gradient);
    }
}
