//! Chooses the number of threads for a program, and how its rows are split.
//!
//! A second thread halves the arithmetic of a step, but it must be waited for, and it must fetch the results of the
//! first one. So above some number of threads, which depends on the step, a step only gets slower. With w workers, a
//! step of R rows takes about
//!
//! ```text
//! rows       the blocks of rows that the busiest worker gets
//!            + fetching the parameters, of which others wrote w - 1 of w parts
//! tiles      the tiles of parameters that the busiest worker gets
//!            + fetching the rows for them, of which others computed w - 1 of w parts
//! columns    the parts that the busiest worker gets; small stages are the calling thread's alone
//! each       `phase`, until the first of the others has begun, and until all have ended
//!            + w `member`, until the last has begun
//! ```
//!
//! The rule: take the smallest number of workers whose time is within [`CLOSE`] of the minimum. It affects only the
//! speed; the numbers that a step computes are the same for any number of workers.
//!
//! The constants are times of one core of a Xeon with AVX-512, at sizes of a step. They are not measured again on other
//! machines: their ratios matter, and these differ less between machines than the sizes of models do. `member` and
//! `shared_byte` are for more cores than were available for measurement, so they are set conservatively, that is, high.

use super::buffer::Extent;
use super::lower::{Body, Contribution, Lowered};
use super::operation::Cost;
use super::schedule::{Schedule, StageKind};
use super::tensor::Tensor;
use narrows_kernels::product::PANEL;
use narrows_kernels::split::Bounds;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The most rows in a block, so that its activations stay in the cache.
const MAX_BLOCK: usize = 256;

/// A stage of columns with at most this many multiply-adds is not worth waking other threads.
const ALONE: usize = 100_000;

/// Times in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Costs {
    /// A multiply-add in a product.
    multiply_add: f64,
    /// A value in an elementwise layer, forward or backward.
    element: f64,
    /// A value of the data, for gather, scaling and loss.
    input: f64,
    /// A value of the data, for corruption.
    noise: f64,
    /// A parameter, for the optimizer.
    parameter: f64,
    /// A byte that another core wrote last.
    byte: f64,
    /// A byte that another core wrote last, on the path that all cores share.
    shared_byte: f64,
    /// A phase's beginning and end.
    phase: f64,
    /// The additional time per thread.
    member: f64,
    /// Waking a thread that sleeps because it had no rows.
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

/// The fraction of the minimum by which the time may be longer if this saves threads.
const CLOSE: f64 = 0.02;

/// How rows are cut into blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cutting {
    /// The least rows of a block: fewer rows would take as long.
    least: usize,
}

impl Cutting {
    /// Of a program.
    pub(super) fn of(lowered: &Lowered) -> Cutting {
        // In products that are not of panels of rows, a single row is enough work for a block.
        let is_panel = row_costs(lowered).all(|cost| cost.products == 0);
        Cutting {
            least: if is_panel { PANEL } else { 1 },
        }
    }

    /// Whether the cost of products is per whole panel of rows.
    pub(super) fn is_of_panels(self) -> bool {
        self.least > 1
    }

    /// The blocks of a number of rows for a number of threads.
    pub(super) fn cut(self, rows: usize, threads: usize) -> Bounds {
        let useful = threads.min(rows.div_ceil(self.least));
        Bounds::even(rows, useful.max(rows.div_ceil(MAX_BLOCK)))
    }

    /// The most rows of a block, for up to a number of rows.
    pub(super) fn largest(self, rows: usize, threads: usize) -> usize {
        let of_thread = rows.div_ceil(threads.max(1)).min(MAX_BLOCK);
        of_thread.max(self.least).min(rows)
    }
}

fn row_costs(lowered: &Lowered) -> impl Iterator<Item = Cost> {
    let bodies = lowered.operations.iter().map(|placed| &placed.body);
    bodies.filter_map(|body| match body {
        Body::Rows(operation) => Some(operation.cost()),
        Body::Columns(_) => None,
    })
}

/// Whether a stage of columns with a number of multiply-adds is worth waking other threads.
pub(super) fn is_worth_a_phase(work: usize) -> bool {
    work > ALONE
}

/// The work of a step.
pub(super) struct Work {
    costs: Costs,
    rows: usize,
    cutting: Cutting,
    /// The time of a row in products whose cost is per whole panel of rows.
    panel_row: f64,
    /// The time of a row in everything else.
    row: f64,
    /// The numbers that each worker reads for rows: the parameters, or factors.
    shared: f64,
    tiles: Vec<StagePart>,
    levels: Vec<ColumnLevel>,
}

/// The work of a stage of columns.
struct ColumnLevel {
    parts: Vec<StagePart>,
    is_alone: bool,
}

/// The work of a tile, or of a part of a stage of columns.
struct StagePart {
    time: f64,
    /// The bytes that it reads from the results of other stages.
    bytes: f64,
}

impl Work {
    /// The work of a step on a full batch.
    pub(super) fn of(lowered: &Lowered, schedule: &Schedule, tensors: &[Tensor]) -> Work {
        Work::at(MEASURED, lowered, schedule, tensors)
    }

    fn at(costs: Costs, lowered: &Lowered, schedule: &Schedule, tensors: &[Tensor]) -> Work {
        let (mut panel_row, mut row, mut shared) = (0.0, 0.0, 0);
        for cost in row_costs(lowered) {
            panel_row += costs.multiply_add * cost.panel as f64;
            row += costs.multiply_add * cost.products as f64
                + costs.element * cost.elements as f64
                + costs.input * cost.inputs as f64
                + costs.noise * cost.noise as f64;
            shared += cost.shared;
        }
        let tiles = tensors.iter().zip(&lowered.tiles);
        let tiles = tiles.flat_map(|(tensor, contributions)| {
            let len = tensor.range.len();
            let starts = (0..len).step_by(tensor.tile.max(1));
            starts.map(move |start| {
                let tile = tensor.tile.min(len - start) as f64;
                costs.of_tile(lowered, contributions, tile, tile / len as f64)
            })
        });
        let columns = schedule.stages.iter();
        let columns = columns.filter(|stage| stage.kind == StageKind::Columns);
        let levels = columns.map(|stage| {
            let bodies = stage
                .operations
                .iter()
                .map(|&o| &lowered.operations[o].body);
            let parts: Vec<_> = bodies
                .filter_map(|body| match body {
                    Body::Columns(operation) => Some(operation.parts()),
                    Body::Rows(_) => None,
                })
                .flatten()
                .collect();
            let work = parts.iter().map(|part| part.work).sum();
            let part = |part: &super::operation::ColumnPart| StagePart {
                time: costs.multiply_add * part.work as f64,
                bytes: 4.0 * part.read as f64,
            };
            ColumnLevel {
                parts: parts.iter().map(part).collect(),
                is_alone: !is_worth_a_phase(work),
            }
        });
        Work {
            costs,
            rows: lowered.batch,
            cutting: Cutting::of(lowered),
            panel_row,
            row,
            shared: shared as f64,
            tiles: tiles.collect(),
            levels: levels.collect(),
        }
    }

    /// The number of workers to use if there are `cores` cores.
    pub(super) fn workers(&self, cores: usize) -> usize {
        let times: Vec<f64> = (1..=cores.max(1)).map(|w| self.time(w)).collect();
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        let found = times.iter().position(|&time| time <= (1.0 + CLOSE) * least);
        1 + found.unwrap_or(0)
    }

    /// The time of a block of rows, without fetching.
    fn block(&self, rows: usize) -> f64 {
        self.panel_row * rows.next_multiple_of(PANEL) as f64 + self.row * rows as f64
    }

    /// The time that each worker needs to fetch the parameters, if `at_once` workers fetch at the same time.
    fn fetch_parameters(&self, workers: usize, at_once: usize) -> f64 {
        let from_others = 4.0 * self.shared * (workers - 1) as f64 / workers as f64;
        from_others * self.costs.byte.max(self.costs.shared_byte * at_once as f64)
    }

    /// The time of a part, including fetching from other workers.
    fn part(&self, part: &StagePart, workers: usize) -> f64 {
        let from_others = (workers - 1) as f64 / workers as f64;
        part.time + part.bytes * self.costs.byte * from_others
    }

    /// The time of a step with a number of workers.
    fn time(&self, workers: usize) -> f64 {
        let cut = self.cutting.cut(self.rows, workers);
        let busy = cut.count().min(workers);
        let block = self.block(self.rows.div_ceil(cut.count()));
        let blocks = (0..cut.count()).map(|_| block);
        let rows_phase =
            self.costs.of_phase(blocks, workers) + self.fetch_parameters(workers, busy);
        let tiles = self.tiles.iter().map(|part| self.part(part, workers));
        let levels = self.levels.iter().map(|ColumnLevel { parts, is_alone }| {
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
    /// The work of a tile: its numbers are a fraction of its tensor.
    fn of_tile(
        &self,
        lowered: &Lowered,
        contributions: &[Contribution],
        numbers: f64,
        fraction: f64,
    ) -> StagePart {
        let mut part = StagePart {
            time: self.parameter * numbers,
            bytes: 0.0,
        };
        for Contribution { operation, .. } in contributions {
            let depth = operation.depth().unwrap_or(lowered.batch);
            part.time += self.multiply_add * fraction * (depth * operation.work()) as f64;
            // Each tile reads the whole first buffer, but only its own columns of the others.
            for (index, buffer) in operation.uses().all().enumerate() {
                let width = match lowered.buffers[buffer].extent {
                    Extent::Rows { words } | Extent::Whole { words, .. } => words as f64,
                };
                let read = if index == 0 { width } else { fraction * width };
                part.bytes += 4.0 * depth as f64 * read;
            }
        }
        part
    }

    /// The time of a phase: each part, in order, goes to the worker that is free first.
    ///
    /// The sum divided by the number of workers would not show that 33 tiles take 32 workers as long as 64 tiles do.
    fn of_phase(&self, parts: impl Iterator<Item = f64>, workers: usize) -> f64 {
        let begin = |worker| match worker {
            // The calling thread does not wait until the others have begun.
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
