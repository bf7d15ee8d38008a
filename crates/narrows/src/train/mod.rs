//! Training: the loop over epochs and steps, and the record of it.

mod step;
mod warnings;

pub use step::{Losses, Setting, Stepper};
pub use warnings::Warning;

use crate::data::Dataset;
use crate::data::scaling::{Scaling, ScalingSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::network::{Network, Parameters};
use crate::objective::Objective;
use crate::optimizer::Optimizer;
use crate::recipe::Recipe;
use crate::rng::{Draws, Purpose};
use std::time::{Duration, Instant};

/// What is known at the end of an epoch: a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochRecord {
    /// Which epoch, from 1.
    pub epoch: usize,
    /// The mean of the objective over the rows of the epoch, each before its own step.
    pub train_loss: f64,
    /// The mean of the reconstruction loss.
    pub reconstruction: f64,
    /// The mean of each term, without its weight, by its name in the recipe.
    pub terms: Vec<(&'static str, f64)>,
    /// The time that the epoch took.
    pub seconds: f64,
    /// Rows a second.
    pub images_per_second: f64,
}

/// How far training has come, told after every step.
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
    order: Vec<u32>,
    /// For each term the sum over an epoch.
    term_sums: Vec<f64>,
    epochs_done: usize,
}

impl<'a> Training<'a> {
    /// Plans a run: checks the recipe against the data, fits the scaling and draws the parameters.
    ///
    /// `threads` has no influence on the result; 0 means one for each core.
    ///
    /// # Errors
    ///
    /// When the recipe has impossible values, or does not fit the data.
    pub fn new(recipe: &Recipe, data: &'a Dataset, threads: usize) -> Result<Training<'a>> {
        recipe.check()?;
        let scaling_spec = recipe.scaling.unwrap_or_else(|| ScalingSpec::usual(data));
        let scaling = Scaling::fit(&scaling_spec, data)?;
        let recipe = Recipe {
            scaling: Some(scaling_spec),
            ..recipe.clone()
        };
        let network = Network::new(&recipe.encoder, &recipe.decoder, data.shape())?;
        let objective = Objective::new(recipe.reconstruction, &recipe.decoder)?;
        objective.check_targets(scaling.range(data))?;
        let warnings = warnings::warnings(&network, &recipe.decoder, data, &scaling);
        let parameters = Parameters::initial(&network, recipe.initialization, recipe.seed);
        let optimizer = Optimizer::new(recipe.optimizer, &network);
        let batch = recipe.batch_size.min(data.rows());
        let stepper = Stepper::new(
            Setting {
                network,
                parameters,
                corruption: recipe.corruption,
                objective,
                terms: recipe.terms.clone(),
                optimizer,
                seed: recipe.seed,
            },
            batch,
            if threads == 0 {
                available_threads()
            } else {
                threads
            },
        );
        Ok(Training {
            term_sums: vec![0.0; stepper.terms().count()],
            recipe,
            data,
            scaling,
            stepper,
            warnings,
            order: Vec::with_capacity(data.rows()),
            epochs_done: 0,
        })
    }

    /// The recipe with what the data decided: the scaling.
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

    /// Whether all epochs of the recipe are done.
    pub fn is_finished(&self) -> bool {
        self.epochs_done >= self.recipe.epochs
    }

    /// Trains for one epoch: every row once, in a new order. `observe` is called after each step.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Diverged`] when the loss is no longer finite; the run is of no use after that.
    pub fn epoch(&mut self, mut observe: impl FnMut(&Progress)) -> Result<EpochRecord> {
        let start = Instant::now();
        let rows_in_epoch = self.data.rows();
        let draws = Draws::new(self.recipe.seed, Purpose::Shuffle);
        draws.permute(self.epochs_done as u32, rows_in_epoch, &mut self.order);
        let (mut sum, mut reconstruction, mut rows) = (0.0, 0.0, 0);
        self.term_sums.fill(0.0);
        for (step, batch) in self.order.chunks(self.recipe.batch_size).enumerate() {
            let epoch = self.epochs_done as u32;
            let losses = self.stepper.step(self.data, &self.scaling, epoch, batch);
            let (loss, weight) = (losses.total, batch.len() as f64);
            for (sum, term) in self.term_sums.iter_mut().zip(&losses.terms) {
                *sum += term * weight;
            }
            reconstruction += losses.reconstruction * weight;
            if !loss.is_finite() {
                return Err(self.diverged(step, loss));
            }
            rows += batch.len();
            sum += loss * weight;
            observe(&Progress {
                epoch: self.epochs_done + 1,
                epochs: self.recipe.epochs,
                rows,
                rows_in_epoch,
                loss: sum / rows as f64,
            });
        }
        self.epochs_done += 1;
        let seconds = start.elapsed().max(Duration::from_nanos(1)).as_secs_f64();
        Ok(EpochRecord {
            epoch: self.epochs_done,
            train_loss: sum / rows as f64,
            reconstruction: reconstruction / rows as f64,
            terms: self
                .stepper
                .terms()
                .zip(&self.term_sums)
                .map(|(term, sum)| (term.kind.name(), sum / rows as f64))
                .collect(),
            seconds,
            images_per_second: rows as f64 / seconds,
        })
    }

    fn diverged(&self, step: usize, loss: f64) -> Error {
        let steps = self.data.rows().div_ceil(self.recipe.batch_size);
        Error::new(ErrorKind::Diverged, "training diverged")
            .at(format!(
                "epoch {}, step {} of {steps}",
                self.epochs_done + 1,
                step + 1
            ))
            .expected("a finite loss")
            .found(loss)
            .hint(format!(
                "try a smaller learning rate than {}",
                self.recipe.optimizer.learning_rate()
            ))
    }

    /// The model as it stands.
    ///
    /// # Errors
    ///
    /// Never for a run that [`Training::new`] accepted.
    pub fn model(&self) -> Result<Model> {
        let (parameters, shape) = (self.stepper.parameters(), self.data.shape());
        Model::new(
            self.recipe.clone(),
            self.scaling.clone(),
            shape,
            parameters.flat(),
        )
    }
}

/// Trains a recipe on data from beginning to end, on all cores and without a word.
///
/// # Errors
///
/// As [`Training::new`] and [`Training::epoch`].
pub fn fit(recipe: &Recipe, data: &Dataset) -> Result<Model> {
    let mut training = Training::new(recipe, data, 0)?;
    while !training.is_finished() {
        training.epoch(|_| ())?;
    }
    training.model()
}

/// The number of threads that this machine runs at once.
pub fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
