//! The objective: one reconstruction loss (and, beside it, any number of weighted terms).

/// The reconstruction loss, averaged over the batch and the inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reconstruction {
    /// Mean squared error.
    Mse,
    /// Mean absolute error.
    L1,
    /// Huber's loss (Huber 1964), as PyTorch's `HuberLoss`: `d²/2` up to `delta`, then `delta · (|d| - delta/2)`.
    Huber {
        /// Where the parabola turns into a line, 1 by default.
        delta: f32,
    },
    /// Binary cross-entropy; from logits where the decoder ends in a sigmoid.
    BinaryCrossEntropy,
}
