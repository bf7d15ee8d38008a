//! The warm-up of the importance-weighted bound: `ln p(z) - ln q(z | x)` of each code times a factor that rises from 0 to 1.

use crate::error::Result;
use crate::program::{Buffer, Lower, Node, Operation, Part, RowContext, RowOperation, Uses};

/// How much the prior counts in an epoch, from 0: it rises over the epochs of a warm-up, and then stays 1.
pub(super) fn share_in(epoch: u32, warmup: usize) -> f32 {
    match warmup {
        0 => 1.0,
        warmup => (epoch as f32 / warmup as f32).min(1.0),
    }
}

/// A number for each code, times the factor of the epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tempered {
    /// The epochs of the warm-up.
    pub(super) warmup: usize,
}

impl Operation for Tempered {
    fn label(&self) -> String {
        format!("warm-up over {} epochs", self.warmup)
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let from = lower.buffer_of(node.inputs[0]);
        let to = lower.buffer_of(node.outputs[0]);
        lower.rows(Multiply {
            of: *self,
            from,
            to,
            part: Part::ForwardElementwise,
        });
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let Some(from) = lower.gradient_of(node.outputs[0]) else {
            return Ok(());
        };
        lower.contribute(node.inputs[0], |lower, to| {
            lower.rows(Multiply {
                of: *self,
                from,
                to,
                part: Part::BackwardElementwise,
            });
        });
        Ok(())
    }
}

#[derive(Debug)]
struct Multiply {
    of: Tempered,
    from: Buffer,
    to: Buffer,
    part: Part,
}

impl RowOperation for Multiply {
    fn label(&self) -> String {
        match self.part {
            Part::ForwardElementwise => self.of.label(),
            _ => format!("{}, back", self.of.label()),
        }
    }

    fn part(&self) -> Part {
        self.part
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.from]).writes([self.to])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let share = share_in(context.batch.epoch, self.of.warmup);
        let ([from], to) = context.buffers.read_write([self.from], self.to);
        for (to, from) in to.iter_mut().zip(from) {
            *to = share * from;
        }
    }
}
