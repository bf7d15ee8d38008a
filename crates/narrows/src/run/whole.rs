//! A complete run, from the recipe to the report; and resuming a run.

use super::checkpoint;
use super::division::{tell_of_begun_on, tell_of_known_rows, tell_of_split};
use super::epochs::{Going, refuse_diverged, train_epochs};
use super::event::{Event, Finished};
use super::folder;
use super::groups::tell_of_known_groups;
use super::guard::Guard;
use super::isa;
use super::load::load_model_of;
use super::measure::{OnSplit, measure, tell_of_left_out, tell_of_missing, threads_or_all};
use super::names::{INIT_FILE, MODEL_FILE, PICTURE_FILE, RECIPE_FILE, RUN_FILE};
use super::notice::Notice;
use super::options::{FOLLOWS, Options, stopped};
use super::page::write_report;
use super::place::{Place, recover};
use super::replan::{has_come_to_its_end, replan};
use super::rows::KnownRows;
use super::sources::RunFile;
use super::summary::Outcome;
use super::threshold::{is_chosen, usual_threshold};
use super::variational::{tell_of_collapse, tell_of_stds};
use crate::data::{Dataset, Source, SplitPlan};
use crate::error::Result;
use crate::figures::reconstruction_picture;
use crate::memory::require;
use crate::model::{Model, SplitRecord};
use crate::parts::Parts;
use crate::recipe::Recipe;
use crate::train::{Training, Warning};
use std::path::Path;

/// Trains a recipe on a source, and writes the run's folder.
///
/// The rows are split as set in [`Options::split`], with the recipe's seed and its fraction for validation. By default
/// they are split as in [`Source::split`]. With 100 validation rows or more, the model has a threshold: the 99 %
/// quantile of their scores.
///
/// # Errors
///
/// If the recipe does not fit the data, the folder exists already, another training is using it, the system cannot
/// write, or training diverges; files that were saved before are kept.
/// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) if it was asked to stop.
pub fn run(
    recipe: &Recipe,
    source: &Source,
    options: &Options<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
    run_in(recipe, source, options, None, observe)
}

/// Resumes a run from its last save, and ends in the same bits as if it had never stopped. The source must be the one
/// with which the run began, and so must `split`, `validation` and `test`. The options `out`, `force` and `init_from`
/// are ignored.
///
/// With another number of epochs, the schedule is computed again. Early stopping keeps its count: a run that early
/// stopping has ended gets no more epochs.
///
/// # Errors
///
/// If there is no run in the folder, if it diverged, if its data have changed, or if the number of epochs is not
/// possible; else as [`run`].
pub fn resume(
    folder: &Path,
    source: &Source,
    options: &Options<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
    recover(folder)?;
    let parts = Parts::or_standard(options.parts);
    let mut recipe = parts.load_file(&folder.join(RECIPE_FILE), &[])?;
    recipe.epochs = options.epochs.unwrap_or(recipe.epochs);
    run_in(&recipe, source, options, Some(folder), observe)
}

fn run_in(
    recipe: &Recipe,
    source: &Source,
    options: &Options<'_>,
    resumed: Option<&Path>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
    for note in recipe.notes() {
        let note = note.clone();
        observe(Event::Warning(&Warning::OlderName { note }));
    }
    // The model whose parameters it began with may have parts that its recipe does not name.
    let parts = recipe.parts_beside(Parts::or_standard(options.parts));
    let plan = SplitPlan {
        validation: recipe.validation,
        ..options.split.clone()
    };
    let other = options.other();
    let split = source.split_beside(recipe.seed, &plan, other)?;
    // The decisions for a run stay the same when it is resumed.
    let recipe = &Recipe {
        validation: recipe.validation.or(split.plan.validation),
        ..recipe.clone()
    };
    if split.is_tested_on_training_rows() {
        observe(Event::Warning(&Warning::OneRow));
    }
    tell_of_split(&split, resumed.is_none(), observe);
    let mut training = Training::new_with(recipe, &split.train, options.threads, |warning| {
        observe(Event::Warning(warning));
    })?;
    if let Some(validation) = split.validation.as_deref() {
        training = training.with_validation(validation)?;
    }
    training.record_split(SplitRecord::of(&split, recipe.seed), other);
    if let Some(test) = split.test.as_deref() {
        training.record_test(test)?;
    }
    let known = KnownRows::of_split(&split)?;
    if resumed.is_none() {
        tell_of_collapse(&training, options.threads, observe)?;
        tell_of_known_rows(&training, &split, other, observe)?;
        tell_of_known_groups(&split, other, observe)?;
    }
    require("saving the run", bytes_of_saving(&training, &split.train))?;
    if let Some(model) = options.init_from.filter(|_| resumed.is_none()) {
        training.init_from(model)?;
        tell_of_begun_on(model, &split, observe)?;
    }
    let mut is_newer_damaged = false;
    let mut records = Vec::new();
    let place = match resumed {
        Some(folder) => {
            let place = Place::of_run(folder)?;
            refuse_diverged(folder)?;
            let file = folder.join(RUN_FILE).is_file();
            let mut file = file.then(|| RunFile::read(folder)).transpose()?;
            let before = if folder::is_saved(folder) {
                let (epochs, notice) = checkpoint::restore(&mut training, &known, folder)?;
                is_newer_damaged = notice.is_some();
                if let Some(notice) = notice {
                    observe(Event::Notice(&notice));
                }
                epochs
            } else {
                if let Some(began_with) = file.as_ref().and_then(|file| file.rows.as_ref()) {
                    began_with.check(&known).map_err(checkpoint::elsewhere)?;
                }
                if options.init_from.is_none() && folder.join(INIT_FILE).is_file() {
                    training.init_from(&Model::load_of(folder.join(INIT_FILE), &parts)?)?;
                }
                let file = folder.join(RECIPE_FILE);
                parts.load_file(&file, &[])?.epochs
            };
            replan(&training, before, folder, observe)?;
            let isa = isa::goes_on(&mut training, folder, file.as_ref(), observe);
            match (&options.sources, &mut file) {
                (Some(sources), _) => sources.write(folder, folder, Some(&known), &isa)?,
                (None, Some(file)) if file.isa != isa => {
                    file.isa = isa;
                    file.write(folder)?;
                }
                (None, _) => {}
            }
            let (epochs, rows) = training.position();
            records = folder::keep_lines(folder, epochs)?;
            observe(if training.is_finished() && folder::is_saved(folder) {
                Event::Finished(
                    folder,
                    Finished {
                        epochs,
                        is_at_end: has_come_to_its_end(folder, &parts),
                        has_stopped_early: training.has_stopped_early(),
                    },
                )
            } else {
                Event::Resume(folder, epochs, rows)
            });
            place
        }
        None => {
            let mut place = Place::create(options.out, options.force, &recipe.name)?;
            observe(Event::Start(place.folder()));
            let files = place.files();
            let toml = training.recipe().to_toml();
            folder::write(&files.join(RECIPE_FILE), toml.as_bytes())?;
            if let Some(model) = options.init_from {
                model.save(files.join(INIT_FILE))?;
            }
            if let Some(sources) = &options.sources {
                let isa = [crate::isa::name().to_string()];
                sources.write(place.folder(), &files, Some(&known), &isa)?;
            }
            place.settle(false)?;
            place
        }
    };
    place.warn(observe);
    let folder = place.folder().to_path_buf();
    let (threshold, prior) = match resumed {
        Some(folder) if folder::is_saved(folder) => match load_model_of(folder, &parts) {
            Ok(model) => (model.threshold().cloned(), model.prior().cloned()),
            Err(error) => {
                observe(Event::Notice(&Notice::ModelAgain(error.to_string())));
                (None, None)
            }
        },
        _ => (None, None),
    };
    // A finished run keeps the threshold that was chosen since.
    let is_done = training.is_finished() && folder::is_saved(&folder);
    if !is_done && threshold.as_ref().is_some_and(is_chosen) {
        observe(Event::Warning(&Warning::ThresholdLost));
    }
    if !is_done && prior.is_some() {
        observe(Event::Notice(&Notice::PriorLost));
    }
    let (threshold, prior) = (threshold.filter(|_| is_done), prior.filter(|_| is_done));
    if options.profile {
        training.start_profile();
    }
    let in_use = [
        Some(&*split.train),
        training.validation(),
        split.test.as_deref(),
    ];
    let guard = Guard::new(options.watch, &folder, in_use.into_iter().flatten())?;
    let mut going = Going {
        place,
        known: &known,
        guard,
        records,
        is_newer_damaged,
    };
    train_epochs(&mut training, &mut going, options, observe)?;
    // A finished run is checked too, because earlier versions saved any model.
    let mut model = training.checked_model()?;
    tell_of_stds(&model, observe);
    let records = std::mem::take(&mut going.records);
    tell_of_missing(&folder, training.position().0, &records, None, observe);

    let mut stage = |name| {
        observe(Event::Stage(&folder, name));
        if options.is_stopped() {
            Err(stopped(FOLLOWS, &folder))
        } else {
            Ok(())
        }
    };
    let how = OnSplit {
        split: &split,
        path: &folder,
        threads: threads_or_all(options.threads),
        baselines: options.baselines,
    };
    let mut outcome = measure(&model, &records, &how, &mut stage)?;
    tell_of_left_out(&outcome, observe);
    let chosen = match threshold {
        Some(threshold) => Ok(Some(threshold)),
        None => usual_threshold(&model, split.validation.as_deref()),
    };
    match chosen {
        Ok(threshold) => {
            outcome.summary.threshold.clone_from(&threshold);
            if let Some(threshold) = threshold {
                model.set_threshold(threshold);
            }
        }
        Err(error) => observe(Event::Note(&format!("the model has no threshold: {error}"))),
    }
    prior.map_or(Ok(()), |prior| model.set_prior(prior))?;
    let best = training
        .best_validation_loss()
        .map(|loss| (training.best_epoch(), loss));
    outcome.summary.best = best;
    outcome.summary.trained(&training);
    outcome.summary.stopped_early = training.has_stopped_early();
    outcome.summary.profile = training.profile();
    let summary = &outcome.summary;
    model.metrics_mut().extend(summary.metrics());
    observe(Event::Stage(&folder, "report"));
    if options.is_stopped() {
        return Err(stopped(FOLLOWS, &folder));
    }
    going.guard.look(observe)?;
    if let Some(test) = split.test.as_deref().filter(|_| summary.has_picture()) {
        folder::write(
            &folder.join(PICTURE_FILE),
            &reconstruction_picture(&model, test, recipe.corruption.as_ref())?,
        )?;
    }
    write_report(&folder, &outcome.report(recipe))?;
    // Last, because the run is finished as soon as the model has its metrics.
    model.save(folder.join(MODEL_FILE))?;
    Ok(outcome)
}

/// The memory of a save: what it writes for the optimizer and the parameters, including the best ones, and a copy. The
/// size of the JSON of a column was measured.
fn bytes_of_saving(training: &Training<'_>, data: &Dataset) -> usize {
    const OF_COLUMN: usize = 2 << 10;
    let memory = training.memory();
    // The values of images are not columns.
    let columns = match data.shape().len() {
        1 => data.inputs(),
        _ => 0,
    };
    2 * (2 * memory.parameters + memory.optimizer) + memory.parameters + columns * OF_COLUMN
}

/// Checks that a recipe could be trained on a source.
///
/// # Errors
///
/// If its values are impossible or do not fit the data.
pub fn check_recipe(recipe: &Recipe, source: &Source) -> Result<()> {
    let plan = SplitPlan {
        validation: recipe.validation,
        ..SplitPlan::default()
    };
    let split = source.split(recipe.seed, &plan)?;
    let training = Training::new(recipe, &split.train, 1)?;
    match split.validation.as_deref() {
        Some(validation) => training.with_validation(validation).map(drop),
        None => Ok(()),
    }
}
