//! Runs of dense layers with nothing between them, worked out through their narrow end.
//!
//! Layers `W₁ … W_k` without activations between them are one affine map, of no higher rank than their narrow end
//! is wide. With `r` that width and `w` their widths, a row needs `Σ w w'` multiply-adds in each of the three
//! products of a step; through the narrow end it needs `r` times the wide end's width, and a batch `r Σ w w'` once
//! for each of three chains of products. For 784-128-64-32-16-8 and back that is a fifth of the arithmetic at 64 rows,
//! and a fifteenth at 1024.
//!
//! For a run that narrows (an encoder), with `x` the batch, `d` the gradient by the code and `1` a column of ones:
//!
//! ```text
//! outward   O_k = I,  O_(j-1) = O_j W_j                    [r, width], from the narrow end to the wide one
//! forward   code = x O_0ᵀ + Σ O_j b_j
//! inward    I_0 = dᵀ x,  I_j = I_(j-1) W_jᵀ + (dᵀ 1) b_jᵀ  [r, width], from the wide end to the narrow one
//! gradient  dW_j = O_jᵀ I_(j-1),  db_j = O_jᵀ (dᵀ 1)
//! ```
//!
//! and for one that widens (a decoder), with `z` the codes, `e` the gradient by the output, and the offsets as one more
//! row of each factor, so that `1̃` is 1 in that row and 0 in the others:
//!
//! ```text
//! outward   O_0 = I,  O_j = O_(j-1) W_jᵀ + 1̃ b_jᵀ          [r + 1, width]
//! forward   output = [z 1] O_k
//! centred   z̃ = [z - mean 1], and the offsets of each O_j become those at the mean
//! inward    I_k = z̃ᵀ e,  I_(j-1) = I_j W_j                 [r + 1, width]
//! gradient  dW_j = I_jᵀ O_(j-1),  db_j = I_jᵀ 1̃
//! ```
//!
//! These are the gradients of the layers as they are written, in another order of multiplication: the parameters
//! stay as many as they are, and Adam sees each of them. What lies between the layers is never formed. Each
//! factor is cut into columns among threads and no sum is, so that the bits do not depend on threads.

mod run;

pub(crate) use run::StepRows;

use super::{Network, Parameters};
use narrows_kernels::Isa;
use narrows_kernels::product::{Left, PANEL, Right, Start, product};
use narrows_kernels::reduce::{add_scaled, column_sums, dot};
use narrows_kernels::split::{ColumnBlock, ColumnCuts, RowBlock, Slabs};
use narrows_kernels::team::Team;
use run::{Run, Weights, by_rows};
use std::ops::Range;

/// The columns of a factor that a thread forms at a time, at the most.
const COLUMNS: usize = 8 * PANEL;

/// Multiply-adds of a level of a chain that are not worth waking other threads for.
const ALONE: usize = 100_000;

/// Multiply-adds that have to be saved, beyond one half of them, to be worth more phases.
const WORTH: usize = 500_000;

/// Multiply-adds that are but a moment: a fraction of a second.
const MOMENT: usize = 1 << 30;

/// How much of a gradient is formed before the optimiser applies it: as it takes little longer to form than to
/// read, it should not leave the first-level cache in between.
const PART: usize = 6144;

/// The rows of weights of such a part: a multiple of this, which is one of a product's tile too.
const ROWS: usize = 12;

/// A team, what belongs to each of its threads, and where layers find their memory in that.
type Threads<'a, S> = (&'a mut Team, &'a mut [S], fn(&mut S) -> &mut [f32]);

/// The runs of a network that are folded, and their factors.
pub(crate) struct Folding {
    runs: Vec<Run>,
    /// For each layer its run.
    of_layer: Vec<Option<usize>>,
    /// The widths of the network, for which alone the factors are right.
    widths: Vec<usize>,
    factors: Slabs,
    outward: Vec<Level>,
    inward: Vec<Level>,
    /// Whether the factors outward are those of the parameters as they stand.
    is_current: bool,
}

/// Columns of factors that may be formed at the same time.
struct Level {
    tasks: Vec<Task>,
    cuts: ColumnCuts,
}

/// Some columns of a factor.
struct Task {
    run: usize,
    from: Origin,
    /// In multiply-adds.
    work: usize,
}

/// What a factor is made of.
#[derive(Clone, Copy)]
enum Origin {
    /// The rows of the batch.
    Rows,
    /// Another factor, and the layer between the two.
    Factor { slab: usize, layer: usize },
}

impl Level {
    /// The given factors of runs, with what each is made of, in columns; a factor from rows takes `batch` of them.
    fn new(
        factors: impl Iterator<Item = (usize, usize, Origin)>,
        runs: &[Run],
        widths: &[usize],
        batch: usize,
    ) -> Level {
        let (mut tasks, mut places) = (Vec::new(), Vec::new());
        for (run, slab, from) in factors {
            let depth = match from {
                Origin::Rows => batch,
                Origin::Factor { slab, .. } => widths[slab],
            };
            // Nearly equal ones.
            let count = widths[slab].div_ceil(COLUMNS);
            let each = widths[slab].div_ceil(count).next_multiple_of(PANEL);
            for start in (0..widths[slab]).step_by(each) {
                let columns = start..(start + each).min(widths[slab]);
                tasks.push(Task {
                    run,
                    from,
                    work: runs[run].height * columns.len() * depth,
                });
                places.push((slab, columns));
            }
        }
        Level {
            tasks,
            cuts: ColumnCuts::new(&places),
        }
    }

    fn is_worth_a_phase(&self) -> bool {
        self.tasks.iter().map(|task| task.work).sum::<usize>() > ALONE
    }
}

impl Folding {
    /// Folds what is worth it at steps of `batch` rows, of the layers from `first` on ([`folded_at_steps`]). `widths`
    /// are those of the step's slabs, with the gradients from `gradients` on: what is not formed becomes 0 wide, and
    /// what is needed beside is added.
    pub(crate) fn for_steps(
        network: &Network,
        first: usize,
        batch: usize,
        (widths, gradients): (&mut Vec<usize>, usize),
    ) -> Folding {
        let runs = folded_at_steps(network, first, batch);
        let mut folding = Folding::of(network, runs, Some(batch));
        for run in &mut folding.runs {
            for inner in run.layers.start + 1..run.layers.end {
                widths[inner] = 0;
                widths[gradients + inner] = 0;
            }
            if run.widens {
                run.extended = widths.len();
                widths.push(run.height);
            }
        }
        folding
    }

    /// Folds what is worth it where parameters stand still and rows are many, and what takes but a moment.
    pub(super) fn for_rows(network: &Network, parameters: &Parameters) -> Folding {
        let runs = folded_at_rows(network);
        let mut folding = Folding::of(network, runs, None);
        let mut scratch = [vec![0.0; folding.scratch()]];
        let of: fn(&mut Vec<f32>) -> &mut [f32] = |scratch| scratch;
        let team = (&mut Team::new(1), &mut scratch[..], of);
        folding.fold(team, Isa::best(), network, parameters);
        folding
    }

    /// Folds these runs, for steps of so many rows; without steps there is nothing inward.
    fn of(network: &Network, runs: Vec<Range<usize>>, batch: Option<usize>) -> Folding {
        let mut of_layer = vec![None; network.layers().len()];
        let mut widths = Vec::new();
        let run = |(index, layers): (usize, Range<usize>)| {
            of_layer[layers.clone()].fill(Some(index));
            Run::new(network, layers, batch.is_some(), &mut widths)
        };
        let runs: Vec<Run> = runs.into_iter().enumerate().map(run).collect();
        let height = runs.iter().map(|run| run.height).max().unwrap_or(0);
        let mut factors = Slabs::new(&widths, height);
        for run in &runs {
            let identity = factors.rows_mut(run.outward, run.rank);
            for (index, row) in identity.chunks_exact_mut(run.rank).enumerate() {
                row[index] = 1.0;
            }
        }
        let longest = runs.iter().map(|run| run.layers.len()).max().unwrap_or(0);
        let level = |of_run: &dyn Fn(&Run, usize) -> (usize, Origin), number| {
            let all = runs.iter().enumerate();
            let long = all.filter(|(_, run)| number < run.layers.len());
            let factors = long.map(|(index, run)| {
                let (slab, from) = of_run(run, number);
                (index, slab, from)
            });
            Level::new(factors, &runs, &widths, batch.unwrap_or(0))
        };
        let inwards = if batch.is_some() { longest } else { 0 };
        let outward = |run: &Run, number| {
            let (slab, layer) = (run.outward + number, run.layer(number));
            (slab + 1, Origin::Factor { slab, layer })
        };
        let inward = |run: &Run, number| {
            let distance = run.layers.len() - number;
            let slab = run.inward + distance;
            let from = match number {
                0 => Origin::Rows,
                _ => Origin::Factor {
                    slab,
                    layer: run.layer(distance),
                },
            };
            (slab - 1, from)
        };
        Folding {
            outward: (0..longest).map(|number| level(&outward, number)).collect(),
            inward: (0..inwards).map(|number| level(&inward, number)).collect(),
            factors,
            of_layer,
            widths: network.widths(network.layers()),
            runs,
            is_current: false,
        }
    }

    /// Whether [`Folding::for_rows`] would fold another network in the same way: one of the same widths, with
    /// activations at the same places.
    pub(super) fn is_of(&self, network: &Network) -> bool {
        let runs = self.runs.iter().map(|run| &run.layers);
        self.widths == network.widths(network.layers()) && runs.eq(&folded_at_rows(network))
    }

    /// Tells that the parameters have changed, other than after [`Folding::gather`].
    pub(crate) fn outdate(&mut self) {
        self.is_current = false;
    }

    /// Whether there is nothing that is folded.
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// How many numbers the factors hold.
    pub(crate) fn numbers(&self) -> usize {
        self.factors.numbers()
    }

    /// How many numbers of scratch memory a thread needs.
    pub(crate) fn scratch(&self) -> usize {
        let heights = self.runs.iter().map(|run| run.height);
        2 * COLUMNS * heights.max().unwrap_or(0)
    }

    /// The layers of the run that a layer belongs to, if it is folded.
    pub(crate) fn run_of(&self, layer: usize) -> Option<Range<usize>> {
        self.of_layer[layer].map(|run| self.runs[run].layers.clone())
    }

    /// How many multiply-adds a row of a batch needs in the folded run of a layer, each way.
    pub(crate) fn work_of_row(&self, layer: usize) -> Option<usize> {
        self.of_layer[layer].map(|run| self.runs[run].rank * self.runs[run].wide)
    }

    /// The rows of the factors on both sides of a layer, if it is folded.
    pub(crate) fn height(&self, layer: usize) -> Option<usize> {
        self.of_layer[layer].map(|run| self.runs[run].height)
    }

    /// The levels of both chains one after the other: of each part the multiply-adds and how many numbers it reads, and
    /// whether one thread does all of them alone.
    pub(crate) fn levels(
        &self,
    ) -> impl Iterator<Item = (impl Iterator<Item = (usize, usize)>, bool)> {
        let levels = self.outward.iter().chain(&self.inward);
        levels.map(|level| {
            let tasks = level.tasks.iter();
            // A number is met by each row of the factor.
            let parts = tasks.map(|task| (task.work, task.work / self.runs[task.run].height));
            (parts, !level.is_worth_a_phase())
        })
    }

    /// Forms the factors outward from the parameters, unless they are those of the parameters already.
    pub(crate) fn fold<S: Send>(
        &mut self,
        (team, scratch, of): Threads<'_, S>,
        isa: Isa,
        network: &Network,
        parameters: &Parameters,
    ) {
        if std::mem::replace(&mut self.is_current, true) {
            return;
        }
        for run in self.runs.iter().filter(|run| run.widens) {
            let first = self.factors.rows_mut(run.outward, run.height);
            first[run.rank * run.rank..].fill(0.0);
        }
        let runs = &self.runs;
        for level in &self.outward {
            let each = |scratch: &mut S, index: usize, mut block: ColumnBlock<'_>| {
                let Task { run, from, .. } = level.tasks[index];
                let run = &runs[run];
                if let Origin::Factor { slab, layer } = from {
                    let weights = Weights::of(network, parameters, layer);
                    run.link(isa, weights, (slab, run.widens), &mut block, of(scratch));
                }
            };
            let split = self.factors.split_columns(&level.cuts);
            match level.is_worth_a_phase() {
                true => team.run(scratch, split, each),
                false => team.run_alone(scratch, split, each),
            }
        }
        for run in self.runs.iter_mut().filter(|run| !run.widens) {
            run.offsets.fill(0.0);
            for layer in run.layers.clone() {
                let Weights { bias, outputs, .. } = Weights::of(network, parameters, layer);
                let (factor, _) = run.sides(layer);
                let rows = self.factors.rows(factor, run.rank).chunks_exact(outputs);
                for (offset, row) in run.offsets.iter_mut().zip(rows) {
                    *offset += bias.map_or(0.0, |bias| dot(isa, row, bias));
                }
            }
        }
    }

    /// Forms the factors inward, from the rows of a batch and the gradients by them, for the gradients by the
    /// parameters; those outward are then to be formed again.
    pub(crate) fn gather<S: Send>(
        &mut self,
        (team, scratch, of): Threads<'_, S>,
        isa: Isa,
        (network, parameters): (&Network, &Parameters),
        mut rows: StepRows<'_>,
    ) {
        self.is_current = false;
        for run in &mut self.runs {
            if run.widens {
                run.center(isa, &mut self.factors, &mut rows);
            } else {
                let codes = rows.slabs.rows(rows.gradients + run.layers.end, rows.count);
                column_sums(isa, codes, &mut run.shares);
            }
        }
        let (runs, rows) = (&self.runs, &rows);
        for level in &self.inward {
            let each = |scratch: &mut S, index: usize, mut block: ColumnBlock<'_>| {
                let Task { run, from, .. } = level.tasks[index];
                let (run, scratch) = (&runs[run], of(scratch));
                match from {
                    Origin::Rows => run.collect(isa, rows, &mut block, scratch),
                    Origin::Factor { slab, layer } => {
                        let weights = Weights::of(network, parameters, layer);
                        run.link(isa, weights, (slab, !run.widens), &mut block, scratch);
                    }
                }
            };
            let split = self.factors.split_columns(&level.cuts);
            match level.is_worth_a_phase() {
                true => team.run(scratch, split, each),
                false => team.run_alone(scratch, split, each),
            }
        }
    }

    /// The run that begins at a layer: `y` of its outputs from `x` of its inputs.
    pub(crate) fn forward(&self, isa: Isa, layer: usize, x: &[f32], y: &mut [f32]) {
        let Some(run) = self.of_layer[layer].map(|run| &self.runs[run]) else {
            return;
        };
        let whole = self.factors.rows(run.whole(), run.height);
        let (factor, rest) = whole.split_at(run.rank * run.wide);
        let (inputs, outputs, factor, offsets) = match run.widens {
            true => (run.rank, run.wide, Right::row_major(factor, run.wide), rest),
            false => {
                let factor = Right::transpose_of(factor, run.wide);
                (run.wide, run.rank, factor, &run.offsets[..])
            }
        };
        let shape = (x.len() / inputs, outputs, inputs);
        let start = Start::Bias(offsets);
        product(isa, shape, by_rows(x, inputs), factor, start, y, outputs);
    }

    /// Keeps of a block of the step's rows what the gradients of the run that begins at a layer need beside.
    pub(crate) fn keep(&self, layer: usize, block: &mut RowBlock<'_>) {
        let run = self.of_layer[layer].map(|run| &self.runs[run]);
        let Some(run) = run.filter(|run| run.widens) else {
            return;
        };
        let ([x], extended) = block.read_write([run.layers.start], run.extended);
        let from = x.chunks_exact(run.rank);
        for (from, to) in from.zip(extended.chunks_exact_mut(run.height)) {
            to[..run.rank].copy_from_slice(from);
            to[run.rank] = 1.0;
        }
    }

    /// The gradient by the input of the run that begins at a layer, from that by its output.
    pub(crate) fn backward(
        &self,
        isa: Isa,
        layer: usize,
        gradients: usize,
        block: &mut RowBlock<'_>,
    ) {
        let Some(run) = self.of_layer[layer].map(|run| &self.runs[run]) else {
            return;
        };
        let rows = block.rows().len();
        let whole = self.factors.rows(run.whole(), run.rank);
        let Range { start, end } = run.layers;
        let ([dy], dx) = block.read_write([gradients + end], gradients + start);
        let (inputs, outputs, whole) = match run.widens {
            true => (run.rank, run.wide, Right::transpose_of(whole, run.wide)),
            false => (run.wide, run.rank, Right::row_major(whole, run.wide)),
        };
        let shape = (rows, inputs, outputs);
        product(
            isa,
            shape,
            by_rows(dy, outputs),
            whole,
            Start::Zero,
            dx,
            inputs,
        );
    }

    /// How many numbers of a tile's gradient to form at a time, if its layer is folded.
    pub(crate) fn part(&self, network: &Network, tile: usize) -> Option<usize> {
        let (layer, _, place) = network.tile(tile);
        self.of_layer[layer]?;
        let inputs = network.layer(layer).inputs();
        Some(
            match place.start < inputs * network.layer(layer).outputs() {
                true => (PART / inputs).max(1).next_multiple_of(ROWS) * inputs,
                false => place.len(),
            },
        )
    }

    /// The gradient by some parameters of a folded layer: whole rows of its weights, or its bias; `start` is the
    /// place of the first.
    pub(crate) fn gradient(
        &self,
        isa: Isa,
        network: &Network,
        (layer, start): (usize, usize),
        gradient: &mut [f32],
    ) {
        let Some(run) = self.of_layer[layer].map(|run| &self.runs[run]) else {
            return;
        };
        let (inputs, outputs) = (
            network.layer(layer).inputs(),
            network.layer(layer).outputs(),
        );
        let (left, right) = run.sides(layer);
        let left = self.factors.rows(left, run.height);
        if start == inputs * outputs {
            gradient.fill(0.0);
            for (&share, row) in run.shares.iter().zip(left.chunks_exact(outputs)) {
                add_scaled(isa, gradient, share, row);
            }
            return;
        }
        let left = Left {
            data: &left[start / inputs..],
            row: 1,
            column: outputs,
        };
        let right = Right::row_major(self.factors.rows(right, run.height), inputs);
        let shape = (gradient.len() / inputs, inputs, run.height);
        product(isa, shape, left, right, Start::Zero, gradient, inputs);
    }
}

/// The runs that are worth folding where parameters stand still.
fn folded_at_rows(network: &Network) -> Vec<Range<usize>> {
    choose(network, 0, |weights, rank, wide, _| {
        weights >= 2 * rank * wide && weights.saturating_mul(rank) <= MOMENT
    })
}

/// The runs that are worth folding at steps of `batch` rows, of the layers from `first` on.
pub(crate) fn folded_at_steps(network: &Network, first: usize, batch: usize) -> Vec<Range<usize>> {
    choose(network, first, |weights, rank, wide, is_first| {
        let passes = if is_first { 2 } else { 3 };
        let plain = batch.saturating_mul(passes * weights);
        let folded = batch.saturating_mul(passes * rank * wide) + 3 * (rank + 1) * weights;
        plain >= folded.saturating_mul(2).saturating_add(WORTH)
    })
}

/// The runs of dense layers from `first` on that `is_worth_it` says are, by their weights, their narrow and their wide
/// end, and whether they are the first layers.
fn choose(
    network: &Network,
    first: usize,
    is_worth_it: impl Fn(usize, usize, usize, bool) -> bool,
) -> Vec<Range<usize>> {
    let sides = [network.encoder(), network.decoder()].into_iter();
    let runs = sides.flat_map(|side| dense_runs(network, first.max(side.start)..side.end));
    let is_chosen = |layers: &Range<usize>| {
        let widths = network.widths(layers.clone());
        let weights = widths.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let ends = (widths[0], widths[layers.len()]);
        let (rank, wide) = (ends.0.min(ends.1), ends.0.max(ends.1));
        layers.len() > 1 && is_worth_it(weights, rank, wide, layers.start == 0)
    };
    runs.filter(is_chosen).collect()
}

/// The runs of dense layers among those of a range.
fn dense_runs(network: &Network, layers: Range<usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for layer in layers {
        let is_dense = network.layer(layer).as_dense().is_some();
        match runs.last_mut() {
            _ if !is_dense => (),
            Some(run) if run.end == layer => run.end += 1,
            _ => runs.push(layer..layer + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests;
