//! Rows that are corrupted as they are read: for evaluation.

use super::part::{Corruption, Target};
use crate::network::Rows;
use crate::rng::{Draws, Purpose};
use narrows_kernels::Isa;
use std::ops::Range;

/// Scaled rows with noise on them: of a seed always the same.
pub struct CorruptedRows<'a> {
    rows: &'a dyn Rows,
    inputs: usize,
    corruption: &'a Corruption,
    draws: Draws,
    /// What the first row counts as.
    first: usize,
    /// Which of the noises of each row.
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

    /// The same where the first row is row `first` of more: a row's noise follows from its place.
    pub fn from_row(self, first: usize) -> Self {
        CorruptedRows { first, ..self }
    }

    /// The same with other noise: each number `draw` stands for one of its own.
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
