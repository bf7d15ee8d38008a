//! Finds the first number of a step that is not finite.

use super::losses::Losses;
use super::stepper::{Gathered, Stepper};
use crate::data::Dataset;
use crate::error::Result;
use crate::program::{Batch, Cpu, Mode, Options, Plan};
use crate::scaling::Scaling;
use narrows_kernels::reduce::is_finite;

/// The first values that are not finite, in the order in which a step computes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::train) enum NotFinite {
    /// The scaled rows, with their noise.
    Inputs,
    /// The outputs of a layer, counted from the first of the encoder.
    Outputs(usize),
}

impl Stepper {
    /// The losses of the last step.
    pub(in crate::train) fn last_losses(&self) -> &Losses {
        &self.losses
    }

    /// The first values that are not finite in a step on some rows; `None` if only a sum is too large. The step is run
    /// again, layer by layer; this is possible because the failed step left the parameters unchanged.
    ///
    /// # Errors
    ///
    /// Never, for a step that was run.
    pub(in crate::train) fn first_not_finite(
        &self,
        data: &Dataset,
        scaling: &Scaling,
        epoch: u32,
        rows: &[u32],
    ) -> Result<Option<NotFinite>> {
        // Penalties do not change any value.
        let graph = self.sentence.graph(Mode::Training)?;
        let most = self.training.batch();
        let options = Options {
            batch: most,
            threads: 1,
            cores: 1,
        };
        let mut plan = Plan::new(&graph.builder, options)?;
        plan.keep_all();
        let mut program = plan.program(1);
        let mut cpu = Cpu::new(1, self.cpu.isa()).with_memory(program.row_sizes(most));
        for piece in self.pieces(rows.len(), self.batch()).all() {
            let these = &rows[piece];
            let input = Gathered {
                data,
                scaling,
                rows: these,
            };
            let samples: Vec<u32> = these.iter().map(|&row| data.identity(row)).collect();
            let batch = Batch {
                input: &input,
                samples: &samples,
                epoch,
            };
            cpu.run(&mut program, self.parameters.flat(), batch);
            let is_sound = |var| {
                let numbers = program.value(var, these.len());
                numbers.is_none_or(|numbers| is_finite(self.cpu.isa(), numbers))
            };
            if !is_sound(graph.target) || !is_sound(graph.values[0]) {
                return Ok(Some(NotFinite::Inputs));
            }
            let outputs = &graph.values[1..];
            let found = outputs.iter().position(|&var| !is_sound(var));
            if let Some(layer) = found {
                return Ok(Some(NotFinite::Outputs(layer)));
            }
        }
        Ok(None)
    }
}
