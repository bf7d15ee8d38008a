//! A std that is learned, one for all values of a row or one for each.
//!
//! What is learned is `l`; the variance is `minimum² + exp(2 l)`, so that it is differentiable everywhere and stays above
//! the square of the minimum.

use super::super::compare::report;
use super::super::part::Likelihood;
use crate::error::Result;
use crate::onnx::Graph;
use crate::program::{
    Buffer, Isa, Lower, Mode, Node, Operation, Part, RowContext, RowOperation, TensorId,
    TileContext, TileOperation, Uses,
};
use narrows_kernels::gaussian::{Precisions, sum, sum_and_gradients};
use narrows_kernels::noise::{Address, add_normal};
use narrows_kernels::reduce::{add, column_sums};
use std::f64::consts::PI;

/// The negative log likelihood of the data around what the decoder gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct LearnedStd {
    /// The values of a row.
    pub(super) width: usize,
    /// What the std stays above.
    pub(super) minimum: f32,
    pub(super) is_per_column: bool,
}

/// The variance of what is learned, and the derivative of half its logarithm.
fn variance(log_std: f32, minimum: f32) -> (f64, f64) {
    let own = (2.0 * f64::from(log_std)).exp();
    let variance = f64::from(minimum).powi(2) + own;
    (variance, own / variance)
}

impl LearnedStd {
    fn stds(&self) -> usize {
        if self.is_per_column { self.width } else { 1 }
    }

    /// Fills in the precision of each value and what belongs to it; gives the part of the negative log likelihood that is
    /// the same for each row.
    fn precisions(&self, log_stds: &[f32], precisions: &mut [f32], ratios: &mut [f32]) -> f32 {
        let mut logs = 0.0;
        let each = precisions.iter_mut().zip(ratios);
        // One for all is repeated.
        for ((precision, ratio), &log_std) in each.zip(log_stds.iter().cycle()) {
            let (variance, share) = variance(log_std, self.minimum);
            *precision = (1.0 / variance) as f32;
            *ratio = share as f32;
            logs += variance.ln();
        }
        (0.5 * (logs + self.width as f64 * (2.0 * PI).ln())) as f32
    }
}

/// The likelihood of stds that stand still.
pub(super) struct FixedStds {
    precisions: Vec<f32>,
    /// What each value adds whatever its error.
    constants: Vec<f32>,
    /// What the row adds whatever its error.
    constant: f32,
}

impl LearnedStd {
    /// The likelihood of the stds that were learned.
    pub(super) fn fixed(&self, log_stds: &[f32]) -> FixedStds {
        let (mut precisions, mut ratios) = (vec![0.0; self.width], vec![0.0; self.width]);
        let constant = self.precisions(log_stds, &mut precisions, &mut ratios);
        let constants = log_stds.iter().cycle().take(self.width);
        let of_value = |&log_std: &f32| {
            let (variance, _) = variance(log_std, self.minimum);
            (0.5 * (2.0 * PI * variance).ln()) as f32
        };
        FixedStds {
            constants: constants.map(of_value).collect(),
            precisions,
            constant,
        }
    }
}

impl Likelihood for FixedStds {
    fn nats(&self, isa: Isa, output: &[f32], target: &[f32]) -> f32 {
        let of = Precisions {
            precisions: &self.precisions,
            ratios: &self.precisions,
        };
        0.5 * sum(isa, output, target, of) + self.constant
    }

    fn excess_of_values(&self, _: Isa, output: &[f32], target: &[f32], excess: &mut [f32]) {
        let pairs = output.iter().zip(target).zip(&self.precisions);
        for (excess, ((output, target), precision)) in excess.iter_mut().zip(pairs) {
            *excess = 0.5 * (output - target).powi(2) * precision;
        }
    }

    fn draw(&self, isa: Isa, output: &[f32], address: Address, target: &mut [f32]) {
        target.fill(0.0);
        add_normal(isa, address, 1.0, target);
        let values = target.iter_mut().zip(output).zip(&self.precisions);
        for ((target, output), precision) in values {
            *target = output + *target / precision.sqrt();
        }
    }

    fn nodes(&self, graph: &mut Graph, output: &str, target: &str, name: &str) -> String {
        let part = |what: &str| format!("{name}/{what}");
        let width = [self.precisions.len()];
        let halves: Vec<f32> = self.precisions.iter().map(|own| 0.5 * own).collect();
        let (precisions, constants) = (part("precisions"), part("constants"));
        graph.floats(&precisions, &width, &halves);
        graph.floats(&constants, &width, &self.constants);
        let error = graph.node("Sub", &[output, target], &[], &part("error"));
        let square = graph.node("Mul", &[&error, &error], &[], &part("square"));
        let scaled = graph.node("Mul", &[square, precisions], &[], &part("scaled"));
        graph.node("Add", &[scaled, constants], &[], &part("nats"))
    }
}

impl Operation for LearnedStd {
    fn label(&self) -> String {
        match self.is_per_column {
            true => "Gaussian likelihood, a std for each value".into(),
            false => "Gaussian likelihood, one std".into(),
        }
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let [output, target] = [0, 1].map(|input| lower.buffer_of(node.inputs[input]));
        let losses = lower.buffer("losses of rows", 1);
        let compare = Compare {
            of: *self,
            log_std: node.tensors[0],
            output,
            target,
            losses,
            gradients: None,
        };
        match lower.mode() {
            // The gradients come with the loss: they need the same numbers.
            Mode::Training => {
                let by_stds = lower.buffer("gradient by stds", self.width);
                lower.contribute(node.inputs[0], |lower, gradient| {
                    lower.rows(Compare {
                        gradients: Some([gradient, by_stds]),
                        ..compare
                    });
                });
                let width = self.width;
                lower.tile(
                    node.tensors[0],
                    ByStd {
                        of: *self,
                        by_stds,
                        width,
                    },
                );
            }
            Mode::Validation | Mode::Inference => lower.rows(compare),
        }
        report(lower, losses, self.width, true);
        Ok(())
    }

    fn backward(&self, _: &Node, _: &mut Lower<'_>) -> Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
struct Compare {
    of: LearnedStd,
    log_std: TensorId,
    output: Buffer,
    target: Buffer,
    losses: Buffer,
    /// By the output, and by what is learned for each value.
    gradients: Option<[Buffer; 2]>,
}

impl RowOperation for Compare {
    fn label(&self) -> String {
        self.of.label()
    }

    fn part(&self) -> Part {
        Part::Loss
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.output, self.target]);
        let uses = uses.writes([self.losses]);
        uses.writes(self.gradients.into_iter().flatten())
    }

    fn scratch(&self) -> usize {
        2 * self.of.width
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let (isa, width) = (context.isa, self.of.width);
        let scale = 1.0 / (context.batch.rows() * width) as f32;
        let scratch = &mut context.scratch[..2 * width];
        let (precisions, ratios) = scratch.split_at_mut(width);
        let log_stds = context.tensors.get(self.log_std);
        let constant = self.of.precisions(log_stds, precisions, ratios);
        let of = Precisions { precisions, ratios };
        let reads = [self.output, self.target];
        let Some([gradient, by_stds]) = self.gradients else {
            let ([output, target], losses) = context.buffers.read_write(reads, self.losses);
            let rows = output.chunks_exact(width).zip(target.chunks_exact(width));
            for (loss, (output, target)) in losses.iter_mut().zip(rows) {
                *loss = 0.5 * sum(isa, output, target, of) + constant;
            }
            return;
        };
        let writes = [self.losses, gradient, by_stds];
        let ([output, target], [losses, gradient, by_stds]) = context.buffers.access(reads, writes);
        let rows = output.chunks_exact(width).zip(target.chunks_exact(width));
        let made = gradient.chunks_exact_mut(width);
        let made = made.zip(by_stds.chunks_exact_mut(width));
        for ((loss, (output, target)), (gradient, by_stds)) in losses.iter_mut().zip(rows).zip(made)
        {
            let made = [gradient, by_stds];
            let sum = sum_and_gradients(isa, output, target, of, scale, made);
            *loss = 0.5 * sum + constant;
        }
    }
}

/// The gradient by what is learned: sums over the rows, and over the values of a row where one std is that of all.
#[derive(Debug)]
struct ByStd {
    of: LearnedStd,
    by_stds: Buffer,
    width: usize,
}

impl TileOperation for ByStd {
    fn label(&self) -> String {
        self.of.label()
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.by_stds])
    }

    fn work(&self) -> usize {
        self.width
    }

    fn scratch(&self) -> usize {
        self.width + self.of.stds()
    }

    fn run(&self, context: &mut TileContext<'_>, gradient: &mut [f32]) {
        let (isa, adds) = (context.isa, context.adds);
        let by_stds = context.get(self.by_stds);
        let (sums, own) = context.scratch.split_at_mut(self.width);
        column_sums(isa, by_stds, sums);
        let own = &mut own[..self.of.stds()];
        if self.of.is_per_column {
            own.copy_from_slice(sums);
        } else {
            own.fill(sums.iter().map(|&sum| f64::from(sum)).sum::<f64>() as f32);
        }
        if adds {
            add(isa, gradient, own);
        } else {
            gradient.copy_from_slice(own);
        }
    }
}
