//! The steps themselves.

use super::losses::{Losses, MeasuredLosses};
use super::memory::Memory;
use super::sentence::Sentence;
use super::whole::Whole;
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Network, Parameters};
use crate::optimizer::Optimizer;
use crate::program::{Batch, Cpu, Input, Loss, LossValue, Mode, Part, Piece, Profile, Program};
use crate::scaling::Scaling;
use crate::train::batches::{Pieces, joins};
use narrows_kernels::split::Parts;
use std::ops::Range;

/// Everything that a training step works on, planned before the first.
pub struct Stepper {
    pub(super) sentence: Sentence,
    /// The rows of a batch.
    pub(super) batch: usize,
    pub(super) parameters: Parameters,
    pub(super) optimizer: Optimizer,
    pub(super) cpu: Cpu,
    pub(super) training: Program,
    pub(super) validation: Program,
    pub(super) losses: Losses,
    /// For losses over several batches.
    pub(super) sums: Losses,
    /// The gradient by all parameters, where it is needed whole before a step.
    pub(super) whole: Option<Whole>,
    /// What tells each row of the batch from all others.
    pub(super) samples: Vec<u32>,
}

/// Rows of a dataset as they enter the network.
pub(super) struct Gathered<'a> {
    pub(super) data: &'a Dataset,
    pub(super) scaling: &'a Scaling,
    pub(super) rows: &'a [u32],
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

impl Stepper {
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

    /// How rows are cut into pieces: steps of so many, or batches. What is not learned from may have a piece of one row.
    pub(in crate::train) fn pieces(&self, rows: usize, size: usize) -> Pieces {
        Pieces {
            rows,
            size,
            joins: joins(self.network(), self.batch),
        }
    }

    /// The names of [`Losses::columns`], in their order: `penalty.NAME` of penalties, and `reconstruction.NAME` of the parts
    /// of the reconstruction loss where it has several.
    pub fn columns(&self) -> impl Iterator<Item = String> {
        let losses = self.training.losses().iter();
        losses.filter(|loss| loss.has_column()).map(Loss::column)
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
        if self.whole.is_some() {
            self.step_whole(&rows, epoch, factor)
        } else {
            self.step_at_once(&rows, epoch, factor)
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
    pub(super) fn run(&mut self, mode: Mode, rows: &Gathered<'_>, epoch: u32) {
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
        let whole = (mode == Mode::Validation).then_some(self.batch);
        self.losses.take(program, rows.rows.len(), whole);
        self.cpu.record.watch.lap(Part::Rest);
    }

    /// Runs one of the programs on one batch after the other, `each` after every one, with its rows and its number; the
    /// losses become those over all.
    pub(super) fn over_batches(
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
    /// time; nothing is learned.
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
    pub(in crate::train) fn measured(&mut self, rows: usize) -> MeasuredLosses {
        self.validation.write_states(self.parameters.states());
        let coupled = self.validation.losses().iter().enumerate();
        let coupled = coupled.filter(|(_, loss)| matches!(loss.value, LossValue::Coupled(_)));
        MeasuredLosses {
            rows,
            seen: 0,
            losses: Losses {
                columns: vec![0.0; self.losses.columns.len()],
                ..Losses::default()
            },
            coupled: coupled
                .map(|(place, loss)| (place, vec![0.0; self.validation.sums(loss).len()]))
                .collect(),
        }
    }

    /// Adds the losses on a batch of rows to those on others, as [`Stepper::losses`] does. Losses that couple rows
    /// are those of all rows together, once all were seen.
    pub(in crate::train) fn measure(
        &mut self,
        measured: &mut MeasuredLosses,
        data: &Dataset,
        scaling: &Scaling,
        rows: &[u32],
    ) {
        let gathered = Gathered {
            data,
            scaling,
            rows,
        };
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
                let before = self.validation.losses()[..*place].iter();
                let column = before.filter(|loss| loss.has_column()).count();
                let value = coupled.value(sums, measured.rows);
                measured.losses.count(loss, value, column);
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

/// Some of what an optimizer remembers; nothing where it remembers nothing.
fn of_part<'a>(state: &'a mut [f32], part: &Range<usize>) -> &'a mut [f32] {
    let len = state.len();
    &mut state[part.start.min(len)..part.end.min(len)]
}
