//! Runs training steps.

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
use crate::text::count_of;
use crate::train::batches::{Pieces, joins};
use narrows_kernels::split::Parts;
use std::ops::Range;

/// All memory of a training step, planned before the first step.
pub struct Stepper {
    pub(super) sentence: Sentence,
    /// The number of rows of a batch.
    pub(super) batch: usize,
    pub(super) parameters: Parameters,
    pub(super) optimizer: Optimizer,
    pub(super) cpu: Cpu,
    pub(super) training: Program,
    pub(super) validation: Program,
    pub(super) losses: Losses,
    /// Sums for losses over several batches.
    pub(super) sums: Losses,
    /// The gradient of all parameters, if it is needed as a whole before a step.
    pub(super) whole: Option<Whole>,
    /// The sample number of each row of the batch, which addresses its random numbers.
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
    /// The current parameters.
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

    /// The number of rows of a batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Splits rows into pieces of `size` rows: steps or batches. Rows that are not trained on may have a piece of one
    /// row.
    pub(in crate::train) fn pieces(&self, rows: usize, size: usize) -> Pieces {
        Pieces {
            rows,
            size,
            joins: joins(self.sentence.couples_rows(), self.batch),
        }
    }

    /// The names of [`Losses::columns`], in order: `penalty.NAME` for penalties, and `reconstruction.NAME` for the
    /// parts of the reconstruction loss if it has several.
    pub fn columns(&self) -> impl Iterator<Item = String> {
        let losses = self.training.losses().iter();
        losses.filter(|loss| loss.has_column()).map(Loss::column)
    }

    /// Plans the batches of a number of rows in advance, so that no step has to plan.
    pub fn plan_rows(&mut self, rows: usize) {
        for piece in self.pieces(rows, self.batch).all() {
            self.training.cut(piece.len());
            self.validation.cut(piece.len());
        }
    }

    /// The planned memory.
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

    /// Starts to measure the time of the parts of a step, for [`Stepper::profile`]. The results stay the same.
    pub fn start_profile(&mut self) {
        self.cpu.start_profile();
    }

    /// The time of the parts of the steps since [`Stepper::start_profile`]; `None` before the first step.
    pub fn profile(&self) -> Option<Profile> {
        self.cpu.profile(|part| self.training.work_of(part))
    }

    /// One step on the given rows of the data, in an epoch counted from 0, with a factor for the learning rate. Returns
    /// the losses on the rows, computed before the update. With accumulation, the rows may be those of several batches.
    /// If the objective is not finite, the parameters stay unchanged.
    ///
    /// # Panics
    ///
    /// If there are no rows, more rows than planned, or a row that the data do not have.
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

    /// A step whose gradient is applied tile by tile, while it is computed.
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

    /// Runs one of the programs on the rows of one batch, and reads its losses.
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

    /// Runs one of the programs on one batch after the other. After each batch it calls `each` with the rows and the
    /// number of the batch. The losses are then those over all batches.
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

    /// The losses on any number of rows, as in training, but with noise and probes that are the same in every call. No
    /// parameter changes.
    ///
    /// # Panics
    ///
    /// If there are no rows, or a row that the data do not have.
    pub fn losses(&mut self, data: &Dataset, scaling: &Scaling, rows: &[u32]) -> Losses {
        let mut measured = self.measured(rows.len());
        for rows in rows.chunks(self.batch()) {
            self.measure(&mut measured, data, scaling, rows);
        }
        measured.losses
    }

    /// The accumulator of [`Stepper::measure`] for a number of rows.
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

    /// Adds the losses on a batch of rows to the accumulator, as [`Stepper::losses`] does. Losses that couple rows are
    /// computed over all rows together, when all rows were seen.
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

    /// Replaces the parameters, and the state of the optimizer.
    ///
    /// # Errors
    ///
    /// If a list has the wrong length.
    pub fn restore(
        &mut self,
        parameters: &[f32],
        (steps, first, second): (u64, &[f32], &[f32]),
    ) -> Result<()> {
        self.set_parameters(parameters)?;
        self.optimizer.restore(steps, first, second)
    }

    /// Replaces the parameters.
    ///
    /// # Errors
    ///
    /// If their number differs from the network's.
    pub fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        let all = self.parameters.flat_mut();
        if all.len() != parameters.len() {
            return Err(
                Error::new(ErrorKind::Format, "the parameters do not fit the network")
                    .expected(count_of(all.len(), "number"))
                    .found(parameters.len()),
            );
        }
        all.copy_from_slice(parameters);
        self.training.outdate();
        self.validation.outdate();
        Ok(())
    }

    /// Replaces the numbers of the network's states.
    ///
    /// # Errors
    ///
    /// If their number differs from the network's.
    pub fn set_states(&mut self, states: &[f32]) -> Result<()> {
        let all = self.parameters.states_mut();
        if all.len() != states.len() {
            return Err(
                Error::new(ErrorKind::Format, "the states do not fit the network")
                    .expected(count_of(all.len(), "number"))
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

    /// The losses on the given rows, and the gradient of the objective with respect to all parameters, in the order of
    /// the arena. Parameters and states stay unchanged.
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

/// A part of an optimizer's state; empty if the optimizer has none.
fn of_part<'a>(state: &'a mut [f32], part: &Range<usize>) -> &'a mut [f32] {
    let len = state.len();
    &mut state[part.start.min(len)..part.end.min(len)]
}
