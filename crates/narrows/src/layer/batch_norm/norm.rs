//! The common part of batch normalization in training and in inference.

use crate::program::{StateId, TensorId};

/// The tensors and states of a layer, with its settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Norm {
    /// The number of channels of a row, and the number of values of a channel in a row.
    pub(super) channels: usize,
    pub(super) area: usize,
    pub(super) momentum: f64,
    pub(super) epsilon: f64,
    pub(super) weight: TensorId,
    pub(super) bias: TensorId,
    pub(super) mean: StateId,
    pub(super) variance: StateId,
    /// The number of batches in the running statistics.
    pub(super) batches: StateId,
}
