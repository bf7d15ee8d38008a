//! Elementwise losses as an operation of a program.

use super::nodes::Nodes;
use super::part::Likelihood;
use crate::error::Result;
use crate::onnx::Graph;
use crate::program::{
    Buffer, Isa, Lower, Mean, Mode, Node, Operation, Part, RowContext, RowOperation, Uses,
};
use narrows_kernels::loss::Loss;

/// The mean of a loss between a value and its target.
#[derive(Clone, Copy, Debug)]
pub(super) struct ComparedLoss {
    pub(super) loss: Loss,
    /// What the loss of each value is multiplied by.
    pub(super) factor: f32,
    /// What is added to the sum over a row.
    pub(super) offset: f32,
    pub(super) in_nats: bool,
}

impl ComparedLoss {
    /// The loss of a row.
    pub(super) fn nats(&self, isa: Isa, output: &[f32], target: &[f32]) -> f32 {
        self.factor * self.loss.sum(isa, output, target) + self.offset
    }

    /// The same, with its gradient by the output.
    pub(super) fn nats_and_gradient(
        &self,
        isa: Isa,
        output: &[f32],
        target: &[f32],
        gradient: &mut [f32],
    ) -> f32 {
        let sum = self
            .loss
            .sum_and_gradient(isa, output, target, self.factor, gradient);
        self.factor * sum + self.offset
    }
}

impl Operation for ComparedLoss {
    fn label(&self) -> String {
        name_of(self.loss)
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let width = lower.width_of(node.inputs[1]);
        let output = lower.buffer_of(node.inputs[0]);
        let target = lower.buffer_of(node.inputs[1]);
        let losses = lower.buffer("losses of rows", 1);
        let compare = Compare {
            of: *self,
            output,
            target,
            losses,
            gradient: None,
            width,
        };
        match lower.mode() {
            // The gradient is computed with the loss, because both need the same numbers.
            Mode::Training => lower.contribute(node.inputs[0], |lower, gradient| {
                lower.rows(Compare {
                    gradient: Some(gradient),
                    ..compare
                });
            }),
            Mode::Validation | Mode::Inference => lower.rows(compare),
        }
        report(lower, losses, width, self.in_nats);
        Ok(())
    }

    fn backward(&self, _: &Node, _: &mut Lower<'_>) -> Result<()> {
        Ok(())
    }
}

/// A loss of one value and its target as a likelihood: multiplied by a factor, with an offset for each value.
pub(super) struct ScaledLoss {
    pub(super) loss: Loss,
    pub(super) factor: f32,
    pub(super) offset: f64,
}

impl ScaledLoss {
    /// The loss itself.
    pub(super) fn of(loss: Loss) -> Box<dyn Likelihood> {
        Box::new(ScaledLoss {
            loss,
            factor: 1.0,
            offset: 0.0,
        })
    }
}

impl Likelihood for ScaledLoss {
    fn nats(&self, isa: Isa, output: &[f32], target: &[f32]) -> f32 {
        let offset = (self.offset * target.len() as f64) as f32;
        self.factor * self.loss.sum(isa, output, target) + offset
    }

    fn excess_of_values(&self, isa: Isa, output: &[f32], target: &[f32], excess: &mut [f32]) {
        let values = output.chunks(1).zip(target.chunks(1));
        for (excess, (output, target)) in excess.iter_mut().zip(values) {
            *excess = match self.loss {
                Loss::CrossEntropyOfLogits | Loss::ContinuousBernoulliOfLogits => {
                    // The divergence between the two as probabilities.
                    let own = Loss::CrossEntropyOfLogits.sum(isa, output, target);
                    (own - entropy(target[0])).max(0.0)
                }
                loss => self.factor * loss.sum(isa, output, target),
            };
        }
    }

    fn nodes(&self, graph: &mut Graph, output: &str, target: &str, name: &str) -> String {
        let mut nodes = Nodes { graph, name };
        let loss = nodes.loss(self.loss, output, target);
        nodes.scaled(&loss, self.factor, self.offset as f32)
    }
}

/// The entropy of a probability, in nats.
fn entropy(p: f32) -> f32 {
    let part = |p: f32| if p > 0.0 { -p * p.ln() } else { 0.0 };
    part(p) + part(1.0 - p)
}

/// Reports the reconstruction loss from its sums over the values of each row.
pub(super) fn report(lower: &mut Lower<'_>, losses: Buffer, width: usize, in_nats: bool) {
    // Either way the gradient is that of the mean over rows and values.
    let (weight, mean) = if in_nats {
        (1.0 / width as f32, Mean::OverRows(1))
    } else {
        (1.0, Mean::OverRows(width))
    };
    lower.loss("reconstruction", weight, losses, mean);
}

/// The name of a loss, in a few words.
fn name_of(loss: Loss) -> String {
    match loss {
        Loss::Squared => "squared error".into(),
        Loss::Absolute => "absolute error".into(),
        Loss::Huber { delta } => format!("Huber's loss, delta {delta}"),
        Loss::CrossEntropyOfLogits => "cross-entropy of logits".into(),
        Loss::ContinuousBernoulliOfLogits => "continuous Bernoulli density of logits".into(),
    }
}

#[derive(Clone, Copy, Debug)]
struct Compare {
    of: ComparedLoss,
    output: Buffer,
    target: Buffer,
    losses: Buffer,
    gradient: Option<Buffer>,
    width: usize,
}

impl RowOperation for Compare {
    fn label(&self) -> String {
        name_of(self.of.loss)
    }

    fn part(&self) -> Part {
        Part::Loss
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.output, self.target]);
        uses.writes([self.losses]).writes(self.gradient)
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let (isa, width) = (context.isa, self.width);
        let ComparedLoss {
            loss: of,
            factor,
            offset,
            ..
        } = self.of;
        let scale = factor / (context.batch.rows() * width) as f32;
        let reads = [self.output, self.target];
        let Some(gradient) = self.gradient else {
            let ([output, target], losses) = context.buffers.read_write(reads, self.losses);
            let rows = output.chunks_exact(width).zip(target.chunks_exact(width));
            for (loss, (output, target)) in losses.iter_mut().zip(rows) {
                *loss = factor * of.sum(isa, output, target) + offset;
            }
            return;
        };
        let ([output, target], [losses, gradient]) =
            context.buffers.access(reads, [self.losses, gradient]);
        let rows = output.chunks_exact(width).zip(target.chunks_exact(width));
        let rows = rows.zip(gradient.chunks_exact_mut(width));
        for (loss, ((output, target), gradient)) in losses.iter_mut().zip(rows) {
            let sum = of.sum_and_gradient(isa, output, target, scale, gradient);
            *loss = factor * sum + offset;
        }
    }
}
