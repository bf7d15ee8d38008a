//! Where a run stands between two steps.

use super::Losses;
use crate::optimizer::Plateau;

/// Where a run stands between two steps: with recipe and data all that is needed to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The epochs that are done.
    pub epochs_done: usize,
    /// The epoch in progress.
    pub sums: Sums,
    /// The parameters, as they lie in the arena; empty while a run holds them itself.
    pub parameters: Vec<f32>,
    /// The numbers of the network's states; empty while a run holds them itself.
    pub states: Vec<f32>,
    /// The steps that the optimizer has done.
    pub steps: u64,
    /// What the optimizer remembers, one number a parameter.
    pub first: Vec<f32>,
    /// A further number a parameter, for an optimizer that keeps two.
    pub second: Vec<f32>,
    /// What the schedule has seen.
    pub plateau: Plateau,
    /// The epoch of the lowest watched loss.
    pub best: Best,
    /// The mean of the objective over the last epoch that is done; NaN before the first ends.
    pub train_loss: f64,
    /// The time that the epochs that are done took, in seconds.
    pub seconds: f64,
}

/// Sums over the rows of an epoch so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// The rows.
    pub rows: usize,
    /// Of the objective.
    pub total: f64,
    /// Of the reconstruction loss.
    pub reconstruction: f64,
    /// Of [`Losses::columns`].
    pub columns: Vec<f64>,
    /// The time taken.
    pub seconds: f64,
}

/// The epoch of the lowest loss that is watched: the validation loss, or the training loss without
/// validation.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// The loss.
    pub loss: f64,
    /// The epoch, from 1; 0 before the first.
    pub epoch: usize,
    /// The epochs since.
    pub waited: usize,
    /// Its parameters, if there is validation.
    pub parameters: Vec<f32>,
    /// Its states, if there is validation.
    pub states: Vec<f32>,
}

impl State {
    /// Before the first step of a run with losses with so many columns.
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

    /// The sums, which begin anew.
    pub(super) fn take(&mut self) -> Sums {
        let columns = vec![0.0; self.columns.len()];
        let new = Sums {
            columns,
            ..Sums::default()
        };
        std::mem::replace(self, new)
    }
}
