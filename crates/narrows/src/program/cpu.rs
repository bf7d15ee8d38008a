//! Runs programs on the CPU: a team of threads, each with its own memory.

use super::context::{Batch, ColumnContext, Input, RowBuffers, RowContext, Tensors, TileContext};
use super::lower::Body;
use super::plan::{Program, Ready, ThreadSizes};
use super::profile::{Part, Profile, Record, Stopwatch};
use narrows_kernels::memory::{Arena, PartPlaces, RowPlaces};
use narrows_kernels::split::{Bounds, Split};
use narrows_kernels::team::Team;
use narrows_kernels::{Aligned, Isa, product};
use std::ops::Range;

/// Threads that run programs, and the record of their time.
pub struct Cpu {
    team: Team,
    threads: Vec<Own>,
    isa: Isa,
    /// The record of the calling thread.
    pub(crate) record: Record,
    /// The number of values that products keep for each thread.
    kept: usize,
}

/// The data of one thread.
struct Own {
    local: Aligned,
    scratch: Aligned,
    gradient: Aligned,
    watch: Stopwatch,
}

/// The data that all operations of a stage read in addition to buffers.
#[derive(Clone, Copy)]
struct Common<'a> {
    tensors: Tensors<'a>,
    batch: Batch<'a>,
    /// How the rows are split.
    blocks: &'a Bounds,
}

/// The counts before a pause.
pub(crate) struct Paused {
    record: Record,
    watches: Vec<Stopwatch>,
}

/// A computed piece of the gradient of a tile.
pub(crate) struct Piece<'a> {
    /// Its place in the tile.
    pub(crate) place: Range<usize>,
    pub(crate) gradient: &'a mut [f32],
}

impl Cpu {
    /// Threads with memory of these sizes.
    pub(crate) fn new(threads: usize, isa: Isa) -> Cpu {
        let mut team = Team::new(threads);
        let kept = product::prepare(isa);
        team.on_each(|| {
            product::prepare(isa);
        });
        Cpu {
            team,
            threads: Vec::new(),
            isa,
            record: Record::default(),
            kept,
        }
    }

    /// Gives each thread memory of these sizes.
    pub(crate) fn with_memory(mut self, sizes: ThreadSizes) -> Cpu {
        let own = |_| Own {
            local: Aligned::zeros(sizes.local),
            scratch: Aligned::zeros(sizes.scratch),
            gradient: Aligned::zeros(sizes.gradient),
            watch: Stopwatch::default(),
        };
        self.threads = (0..self.team.threads()).map(own).collect();
        self
    }

    /// The number of threads; it is smaller than requested if the system refused some.
    pub(crate) fn threads(&self) -> usize {
        self.team.threads()
    }

    /// The instruction set.
    pub(crate) fn isa(&self) -> Isa {
        self.isa
    }

    /// The number of values in the private memory of the threads.
    pub(crate) fn numbers(&self) -> usize {
        let own = |own: &Own| own.local.len() + own.scratch.len() + own.gradient.len();
        self.threads.iter().map(own).sum::<usize>() + self.threads() * self.kept
    }

    /// Starts to measure time.
    pub(crate) fn start_profile(&mut self) {
        let (record, watch) = Record::running();
        self.record = record;
        for own in &mut self.threads {
            own.watch = watch.clone();
        }
    }

    /// The time of the parts since [`Cpu::start_profile`]; `work` returns the multiply-adds of a row in the products of
    /// a part.
    pub(crate) fn profile(&self, work: impl Fn(Part) -> usize) -> Option<Profile> {
        let watches = self.threads.iter().map(|own| &own.watch);
        self.record.profile(watches, work)
    }

    /// Stops measuring until [`Cpu::resume_profile`].
    pub(crate) fn pause_profile(&mut self) -> Paused {
        let stop = |own: &mut Own| std::mem::take(&mut own.watch);
        Paused {
            record: std::mem::take(&mut self.record),
            watches: self.threads.iter_mut().map(stop).collect(),
        }
    }

    /// Resumes measuring.
    pub(crate) fn resume_profile(&mut self, paused: Paused) {
        self.record = paused.record;
        for (own, watch) in self.threads.iter_mut().zip(paused.watches) {
            own.watch = watch;
        }
    }

    /// Runs a program's stages, except the stage of the tiles, on a batch.
    ///
    /// # Panics
    ///
    /// If the batch has no rows, or more than planned.
    pub(crate) fn run(&mut self, program: &mut Program, parameters: &[f32], batch: Batch<'_>) {
        let rows = batch.rows();
        assert!(rows > 0 && rows <= program.batch(), "rows as planned");
        let cut = program.cut(rows);
        let first = if program.is_prologue_current {
            program.schedule.prologue
        } else {
            0
        };
        for stage in first..program.stages.len() {
            self.run_stage(program, stage, parameters, batch, cut);
        }
        program.is_prologue_current = program.keeps_prologue();
    }

    /// Runs the operations that depend only on the parameters.
    pub(crate) fn run_prologue(&mut self, program: &mut Program, parameters: &[f32]) {
        let batch = Batch {
            input: &Nothing,
            samples: &[],
            epoch: 0,
        };
        let cut = program.cut(0);
        for stage in 0..program.schedule.prologue {
            self.run_stage(program, stage, parameters, batch, cut);
        }
        program.is_prologue_current = program.keeps_prologue();
    }

    fn run_stage(
        &mut self,
        program: &mut Program,
        stage: usize,
        parameters: &[f32],
        batch: Batch<'_>,
        cut: usize,
    ) {
        let tensors = Tensors {
            numbers: parameters,
            all: &program.tensors,
        };
        let common = Common {
            tensors,
            batch,
            blocks: program.cuts.blocks(cut),
        };
        let all = &program.lowered.operations;
        let arena = &mut program.arena;
        match &program.stages[stage] {
            Ready::Rows { operations, places } => {
                let run = |context: &mut RowContext<'_>, watch: &mut Stopwatch| {
                    for &operation in operations {
                        if let Body::Rows(operation) = &all[operation].body {
                            operation.run(context);
                            watch.lap(operation.part());
                        }
                    }
                };
                self.rows(arena, places, common, run);
            }
            Ready::Columns {
                parts,
                places,
                is_alone,
            } => {
                let run = |context: &mut ColumnContext<'_>, watch: &mut Stopwatch| {
                    let (operation, part) = parts[context.part];
                    if let Body::Columns(operation) = &all[operation].body {
                        context.part = part;
                        operation.run(context);
                        watch.lap(operation.part());
                    }
                };
                self.columns(arena, places, *is_alone, common, run);
            }
        }
        self.record.watch.lap(Part::Waiting);
    }

    fn rows(
        &mut self,
        arena: &mut Arena,
        places: &RowPlaces,
        common: Common<'_>,
        run: impl Fn(&mut RowContext<'_>, &mut Stopwatch) + Sync,
    ) {
        let isa = self.isa;
        let Common {
            tensors,
            batch,
            blocks,
        } = common;
        self.team.run(
            &mut self.threads,
            arena.blocks(places, blocks),
            |own, _, part| {
                let Own {
                    local,
                    scratch,
                    watch,
                    ..
                } = own;
                watch.start();
                let mut context = RowContext {
                    isa,
                    buffers: RowBuffers(part.with(local)),
                    tensors,
                    batch,
                    scratch,
                };
                run(&mut context, watch);
            },
        );
    }

    fn columns(
        &mut self,
        arena: &mut Arena,
        places: &PartPlaces,
        is_alone: bool,
        common: Common<'_>,
        run: impl Fn(&mut ColumnContext<'_>, &mut Stopwatch) + Sync,
    ) {
        let isa = self.isa;
        let Common {
            tensors, blocks, ..
        } = common;
        let each = |own: &mut Own, part, buffers| {
            let Own { scratch, watch, .. } = own;
            watch.start();
            let mut context = ColumnContext {
                isa,
                part,
                buffers,
                tensors,
                blocks,
                scratch,
            };
            run(&mut context, watch);
        };
        let parts = arena.parts(places);
        if is_alone {
            self.team.run_alone(&mut self.threads, parts, each)
        } else {
            self.team.run(&mut self.threads, parts, each)
        }
    }

    /// Computes the gradient of each tile, after [`Cpu::run`] on a number of rows. `parts` has a part for each tile.
    /// `each` is called with one piece of the gradient after the other, and `done` at the end.
    pub(crate) fn tiles<P: Split>(
        &mut self,
        program: &Program,
        rows: usize,
        parts: P,
        each: impl Fn(&mut P::Part, Piece<'_>) + Sync,
        done: impl Fn(&mut P::Part) + Sync,
    ) {
        let Some(blocks) = program.cuts.of(rows) else {
            return;
        };
        let isa = self.isa;
        self.team
            .run(&mut self.threads, parts, |own, index, mut part| {
                let Own {
                    scratch,
                    gradient,
                    watch,
                    ..
                } = own;
                watch.start();
                let tile = &program.tiles[index];
                let contributions = &program.lowered.tiles[tile.tensor];
                let whole = tile.place.clone();
                let first = contributions.first();
                let step = first.and_then(|first| first.operation.step(&whole));
                let step = step.unwrap_or(whole.len()).max(1);
                for start in whole.clone().step_by(step) {
                    let place = start..(start + step).min(whole.end);
                    let gradient = &mut gradient[..place.len()];
                    if contributions.is_empty() {
                        gradient.fill(0.0);
                    }
                    for (number, contribution) in contributions.iter().enumerate() {
                        let mut context = TileContext {
                            isa,
                            place: place.clone(),
                            adds: number > 0,
                            blocks,
                            arena: &program.arena,
                            places: &program.layout.places,
                            scratch,
                        };
                        contribution.operation.run(&mut context, gradient);
                        watch.lap(contribution.operation.part());
                    }
                    let place = place.start - whole.start..place.end - whole.start;
                    each(&mut part, Piece { place, gradient });
                    watch.lap(Part::Optimizer);
                }
                done(&mut part);
                watch.lap(Part::Optimizer);
            });
        self.record.watch.lap(Part::Waiting);
    }

    /// Runs `f` on each part, and counts it as work of the optimizer.
    pub(crate) fn optimize<P: Split>(&mut self, parts: P, f: impl Fn(P::Part) + Sync) {
        self.team.run(&mut self.threads, parts, |own, _, part| {
            own.watch.start();
            f(part);
            own.watch.lap(Part::Optimizer);
        });
        self.record.watch.lap(Part::Waiting);
    }
}

/// The input of a batch without rows.
struct Nothing;

impl Input for Nothing {
    fn write(&self, _: Range<usize>, _: &mut [f32]) {}
}

impl Program {
    /// Runs the only stage of rows on some of them, in a thread's own memory. The program must have no other stage, and
    /// its prologue must have run. Returns the buffers afterwards.
    pub(crate) fn run_rows<'a>(
        &'a self,
        parameters: &'a [f32],
        batch: Batch<'a>,
        rows: Range<usize>,
        memory: ThreadMemory<'a>,
    ) -> RowBuffers<'a> {
        let ThreadMemory {
            local,
            scratch,
            isa,
        } = memory;
        let Some(Ready::Rows { operations, places }) = self.stages.last() else {
            unreachable!("a stage of rows is the last");
        };
        let tensors = Tensors {
            numbers: parameters,
            all: &self.tensors,
        };
        let mut context = RowContext {
            isa,
            buffers: RowBuffers(self.arena.block_of_thread(places, rows, local)),
            tensors,
            batch,
            scratch,
        };
        for &operation in operations {
            if let Body::Rows(operation) = &self.lowered.operations[operation].body {
                operation.run(&mut context);
            }
        }
        context.buffers
    }
}

/// The memory of a thread for a block of rows.
pub(crate) struct ThreadMemory<'a> {
    pub(crate) isa: Isa,
    pub(crate) local: &'a mut [f32],
    pub(crate) scratch: &'a mut [f32],
}
