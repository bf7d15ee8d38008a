//! Comparing what the decoder gives with the target, value by value.

use super::compare::{ComparedLoss, ScaledLoss};
use super::part::ReconstructionPlace;
use super::weighed::WeighedLoss;
use crate::error::{Error, ErrorKind, Result};
use crate::program::Builder;
use crate::text::count_of;
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
        self.compare_scaled(builder, ScaledLoss::of(loss))
    }

    /// The same with the loss of each value multiplied by a factor, and an offset added to the loss of each value.
    ///
    /// # Errors
    ///
    /// As [`ReconstructionPlace::compare`].
    pub(super) fn compare_scaled(&self, builder: &mut Builder, of: ScaledLoss) -> Result<()> {
        self.check_widths(builder)?;
        let mut inputs = vec![self.output, self.target];
        match self.log_ratio {
            None => {
                let compared = ComparedLoss {
                    of,
                    in_nats: self.in_nats,
                };
                builder.node(Arc::new(compared), Vec::new(), inputs, Vec::new())
            }
            Some(ratio) => {
                inputs.push(ratio);
                let samples = builder.rows(self.output);
                let weighed = WeighedLoss { of, samples };
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
            .expected(count_of(target, "value"))
            .found(output));
        }
        Ok(target)
    }
}
