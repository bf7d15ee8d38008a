//! Scaled rows as a model saw them in training: drawn as 0 or 1 if its recipe says so.

use crate::corruption::binarize_row;
use crate::network::{Rows, ScaledRows};
use crate::rng::Draws;
use narrows_kernels::Isa;
use std::ops::Range;

/// Scaled rows, each drawn once.
#[derive(Clone, Copy)]
pub(super) struct DrawnRows<'a> {
    pub(super) rows: ScaledRows<'a>,
    /// What the draws follow from; `None` for values as they are.
    pub(super) draws: Option<Draws>,
}

impl Rows for DrawnRows<'_> {
    fn count(&self) -> usize {
        self.rows.count()
    }

    fn write(&self, rows: Range<usize>, into: &mut [f32]) {
        self.rows.write(rows.clone(), into);
        let Some(draws) = self.draws else {
            return;
        };
        let width = self.rows.data.inputs();
        let mut scratch = vec![0.0; width];
        for (row, values) in rows.zip(into.chunks_exact_mut(width)) {
            let address = draws.address(0, row as u32);
            binarize_row(Isa::best(), address, values, &mut scratch);
        }
    }
}
