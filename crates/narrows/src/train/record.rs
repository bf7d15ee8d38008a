//! The records of training.

/// The record of an epoch: a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The mean of the objective over the rows of the epoch, each computed before the step of its batch.
    pub train_loss: f64,
    /// The mean of the reconstruction loss; if it has several parts, their weighted sum.
    pub reconstruction: f64,
    /// The means of the other parts of the objective, without weights: `penalty.NAME` with the name in the recipe, and
    /// `reconstruction.NAME` if the reconstruction loss has several parts.
    pub columns: Vec<(String, f64)>,
    /// The time of the epoch, in seconds.
    pub seconds: f64,
    /// Rows per second.
    pub rows_per_second: f64,
    /// The mean of the objective over the validation rows after the epoch, if there are any.
    pub validation_loss: Option<f64>,
    /// The learning rate of the epoch's last step.
    pub learning_rate: f64,
}

/// The progress of training, after every step and every batch of validation.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The number of epochs.
    pub epochs: usize,
    /// Rows seen in this epoch.
    pub rows: usize,
    /// Rows in an epoch.
    pub rows_in_epoch: usize,
    /// The mean loss over the rows of this epoch so far.
    pub loss: f64,
}
