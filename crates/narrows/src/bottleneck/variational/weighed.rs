//! Several codes of a row, with what weighs them in the importance-weighted bound (Burda, Grosse & Salakhutdinov 2016,
//! "Importance weighted autoencoders").

use crate::error::Result;
use crate::program::{
    Buffer, Cost, Lower, Mode, Node, Operation, Part, RowContext, RowOperation, Uses,
};
use crate::rng::Draws;
use narrows_kernels::noise::add_normal;
use narrows_kernels::variational::Weighed;

/// `z = m + exp(l / 2) e` for several e, and `ln p(z) - ln q(z | x)` of each.
#[derive(Clone, Copy, Debug)]
pub(super) struct DrawWeighed {
    /// The values of a code.
    pub(super) width: usize,
    /// The codes of a row.
    pub(super) samples: usize,
    /// Whether the gradient is the doubly reparametrized one.
    pub(super) is_doubly: bool,
    /// The epochs of the warm-up, in which the gradient is the plain one: the doubly reparametrized one is derived for the
    /// full weight of the prior.
    pub(super) warmup: usize,
    /// What the objective is divided by.
    pub(super) divisor: usize,
    pub(super) draws: Draws,
}

impl DrawWeighed {
    /// All values of the codes of a row.
    fn values(&self) -> usize {
        self.samples * self.width
    }
}

impl Operation for DrawWeighed {
    fn label(&self) -> String {
        format!(
            "draw {} times {} of {} values",
            self.samples,
            self.width,
            2 * self.width
        )
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let encoded = lower.buffer_of(node.inputs[0]);
        let [codes, ratios] = [0, 1].map(|output| lower.buffer_of(node.outputs[output]));
        let noise = lower.buffer("noise of the codes", self.values());
        lower.rows(Forward {
            of: *self,
            encoded,
            noise,
            codes,
            ratios,
        });
        if lower.mode() == Mode::Training {
            lower.stash(noise);
        }
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let encoded = lower.buffer_of(node.inputs[0]);
        let by = [0, 1].map(|output| lower.gradient_of(node.outputs[output]));
        let ([Some(by_codes), Some(by_ratios)], Some(noise)) = (by, lower.unstash()) else {
            return Ok(());
        };
        lower.contribute(node.inputs[0], |lower, gradient| {
            lower.rows(Backward {
                of: *self,
                encoded,
                noise,
                by_codes,
                by_ratios,
                gradient,
            });
        });
        Ok(())
    }
}

#[derive(Debug)]
struct Forward {
    of: DrawWeighed,
    encoded: Buffer,
    noise: Buffer,
    codes: Buffer,
    ratios: Buffer,
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
        uses.writes([self.noise, self.codes, self.ratios])
    }

    fn cost(&self) -> Cost {
        Cost {
            noise: self.of.values(),
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let DrawWeighed { samples, draws, .. } = self.of;
        let (isa, epoch, own) = (context.isa, context.batch.epoch, context.samples());
        let writes = [self.noise, self.codes, self.ratios];
        let ([encoded], [noise, codes, ratios]) = context.buffers.access([self.encoded], writes);
        noise.fill(0.0);
        let of_rows = noise.chunks_exact_mut(self.of.values());
        for (&sample, noise) in own.iter().zip(of_rows) {
            add_normal(isa, draws.address(epoch, sample), 1.0, noise);
        }
        let weighed = Weighed {
            samples,
            encoded,
            noise,
        };
        weighed.draw(isa, codes, ratios);
    }
}

#[derive(Debug)]
struct Backward {
    of: DrawWeighed,
    encoded: Buffer,
    noise: Buffer,
    by_codes: Buffer,
    by_ratios: Buffer,
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
        let reads = [self.encoded, self.noise, self.by_codes, self.by_ratios];
        Uses::new().reads(reads).writes([self.gradient])
    }

    fn cost(&self) -> Cost {
        Cost {
            elements: 2 * self.of.values(),
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let DrawWeighed {
            samples,
            is_doubly,
            divisor,
            warmup,
            ..
        } = self.of;
        let is_doubly = is_doubly && context.batch.epoch as usize >= warmup;
        let scale = 1.0 / (context.batch.rows() * divisor) as f32;
        let isa = context.isa;
        let reads = [self.encoded, self.noise, self.by_codes, self.by_ratios];
        let ([encoded, noise, by_codes, by_ratios], gradient) =
            context.buffers.read_write(reads, self.gradient);
        let weighed = Weighed {
            samples,
            encoded,
            noise,
        };
        weighed.draw_back(isa, (by_codes, by_ratios), scale, is_doubly, gradient);
    }
}
