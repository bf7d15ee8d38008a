//! A training step: the program of a sentence, run on a batch, and what the optimizer makes of its gradients.
//!
//! No sum is formed by two threads, so a step has the same bits for any number of them; and everything is planned
//! beforehand, so a step allocates nothing.

mod accumulate;
mod look;
mod sentence;
mod whole;

pub(super) use look::NotFinite;

use super::batches::Pieces;
use crate::corruption::Corruption;
use crate::data::Dataset;
use crate::data::scaling::Scaling;
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Network, Parameters};
use crate::objective::{Objective, Penalty};
use crate::optimizer::Optimizer;
use crate::program::{
    Batch, Cpu, Input, LossValue, Mode, Options, Part, Piece, Plan, Profile, Program, ThreadSizes,
};
use crate::recipe::Recipe;
use crate::threads::available_threads;
use narrows_kernels::Isa;
use narrows_kernels::split::Parts;
use sentence::Sentence;
use std::ops::Range;
use whole::Whole;

/// Everything that a training step works on, planned before the first.
pub struct Stepper {
    sentence: Sentence,
    /// The rows of a batch.
    batch: usize,
    parameters: Parameters,
    optimizer: Optimizer,
    cpu: Cpu,
    training: Program,
    validation: Program,
    losses: Losses,
    /// For losses over several batches.
    sums: Losses,
    /// The gradient by all parameters, where it is needed whole before a step.
    whole: Option<Whole>,
    /// What tells each row of the batch from all others.
    samples: Vec<u32>,
}

/// What a [`Stepper`] trains, and how.
pub struct Setting {
    /// The network.
    pub network: Network,
    /// The parameters to start from.
    pub parameters: Parameters,
    /// What happens to the rows that the encoder reads.
    pub corruption: Option<Corruption>,
    /// The reconstruction loss.
    pub objective: Objective,
    /// The penalties beside it; those of weight 0 are left out.
    pub penalties: Vec<Penalty>,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// What noise and probes follow from.
    pub seed: u64,
    /// The largest norm of the gradient over all parameters; 0 for any.
    pub clip_norm: f64,
    /// The most batches of a step, whose gradients are added up.
    pub accumulation: usize,
}

impl Setting {
    /// What a recipe says, with parameters drawn from its seed.
    ///
    /// # Errors
    ///
    /// When the objective does not fit the decoder.
    pub(crate) fn of(recipe: &Recipe, network: Network) -> Result<Setting> {
        Ok(Setting {
            parameters: Parameters::initial(&network, recipe.initialization, recipe.seed),
            corruption: recipe.corruption.clone(),
            objective: Objective::new(&recipe.reconstruction, &recipe.decoder)?,
            penalties: recipe.penalties.clone(),
            optimizer: Optimizer::new(recipe.optimizer, &network),
            seed: recipe.seed,
            clip_norm: recipe.clip_norm,
            accumulation: recipe.accumulation,
            network,
        })
    }
}

/// The losses of a step, each the mean over its batch, before the step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    /// The whole objective.
    pub total: f64,
    /// The reconstruction loss.
    pub reconstruction: f64,
    /// The value of each penalty without its weight, in the recipe's order.
    pub penalties: Vec<f64>,
}

impl Losses {
    fn reset(&mut self) {
        self.total = 0.0;
        self.reconstruction = 0.0;
        self.penalties.fill(0.0);
    }

    fn add(&mut self, other: &Losses, weight: f64) {
        self.total += weight * other.total;
        self.reconstruction += weight * other.reconstruction;
        for (sum, penalty) in self.penalties.iter_mut().zip(&other.penalties) {
            *sum += weight * penalty;
        }
    }

    /// Takes the losses of a program that was run on so many rows; those that couple rows are 0 where they are to wait for
    /// other batches.
    fn take(&mut self, program: &Program, rows: usize, waits: bool) {
        self.total = 0.0;
        let mut penalties = self.penalties.iter_mut();
        for loss in program.losses() {
            let is_coupled = matches!(loss.value, LossValue::Coupled(_));
            let value = match waits && is_coupled {
                true => 0.0,
                false => program.loss(loss, rows),
            };
            self.total += f64::from(loss.weight) * value;
            if loss.name == sentence::RECONSTRUCTION {
                self.reconstruction = value;
            } else if let Some(penalty) = penalties.next() {
                *penalty = value;
            }
        }
    }
}

/// Losses on rows that are not learnt from, batch by batch.
pub(crate) struct Measured {
    /// All rows, and those of them that were seen.
    rows: usize,
    seen: usize,
    pub(crate) losses: Losses,
    /// The sums of losses that couple rows, by their place among all.
    coupled: Vec<(usize, Vec<f64>)>,
}

/// The memory that a step is planned with, in bytes, beside that of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The parameters.
    pub parameters: usize,
    /// What the optimizer remembers of each.
    pub optimizer: usize,
    /// Activations and gradients of the rows of a batch, those of penalties included, and factors of folded layers.
    pub activations: usize,
    /// What the threads have for themselves, and the whole gradient where there is one.
    pub scratch: usize,
}

impl Memory {
    /// What parameters take whatever the batch.
    pub(crate) fn least(recipe: &Recipe, network: &Network) -> Memory {
        let parameters = network.parameter_count().saturating_mul(size_of::<f32>());
        let has_whole = recipe.clip_norm > 0.0 || recipe.accumulation > 1;
        Memory {
            parameters,
            optimizer: parameters.saturating_mul(recipe.optimizer.numbers_remembered()),
            activations: 0,
            scratch: if has_whole { parameters } else { 0 },
        }
    }

    /// All of it.
    pub fn total(&self) -> usize {
        let parts = [
            self.parameters,
            self.optimizer,
            self.activations,
            self.scratch,
        ];
        parts.into_iter().fold(0, usize::saturating_add)
    }
}

/// Rows of a dataset as they enter the network.
struct Gathered<'a> {
    data: &'a Dataset,
    scaling: &'a Scaling,
    rows: &'a [u32],
}

impl Input for Gathered<'_> {
    fn write(&self, places: Range<usize>, into: &mut [f32]) {
        let rows = &self.rows[places];
        let into = into.chunks_exact_mut(self.data.inputs());
        for (&row, into) in rows.iter().zip(into) {
            self.scaling.gather(self.data, row as usize, into);
        }
    }
}

/// Steps of which everything is decided, and for which no memory was taken yet.
pub struct StepPlan {
    setting: Setting,
    sentence: Sentence,
    batch: usize,
    training: Plan,
    validation: Plan,
}

impl StepPlan {
    /// Plans steps of up to `batch` rows on `threads` threads; 0 means as many as such a step has work for, and no
    /// more than there are cores. Where rows count together in training, a last batch of one row joins the one before it, so
    /// that a batch may have one row more.
    ///
    /// # Errors
    ///
    /// When parts of the setting do not fit together.
    pub fn new(setting: Setting, batch: usize, threads: usize) -> Result<StepPlan> {
        StepPlan::with(setting, batch, threads, true)
    }

    /// As [`StepPlan::new`]; without passes over the graph unless it `optimizes`.
    pub(crate) fn with(
        setting: Setting,
        batch: usize,
        threads: usize,
        optimizes: bool,
    ) -> Result<StepPlan> {
        let sentence = Sentence {
            network: setting.network.clone(),
            corruption: setting.corruption.clone(),
            objective: setting.objective,
            penalties: setting
                .penalties
                .iter()
                .filter(|penalty| penalty.weight > 0.0)
                .cloned()
                .collect(),
            seed: setting.seed,
        };
        let most = batch + usize::from(joins(&setting.network, batch));
        let plan = |mode, threads| {
            let mut graph = sentence.graph(mode)?.builder;
            if optimizes {
                crate::program::optimize(&mut graph, batch);
            }
            let cores = available_threads();
            Plan::new(
                &graph,
                Options {
                    batch: most,
                    threads,
                    cores,
                },
            )
        };
        let training = plan(Mode::Training, threads)?;
        let validation = plan(Mode::Validation, training.threads())?;
        Ok(StepPlan {
            setting,
            sentence,
            batch,
            training,
            validation,
        })
    }

    /// The programs of training and validation as text.
    pub(crate) fn describe(&self) -> [String; 2] {
        [self.training.describe(), self.validation.describe()]
    }

    /// The memory that they will take.
    pub fn memory(&self) -> Memory {
        let bytes = |numbers: usize| numbers.saturating_mul(size_of::<f32>());
        let Setting {
            parameters,
            optimizer,
            clip_norm,
            accumulation,
            ..
        } = &self.setting;
        let count = parameters.flat().len();
        let (_, first, second) = optimizer.state();
        let threads = self.training.threads();
        let whole = Whole::numbers(count, *clip_norm, *accumulation);
        let own = threads.saturating_mul(self.thread_sizes(threads).numbers());
        let arenas = self
            .training
            .arena()
            .saturating_add(self.validation.arena());
        Memory {
            parameters: bytes(count),
            optimizer: bytes(first.len() + second.len()),
            activations: bytes(arenas),
            scratch: bytes(own.saturating_add(whole)),
        }
    }

    fn thread_sizes(&self, threads: usize) -> ThreadSizes {
        let training = self.training.thread_sizes(threads);
        training.max(self.validation.thread_sizes(threads))
    }

    /// Takes the memory.
    pub fn stepper(self) -> Stepper {
        let cpu = Cpu::new(self.training.threads(), Isa::best());
        let threads = cpu.threads();
        let cpu = cpu.with_memory(self.thread_sizes(threads));
        let Setting {
            parameters,
            optimizer,
            clip_norm,
            accumulation,
            ..
        } = self.setting;
        let losses = Losses {
            penalties: vec![0.0; self.sentence.penalties.len()],
            ..Losses::default()
        };
        let mut training = self.training.program(threads);
        training.write_states(parameters.states());
        let whole = Whole::new(&training.tile_bounds, clip_norm, accumulation);
        Stepper {
            whole,
            samples: Vec::with_capacity(training.batch()),
            validation: self.validation.program(threads),
            sums: losses.clone(),
            losses,
            sentence: self.sentence,
            batch: self.batch,
            parameters,
            optimizer,
            cpu,
            training,
        }
    }
}

impl Stepper {
    /// Plans steps of up to `batch` rows on `threads` threads, as [`StepPlan::new`] does, and takes their memory.
    ///
    /// # Errors
    ///
    /// As [`StepPlan::new`].
    pub fn new(setting: Setting, batch: usize, threads: usize) -> Result<Stepper> {
        Ok(StepPlan::new(setting, batch, threads)?.stepper())
    }

    /// The parameters as they stand.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.sentence.network
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.cpu.threads()
    }

    /// The rows of a batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// How rows are cut into pieces: steps of so many, or batches. What is not learnt from may have a piece of one row.
    pub(super) fn pieces(&self, rows: usize, size: usize) -> Pieces {
        Pieces {
            rows,
            size,
            joins: joins(self.network(), self.batch),
        }
    }

    /// The penalties at work, in the order of [`Losses::penalties`].
    pub fn penalties(&self) -> impl Iterator<Item = &Penalty> {
        self.sentence.penalties.iter()
    }

    /// Plans for the batches that so many rows are cut into, so that no step on them has to.
    pub fn plan_rows(&mut self, rows: usize) {
        for piece in self.pieces(rows, self.batch).all() {
            self.training.cut(piece.len());
            self.validation.cut(piece.len());
        }
    }

    /// The memory that was planned.
    pub fn memory(&self) -> Memory {
        let bytes = |numbers: usize| numbers * size_of::<f32>();
        let (_, first, second) = self.optimizer.state();
        let whole = self.whole.as_ref().map_or(0, Whole::len);
        let arenas = self.training.arena.words() + self.validation.arena.words();
        Memory {
            parameters: bytes(self.parameters.flat().len()),
            optimizer: bytes(first.len() + second.len()),
            activations: bytes(arenas),
            scratch: bytes(self.cpu.numbers() + whole),
        }
    }

    /// Counts from now on where the time of a step goes, for [`Stepper::profile`]. It changes nothing but that.
    pub fn start_profile(&mut self) {
        self.cpu.start_profile();
    }

    /// Where the time of the steps went since [`Stepper::start_profile`]; none before the first.
    pub fn profile(&self) -> Option<Profile> {
        self.cpu.profile(|part| self.training.work_of(part))
    }

    /// One step on the given rows of the data, in an epoch counted from 0, at a factor of the learning
    /// rate; gives the losses on them, before the step. Where gradients are added up the rows may be those
    /// of several batches. Where the objective is not finite there is no step: the parameters stay.
    ///
    /// # Panics
    ///
    /// When there are no rows, more than planned for, or one that the data do not have.
    pub fn step(
        &mut self,
        data: &Dataset,
        scaling: &Scaling,
        epoch: u32,
        rows: &[u32],
        factor: f64,
    ) -> &Losses {
        self.cpu.record.begin(rows.len());
        let rows = Gathered {
            data,
            scaling,
            rows,
        };
        match self.whole.is_some() {
            true => self.step_whole(&rows, epoch, factor),
            false => self.step_at_once(&rows, epoch, factor),
        }
        self.training.read_states(self.parameters.states_mut());
        self.training.outdate();
        self.validation.outdate();
        self.cpu.record.end();
        &self.losses
    }

    /// A step whose gradient is applied tile by tile, as it is formed.
    fn step_at_once(&mut self, rows: &Gathered<'_>, epoch: u32, factor: f64) {
        self.run(Mode::Training, rows, epoch);
        if !self.losses.total.is_finite() {
            return;
        }
        let (isa, count) = (self.cpu.isa(), rows.rows.len());
        let update = self.optimizer.next_update(factor);
        let (first, second) = self.optimizer.state_mut();
        let parts = (
            Parts::new(self.parameters.flat_mut(), &self.training.tile_bounds),
            first.parts(),
            second.parts(),
        );
        self.cpu.tiles(
            &self.training,
            count,
            parts,
            |(parameters, first, second), Piece { place, gradient }| {
                let parameters = &mut parameters[place.clone()];
                let (first, second) = (of_part(first, &place), of_part(second, &place));
                update.apply(isa, parameters, first, second, gradient);
            },
            |_| (),
        );
    }

    /// Runs one of the programs on rows of one batch, and takes its losses.
    fn run(&mut self, mode: Mode, rows: &Gathered<'_>, epoch: u32) {
        let program = match mode {
            Mode::Training => &mut self.training,
            Mode::Validation | Mode::Inference => &mut self.validation,
        };
        let identities = rows.rows.iter().map(|&row| rows.data.identity(row));
        self.samples.clear();
        self.samples.extend(identities);
        let batch = Batch {
            input: rows,
            samples: &self.samples,
            epoch,
        };
        self.cpu.run(program, self.parameters.flat(), batch);
        let waits = mode == Mode::Validation;
        self.losses.take(program, rows.rows.len(), waits);
        self.cpu.record.watch.lap(Part::Rest);
    }

    /// Runs one of the programs on one batch after the other, `each` after every one, with its rows and its number; the
    /// losses become those over all.
    fn over_batches(
        &mut self,
        mode: Mode,
        rows: &Gathered<'_>,
        epoch: u32,
        mut each: impl FnMut(&mut Stepper, usize, usize),
    ) {
        self.sums.reset();
        let pieces = self.pieces(rows.rows.len(), self.batch);
        for (index, piece) in pieces.all().enumerate() {
            let these = Gathered {
                rows: &rows.rows[piece.clone()],
                ..*rows
            };
            self.run(mode, &these, epoch);
            let weight = piece.len() as f64 / rows.rows.len() as f64;
            self.sums.add(&self.losses, weight);
            each(self, piece.len(), index);
        }
        std::mem::swap(&mut self.losses, &mut self.sums);
    }

    /// The losses on rows of any number, as in training, but with noise and probes that are the same every
    /// time; nothing is learnt.
    ///
    /// # Panics
    ///
    /// When there are no rows, or one that the data do not have.
    pub fn losses(&mut self, data: &Dataset, scaling: &Scaling, rows: &[u32]) -> Losses {
        let mut measured = self.measured(rows.len());
        for rows in rows.chunks(self.batch()) {
            self.measure(&mut measured, data, scaling, rows);
        }
        measured.losses
    }

    /// What [`Stepper::measure`] adds up over so many rows.
    pub(crate) fn measured(&self, rows: usize) -> Measured {
        let coupled = self.validation.losses().iter().enumerate();
        let coupled = coupled.filter(|(_, loss)| matches!(loss.value, LossValue::Coupled(_)));
        Measured {
            rows,
            seen: 0,
            losses: Losses {
                penalties: vec![0.0; self.sentence.penalties.len()],
                ..Losses::default()
            },
            coupled: coupled
                .map(|(place, loss)| (place, vec![0.0; self.validation.sums(loss).len()]))
                .collect(),
        }
    }

    /// Adds the losses on a batch of rows to those on others, as [`Stepper::losses`] does. Losses that couple rows
    /// are those of all rows together, once all were seen.
    pub(crate) fn measure(
        &mut self,
        measured: &mut Measured,
        data: &Dataset,
        scaling: &Scaling,
        rows: &[u32],
    ) {
        let gathered = Gathered {
            data,
            scaling,
            rows,
        };
        self.validation.write_states(self.parameters.states());
        let paused = self.cpu.pause_profile();
        self.run(Mode::Validation, &gathered, 0);
        self.cpu.resume_profile(paused);
        let weight = rows.len() as f64 / measured.rows as f64;
        measured.losses.add(&self.losses, weight);
        measured.seen += rows.len();
        for (place, sums) in &mut measured.coupled {
            let loss = &self.validation.losses()[*place];
            let these = self.validation.sums(loss);
            sums.iter_mut()
                .zip(these)
                .for_each(|(sum, this)| *sum += this);
            if let LossValue::Coupled(coupled) = &loss.value
                && measured.seen == measured.rows
            {
                let value = coupled.value(sums, measured.rows);
                measured.losses.total += f64::from(loss.weight) * value;
                // The first loss is the reconstruction.
                measured.losses.penalties[*place - 1] = value;
            }
        }
    }

    /// Exchanges the parameters for others, and the optimizer's state for another.
    ///
    /// # Errors
    ///
    /// When there are more or fewer numbers than there should be.
    pub fn restore(
        &mut self,
        parameters: &[f32],
        (steps, first, second): (u64, &[f32], &[f32]),
    ) -> Result<()> {
        self.set_parameters(parameters)?;
        self.optimizer.restore(steps, first, second)
    }

    /// Exchanges the parameters for others.
    ///
    /// # Errors
    ///
    /// When there are more or fewer than the network has.
    pub fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        let all = self.parameters.flat_mut();
        if all.len() != parameters.len() {
            return Err(
                Error::new(ErrorKind::Format, "the parameters do not fit the network")
                    .expected(format!("{} numbers", all.len()))
                    .found(parameters.len()),
            );
        }
        all.copy_from_slice(parameters);
        self.training.outdate();
        self.validation.outdate();
        Ok(())
    }

    /// Exchanges the numbers of the network's states for others.
    ///
    /// # Errors
    ///
    /// When there are more or fewer than the network has.
    pub fn set_states(&mut self, states: &[f32]) -> Result<()> {
        let all = self.parameters.states_mut();
        if all.len() != states.len() {
            return Err(
                Error::new(ErrorKind::Format, "the states do not fit the network")
                    .expected(format!("{} numbers", all.len()))
                    .found(states.len()),
            );
        }
        all.copy_from_slice(states);
        self.training.write_states(states);
        Ok(())
    }

    /// The optimizer and its state.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// The losses on the given rows and the gradient of the objective by all parameters, in the arena's
    /// order; parameters and states stay as they are.
    ///
    /// # Panics
    ///
    /// As [`Stepper::step`].
    pub fn loss_and_gradient(
        &mut self,
        data: &Dataset,
        scaling: &Scaling,
        epoch: u32,
        rows: &[u32],
    ) -> (Losses, Vec<f32>) {
        let gathered = Gathered {
            data,
            scaling,
            rows,
        };
        self.run(Mode::Training, &gathered, epoch);
        self.training.write_states(self.parameters.states());
        let mut whole = vec![0.0; self.parameters.flat().len()];
        self.cpu.tiles(
            &self.training,
            rows.len(),
            Parts::new(&mut whole, &self.training.tile_bounds),
            |all, Piece { place, gradient }| all[place].copy_from_slice(gradient),
            |_| (),
        );
        (self.losses.clone(), whole)
    }
}

/// Whether a last batch of one row joins the one before it.
fn joins(network: &Network, batch: usize) -> bool {
    network.couples_rows() && batch > 1
}

/// Some of what an optimizer remembers; nothing where it remembers nothing.
fn of_part<'a>(state: &'a mut [f32], part: &Range<usize>) -> &'a mut [f32] {
    let len = state.len();
    &mut state[part.start.min(len)..part.end.min(len)]
}
