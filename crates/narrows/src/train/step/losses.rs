//! The losses of a step, and those on rows that are not learnt from.

use crate::program::{LossValue, Program};

/// The name of the loss that is no penalty.
const RECONSTRUCTION: &str = "reconstruction";

/// The losses of a step, each the mean over its batch, before the step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    /// The whole objective.
    pub total: f64,
    /// The reconstruction loss.
    pub reconstruction: f64,
    /// The value of each penalty without its weight, in the recipe's order.
    pub penalties: Vec<f64>,
}

impl Losses {
    pub(super) fn reset(&mut self) {
        self.total = 0.0;
        self.reconstruction = 0.0;
        self.penalties.fill(0.0);
    }

    pub(super) fn add(&mut self, other: &Losses, weight: f64) {
        self.total += weight * other.total;
        self.reconstruction += weight * other.reconstruction;
        for (sum, penalty) in self.penalties.iter_mut().zip(&other.penalties) {
            *sum += weight * penalty;
        }
    }

    /// Takes the losses of a program that was run on so many rows; those that couple rows are 0 where they are to wait for
    /// other batches.
    pub(super) fn take(&mut self, program: &Program, rows: usize, waits: bool) {
        self.total = 0.0;
        let mut penalties = self.penalties.iter_mut();
        for loss in program.losses() {
            let is_coupled = matches!(loss.value, LossValue::Coupled(_));
            let value = match waits && is_coupled {
                true => 0.0,
                false => program.loss(loss, rows),
            };
            self.total += f64::from(loss.weight) * value;
            if loss.name == RECONSTRUCTION {
                self.reconstruction = value;
            } else if let Some(penalty) = penalties.next() {
                *penalty = value;
            }
        }
    }
}

/// Losses on rows that are not learnt from, batch by batch.
pub(in crate::train) struct Measured {
    /// All rows, and those of them that were seen.
    pub(super) rows: usize,
    pub(super) seen: usize,
    pub(in crate::train) losses: Losses,
    /// The sums of losses that couple rows, by their place among all.
    pub(super) coupled: Vec<(usize, Vec<f64>)>,
}
