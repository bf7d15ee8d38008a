//! The squared maximum mean discrepancy between the codes of a batch and draws of the prior.

use super::part::{PenaltyKind, PenaltyPart, PenaltyPlace};
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::program::{
    Buffer, Builder, ColumnContext, ColumnOperation, ColumnPart, Cost, Lower, Mean, Mode, Node,
    Operation, Part as StepPart, RowContext, RowOperation, Uses,
};
use crate::rng::Draws;
use narrows_kernels::mmd::{Samples, scratch};
use narrows_kernels::noise::add_normal;
use narrows_kernels::reduce::add;
use std::sync::Arc;

/// MMD² between the codes of a batch and as many draws of the standard normal distribution, by inverse multiquadratic kernels
/// (Tolstikhin et al. 2018, "Wasserstein auto-encoders"); see [`narrows_kernels::mmd`] for the formula.
#[derive(Debug)]
pub(super) struct Mmd;

impl Part for Mmd {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "mmd",
                "the squared maximum mean discrepancy between the codes of a batch and draws of the standard normal \
                 distribution; for Wasserstein autoencoders",
            )
        }
    }
}

impl PenaltyPart for Mmd {
    fn build(&self, _: &Settings, builder: &mut Builder, place: &PenaltyPlace) -> Result<()> {
        builder.check_one_row(place.code, "the penalty `mmd`")?;
        let operation = Discrepancy {
            name: place.name,
            weight: place.weight,
            width: builder.width(place.code),
            draws: builder.draws(place.purpose),
        };
        builder.node(
            Arc::new(operation),
            Vec::new(),
            vec![place.code],
            Vec::new(),
        );
        Ok(())
    }

    fn couples_rows(&self) -> bool {
        true
    }

    fn makes_codes_normal(&self) -> bool {
        true
    }
}

impl PenaltyKind {
    /// The squared maximum mean discrepancy between the codes of a batch and as many draws of the standard normal distribution
    /// (Tolstikhin et al. 2018). It may be negative.
    pub fn mmd() -> PenaltyKind {
        PenaltyKind::unchecked(&Mmd, &[])
    }
}

/// The rows whose shares one thread computes.
const ROWS: usize = 16;

#[derive(Clone, Copy, Debug)]
struct Discrepancy {
    name: &'static str,
    weight: f32,
    /// The values of a code.
    width: usize,
    draws: Draws,
}

impl Operation for Discrepancy {
    fn label(&self) -> String {
        self.name.into()
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let code = lower.buffer_of(node.inputs[0]);
        let drawn = lower.buffer("draws of the prior", self.width);
        lower.rows(DrawPrior { of: *self, drawn });
        let shares = lower.buffer("shares of rows", 1);
        let gradient = match lower.mode() {
            Mode::Training => Some(lower.buffer("gradient by the discrepancy", self.width)),
            Mode::Validation | Mode::Inference => None,
        };
        lower.columns(Shares {
            of: *self,
            batch: lower.batch(),
            code,
            drawn,
            shares,
            gradient,
        });
        lower.loss(self.name, self.weight, shares, Mean::OverRows(1));
        if let Some(gradient) = gradient {
            lower.stash(gradient);
        }
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let Some(of_codes) = lower.unstash::<Buffer>() else {
            return Ok(());
        };
        lower.add_later(node.inputs[0], move |gradient| AddGradient {
            of_codes,
            gradient,
        });
        Ok(())
    }
}

#[derive(Debug)]
struct DrawPrior {
    of: Discrepancy,
    drawn: Buffer,
}

impl RowOperation for DrawPrior {
    fn label(&self) -> String {
        format!("draw {} of the prior", self.of.width)
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().writes([self.drawn])
    }

    fn cost(&self) -> Cost {
        Cost {
            noise: self.of.width,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let Discrepancy { width, draws, .. } = self.of;
        let (isa, epoch, samples) = (context.isa, context.batch.epoch, context.samples());
        let drawn = context.buffers.get_mut(self.drawn);
        drawn.fill(0.0);
        for (&sample, drawn) in samples.iter().zip(drawn.chunks_exact_mut(width)) {
            add_normal(isa, draws.address(epoch, sample), 1.0, drawn);
        }
    }
}

#[derive(Debug)]
struct Shares {
    of: Discrepancy,
    /// The most rows of a batch.
    batch: usize,
    code: Buffer,
    drawn: Buffer,
    shares: Buffer,
    gradient: Option<Buffer>,
}

impl ColumnOperation for Shares {
    fn label(&self) -> String {
        "discrepancy between codes and draws".into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.code, self.drawn]);
        uses.writes([self.shares]).writes(self.gradient)
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let width = self.of.width;
        let starts = (0..self.batch).step_by(ROWS);
        let part = |start: usize| {
            let rows = start..(start + ROWS).min(self.batch);
            let shares = self.shares.rect(rows.clone(), 0..1);
            let gradient = self.gradient.map(|to| to.rect(rows.clone(), 0..width));
            ColumnPart {
                // Distances to codes and draws, and the gradient; the kernels cost as much as some tens of values.
                work: rows.len() * self.batch * (6 * width + 64),
                read: 2 * self.batch * width,
                writes: std::iter::once(shares).chain(gradient).collect(),
            }
        };
        starts.map(part).collect()
    }

    fn scratch(&self) -> usize {
        scratch(self.batch, self.of.width)
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let Discrepancy { width, weight, .. } = self.of;
        let (isa, count) = (context.isa, context.rows());
        let start = context.part * ROWS;
        let rows = start.min(count)..(start + ROWS).min(count);
        let reads = [self.code, self.drawn].map(Buffer::index);
        let scratch = &mut *context.scratch;
        match self.gradient {
            None => {
                let ([codes, draws], [shares]) = context.buffers.access(reads, count);
                let of = Samples {
                    width,
                    variance: width as f64,
                    codes,
                    draws,
                };
                let shares = &mut shares[..rows.len()];
                of.shares(isa, rows, shares, None, scratch);
            }
            Some(_) => {
                let ([codes, draws], [shares, gradient]) = context.buffers.access(reads, count);
                let of = Samples {
                    width,
                    variance: width as f64,
                    codes,
                    draws,
                };
                let shares = &mut shares[..rows.len()];
                let gradient = &mut gradient[..rows.len() * width];
                of.shares(isa, rows, shares, Some((weight, gradient)), scratch);
            }
        }
    }
}

#[derive(Debug)]
struct AddGradient {
    of_codes: Buffer,
    gradient: Buffer,
}

impl RowOperation for AddGradient {
    fn label(&self) -> String {
        "add the gradient by the discrepancy".into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.of_codes]).adds([self.gradient])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let isa = context.isa;
        let ([of_codes], gradient) = context.buffers.read_write([self.of_codes], self.gradient);
        add(isa, gradient, of_codes);
    }
}
