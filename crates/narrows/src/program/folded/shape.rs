//! The sizes of a run, and its layers.

use crate::program::tensor::TensorId;

/// One of the affine maps of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::program) struct Layer {
    pub(in crate::program) inputs: usize,
    pub(in crate::program) outputs: usize,
    pub(in crate::program) weights: TensorId,
    pub(in crate::program) bias: Option<TensorId>,
}

/// The sizes of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::program) struct FoldedShape {
    /// Whether the narrow end is the input.
    pub(in crate::program) widens: bool,
    /// The widths of the narrow end and of the wide one.
    pub(in crate::program) rank: usize,
    pub(in crate::program) wide: usize,
    /// The rows of its factors.
    pub(in crate::program) height: usize,
}
