//! What training tells of itself.

/// What is known at the end of an epoch: a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochRecord {
    /// Which epoch, from 1.
    pub epoch: usize,
    /// The mean of the objective over the rows of the epoch, each before its own step.
    pub train_loss: f64,
    /// The mean of the reconstruction loss; of several parts their sum with weights.
    pub reconstruction: f64,
    /// The means of what the objective is made of beside that, without weights: `penalty.NAME` with the name in the recipe,
    /// and `reconstruction.NAME` where the reconstruction loss has several parts.
    pub columns: Vec<(String, f64)>,
    /// The time that the epoch took.
    pub seconds: f64,
    /// Rows a second.
    pub rows_per_second: f64,
    /// The mean of the objective over the validation rows after the epoch, if there are any.
    pub validation_loss: Option<f64>,
    /// The learning rate of the epoch's last step.
    pub learning_rate: f64,
}

/// How far training has come, told after every step and every batch of validation.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Which epoch, from 1.
    pub epoch: usize,
    /// How many epochs there will be.
    pub epochs: usize,
    /// Rows seen in this epoch.
    pub rows: usize,
    /// Rows in an epoch.
    pub rows_in_epoch: usize,
    /// The mean loss over the rows of this epoch so far.
    pub loss: f64,
}
