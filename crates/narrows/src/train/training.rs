//! A training run: its settings and its progress.

use super::memory;
use super::state::State;
use super::step::{Memory, Setting, StepPlan, Stepper};
use super::warnings::{self, Warning};
use crate::data::{Checksums, Dataset};
use crate::error::{Error, ErrorKind, Result};
use crate::isa;
use crate::memory::available;
use crate::model::Origin;
use crate::network::ScaledRows;
use crate::objective::Objective;
use crate::program::Profile;
use crate::recipe::Recipe;
use crate::scaling::{Scaling, ScalingSpec};

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
    pub(super) recipe: Recipe,
    pub(super) data: &'a Dataset,
    pub(super) scaling: Scaling,
    pub(super) stepper: Stepper,
    pub(super) warnings: Vec<Warning>,
    pub(super) origin: Origin,
    pub(super) order: Vec<u32>,
    pub(super) validation: Option<&'a Dataset>,
    pub(super) checksums: Checksums,
    pub(super) state: State,
    /// The factor of the learning rate in the last completed step.
    pub(super) factor: f64,
}

/// Refuses values that are not 0 or 1 if the loss needs that, and values outside of 0 to 1 if they are to be drawn as 0 or
/// 1.
fn check_binary(
    recipe: &Recipe,
    objective: &Objective,
    data: &Dataset,
    scaling: &Scaling,
) -> Result<()> {
    if !recipe.binarize {
        let scaled = ScaledRows { data, scaling };
        let checked = objective.check_binary(data.inputs(), &scaled);
        return checked.map_err(|error| error.at(data.name()));
    }
    let (low, high) = scaling.range(data);
    if low >= 0.0 && high <= 1.0 {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Recipe,
        "values are drawn as 0 or 1, so they must be probabilities",
    )
    .at("scaling.draw")
    .expected("scaled data in [0, 1]")
    .found(format!("[{low}, {high}]"))
    .hint("use the scaling `unit` for 8-bit data or `minmax`"))
}

impl<'a> Training<'a> {
    /// Plans a run: checks the recipe against the data, fits the scaling and draws the parameters.
    ///
    /// `threads` does not change the result; 0 means as many as a step has work for, at most one per core.
    ///
    /// # Errors
    ///
    /// If the recipe has impossible values, does not fit the data, or needs more memory than the machine has left.
    pub fn new(recipe: &Recipe, data: &'a Dataset, threads: usize) -> Result<Training<'a>> {
        Training::new_with(recipe, data, threads, |_| ())
    }

    /// As [`Training::new`]. `warn` is called with each warning before any memory is allocated, so that a typing error
    /// that needs too much memory comes with its warning.
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
        let objective =
            Objective::new(&recipe.reconstruction, &recipe.bottleneck, &recipe.decoder)?;
        objective.check_targets(scaling.range(data))?;
        check_binary(&recipe, &objective, data, &scaling)?;
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
            state: State::new(stepper.columns().count()),
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

    /// The same with validation rows, which are not trained on. Their loss is measured after every epoch, and the model
    /// is the one with the lowest loss. They should be similar to the training rows.
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
        let objective = Objective::new(
            &self.recipe.reconstruction,
            &self.recipe.bottleneck,
            &self.recipe.decoder,
        )?;
        objective
            .check_targets(self.scaling.range(validation))
            .map_err(|error| error.at(validation.name()))?;
        check_binary(&self.recipe, &objective, validation, &self.scaling)?;
        self.stepper.plan_rows(validation.rows());
        self.checksums.validation = Some(validation.checksum()?);
        self.validation = Some(validation);
        Ok(self)
    }

    /// The recipe with the values that depend on the data: the scaling, and the width of the last layer.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The warnings about this run.
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

    /// The planned memory of a step.
    pub fn memory(&self) -> Memory {
        self.stepper.memory()
    }

    /// Starts to measure the time of the parts of a step, for [`Training::profile`]. The result stays the same.
    pub fn start_profile(&mut self) {
        self.stepper.start_profile();
    }

    /// The time of the parts of the steps since [`Training::start_profile`]; `None` before the first step.
    pub fn profile(&self) -> Option<Profile> {
        self.stepper.profile()
    }

    /// Whether training is over: all epochs are finished, or early stopping has ended it.
    pub fn is_finished(&self) -> bool {
        self.state.epochs_done >= self.recipe.epochs || self.has_stopped_early()
    }

    /// Whether the loss has not fallen for as many epochs as the recipe's patience.
    pub fn has_stopped_early(&self) -> bool {
        self.recipe.patience > 0
            && self.state.best.waited >= self.recipe.patience
            && self.state.sums.rows == 0
    }

    /// The epoch with the lowest monitored loss, from 1. With validation, the model is from this epoch.
    pub fn best_epoch(&self) -> usize {
        self.state.best.epoch
    }

    /// The lowest validation loss so far; `None` without validation, or before an epoch with a finite validation loss.
    pub fn best_validation_loss(&self) -> Option<f64> {
        let best = &self.state.best;
        (self.validation.is_some() && best.epoch > 0).then_some(best.loss)
    }

    /// The mean of the objective over the last finished epoch; NaN before the first ends.
    pub fn train_loss(&self) -> f64 {
        self.state.train_loss
    }

    /// The time of the finished epochs, in seconds.
    pub fn seconds(&self) -> f64 {
        self.state.seconds
    }
}
