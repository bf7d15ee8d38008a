//! Passes over many rows with parameters that stand still.

use super::{Network, Parameters};
use crate::data::Dataset;
use crate::data::scaling::Scaling;
use narrows_kernels::split::{Bounds, Parts, Slabs};
use narrows_kernels::team::Team;
use narrows_kernels::{Aligned, Isa};
use std::ops::Range;

/// The rows that a thread takes at a time: enough for the products, few enough for the cache.
const CHUNK: usize = 256;

/// The numbers of the rows that a thread takes at a time where each row is worked on by itself, so that few rows do
/// as well: what stays in the second-level cache from a layer to the next.
const CHUNK_NUMBERS: usize = 1 << 18;

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

/// Runs some of the layers on all rows; `out`, of `[rows, outputs]`, gets what the last one gives. Linear layers are
/// folded where all of a run is asked for, which changes the rounding.
///
/// # Panics
///
/// When `out` has another length, or the parameters are as many as another network's, or were used before with one that
/// folds otherwise.
pub fn forward(
    network: &Network,
    parameters: &Parameters,
    layers: Range<usize>,
    rows: &dyn Rows,
    team: &mut Team,
    out: &mut [f32],
) {
    let width = network.widths(layers.clone()).last().copied().unwrap_or(0);
    map_rows(
        network,
        parameters,
        layers,
        rows,
        team,
        width,
        out,
        |_, outputs, out| out.copy_from_slice(outputs),
    );
}

/// Runs some of the layers on all rows and lets `f` make `width` numbers a row of their inputs and outputs. `out` is
/// `[rows, width]`.
///
/// # Panics
///
/// When `out` has another length, or the parameters are as many as another network's, or were used before with one that
/// folds otherwise.
#[allow(clippy::too_many_arguments)]
pub fn map_rows(
    network: &Network,
    parameters: &Parameters,
    layers: Range<usize>,
    rows: &dyn Rows,
    team: &mut Team,
    width: usize,
    out: &mut [f32],
    f: impl Fn(&[f32], &[f32], &mut [f32]) + Sync,
) {
    let count = rows.count();
    assert_eq!(out.len(), count * width);
    let isa = Isa::best();
    let folding = parameters.folding(network);
    let mut widths = network.widths(layers.clone());
    // The layers one by one or folded: from which slab to which.
    let mut passes = Vec::new();
    let mut layer = layers.start;
    while layer < layers.end {
        let run = folding.run_of(layer);
        let run = run.filter(|run| run.start == layer && run.end <= layers.end);
        let end = run.as_ref().map_or(layer + 1, |run| run.end);
        widths[layer + 1 - layers.start..end - layers.start].fill(0);
        passes.push((layer..end, run.is_some()));
        layer = end;
    }
    let is_dense = |layer: usize| {
        let layer = network.layer(layer);
        layer.as_dense().is_some() || layer.work() == 0
    };
    let most = match layers.clone().all(is_dense) {
        true => CHUNK,
        false => (CHUNK_NUMBERS / widths.iter().sum::<usize>()).clamp(1, CHUNK),
    };
    let chunk = most.min(count.div_ceil(team.threads()).max(1));
    let starts = (0..count.div_ceil(chunk) + 1).map(|i| (i * chunk).min(count) * width);
    let bounds = Bounds::new(starts.collect());
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
            for (these, is_folded) in &passes {
                let [from, to] = [these.start, these.end].map(|slab| slab - layers.start);
                let ([x], y) = block.read_write([from], to);
                match is_folded {
                    true => folding.forward(isa, these.start, x, y),
                    false => {
                        let p = network.parameters_of(these.start, parameters);
                        network.layer(these.start).forward(isa, p, x, y, scratch);
                    }
                }
            }
            f(block.get(0), block.get(layers.len()), out);
        },
    );
}
