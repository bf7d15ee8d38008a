//! Training: the loop over epochs and steps, and the record of it.

mod batches;
mod describe;
mod divergence;
mod memory;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod warnings;

pub use crate::program::{PartOfStep, Profile};
pub use describe::{Described, describe};
pub use state::{Best, State, Sums};
pub use step::{Losses, Memory, Setting, StepPlan, Stepper};
pub use warnings::Warning;

use crate::data::scaling::{Scaling, ScalingSpec};
use crate::data::{Checksums, Dataset, Order, OtherRows, RowSketch, SplitPlan, TestRows};
use crate::error::{Error, ErrorKind, Result};
use crate::isa;
use crate::memory::available;
use crate::model::{Model, Origin, SplitRecord};
use crate::network::Network;
use crate::objective::Objective;
use crate::recipe::Recipe;
use crate::rng::{Draws, Purpose};
use std::ops::{ControlFlow, Range};
use std::time::Instant;

/// What is known at the end of an epoch: a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochRecord {
    /// Which epoch, from 1.
    pub epoch: usize,
    /// The mean of the objective over the rows of the epoch, each before its own step.
    pub train_loss: f64,
    /// The mean of the reconstruction loss.
    pub reconstruction: f64,
    /// The mean of each penalty, without its weight, by its name in the recipe.
    pub penalties: Vec<(&'static str, f64)>,
    /// The time that the epoch took.
    pub seconds: f64,
    /// Rows a second.
    pub images_per_second: f64,
    /// The mean of the objective over the validation rows after the epoch, if there are any.
    pub validation_loss: Option<f64>,
    /// The learning rate of the epoch's last step.
    pub learning_rate: f64,
}

/// How far training has come, told after every step and every batch of validation.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Which epoch, from 1.
    pub epoch: usize,
    /// How many epochs there will be.
    pub epochs: usize,
    /// Rows seen in this epoch.
    pub rows: usize,
    /// Rows in an epoch.
    pub rows_in_epoch: usize,
    /// The mean loss over the rows of this epoch so far.
    pub loss: f64,
}

/// A training run in progress: call [`Training::epoch`] until [`Training::is_finished`].
///
/// ```
/// # fn main() -> narrows::Result<()> {
/// use narrows::{Recipe, data::Source, train::Training};
///
/// let data = Source::open("mnist")?.train.head(640)?;
/// let mut recipe = Recipe::named("simple-linear")?;
/// recipe.epochs = 2;
/// let mut training = Training::new(&recipe, &data, 2)?;
/// while !training.is_finished() {
///     let record = training.epoch(|_| ())?;
///     println!("epoch {}: loss {:.4}", record.epoch, record.train_loss);
/// }
/// let model = training.model()?;
/// assert_eq!(model.code_size(), 8);
/// # Ok(()) }
/// ```
pub struct Training<'a> {
    recipe: Recipe,
    data: &'a Dataset,
    scaling: Scaling,
    stepper: Stepper,
    warnings: Vec<Warning>,
    origin: Origin,
    order: Vec<u32>,
    validation: Option<&'a Dataset>,
    checksums: Checksums,
    state: State,
    /// What the learning rate was multiplied by in the last step that is done.
    factor: f64,
}

impl<'a> Training<'a> {
    /// Plans a run: checks the recipe against the data, fits the scaling and draws the parameters.
    ///
    /// `threads` has no influence on the result; 0 means as many as a step has work for, and no more than there
    /// are cores.
    ///
    /// # Errors
    ///
    /// When the recipe has impossible values, does not fit the data, or asks for more memory than the machine
    /// has left.
    pub fn new(recipe: &Recipe, data: &'a Dataset, threads: usize) -> Result<Training<'a>> {
        Training::new_with(recipe, data, threads, |_| ())
    }

    /// As [`Training::new`]; `warn` is told what is dubious before any memory is taken, so that a slip that asks
    /// for more than there is comes with its warning.
    ///
    /// # Errors
    ///
    /// As [`Training::new`].
    pub fn new_with(
        recipe: &Recipe,
        data: &'a Dataset,
        threads: usize,
        warn: impl FnMut(&Warning),
    ) -> Result<Training<'a>> {
        recipe.check()?;
        let scaling_spec = recipe.scaling.unwrap_or_else(|| ScalingSpec::usual(data));
        let scaling = Scaling::fit(&scaling_spec, data)?;
        let network = recipe.network(data.shape())?;
        let recipe = Recipe {
            scaling: Some(scaling_spec),
            ..recipe.clone().with_widths_of(data.shape())
        };
        let objective = Objective::new(&recipe.reconstruction, &recipe.decoder)?;
        objective.check_targets(scaling.range(data))?;
        let warnings = warnings::warnings(&recipe, &network, data, &scaling);
        warnings.iter().for_each(warn);
        let batch = recipe.batch_size.min(data.rows());
        memory::check(&Memory::least(&recipe, &network), available())?;
        let mut setting = Setting::of(&recipe, network)?;
        setting.accumulation = recipe.accumulation.min(data.rows().div_ceil(batch));
        let plan = StepPlan::new(setting, batch, threads)?;
        memory::check(&plan.memory(), available())?;
        let mut stepper = plan.stepper();
        stepper.plan_rows(data.rows());
        Ok(Training {
            state: State::new(stepper.penalties().count()),
            factor: 1.0,
            validation: None,
            checksums: Checksums {
                train: data.checksum()?,
                validation: None,
                test: None,
            },
            origin: Origin {
                isa: vec![isa::name().to_string()],
                ..Origin::of(data)?
            },
            recipe,
            data,
            scaling,
            stepper,
            warnings,
            order: Vec::new(),
        })
    }

    /// The same with rows that are not learnt from: their loss is measured after every epoch, and the model
    /// is the one of the lowest. They should be alike to the training rows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if they differ in shape, or cannot be targets of the objective.
    pub fn with_validation(mut self, validation: &'a Dataset) -> Result<Training<'a>> {
        if validation.shape() != self.data.shape() {
            return Err(Error::new(
                ErrorKind::Data,
                "the validation rows differ in shape from the training rows",
            )
            .at(validation.name())
            .expected(format!("{:?}", self.data.shape()))
            .found(format!("{:?}", validation.shape())));
        }
        let objective = Objective::new(&self.recipe.reconstruction, &self.recipe.decoder)?;
        objective
            .check_targets(self.scaling.range(validation))
            .map_err(|error| error.at(validation.name()))?;
        self.stepper.plan_rows(validation.rows());
        self.checksums.validation = Some(validation.checksum()?);
        self.validation = Some(validation);
        Ok(self)
    }

    /// The recipe with what the data decided: the scaling, and the width of the last layer.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// What is dubious about this run.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The scaling, fitted on the training rows.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// The number of threads at work.
    pub fn threads(&self) -> usize {
        self.stepper.threads()
    }

    /// The memory that a step is planned with.
    pub fn memory(&self) -> Memory {
        self.stepper.memory()
    }

    /// Counts from now on where the time of a step goes, for [`Training::profile`]. The result stays the same.
    pub fn start_profile(&mut self) {
        self.stepper.start_profile();
    }

    /// Where the time of the steps went since [`Training::start_profile`]; none before the first.
    pub fn profile(&self) -> Option<Profile> {
        self.stepper.profile()
    }

    /// Whether training is over: all epochs are done, or the loss has not fallen for as many as the
    /// recipe waits.
    pub fn is_finished(&self) -> bool {
        self.state.epochs_done >= self.recipe.epochs || self.has_stopped_early()
    }

    /// Whether the loss has not fallen for as many epochs as the recipe waits.
    pub fn has_stopped_early(&self) -> bool {
        self.recipe.patience > 0
            && self.state.best.waited >= self.recipe.patience
            && self.state.sums.rows == 0
    }

    /// The epoch of the lowest watched loss, from 1: that of the model where there is validation.
    pub fn best_epoch(&self) -> usize {
        self.state.best.epoch
    }

    /// The lowest validation loss so far; none without validation, or while no epoch has had a finite one.
    pub fn best_validation_loss(&self) -> Option<f64> {
        let best = &self.state.best;
        (self.validation.is_some() && best.epoch > 0).then_some(best.loss)
    }

    /// The mean of the objective over the last epoch that is done; NaN before the first ends.
    pub fn train_loss(&self) -> f64 {
        self.state.train_loss
    }

    /// The time that the epochs that are done took, in seconds.
    pub fn seconds(&self) -> f64 {
        self.state.seconds
    }

    /// Trains for one epoch: every row once, in a new order. `observe` is called after each step, and between
    /// the batches of the validation rows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Diverged`] when the training or validation loss is not finite; the run is of no use after that.
    /// [`ErrorKind::Io`] when rows that stay in a file cannot be read.
    pub fn epoch(&mut self, mut observe: impl FnMut(&Progress)) -> Result<EpochRecord> {
        let record = self.epoch_while(|_, progress| {
            observe(progress);
            ControlFlow::Continue(())
        })?;
        record.ok_or_else(|| Error::new(ErrorKind::Data, "the epoch was broken off"))
    }

    /// As [`Training::epoch`], but ends after the step at which `observe` says so, and then gives no
    /// record. The next call goes on from there, as does a run that is given [`Training::state`]; validation
    /// that is broken off begins anew.
    ///
    /// # Errors
    ///
    /// As [`Training::epoch`].
    pub fn epoch_while(
        &mut self,
        mut observe: impl FnMut(&Self, &Progress) -> ControlFlow<()>,
    ) -> Result<Option<EpochRecord>> {
        let began = Instant::now();
        let before = self.state.sums.seconds;
        let epoch = self.state.epochs_done;
        let mut order = std::mem::take(&mut self.order);
        let draws = Draws::new(self.recipe.seed, Purpose::Shuffle);
        let in_step = self
            .recipe
            .batch_size
            .saturating_mul(self.recipe.accumulation);
        let pieces = self.stepper.pieces(self.data.rows(), in_step);
        let in_epoch = Order::new(self.data, &draws, epoch as u32, in_step);
        let in_epoch = in_epoch.joined(pieces.has_joined());
        let (mut pool, mut read) = (None, None);
        let mut places = Vec::new();
        let steps = pieces.count();
        let first = self.state.sums.rows.div_ceil(in_step);
        for step in first..steps {
            self.factor = self.factor_at(step, steps);
            let Range { start, end } = pieces.of(step);
            let index = in_epoch.pool_of(start);
            let pool_start = in_epoch.start_of(index);
            if pool != Some(index) {
                pool = Some(index);
                in_epoch.rows_of(index, &mut order);
                if self.data.is_in_file() {
                    read = Some(self.data.pooled(&order, read.take())?);
                }
            }
            let in_pool = start - pool_start..end - pool_start;
            let (data, these) = match &read {
                None => (self.data, &order[in_pool]),
                Some(read) => {
                    places.clear();
                    places.extend(in_pool.map(|place| place as u32));
                    (read, &places[..])
                }
            };
            let (scaling, factor) = (&self.scaling, self.factor);
            let losses = self
                .stepper
                .step(data, scaling, epoch as u32, these, factor);
            if !losses.total.is_finite() {
                return Err(self.diverged((step, steps), data, these));
            }
            self.state.sums.add(losses, these.len());
            self.state.sums.seconds = before + began.elapsed().as_secs_f64();
            let is_last = step + 1 == steps;
            let is_break = observe(self, &self.progress()).is_break();
            if is_break && (!is_last || self.validation.is_some()) {
                self.order = order;
                return Ok(None);
            }
        }
        self.order = order;
        // Not known yet where the run went on with the validation.
        self.factor = self.factor_at(steps - 1, steps);
        let validation_loss = match self.validation {
            None => None,
            Some(validation) => match self.loss_on(validation, observe)? {
                None => return Ok(None),
                loss => loss,
            },
        };
        if let Some((loss, validation)) = validation_loss.zip(self.validation) {
            self.check_validation_loss(loss, validation)?;
        }
        Ok(Some(self.end_epoch(
            validation_loss,
            began.elapsed().as_secs_f64() + before,
        )))
    }

    /// What the learning rate is multiplied by in a step of the epoch in progress.
    fn factor_at(&self, step: usize, steps: usize) -> f64 {
        self.recipe.schedule.factor(
            (self.state.epochs_done * steps + step) as u64,
            steps as u64,
            self.recipe.epochs,
            &self.state.plateau,
        )
    }

    /// The learning rate of the next step.
    pub fn next_learning_rate(&self) -> f64 {
        let in_step = self
            .recipe
            .batch_size
            .saturating_mul(self.recipe.accumulation);
        let steps = self.stepper.pieces(self.data.rows(), in_step).count();
        let step = self.state.sums.rows.div_ceil(in_step).min(steps);
        self.factor_at(step, steps) * self.recipe.optimizer.learning_rate()
    }

    /// How far the epoch is.
    fn progress(&self) -> Progress {
        Progress {
            epoch: self.state.epochs_done + 1,
            epochs: self.recipe.epochs,
            rows: self.state.sums.rows,
            rows_in_epoch: self.data.rows(),
            loss: self.state.sums.mean(self.state.sums.total),
        }
    }

    /// The mean of the objective over rows that are not learnt from, or none if `observe` breaks it off.
    fn loss_on(
        &mut self,
        data: &Dataset,
        mut observe: impl FnMut(&Self, &Progress) -> ControlFlow<()>,
    ) -> Result<Option<f64>> {
        let (rows, batch) = (data.rows(), self.stepper.batch());
        let mut measured = self.stepper.measured(rows);
        let mut places = Vec::with_capacity(batch);
        for start in (0..rows).step_by(batch) {
            let end = (start + batch).min(rows);
            places.clear();
            places.extend(start as u32..end as u32);
            let scaling = &self.scaling;
            self.stepper.measure(&mut measured, data, scaling, &places);
            if end < rows && observe(self, &self.progress()).is_break() {
                return Ok(None);
            }
        }
        data.check_readable()?;
        Ok(Some(measured.losses.total))
    }

    fn end_epoch(&mut self, validation_loss: Option<f64>, seconds: f64) -> EpochRecord {
        let state = &mut self.state;
        state.epochs_done += 1;
        let sums = state.sums.take();
        let train_loss = sums.mean(sums.total);
        let watched = validation_loss.unwrap_or(train_loss);
        state.plateau.watch(&self.recipe.schedule, watched);
        let is_better = watched < state.best.loss;
        if is_better {
            state.best.loss = watched;
            state.best.epoch = state.epochs_done;
            state.best.waited = 0;
        } else {
            state.best.waited += 1;
        }
        if is_better && validation_loss.is_some() {
            let parameters = self.stepper.parameters();
            state.best.parameters.clear();
            state.best.parameters.extend_from_slice(parameters.flat());
            state.best.states.clear();
            state.best.states.extend_from_slice(parameters.states());
        }
        let seconds = seconds.max(1e-9);
        state.train_loss = train_loss;
        state.seconds += seconds;
        let penalties = self.stepper.penalties().zip(&sums.penalties);
        EpochRecord {
            epoch: state.epochs_done,
            train_loss,
            reconstruction: sums.mean(sums.reconstruction),
            penalties: penalties
                .map(|(penalty, &sum)| (penalty.kind.name(), sums.mean(sum)))
                .collect(),
            seconds,
            images_per_second: sums.rows as f64 / seconds,
            validation_loss,
            learning_rate: self.factor * self.recipe.optimizer.learning_rate(),
        }
    }

    /// The epochs that are done, and the rows of the next that are.
    pub fn position(&self) -> (usize, usize) {
        (self.state.epochs_done, self.state.sums.rows)
    }

    /// Keeps with the model how the rows were divided, and what the sources of other rows for validation and testing
    /// are called.
    pub fn record_split(&mut self, split: SplitRecord, other: OtherRows<'_>) {
        self.origin = std::mem::take(&mut self.origin).with_split(split, other);
    }

    /// Keeps with the model what tells the rows from others that it will be tested on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when rows that stay in a file cannot be read.
    pub fn record_test(&mut self, test: &Dataset) -> Result<()> {
        self.checksums.test = Some(test.checksum()?);
        Ok(())
    }

    /// Keeps with the model which instruction sets trained it, the first one first, where that is not this one alone.
    pub fn record_isa(&mut self, isa: Vec<String>) {
        self.origin.isa = isa;
    }

    /// Checksums of some training rows, by which they are known again.
    pub fn row_sketch(&self) -> Option<&RowSketch> {
        self.origin.rows.as_ref()
    }

    /// What tells the training rows, and those for validation and testing that it knows, from others.
    pub fn checksums(&self) -> &Checksums {
        &self.checksums
    }

    /// The training rows.
    pub fn data(&self) -> &'a Dataset {
        self.data
    }

    /// The rows for validation, if there are any.
    pub fn validation(&self) -> Option<&'a Dataset> {
        self.validation
    }

    /// The shape of a row.
    pub fn shape(&self) -> &[usize] {
        self.data.shape()
    }

    /// The values of a row.
    pub fn inputs(&self) -> usize {
        self.data.inputs()
    }

    /// The number of parameters.
    pub(crate) fn parameter_count(&self) -> usize {
        self.stepper.network().parameter_count()
    }

    /// The numbers of all states.
    pub(crate) fn state_count(&self) -> usize {
        self.stepper.parameters().states().len()
    }

    /// All that a run which goes on from here needs beside its recipe and data.
    pub fn state(&self) -> State {
        let mut state = self.state.clone();
        let (steps, first, second) = self.stepper.optimizer().state();
        state.parameters = self.stepper.parameters().flat().to_vec();
        state.states = self.stepper.parameters().states().to_vec();
        state.steps = steps;
        state.first = first.to_vec();
        state.second = second.to_vec();
        state
    }

    /// Goes on from a state of a run of the same recipe on the same data: what follows has the same bits
    /// as if that run had gone on, for any number of threads.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] when the state does not fit the recipe or the data.
    pub fn restore(&mut self, state: State) -> Result<()> {
        let refuse = |what: &str| Error::new(ErrorKind::Format, what);
        let in_step = self
            .recipe
            .batch_size
            .saturating_mul(self.recipe.accumulation);
        let count = self.stepper.parameters().flat().len();
        let rows = state.sums.rows;
        // All rows: what the epoch lacks is its validation.
        let is_trained = rows == self.data.rows() && self.validation.is_some();
        let steps = self.stepper.pieces(self.data.rows(), in_step).count();
        if !is_trained && (rows / in_step >= steps || !rows.is_multiple_of(in_step)) {
            return Err(refuse("the state lies at no step of these data")
                .expected(format!(
                    "a multiple of {in_step} rows below {}",
                    steps.saturating_mul(in_step)
                ))
                .found(rows));
        }
        if state.sums.penalties.len() != self.state.sums.penalties.len() {
            return Err(refuse("the state has other penalties than the recipe"));
        }
        if !state.best.parameters.is_empty() && state.best.parameters.len() != count {
            return Err(refuse("the best parameters do not fit the network")
                .expected(count)
                .found(state.best.parameters.len()));
        }
        let states = self.stepper.parameters().states().len();
        if !state.best.parameters.is_empty() && state.best.states.len() != states {
            return Err(refuse("the best states do not fit the network")
                .expected(states)
                .found(state.best.states.len()));
        }
        self.stepper.set_states(&state.states)?;
        let optimizer = (state.steps, &state.first[..], &state.second[..]);
        self.stepper.restore(&state.parameters, optimizer)?;
        self.state = state;
        Ok(())
    }

    /// Begins with the parameters of another model, of the same layers, instead of drawn ones.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] when the two differ in their tensors.
    pub fn init_from(&mut self, model: &Model) -> Result<()> {
        let named = |network: &Network| -> Vec<(String, Vec<usize>)> {
            let tensors = network.tensors().iter();
            let tensors = tensors.map(|tensor| (tensor.name.clone(), tensor.shape.clone()));
            let states = network.states().iter();
            let states = states.map(|state| (state.name.clone(), state.shape.clone()));
            tensors.chain(states).collect()
        };
        let (ours, theirs) = (named(self.stepper.network()), named(model.network()));
        if ours != theirs {
            let differing = ours.iter().zip(&theirs).find(|(a, b)| a != b);
            let error = Error::new(ErrorKind::Data, "the model to begin with has other layers");
            return Err(match differing {
                Some((ours, theirs)) => error
                    .expected(format!("`{}` of shape {:?}", ours.0, ours.1))
                    .found(format!("`{}` of shape {:?}", theirs.0, theirs.1)),
                None => error
                    .expected(format!("{} tensors", ours.len()))
                    .found(theirs.len()),
            });
        }
        self.stepper.set_states(model.parameters().states())?;
        self.stepper.set_parameters(model.parameters().flat())
    }

    /// The model: as it stands, or of the lowest validation loss where there is validation.
    ///
    /// # Errors
    ///
    /// Never for a run that [`Training::new`] accepted.
    pub fn model(&self) -> Result<Model> {
        let best = &self.state.best;
        match best.parameters.is_empty() {
            true => self.last_model(),
            false => self.model_of(&best.parameters, &best.states),
        }
    }

    /// The model as it stands.
    fn last_model(&self) -> Result<Model> {
        let parameters = self.stepper.parameters();
        self.model_of(parameters.flat(), parameters.states())
    }

    /// The model with these parameters and states.
    fn model_of(&self, parameters: &[f32], states: &[f32]) -> Result<Model> {
        let mut model = Model::with_states(
            self.recipe.clone(),
            self.scaling.clone(),
            self.data.shape(),
            parameters,
            states,
        )?;
        model.set_origin(Origin {
            checksums: Some(self.checksums),
            ..self.origin.clone()
        });
        Ok(model)
    }
}

/// The memory that steps of a recipe will take on a network of its layers.
///
/// # Errors
///
/// When parts of the recipe do not fit together.
pub(crate) fn steps_memory(recipe: &Recipe, network: Network, batch: usize) -> Result<Memory> {
    let setting = Setting::of(recipe, network)?;
    Ok(StepPlan::new(setting, batch, 0)?.memory())
}

/// Trains a recipe on data from beginning to end, on all cores and without a word.
///
/// The recipe's fraction for validation, if it has one, is set apart from the rows, as in a run; the model is then the one
/// of the lowest loss on it. No rows are held out for testing.
///
/// ```
/// use narrows::{Recipe, data::Dataset};
/// use ndarray::Array2;
///
/// # fn main() -> narrows::Result<()> {
/// // Any array will do; each row is an example.
/// let rows = Array2::from_shape_fn((200, 6), |(row, column)| ((row * (column + 1)) as f32 / 20.0).sin());
/// let mut recipe = Recipe::named("table")?;
/// recipe.epochs = 3;
/// recipe.validation = Some(0.1);
/// let model = narrows::fit(&recipe, &Dataset::from_array(rows.view())?)?;
/// assert_eq!(model.reconstruct(rows.view())?.dim(), (200, 6));
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// As [`Dataset::watched`], [`Training::new`], [`Training::epoch`] and [`Training::checked_model`].
pub fn fit(recipe: &Recipe, data: &Dataset) -> Result<Model> {
    let fraction = recipe.validation.unwrap_or(0.0);
    let apart = data.watched(recipe.seed, fraction)?;
    let (train, validation) = match &apart {
        Some((train, validation)) => (train, Some(validation)),
        None => (data, None),
    };
    let mut training = Training::new(recipe, train, 0)?;
    if let Some(validation) = validation {
        training = training.with_validation(validation)?;
    }
    training.record_split(
        SplitRecord {
            seed: recipe.seed,
            plan: SplitPlan {
                test: TestRows::None,
                ..SplitPlan::with_validation(fraction)
            },
            held_out: false,
            rows: [train.rows(), validation.map_or(0, Dataset::rows), 0],
        },
        OtherRows::default(),
    );
    while !training.is_finished() {
        training.epoch(|_| ())?;
    }
    training.checked_model()
}
