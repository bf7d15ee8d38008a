//! The side of a product that stays, and the parts in which the other passes by.

use super::sizes::{BLOCK, PASS_STEPS, STEP};
use crate::product::job::Job;

/// The three uses of a product in a dense layer; the layout of both sides depends on it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum ProductUse {
    /// `x Wᵀ`
    Forward,
    /// `dy W`
    InputGradient,
    /// `dyᵀ x`
    WeightGradient,
}

/// A use, and the side that stays: the smaller side, if the other can be packed while it passes.
#[derive(Clone, Copy)]
pub(super) struct Sides {
    pub(super) usage: ProductUse,
    /// Whether the columns of B stay; if not, the rows of A stay.
    pub(super) columns_stay: bool,
}

impl Sides {
    pub(super) fn of(job: &Job) -> Sides {
        let usage = match (job.a_column, job.b_is_transposed) {
            (1, true) => ProductUse::Forward,
            (1, false) => ProductUse::InputGradient,
            _ => ProductUse::WeightGradient,
        };
        Sides {
            usage,
            columns_stay: usage != ProductUse::WeightGradient && job.m > job.n,
        }
    }

    /// Whether tiles of sums belong to the transpose of C. In a forward product, the passing side is packed as rows,
    /// whichever side it is.
    pub(super) fn is_transposed(self) -> bool {
        self.usage == ProductUse::Forward && !self.columns_stay
    }

    /// Whether the staying side is packed as rows.
    pub(super) fn rows_stay(self) -> bool {
        self.usage != ProductUse::Forward && !self.columns_stay
    }
}

/// A part of `k` of a block of the passing side.
#[derive(Clone, Copy, Default)]
pub(super) struct Chunk {
    /// The first row of A or column of B, and their number.
    pub(super) start: usize,
    pub(super) count: usize,
    pub(super) k: usize,
    pub(super) len: usize,
}

impl Chunk {
    const K: usize = PASS_STEPS * STEP;

    pub(super) fn first(passing: usize, k: usize) -> Self {
        Chunk {
            start: 0,
            count: passing.min(BLOCK),
            k: 0,
            len: k.min(Self::K),
        }
    }

    pub(super) fn next(self, passing: usize, all_k: usize) -> Option<Self> {
        let k = self.k + self.len;
        if k < all_k {
            return Some(Chunk {
                k,
                len: (all_k - k).min(Self::K),
                ..self
            });
        }
        let start = self.start + self.count;
        (start < passing).then(|| Chunk {
            start,
            count: (passing - start).min(BLOCK),
            k: 0,
            len: all_k.min(Self::K),
        })
    }
}
