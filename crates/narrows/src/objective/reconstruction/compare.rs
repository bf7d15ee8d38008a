//! Elementwise losses as an operation of a program.

use super::part::{Likelihood, ReconstructionPlace};
use super::weighed::WeighedLoss;
use crate::error::{Error, ErrorKind, Result};
use crate::onnx::Graph;
use crate::program::{
    Buffer, Builder, Isa, Lower, Mean, Mode, Node, Operation, Part, RowContext, RowOperation, Uses,
};
use narrows_kernels::loss::Loss;
use std::sync::Arc;

impl ReconstructionPlace {
    /// Compares each value with that of the target: the mean of a loss over rows, and over values where the objective is not
    /// in nats.
    ///
    /// # Errors
    ///
    /// If the decoder's output has several rows per sample.
    pub fn compare(&self, builder: &mut Builder, loss: Loss) -> Result<()> {
        self.compare_scaled(builder, loss, (1.0, 0.0))
    }

    /// The same with the loss of each value multiplied by a factor, and an offset added to the loss of each value.
    ///
    /// # Errors
    ///
    /// As [`ReconstructionPlace::compare`].
    pub fn compare_scaled(
        &self,
        builder: &mut Builder,
        loss: Loss,
        (factor, offset): (f32, f64),
    ) -> Result<()> {
        let width = self.check_widths(builder)?;
        let mut inputs = vec![self.output, self.target];
        let operation = ComparedLoss {
            loss,
            factor,
            offset: (offset * width as f64) as f32,
            in_nats: self.in_nats,
        };
        match self.log_ratio {
            None => builder.node(Arc::new(operation), Vec::new(), inputs, Vec::new()),
            Some(ratio) => {
                inputs.push(ratio);
                let samples = builder.rows(self.output);
                let weighed = WeighedLoss {
                    of: operation,
                    samples,
                };
                builder.node(Arc::new(weighed), Vec::new(), inputs, Vec::new())
            }
        };
        Ok(())
    }

    /// Refuses an output of another width than the target; gives the width.
    ///
    /// # Errors
    ///
    /// When they differ, or the decoder gives several rows a sample.
    pub(super) fn check_widths(&self, builder: &Builder) -> Result<usize> {
        if self.log_ratio.is_none() {
            builder.check_one_row(self.output, "the reconstruction loss")?;
        }
        let [output, target] = [self.output, self.target].map(|var| builder.width(var));
        if output != target {
            return Err(Error::new(
                ErrorKind::Recipe,
                "the loss compares each value with that of the target",
            )
            .expected(format!("{target} values"))
            .found(output));
        }
        Ok(target)
    }
}

/// The mean of a loss between a value and its target.
#[derive(Clone, Copy, Debug)]
pub(super) struct ComparedLoss {
    loss: Loss,
    /// What the loss of each value is multiplied by.
    factor: f32,
    /// What is added to the sum over a row.
    offset: f32,
    in_nats: bool,
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

    fn nats_of_values(&self, isa: Isa, output: &[f32], target: &[f32], nats: &mut [f32]) {
        for (nats, pair) in nats.iter_mut().zip(output.chunks(1).zip(target.chunks(1))) {
            *nats = self.nats(isa, pair.0, pair.1);
        }
    }

    fn nodes(&self, graph: &mut Graph, output: &str, target: &str, name: &str) -> String {
        let mut nodes = nodes::Nodes { graph, name };
        let loss = nodes.loss(self.loss, output, target);
        nodes.scaled(&loss, self.factor, self.offset as f32)
    }
}

/// Adds the nodes of a loss of one value and its target.
mod nodes {
    use super::{Graph, Loss};

    /// The names of nodes, and the graph that they are added to.
    pub(super) struct Nodes<'g> {
        pub(super) graph: &'g mut Graph,
        pub(super) name: &'g str,
    }

    impl Nodes<'_> {
        fn add(&mut self, operator: &str, inputs: &[&str], what: &str) -> String {
            let name = format!("{}/{what}", self.name);
            self.graph.node(operator, inputs, &[], &name)
        }

        fn number(&mut self, what: &str, value: f32) -> String {
            self.graph.number(&format!("{}/{what}", self.name), value)
        }

        /// `softplus(y) - t y`, without overflow.
        fn cross_entropy(&mut self, y: &str, t: &str) -> String {
            let positive = self.add("Relu", &[y], "positive");
            let product = self.add("Mul", &[t, y], "product");
            let large = self.add("Sub", &[&positive, &product], "large");
            let size = self.add("Abs", &[y], "size");
            let below = self.add("Neg", &[&size], "below");
            let rest = self.add("Softplus", &[&below], "softplus");
            self.add("Add", &[&large, &rest], "cross-entropy")
        }

        /// `ln C = ln(1 + u) + ln(|y| / (1 - u))` with `u = e^-|y|`; near 0 its series.
        fn constant(&mut self, y: &str) -> String {
            let below = format!("{}/below", self.name);
            let size = format!("{}/size", self.name);
            let u = self.add("Exp", &[&below], "u");
            let one = self.number("one", 1.0);
            let more = self.add("Add", &[&one, &u], "more");
            let less = self.add("Sub", &[&one, &u], "less");
            let ratio = self.add("Div", &[&size, &less], "ratio");
            let far = self.add("Mul", &[&more, &ratio], "far");
            let far = self.add("Log", &[&far], "far/log");
            let square = self.add("Mul", &[y, y], "square");
            let mut near = self.number("series/4", 31.0 / 90_720.0);
            for (place, coefficient) in [
                (3, -7.0 / 1_440.0),
                (2, 1.0 / 12.0),
                (1, std::f32::consts::LN_2),
            ] {
                let product = self.add("Mul", &[&near, &square], &format!("product/{place}"));
                let coefficient = self.number(&format!("series/{place}"), coefficient);
                near = self.add("Add", &[&product, &coefficient], &format!("near/{place}"));
            }
            let limit = self.number("limit", 0.5);
            let is_far = self.add("Greater", &[&size, &limit], "is-far");
            self.add("Where", &[&is_far, &far, &near], "constant")
        }

        /// The loss of each value.
        pub(super) fn loss(&mut self, loss: Loss, y: &str, t: &str) -> String {
            match loss {
                Loss::CrossEntropyOfLogits => self.cross_entropy(y, t),
                Loss::ContinuousBernoulliOfLogits => {
                    let cross_entropy = self.cross_entropy(y, t);
                    let constant = self.constant(y);
                    self.add("Sub", &[&cross_entropy, &constant], "density")
                }
                // Of the losses of one value only these are likelihoods.
                Loss::Squared | Loss::Absolute | Loss::Huber { .. } => {
                    let error = self.add("Sub", &[y, t], "error");
                    self.add("Mul", &[&error, &error], "error/square")
                }
            }
        }

        /// `factor · x + offset`.
        pub(super) fn scaled(&mut self, x: &str, factor: f32, offset: f32) -> String {
            let factor = self.number("factor", factor);
            let offset = self.number("offset", offset);
            let scaled = self.add("Mul", &[x, &factor], "scaled");
            self.add("Add", &[&scaled, &offset], "nats")
        }
    }
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
