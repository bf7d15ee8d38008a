//! Steps that need the whole gradient before the optimizer applies it, because its norm is limited, or because the
//! gradients of several batches are added.
//!
//! The gradients of batches are added in a balanced binary tree over the batch numbers: two gradients of one batch make
//! one of two batches, two of these make one of four, and so on. Gradients that remain at the end are added from the
//! smallest up. Several processes can compute the same sums, each for consecutive batches.

use narrows_kernels::Aligned;
use narrows_kernels::split::Bounds;

/// The gradient of all parameters, and its preparation before a step.
pub(super) struct Whole {
    /// For each tile its levels, one after the other: level l holds the gradient of 2^l batches.
    pub(super) gradient: Aligned,
    pub(super) levels: usize,
    /// The bounds of the levels of each tile.
    pub(super) bounds: Bounds,
    /// The sum of squares of each tile.
    pub(super) squares: Vec<f32>,
    /// The bounds of the tiles in `squares`.
    pub(super) places: Bounds,
    /// The largest norm; 0 for no limit.
    pub(super) clip_norm: f64,
}

/// The number of levels of a tree over a number of batches.
fn levels(batches: usize) -> usize {
    (usize::BITS - batches.max(1).leading_zeros()) as usize
}

impl Whole {
    /// The memory for steps of up to `accumulation` batches; `None` if they do not need the whole gradient.
    pub(super) fn new(bounds: &Bounds, clip_norm: f64, accumulation: usize) -> Option<Whole> {
        if clip_norm <= 0.0 && accumulation <= 1 {
            return None;
        }
        let levels = levels(accumulation);
        let count = bounds.count();
        let ends = (0..count).map(|tile| levels * bounds.range(tile).end);
        let bounds = Bounds::new(std::iter::once(0).chain(ends).collect());
        Some(Whole {
            gradient: Aligned::zeros(
                count
                    .checked_sub(1)
                    .map_or(0, |last| bounds.range(last).end),
            ),
            levels,
            bounds,
            squares: vec![0.0; count],
            places: Bounds::new((0..=count).collect()),
            clip_norm,
        })
    }

    /// The number of values that it will hold, for a number of parameters.
    pub(super) fn numbers(parameters: usize, clip_norm: f64, accumulation: usize) -> usize {
        if clip_norm <= 0.0 && accumulation <= 1 {
            0
        } else {
            parameters.saturating_mul(levels(accumulation))
        }
    }

    pub(super) fn len(&self) -> usize {
        self.gradient.len()
    }
}
