//! Passes over many rows with parameters that stand still.

use super::{Network, Parameters};
use crate::data::Dataset;
use crate::data::scaling::Scaling;
use narrows_kernels::split::{Bounds, Parts, RowBlock, Slabs};
use narrows_kernels::team::Team;
use narrows_kernels::{Aligned, Isa};
use std::ops::Range;

/// The rows that a thread takes at a time: enough for the products, few enough for the cache.
const CHUNK: usize = 256;

/// Rows to run a network on: how many, and how to write some of them into memory.
pub trait Rows: Sync {
    /// The number of rows.
    fn count(&self) -> usize;
    /// Writes `rows`, scaled, one after the other.
    fn write(&self, rows: Range<usize>, into: &mut [f32]);
}

/// The rows of a dataset, scaled.
#[derive(Clone, Copy)]
pub struct ScaledRows<'a> {
    /// The rows.
    pub data: &'a Dataset,
    /// The scaling, of the same width.
    pub scaling: &'a Scaling,
}

impl Rows for ScaledRows<'_> {
    fn count(&self) -> usize {
        self.data.rows()
    }
    fn write(&self, rows: Range<usize>, into: &mut [f32]) {
        for (row, into) in rows.zip(into.chunks_exact_mut(self.data.inputs())) {
            self.scaling.gather(self.data, row, into);
        }
    }
}

/// Runs some of the layers on all rows; `out`, of `[rows, outputs]`, gets what the last one gives.
pub fn forward(
    network: &Network,
    parameters: &Parameters,
    layers: Range<usize>,
    rows: &dyn Rows,
    team: &mut Team,
    out: &mut [f32],
) {
    let last = layers.len();
    let width = network.widths(layers.clone()).last().copied().unwrap_or(0);
    map_rows(
        network,
        parameters,
        layers,
        rows,
        team,
        width,
        out,
        |block, out| {
            out.copy_from_slice(block.get(last));
        },
    );
}

/// Runs some of the layers on all rows and lets `f` make `width` numbers a row of what they give:
/// slab 0 of the block is the input, slab `i + 1` the output of the `i`-th layer. `out` is
/// `[rows, width]`.
///
/// # Panics
///
/// When `out` has another length.
#[allow(clippy::too_many_arguments)]
pub fn map_rows(
    network: &Network,
    parameters: &Parameters,
    layers: Range<usize>,
    rows: &dyn Rows,
    team: &mut Team,
    width: usize,
    out: &mut [f32],
    f: impl Fn(&RowBlock<'_>, &mut [f32]) + Sync,
) {
    let count = rows.count();
    assert_eq!(out.len(), count * width);
    let isa = Isa::best();
    let chunk = CHUNK.min(count.div_ceil(team.threads()).max(1));
    let starts = (0..count.div_ceil(chunk) + 1).map(|i| (i * chunk).min(count) * width);
    let bounds = Bounds::new(starts.collect());
    let widths = network.widths(layers.clone());
    let mut scratch: Vec<(Slabs, Aligned)> = (0..team.threads())
        .map(|_| {
            (
                Slabs::new(&widths, chunk),
                Aligned::zeros(network.scratch()),
            )
        })
        .collect();
    team.run(
        &mut scratch,
        Parts::new(out, &bounds),
        |(slabs, scratch), index, out| {
            let range = index * chunk..(index * chunk + chunk).min(count);
            let mut block = slabs.first_rows(range.len());
            rows.write(range, block.get_mut(0));
            network.forward_block(isa, parameters, layers.clone(), &mut block, scratch);
            f(&block, out);
        },
    );
}
