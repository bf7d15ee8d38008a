//! What training and use of a batch normalization have in common.

use crate::program::{StateId, TensorId};

/// What tensors and states of a layer are, with its settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Norm {
    /// How many channels a row has, and how many values a channel has in a row.
    pub(super) channels: usize,
    pub(super) area: usize,
    pub(super) momentum: f64,
    pub(super) epsilon: f64,
    pub(super) weight: TensorId,
    pub(super) bias: TensorId,
    pub(super) mean: StateId,
    pub(super) variance: StateId,
    /// How many batches the running statistics have met.
    pub(super) batches: StateId,
}
