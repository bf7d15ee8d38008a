//! How many threads a step is worth.
//!
//! A second thread halves the arithmetic of a step, but has to be waited for, and has to fetch what the first
//! one wrote. So there is a number beyond which a step only gets slower, and it depends on the step. With w
//! workers, a step of R rows takes about
//!
//! ```text
//! rows phase       the blocks of rows that the busiest worker gets
//!                  + fetching the parameters, of which others wrote w - 1 of w parts
//! parameter phase  the tiles of parameters that the busiest worker gets
//!                  + fetching the rows for them, of which others computed w - 1 of w parts
//! folding          where linear layers are folded, the columns of factors that the busiest worker gets, level by
//!                  level; small levels are the calling thread's alone
//! each             `phase`, until the first of the others has begun, and until all have ended
//!                  + w `member`, until the last has begun
//! ```
//!
//! and the rule is: the fewest workers whose time is within [`CLOSE`] of the least. It decides speed alone; the
//! numbers that a step computes are the same for any.
//!
//! The constants are those of one core of a Xeon with AVX-512, at sizes of a step. They are not measured again
//! where a program runs: what matters is their ratios, which differ less between machines than the sizes
//! of models do. `member` and `shared_byte` speak of more cores than were there to measure and are set with care,
//! that is, high.

use crate::corruption::Corruption;
use crate::network::{Folding, Network};
use crate::objective::Contraction;
use narrows_kernels::product::PANEL;
use narrows_kernels::split::Bounds;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Rows in a block of the rows phase at the most, so that its activations stay in the cache.
const MAX_BLOCK: usize = 256;

/// What things take, in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Costs {
    /// A multiply-add in a product.
    multiply_add: f64,
    /// A value in an elementwise layer, forward or backward.
    element: f64,
    /// A value of the data through gather, scaling and loss.
    input: f64,
    /// A value of the data through corruption.
    noise: f64,
    /// A parameter through the optimiser.
    parameter: f64,
    /// A byte that another core wrote last.
    byte: f64,
    /// A byte that another core wrote last on the way that all cores share.
    shared_byte: f64,
    /// A phase's beginning and end.
    phase: f64,
    /// Each thread's part in them.
    member: f64,
    /// Waking a thread that has had nothing to do in the rows phase, and sleeps.
    wake: f64,
}

const MEASURED: Costs = Costs {
    // 130 GFLOP/s a core.
    multiply_add: 1.0 / 65.0,
    element: 0.3,
    input: 1.0,
    noise: 3.0,
    parameter: 0.6,
    byte: 1.0 / 16.0,
    shared_byte: 1.0 / 400.0,
    phase: 1500.0,
    member: 300.0,
    wake: 3000.0,
};

/// How much more time may be taken than the least, as a share of it, if that saves threads.
const CLOSE: f64 = 0.02;

/// What a step has to do.
pub(super) struct Work {
    costs: Costs,
    rows: usize,
    blocks: Blocks,
    /// The time of a row in products that take a whole panel of rows or nothing.
    panel_row: f64,
    /// The time of a row in everything else.
    row: f64,
    /// The numbers that each worker reads for rows: the parameters, or the factors of what is folded.
    parameters: f64,
    tiles: Vec<Part>,
    levels: Vec<Level>,
}

/// What a level of a chain of folded layers has to do.
struct Level {
    parts: Vec<Part>,
    is_alone: bool,
}

/// What a tile of the parameter phase, or some columns of a factor, has to do.
struct Part {
    time: f64,
    /// The bytes that it reads of what other phases wrote.
    bytes: f64,
}

/// How rows are cut into blocks.
#[derive(Clone, Copy)]
pub(super) struct Blocks {
    /// The least rows worth a block of their own: fewer would take as long.
    least: usize,
}

impl Blocks {
    /// Of a network trained with penalties.
    pub(super) fn of(network: &Network, penalties: &[Contraction]) -> Blocks {
        let mut layers = network.layers().map(|layer| network.layer(layer));
        // Convolutions and probes have work for more than one thread in a single row.
        let is_dense = layers.all(|layer| layer.as_dense().is_some() || layer.work() == 0);
        Blocks {
            least: if is_dense && penalties.is_empty() {
                PANEL
            } else {
                1
            },
        }
    }

    /// The blocks of so many rows for so many threads.
    pub(super) fn cut(self, rows: usize, threads: usize) -> Bounds {
        let useful = threads.min(rows.div_ceil(self.least));
        Bounds::even(rows, useful.max(rows.div_ceil(MAX_BLOCK)))
    }
}

impl Work {
    /// The work of a step on `rows` rows.
    pub(super) fn of(
        network: &Network,
        with: (&[Contraction], &Folding),
        corruption: Option<&Corruption>,
        rows: usize,
    ) -> Work {
        Work::at(MEASURED, network, with, corruption, rows)
    }

    fn at(
        costs: Costs,
        network: &Network,
        (penalties, folding): (&[Contraction], &Folding),
        corruption: Option<&Corruption>,
        rows: usize,
    ) -> Work {
        let (mut panel_row, mut row) = (0.0, costs.input * network.inputs() as f64);
        let mut read = 0;
        if corruption.is_some() {
            row += costs.noise * network.inputs() as f64;
        }
        for index in network.layers() {
            let layer = network.layer(index);
            let run = folding.run_of(index);
            let work = match &run {
                Some(run) if run.start < index => continue,
                Some(_) => folding.work_of_row(index).unwrap_or(0),
                None => layer.work(),
            };
            read += match run {
                // A factor has one number for each multiply-add of a row.
                Some(_) => work,
                None => network.parameters_in(index),
            };
            // Forward and backward, though not to the data.
            let passes = if index == 0 { 1.0 } else { 2.0 };
            let products = passes * costs.multiply_add * work as f64;
            if layer.as_dense().is_some() {
                panel_row += products;
            } else {
                row += products + passes * costs.element * layer.outputs() as f64;
            }
        }
        let mut of_penalties = 0.0;
        for penalty in penalties {
            let (of_rows, of_parameters) = penalty.work(network);
            row += costs.multiply_add * of_rows as f64;
            of_penalties += costs.multiply_add * (rows * of_parameters) as f64;
        }
        let parameters = network.parameter_count() as f64;
        let bounds = network.parameter_bounds();
        let tiles = (0..bounds.count()).map(|tile| {
            let len = bounds.range(tile).len() as f64;
            let (index, _, _) = network.tile(tile);
            let share = len / network.parameters_in(index) as f64;
            let layer = network.layer(index);
            // What is folded has factors in place of rows.
            let depth = folding.height(index).unwrap_or(rows);
            let products = share * (depth * layer.work()) as f64;
            let read = layer.inputs() as f64 + share * layer.outputs() as f64;
            Part {
                time: costs.multiply_add * products
                    + (costs.parameter + of_penalties / parameters) * len,
                bytes: 4.0 * depth as f64 * read,
            }
        });
        let levels = folding.levels().map(|(work, is_alone)| Level {
            parts: work
                .map(|(work, read)| Part {
                    time: costs.multiply_add * work as f64,
                    bytes: 4.0 * read as f64,
                })
                .collect(),
            is_alone,
        });
        Work {
            costs,
            rows,
            blocks: Blocks::of(network, penalties),
            panel_row,
            row,
            parameters: read as f64,
            tiles: tiles.collect(),
            levels: levels.collect(),
        }
    }

    /// The number of workers to take where there are `cores`.
    pub(super) fn workers(&self, cores: usize) -> usize {
        let times: Vec<f64> = (1..=cores.max(1)).map(|w| self.time(w)).collect();
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        let found = times.iter().position(|&time| time <= (1.0 + CLOSE) * least);
        1 + found.unwrap_or(0)
    }

    /// The time of a block of rows without what it has to fetch.
    fn block(&self, rows: usize) -> f64 {
        self.panel_row * rows.next_multiple_of(PANEL) as f64 + self.row * rows as f64
    }

    /// The time that each of some workers needs to fetch the parameters, when so many do it at once.
    fn fetch_parameters(&self, workers: usize, at_once: usize) -> f64 {
        let from_others = 4.0 * self.parameters * (workers - 1) as f64 / workers as f64;
        from_others * self.costs.byte.max(self.costs.shared_byte * at_once as f64)
    }

    /// The time of a part with what it has to fetch from other workers.
    fn part(&self, part: &Part, workers: usize) -> f64 {
        let from_others = (workers - 1) as f64 / workers as f64;
        part.time + part.bytes * self.costs.byte * from_others
    }

    /// The time of a step with so many workers.
    fn time(&self, workers: usize) -> f64 {
        let cut = self.blocks.cut(self.rows, workers);
        let busy = cut.count().min(workers);
        let block = self.block(self.rows.div_ceil(cut.count()));
        let blocks = (0..cut.count()).map(|_| block);
        let rows_phase =
            self.costs.of_phase(blocks, workers) + self.fetch_parameters(workers, busy);
        let tiles = self.tiles.iter().map(|part| self.part(part, workers));
        let levels = self.levels.iter().map(|Level { parts, is_alone }| {
            let parts = parts.iter().map(|part| self.part(part, workers));
            self.costs
                .of_phase(parts, if *is_alone { 1 } else { workers })
        });
        rows_phase
            + self.costs.of_phase(tiles, workers)
            + self.costs.wake * (workers - busy) as f64
            + levels.sum::<f64>()
    }
}

impl Costs {
    /// The time of a phase: each part, in order, is taken by the worker that is free first.
    ///
    /// A sum divided by the workers would not see that 33 tiles take 32 workers as long as 64 do.
    fn of_phase(&self, parts: impl Iterator<Item = f64>, workers: usize) -> f64 {
        let begin = |worker| match worker {
            // The calling thread does not wait for the others to begin.
            0 => 0,
            _ => (self.phase / 2.0 + self.member * worker as f64) as u64,
        };
        let begins: Vec<_> = (0..workers).map(|worker| Reverse(begin(worker))).collect();
        let mut free = BinaryHeap::from(begins);
        for part in parts {
            if let Some(mut first) = free.peek_mut() {
                first.0 += part as u64;
            }
        }
        let last = free.iter().map(|&Reverse(time)| time).max().unwrap_or(0);
        last as f64 + if workers > 1 { self.phase / 2.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests;
