//! Training from beginning to end.

use super::record::EpochRecord;
use super::step::{Memory, Programs};
use super::training::Training;
use crate::data::{Dataset, OtherRows, SplitPlan, TestRows};
use crate::error::Result;
use crate::model::{Model, SplitRecord};
use crate::network::Network;
use crate::recipe::Recipe;
use std::ops::ControlFlow;

/// The memory of the steps of a recipe on a network of its layers.
///
/// # Errors
///
/// If parts of the recipe do not fit together.
pub(crate) fn steps_memory(recipe: &Recipe, network: Network, batch: usize) -> Result<Memory> {
    let programs = Programs::of(recipe, network, batch, 0, true)?;
    let remembered = recipe.optimizer.numbers_remembered();
    Ok(programs.memory(recipe.clip_norm, recipe.accumulation, remembered))
}

/// Trains a recipe on data from beginning to end, on all cores, and prints nothing.
///
/// If the recipe has a fraction for validation, these rows are held out, as in a run, and the model is the one with the
/// lowest loss on them. No rows are held out for testing.
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
    fit_with(recipe, data, |_| ControlFlow::Continue(()))
}

/// The progress of [`fit_with`], after every epoch.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FitProgress<'a> {
    /// The epoch that has ended, from 1.
    pub epoch: usize,
    /// The number of epochs, unless early stopping ends training before.
    pub epochs: usize,
    /// Its losses, its time in seconds and its rows per second.
    pub record: &'a EpochRecord,
}

/// As [`fit`], and calls `observe` after every epoch. `observe` may stop the training. Then the model is the one
/// trained so far, or the one with the lowest validation loss so far if the recipe holds out rows.
///
/// ```
/// use narrows::{Recipe, data::Dataset};
/// use std::ops::ControlFlow;
///
/// # fn main() -> narrows::Result<()> {
/// let data = Dataset::from_rows((0..200).map(|n| [n as f32, (n % 7) as f32, (n % 5) as f32]))?;
/// let recipe = Recipe { epochs: 1000, ..Recipe::named("table")? };
/// let mut epochs = 0;
/// let model = narrows::fit_with(&recipe, &data, |progress| {
///     println!(
///         "epoch {} of {}: loss {:.4}, {:.0} rows a second",
///         progress.epoch, progress.epochs, progress.record.train_loss, progress.record.rows_per_second
///     );
///     epochs = progress.epoch;
///     if progress.epoch < 3 {
///         ControlFlow::Continue(())
///     } else {
///         ControlFlow::Break(())
///     }
/// })?;
/// assert_eq!((epochs, model.code_size()), (3, 4));
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// As [`fit`].
pub fn fit_with(
    recipe: &Recipe,
    data: &Dataset,
    mut observe: impl FnMut(FitProgress<'_>) -> ControlFlow<()>,
) -> Result<Model> {
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
        let record = &training.epoch(|_| ())?;
        let progress = FitProgress {
            epoch: record.epoch,
            epochs: recipe.epochs,
            record,
        };
        if observe(progress).is_break() {
            break;
        }
    }
    training.checked_model()
}
