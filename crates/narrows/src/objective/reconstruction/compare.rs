//! Elementwise losses as an operation of a program.

use super::part::ReconstructionPlace;
use crate::error::{Error, ErrorKind, Result};
use crate::program::{
    Buffer, Builder, Lower, Mean, Mode, Node, Operation, Part, RowContext, RowOperation, Uses,
};
use narrows_kernels::loss::Loss;
use std::sync::Arc;

impl ReconstructionPlace {
    /// Compares each value with its target: the mean of a loss over rows and values.
    ///
    /// # Errors
    ///
    /// If the decoder's output has several rows per sample.
    pub fn compare(&self, builder: &mut Builder, loss: Loss) -> Result<()> {
        builder.check_one_row(self.output, "the reconstruction loss")?;
        let [output, target] = [self.output, self.target].map(|var| builder.width(var));
        if output != target {
            return Err(Error::new(
                ErrorKind::Recipe,
                "the loss compares each value with that of the target",
            )
            .expected(format!("{target} values"))
            .found(output));
        }
        let inputs = vec![self.output, self.target];
        builder.node(
            Arc::new(ComparedLoss { loss }),
            Vec::new(),
            inputs,
            Vec::new(),
        );
        Ok(())
    }
}

/// The mean over rows and values of a loss between a value and its target.
#[derive(Clone, Copy, Debug)]
struct ComparedLoss {
    loss: Loss,
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
            loss: self.loss,
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
        lower.loss("reconstruction", 1.0, losses, Mean::OverRows(width));
        Ok(())
    }

    fn backward(&self, _: &Node, _: &mut Lower<'_>) -> Result<()> {
        Ok(())
    }
}

/// The name of a loss, in a few words.
fn name_of(loss: Loss) -> String {
    match loss {
        Loss::Squared => "squared error".into(),
        Loss::Absolute => "absolute error".into(),
        Loss::Huber { delta } => format!("Huber's loss, delta {delta}"),
        Loss::CrossEntropyOfLogits => "cross-entropy of logits".into(),
    }
}

#[derive(Clone, Copy, Debug)]
struct Compare {
    loss: Loss,
    output: Buffer,
    target: Buffer,
    losses: Buffer,
    gradient: Option<Buffer>,
    width: usize,
}

impl RowOperation for Compare {
    fn label(&self) -> String {
        name_of(self.loss)
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
        let scale = 1.0 / (context.batch.rows() * width) as f32;
        let reads = [self.output, self.target];
        let Some(gradient) = self.gradient else {
            let ([output, target], losses) = context.buffers.read_write(reads, self.losses);
            let rows = output.chunks_exact(width).zip(target.chunks_exact(width));
            for (loss, (output, target)) in losses.iter_mut().zip(rows) {
                *loss = self.loss.sum(isa, output, target);
            }
            return;
        };
        let ([output, target], [losses, gradient]) =
            context.buffers.access(reads, [self.losses, gradient]);
        let rows = output.chunks_exact(width).zip(target.chunks_exact(width));
        let rows = rows.zip(gradient.chunks_exact_mut(width));
        for (loss, ((output, target), gradient)) in losses.iter_mut().zip(rows) {
            *loss = self
                .loss
                .sum_and_gradient(isa, output, target, scale, gradient);
        }
    }
}
