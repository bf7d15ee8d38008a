//! Rows that are corrupted when they are read, for evaluation.

use super::part::{Corruption, Target};
use crate::network::Rows;
use crate::rng::{Draws, Purpose};
use narrows_kernels::Isa;
use std::ops::Range;

/// Scaled rows with noise; the same seed gives the same noise.
pub struct CorruptedRows<'a> {
    rows: &'a dyn Rows,
    inputs: usize,
    corruption: &'a Corruption,
    draws: Draws,
    /// The index of the first row, which addresses its noise.
    first: usize,
    /// The number of the draw.
    draw: u32,
}

impl<'a> CorruptedRows<'a> {
    /// `rows` of `inputs` values each, with noise.
    pub fn new(rows: &'a dyn Rows, inputs: usize, corruption: &'a Corruption, seed: u64) -> Self {
        CorruptedRows {
            rows,
            inputs,
            corruption,
            draws: Draws::new(seed, Purpose::TestCorruption),
            first: 0,
            draw: 0,
        }
    }

    /// The same, if the first row has index `first` among more rows: the noise of a row depends on its index.
    pub fn from_row(self, first: usize) -> Self {
        CorruptedRows { first, ..self }
    }

    /// The same with other noise: each number `draw` has noise of its own.
    pub fn drawn_again(self, draw: u32) -> Self {
        CorruptedRows { draw, ..self }
    }
}

impl Rows for CorruptedRows<'_> {
    fn count(&self) -> usize {
        self.rows.count()
    }

    fn write(&self, rows: Range<usize>, into: &mut [f32]) {
        self.rows.write(rows.clone(), into);
        let mut scratch = vec![0.0; self.inputs];
        for (row, values) in rows.zip(into.chunks_exact_mut(self.inputs)) {
            let sample = (self.first + row) as u32;
            self.corruption.apply(Target {
                isa: Isa::best(),
                address: self.draws.address(self.draw, sample),
                row: values,
                scratch: &mut scratch,
            });
        }
    }
}
