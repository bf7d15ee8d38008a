//! Elementwise losses as an operation of a program.

use super::nodes::Nodes;
use super::part::Likelihood;
use crate::error::Result;
use crate::onnx::Graph;
use crate::program::{
    Buffer, Isa, Lower, Mean, Mode, Node, Operation, Part, RowContext, RowOperation, Uses,
};
use narrows_kernels::loss::Loss;
use narrows_kernels::noise::{Address, add_normal, fill_uniform};

/// The mean of a loss between a value and its target.
#[derive(Clone, Copy, Debug)]
pub(super) struct ComparedLoss {
    pub(super) of: ScaledLoss,
    pub(super) in_nats: bool,
}

impl Operation for ComparedLoss {
    fn label(&self) -> String {
        self.of.name()
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let width = lower.width_of(node.inputs[1]);
        let output = lower.buffer_of(node.inputs[0]);
        let target = lower.buffer_of(node.inputs[1]);
        let losses = lower.buffer("losses of rows", 1);
        let compare = Compare {
            of: self.of,
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

/// A loss of one value and its target, multiplied by a factor, with an offset for each value.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScaledLoss {
    pub(super) loss: Loss,
    pub(super) factor: f32,
    pub(super) offset: f64,
}

impl ScaledLoss {
    /// The loss itself.
    pub(super) fn of(loss: Loss) -> ScaledLoss {
        ScaledLoss {
            loss,
            factor: 1.0,
            offset: 0.0,
        }
    }

    /// The name of the loss, in a few words.
    pub(super) fn name(&self) -> String {
        match self.loss {
            Loss::Squared => "squared error".into(),
            Loss::Absolute => "absolute error".into(),
            Loss::Huber { delta } => format!("Huber's loss, delta {delta}"),
            Loss::CrossEntropyOfLogits => "cross-entropy of logits".into(),
            Loss::ContinuousBernoulliOfLogits => "continuous Bernoulli density of logits".into(),
        }
    }

    /// The loss of a row of `width` values, of which the loss without factor and offset has this sum.
    fn of_sum(&self, sum: f32, width: usize) -> f32 {
        self.factor * sum + (self.offset * width as f64) as f32
    }

    /// The loss of a row, with its gradient by the output divided by `divisor`.
    pub(super) fn nats_and_gradient(
        &self,
        isa: Isa,
        [output, target]: [&[f32]; 2],
        divisor: f32,
        gradient: &mut [f32],
    ) -> f32 {
        let scale = self.factor / divisor;
        let sum = self
            .loss
            .sum_and_gradient(isa, output, target, scale, gradient);
        self.of_sum(sum, target.len())
    }
}

impl Likelihood for ScaledLoss {
    fn nats(&self, isa: Isa, output: &[f32], target: &[f32]) -> f32 {
        self.of_sum(self.loss.sum(isa, output, target), target.len())
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

    fn draw(&self, isa: Isa, output: &[f32], address: Address, target: &mut [f32]) {
        let of_uniform: fn(f32, f32) -> f32 = match self.loss {
            Loss::CrossEntropyOfLogits => bernoulli,
            Loss::ContinuousBernoulliOfLogits => continuous_bernoulli,
            // Of the losses of one value only the squared error is the likelihood of real numbers.
            Loss::Squared | Loss::Absolute | Loss::Huber { .. } => {
                target.copy_from_slice(output);
                return add_normal(isa, address, (0.5 / self.factor).sqrt(), target);
            }
        };
        fill_uniform(isa, address, target);
        for (target, &logit) in target.iter_mut().zip(output) {
            *target = of_uniform(logit, *target);
        }
    }

    fn nodes(&self, graph: &mut Graph, output: &str, target: &str, name: &str) -> String {
        let mut nodes = Nodes { graph, name };
        let loss = nodes.loss(self.loss, output, target);
        nodes.scaled(&loss, self.factor, self.offset as f32)
    }
}

/// 1 with the probability whose logit is given, otherwise 0; by a number that is uniform in [0, 1).
fn bernoulli(logit: f32, uniform: f32) -> f32 {
    let probability = 1.0 / (1.0 + (-f64::from(logit)).exp());
    f32::from(f64::from(uniform) < probability)
}

/// The quantile of the continuous Bernoulli distribution by its logit: the number below which a share of `uniform` lies.
fn continuous_bernoulli(logit: f32, uniform: f32) -> f32 {
    let (logit, uniform) = (f64::from(logit), f64::from(uniform));
    // The density is proportional to e^(logit · x). A positive logit is mirrored, so that nothing overflows.
    let of_negative = |logit: f64, uniform: f64| (uniform * logit.exp_m1()).ln_1p() / logit;
    let quantile = if logit.abs() < 1e-6 {
        uniform
    } else if logit < 0.0 {
        of_negative(logit, uniform)
    } else {
        1.0 - of_negative(-logit, 1.0 - uniform)
    };
    quantile.clamp(0.0, 1.0) as f32
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

#[derive(Clone, Copy, Debug)]
struct Compare {
    of: ScaledLoss,
    output: Buffer,
    target: Buffer,
    losses: Buffer,
    gradient: Option<Buffer>,
    width: usize,
}

impl RowOperation for Compare {
    fn label(&self) -> String {
        self.of.name()
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
        let divisor = (context.batch.rows() * width) as f32;
        let reads = [self.output, self.target];
        let Some(gradient) = self.gradient else {
            let ([output, target], losses) = context.buffers.read_write(reads, self.losses);
            let rows = output.chunks_exact(width).zip(target.chunks_exact(width));
            for (loss, (output, target)) in losses.iter_mut().zip(rows) {
                *loss = self.of.nats(isa, output, target);
            }
            return;
        };
        let ([output, target], [losses, gradient]) =
            context.buffers.access(reads, [self.losses, gradient]);
        let rows = output.chunks_exact(width).zip(target.chunks_exact(width));
        let rows = rows.zip(gradient.chunks_exact_mut(width));
        for (loss, ((output, target), gradient)) in losses.iter_mut().zip(rows) {
            let pair = [output, target];
            *loss = self.of.nats_and_gradient(isa, pair, divisor, gradient);
        }
    }
}
