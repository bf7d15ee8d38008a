//! The losses of a step, and the losses on rows that are not trained on.

use crate::program::{Loss, LossValue, Mean, Program};

/// The losses of a step, each the mean over its batch, computed before the update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    /// The whole objective.
    pub total: f64,
    /// The reconstruction loss; if it has several parts, their weighted sum.
    pub reconstruction: f64,
    /// The parts of the reconstruction loss, if it has several, and the penalties, each without its weight.
    /// [`Stepper::columns`](super::Stepper::columns) has their names.
    pub columns: Vec<f64>,
}

impl Losses {
    pub(super) fn reset(&mut self) {
        self.total = 0.0;
        self.reconstruction = 0.0;
        self.columns.fill(0.0);
    }

    pub(super) fn add(&mut self, other: &Losses, weight: f64) {
        self.total += weight * other.total;
        self.reconstruction += weight * other.reconstruction;
        for (sum, value) in self.columns.iter_mut().zip(&other.columns) {
            *sum += weight * value;
        }
    }

    /// Reads the losses of a program after a run on a number of rows. In validation `whole` is the number of rows of a
    /// full batch. Then losses that couple rows are 0 here, because they need the sums of all batches, and a sum over
    /// rows is scaled to a full batch.
    pub(super) fn take(&mut self, program: &Program, rows: usize, whole: Option<usize>) {
        self.reset();
        let mut column = 0;
        for loss in program.losses() {
            let value = match (&loss.value, whole) {
                (LossValue::Coupled(_), Some(_)) => 0.0,
                (LossValue::Mean(Mean::Sum), Some(whole)) => {
                    program.loss(loss, rows) * (whole as f64 / rows as f64)
                }
                _ => program.loss(loss, rows),
            };
            self.count(loss, value, column);
            column += usize::from(loss.has_column());
        }
    }

    /// Adds the value of a loss, also to its column if it has one.
    pub(super) fn count(&mut self, loss: &Loss, value: f64, column: usize) {
        let weighted = f64::from(loss.weight) * value;
        self.total += weighted;
        if loss.is_reconstruction() {
            self.reconstruction += weighted;
        }
        if loss.has_column() {
            self.columns[column] += value;
        }
    }
}

/// Losses on rows that are not trained on, batch by batch.
pub(in crate::train) struct MeasuredLosses {
    /// The number of all rows, and the number of rows seen so far.
    pub(super) rows: usize,
    pub(super) seen: usize,
    pub(in crate::train) losses: Losses,
    /// The sums of losses that couple rows, by the index of the loss.
    pub(super) coupled: Vec<(usize, Vec<f64>)>,
}
