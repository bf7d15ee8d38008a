//! Steps whose gradient is needed whole before the optimizer applies it: because its norm is limited, or because those of
//! several batches are added up.
//!
//! The gradients of batches are added in a balanced binary tree over their number: two of one batch make one of
//! two, two of these one of four, and so on; what remains at the end is added from the smallest up. Several processes can
//! form the same sums, each for batches that follow each other.

use narrows_kernels::Aligned;
use narrows_kernels::split::Bounds;

/// The gradient by all parameters, and what is done to it before a step.
pub(super) struct Whole {
    /// For each tile its levels one after the other: level l holds the gradient of 2^l batches.
    pub(super) gradient: Aligned,
    pub(super) levels: usize,
    /// Where the levels of each tile begin and end.
    pub(super) bounds: Bounds,
    /// The sum of squares of each tile.
    pub(super) squares: Vec<f32>,
    /// Tile by tile one sum of squares.
    pub(super) places: Bounds,
    /// The largest norm; 0 for any.
    pub(super) clip_norm: f64,
}

/// The levels of a tree over so many batches.
fn levels(batches: usize) -> usize {
    (usize::BITS - batches.max(1).leading_zeros()) as usize
}

impl Whole {
    /// What steps of up to `accumulation` batches need, if anything.
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

    /// The numbers that it will hold for so many parameters.
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
