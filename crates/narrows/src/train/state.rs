//! The state of a run between two steps.

use super::Losses;
use crate::optimizer::Plateau;

/// The state of a run between two steps. Together with recipe and data it is enough to resume the run.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The number of finished epochs.
    pub epochs_done: usize,
    /// The sums of the current epoch.
    pub sums: Sums,
    /// The parameters, in the order of the arena; empty while a run holds them itself.
    pub parameters: Vec<f32>,
    /// The numbers of the network's states; empty while a run holds them itself.
    pub states: Vec<f32>,
    /// The number of steps of the optimizer.
    pub steps: u64,
    /// The optimizer's first moment, one number per parameter.
    pub first: Vec<f32>,
    /// The second moment, one number per parameter, for optimizers that have one.
    pub second: Vec<f32>,
    /// The state of the plateau schedule.
    pub plateau: Plateau,
    /// The best epoch so far.
    pub best: Best,
    /// The mean of the objective over the last finished epoch; NaN before the first ends.
    pub train_loss: f64,
    /// The time of the finished epochs, in seconds.
    pub seconds: f64,
}

/// Sums over the rows of the current epoch so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// The number of rows.
    pub rows: usize,
    /// The sum of the objective.
    pub total: f64,
    /// The sum of the reconstruction loss.
    pub reconstruction: f64,
    /// The sums of [`Losses::columns`].
    pub columns: Vec<f64>,
    /// The time so far, in seconds.
    pub seconds: f64,
}

/// The epoch with the lowest monitored loss: the validation loss, or the training loss if there is no validation.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// The loss.
    pub loss: f64,
    /// The epoch, from 1; 0 before the first.
    pub epoch: usize,
    /// The number of epochs since.
    pub waited: usize,
    /// Its parameters, if there is validation.
    pub parameters: Vec<f32>,
    /// Its states, if there is validation.
    pub states: Vec<f32>,
}

impl State {
    /// The state before the first step of a run whose losses have this number of columns.
    pub(super) fn new(columns: usize) -> State {
        State {
            epochs_done: 0,
            sums: Sums {
                columns: vec![0.0; columns],
                ..Sums::default()
            },
            parameters: Vec::new(),
            states: Vec::new(),
            steps: 0,
            first: Vec::new(),
            second: Vec::new(),
            plateau: Plateau::default(),
            best: Best {
                loss: f64::INFINITY,
                epoch: 0,
                waited: 0,
                parameters: Vec::new(),
                states: Vec::new(),
            },
            train_loss: f64::NAN,
            seconds: 0.0,
        }
    }
}

impl Sums {
    pub(super) fn add(&mut self, losses: &Losses, rows: usize) {
        let weight = rows as f64;
        self.rows += rows;
        self.total += losses.total * weight;
        self.reconstruction += losses.reconstruction * weight;
        for (sum, value) in self.columns.iter_mut().zip(&losses.columns) {
            *sum += value * weight;
        }
    }

    /// A sum as a mean over the rows.
    pub(super) fn mean(&self, sum: f64) -> f64 {
        sum / self.rows as f64
    }

    /// Returns the sums and resets them.
    pub(super) fn take(&mut self) -> Sums {
        let columns = vec![0.0; self.columns.len()];
        let new = Sums {
            columns,
            ..Sums::default()
        };
        std::mem::replace(self, new)
    }
}
