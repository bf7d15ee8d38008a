//! A program that is ready to run: stages with their tables, the arena, and the split of rows.

use super::buffer::{Buffer, BufferInfo, Element, Extent};
use super::builder::Builder;
use super::emit::lower;
use super::layout::{Layout, layout};
use super::loss::{Loss, LossValue};
use super::lower::{Body, Lowered};
use super::operation::TileOperation;
use super::profile::Part;
use super::schedule::{Schedule, StageKind, schedule};
use super::state::State;
use super::tensor::Tensor;
use super::value::{Mode, Var};
use super::workers::{Cutting, Work, is_worth_a_phase};
use crate::error::Result;
use narrows_kernels::memory::{Arena, PartPlaces, Place, RowPlaces};
use narrows_kernels::split::Bounds;
use std::ops::Range;

/// A tile of parameters: a part of a tensor that one thread changes at a time.
#[derive(Clone, Debug)]
pub(crate) struct TilePlace {
    pub(crate) tensor: usize,
    /// The range of the tensor's numbers.
    pub(crate) place: Range<usize>,
}

/// The options of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// The most rows of a batch.
    pub(crate) batch: usize,
    /// The number of threads; 0 means as many as a step has work for, at most `cores`.
    pub(crate) threads: usize,
    /// The number of threads to choose from.
    pub(crate) cores: usize,
}

/// A stage that is ready to run.
pub(crate) enum Ready {
    /// The operations by their number, on blocks of rows.
    Rows {
        operations: Vec<usize>,
        places: RowPlaces,
    },
    /// For each part its operation, and its index there.
    Columns {
        parts: Vec<(usize, usize)>,
        places: PartPlaces,
        is_alone: bool,
    },
}

/// A program: operations in stages, with a place for every buffer.
pub struct Program {
    pub(crate) lowered: Lowered,
    pub(crate) schedule: Schedule,
    pub(crate) layout: Layout,
    pub(crate) tensors: Vec<Tensor>,
    states: Vec<State>,
    pub(crate) stages: Vec<Ready>,
    pub(crate) tiles: Vec<TilePlace>,
    /// The bounds of tiles among all parameters.
    pub(crate) tile_bounds: Bounds,
    pub(crate) arena: Arena,
    pub(crate) cuts: Cuts,
    /// Whether the results of the prologue belong to the present parameters.
    pub(crate) is_prologue_current: bool,
}

/// The sizes of the memory that each thread needs for a program, in numbers of 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ThreadSizes {
    /// For blocks of rows.
    pub(crate) local: usize,
    /// For single operations.
    pub(crate) scratch: usize,
    /// For the gradient of a tile.
    pub(crate) gradient: usize,
}

impl ThreadSizes {
    /// Sizes that are enough for both.
    pub(crate) fn max(self, other: ThreadSizes) -> ThreadSizes {
        ThreadSizes {
            local: self.local.max(other.local),
            scratch: self.scratch.max(other.scratch),
            gradient: self.gradient.max(other.gradient),
        }
    }

    pub(crate) fn numbers(self) -> usize {
        self.local + self.scratch + self.gradient
    }
}

/// A fully planned program, for which no memory was allocated yet.
pub(crate) struct Plan {
    pub(crate) lowered: Lowered,
    pub(crate) schedule: Schedule,
    pub(crate) layout: Layout,
    pub(crate) tensors: Vec<Tensor>,
    states: Vec<State>,
    pub(crate) threads: usize,
    cutting: Cutting,
}

impl Plan {
    /// Plans the program of a graph.
    ///
    /// # Errors
    ///
    /// If an operation does not fit at its place.
    pub(crate) fn new(graph: &Builder, options: Options) -> Result<Plan> {
        let lowered = lower(graph, options.batch)?;
        let schedule = schedule(&lowered)?;
        let tensors = graph.tensors.clone();
        let threads = match options.threads {
            0 => Work::of(&lowered, &schedule, &tensors).workers(options.cores),
            threads => threads,
        };
        let cutting = Cutting::of(&lowered);
        let layout = layout(&lowered, &schedule);
        Ok(Plan {
            lowered,
            schedule,
            layout,
            tensors,
            states: graph.states.clone(),
            threads,
            cutting,
        })
    }

    /// The number of threads.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// The names of the losses that it reports, in order.
    pub(crate) fn losses(&self) -> impl Iterator<Item = &str> {
        self.lowered.losses.iter().map(|loss| &loss.name[..])
    }

    /// Whether one of them is the reconstruction loss or a part of it.
    pub(crate) fn has_reconstruction(&self) -> bool {
        self.lowered.losses.iter().any(Loss::is_reconstruction)
    }

    /// The size of the arena, in numbers.
    pub(crate) fn arena(&self) -> usize {
        self.layout.arena
    }

    /// The memory of each thread, for a number of threads.
    pub(crate) fn thread_sizes(&self, threads: usize) -> ThreadSizes {
        let block = self.cutting.largest(self.lowered.batch, threads);
        thread_sizes(&self.lowered, &self.layout, &self.tensors, block)
    }

    /// Keeps every value of the graph until the batch is done, so that all values can be read.
    pub(crate) fn keep_all(&mut self) {
        let values = self.lowered.of_values.iter().flatten();
        self.lowered.kept = values.map(|buffer| buffer.index()).collect();
        self.layout = layout(&self.lowered, &self.schedule);
    }

    /// The program with its memory; `threads` is the number of threads that exist.
    pub(crate) fn program(self, threads: usize) -> Program {
        let Plan {
            lowered,
            schedule,
            layout,
            tensors,
            states,
            cutting,
            ..
        } = self;
        let mut arena = Arena::new(layout.arena, lowered.batch);
        for (info, &place) in lowered.buffers.iter().zip(&layout.places) {
            if let Some(numbers) = info.constant.as_ref().filter(|_| place != Place::Absent) {
                arena.write(place, 0).copy_from_slice(numbers);
            }
        }
        let stages = (0..schedule.stages.len())
            .map(|stage| ready(&lowered, &schedule, &layout, stage))
            .collect();
        let (tiles, tile_bounds) = tiles(&tensors);
        Program {
            lowered,
            schedule,
            layout,
            tensors,
            states,
            stages,
            tiles,
            tile_bounds,
            arena,
            cuts: Cuts {
                cutting,
                threads,
                known: Vec::new(),
            },
            is_prologue_current: false,
        }
    }
}

/// The memory that a thread needs for blocks of up to a number of rows.
fn thread_sizes(
    lowered: &Lowered,
    layout: &Layout,
    tensors: &[Tensor],
    block: usize,
) -> ThreadSizes {
    let of_operations = lowered.operations.iter().map(|placed| match &placed.body {
        Body::Rows(operation) => operation.scratch(),
        Body::Columns(operation) => operation.scratch(),
    });
    let tiles = lowered.tiles.iter().flatten();
    let of_tiles = tiles.map(|contribution| contribution.operation.scratch());
    let largest = tensors.iter().map(|t| t.tile.min(t.range.len()));
    ThreadSizes {
        local: layout.local * block,
        scratch: of_operations.chain(of_tiles).max().unwrap_or(0),
        gradient: match lowered.mode {
            Mode::Training => largest.max().unwrap_or(0),
            Mode::Validation | Mode::Inference => 0,
        },
    }
}

/// The tiles of tensors, and their bounds among all parameters.
pub(crate) fn tiles(tensors: &[Tensor]) -> (Vec<TilePlace>, Bounds) {
    let (mut tiles, mut bounds) = (Vec::new(), vec![0]);
    for (index, tensor) in tensors.iter().enumerate() {
        let len = tensor.range.len();
        for start in (0..len).step_by(tensor.tile.max(1)) {
            let place = start..(start + tensor.tile).min(len);
            bounds.push(tensor.range.start + place.end);
            tiles.push(TilePlace {
                tensor: index,
                place,
            });
        }
    }
    (tiles, Bounds::new(bounds))
}

/// The table of a stage: the buffers that its operations use.
fn ready(lowered: &Lowered, schedule: &Schedule, layout: &Layout, stage: usize) -> Ready {
    let stage = &schedule.stages[stage];
    let mut places = vec![Place::Absent; layout.places.len()];
    for &operation in &stage.operations {
        for buffer in lowered.operations[operation].uses.all() {
            places[buffer] = layout.places[buffer];
        }
    }
    match stage.kind {
        StageKind::Rows => Ready::Rows {
            operations: stage.operations.clone(),
            places: RowPlaces::new(places, lowered.batch, layout.arena),
        },
        StageKind::Columns => {
            let (mut parts, mut rects, mut work) = (Vec::new(), Vec::new(), 0);
            for &operation in &stage.operations {
                if let Body::Columns(columns) = &lowered.operations[operation].body {
                    for (number, part) in columns.parts().into_iter().enumerate() {
                        parts.push((operation, number));
                        rects.push(part.writes);
                        work += part.work;
                    }
                }
            }
            Ready::Columns {
                parts,
                places: PartPlaces::new(places, lowered.batch, layout.arena, rects),
                is_alone: !is_worth_a_phase(work),
            }
        }
    }
}

impl Program {
    /// The most rows of a batch.
    pub(crate) fn batch(&self) -> usize {
        self.lowered.batch
    }

    /// The losses that it reports, in order.
    pub(crate) fn losses(&self) -> &[Loss] {
        &self.lowered.losses
    }

    /// The multiply-adds of a row in the products of a part of a step. Gradients from factors and penalties are not
    /// counted.
    pub(crate) fn work_of(&self, part: Part) -> usize {
        if part == Part::Penalties {
            // The number of probes that pass depends on the rows, and so does the cost of their products.
            return 0;
        }
        if part == Part::Gradients {
            let tiles = self.lowered.tiles.iter().flatten();
            let is_of_part =
                |operation: &dyn TileOperation| operation.part() == part && operation.work() > 0;
            let of_part = || tiles.clone().filter(|tile| is_of_part(&*tile.operation));
            let is_of_rows = of_part().all(|tile| tile.operation.depth().is_none());
            return of_part().map(|tile| tile.operation.work()).sum::<usize>()
                * usize::from(is_of_rows);
        }
        let bodies = self.lowered.operations.iter().map(|placed| &placed.body);
        let work = |body: &Body| match body {
            Body::Rows(operation) if operation.part() == part => operation.cost().multiply_adds(),
            _ => 0,
        };
        bodies.map(work).sum()
    }

    /// The unweighted value of a loss on the last batch, which had a number of rows.
    pub(crate) fn loss(&self, loss: &Loss, rows: usize) -> f64 {
        let numbers = self.arena.read(self.layout.places[loss.buffer], rows);
        match &loss.value {
            LossValue::Mean(mean) => {
                // In order, so that the sum does not depend on the split.
                let sum: f64 = numbers.iter().map(|&number| f64::from(number)).sum();
                sum / mean.divisor(rows)
            }
            LossValue::Coupled(coupled) => coupled.value(f64::view(numbers), rows),
        }
    }

    /// The sums over rows of a batch from which a coupled loss is computed.
    pub(crate) fn sums(&self, loss: &Loss) -> &[f64] {
        f64::view(self.arena.read(self.layout.places[loss.buffer], 0))
    }

    /// The rows of a value of the graph after a batch, if its buffer can be read.
    pub(crate) fn value(&self, var: Var, rows: usize) -> Option<&[f32]> {
        let buffer = self.buffer_of(var)?.index();
        match self.layout.places[buffer] {
            place @ Place::Batch { .. } => Some(self.arena.read(place, rows)),
            _ => None,
        }
    }

    /// The buffer of a value.
    pub(crate) fn buffer_of(&self, var: Var) -> Option<Buffer> {
        *self.lowered.of_values.get(var.index())?
    }

    /// The index of the cut for `rows` rows; a cut that was not planned is planned now.
    pub(crate) fn cut(&mut self, rows: usize) -> usize {
        self.cuts.find(rows)
    }

    /// Whether the prologue stays valid while the parameters are unchanged: in training, later stages use its memory.
    pub(crate) fn keeps_prologue(&self) -> bool {
        self.lowered.mode != Mode::Training
    }

    /// The memory that a thread needs for blocks of up to a number of rows.
    pub(crate) fn row_sizes(&self, block: usize) -> ThreadSizes {
        thread_sizes(&self.lowered, &self.layout, &self.tensors, block)
    }

    /// Whether it has, besides its prologue, only one stage of rows in the threads' own memory.
    pub(crate) fn is_of_rows_alone(&self) -> bool {
        let main = &self.schedule.stages[self.schedule.prologue..];
        let is_batch = |place: &Place| matches!(place, Place::Batch { .. });
        main.len() == 1
            && main[0].kind == StageKind::Rows
            && !self.layout.places.iter().any(is_batch)
    }

    /// Whether the cost of its products is per whole panel of rows.
    pub(crate) fn works_in_panels(&self) -> bool {
        self.cuts.cutting.is_of_panels()
    }

    /// The number of values of all buffers of a row.
    pub(crate) fn row_numbers(&self) -> usize {
        let extents = self.lowered.buffers.iter().map(|buffer| buffer.extent);
        extents
            .map(|extent| match extent {
                Extent::Rows { words } => words,
                Extent::Whole { .. } => 0,
            })
            .sum()
    }

    /// Copies the program's states to `into`, which has the numbers of all states.
    pub(crate) fn read_states(&self, into: &mut [f32]) {
        for (info, &place) in self.lowered.buffers.iter().zip(&self.layout.places) {
            if let Some(range) = range_of(info, place, &self.states) {
                into[range].copy_from_slice(self.arena.read(place, 0));
            }
        }
    }

    /// Sets the program's states from `from`, which has the numbers of all states.
    pub(crate) fn write_states(&mut self, from: &[f32]) {
        for (info, &place) in self.lowered.buffers.iter().zip(&self.layout.places) {
            if let Some(range) = range_of(info, place, &self.states) {
                self.arena.write(place, 0).copy_from_slice(&from[range]);
            }
        }
        self.outdate();
    }

    /// Declares that parameters or states have changed.
    pub(crate) fn outdate(&mut self) {
        self.is_prologue_current = false;
    }
}

/// The range of a buffer among the numbers of all states, if it holds a state and is used.
fn range_of(info: &BufferInfo, place: Place, states: &[State]) -> Option<Range<usize>> {
    let state = states.get(info.state?)?;
    (place != Place::Absent).then(|| state.range.clone())
}

/// The splits of batches of different sizes into blocks: the usual size, and an epoch's last batch.
pub(crate) struct Cuts {
    cutting: Cutting,
    threads: usize,
    known: Vec<(usize, Bounds)>,
}

impl Cuts {
    fn find(&mut self, rows: usize) -> usize {
        if let Some(known) = self.known.iter().position(|(size, _)| *size == rows) {
            return known;
        }
        let bounds = self.cutting.cut(rows, self.threads);
        self.known.push((rows, bounds));
        self.known.len() - 1
    }

    /// The blocks of one of the cuts.
    pub(crate) fn blocks(&self, cut: usize) -> &Bounds {
        &self.known[cut].1
    }

    /// The blocks of the last batch, which had a number of rows.
    pub(crate) fn of(&self, rows: usize) -> Option<&Bounds> {
        let known = self.known.iter().find(|(size, _)| *size == rows);
        known.map(|(_, bounds)| bounds)
    }
}
