//! A run: training with its folder, from the recipe to the report.
//!
//! The folder holds `recipe.toml` (with every default filled in), `run.json` (where the data come from),
//! `metrics.jsonl` (one line an epoch), `checkpoint.safetensors` (where the run stands, to go on with),
//! `checkpoint.previous.safetensors` (where it stood at the save before), `model.safetensors`, `report.html`
//! with its pictures in `figures` and, for images, `reconstructions.png`. Of a run that diverged,
//! `diverged.json` says how.

mod checkpoint;
mod division;
mod epochs;
mod folder;
mod groups;
mod guard;
mod isa;
mod lock;
mod measure;
mod notice;
mod own;
mod place;
mod replan;
mod rows;
mod sources;
mod summary;
mod threshold;

pub use checkpoint::Every;
pub(crate) use folder::is_empty;
pub use folder::{new_folder, recipe_of};
pub use lock::Lock;
pub use notice::Notice;
pub use own::{Change, OwnData, Part, folder_of, needs_data};
pub use place::recover;
pub use replan::{Finished, Replanned};
pub use sources::{Opened, Sources};
pub use summary::{BesidePca, CorruptedErrors, Outcome, Summary};

use crate::apply::check;
use crate::data::{Dataset, OtherRows, Source, SplitPlan, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::{Baselines, no_test_rows};
use crate::figures::reconstruction_picture;
use crate::model::{Model, SplitRecord};
use crate::recipe::Recipe;
use crate::report::Report;
use crate::text::path_for_shell;
use crate::threads::available_threads;
use crate::train::{EpochRecord, Progress, Training, Warning};
use division::{tell_of_begun_on, tell_of_known_rows, tell_of_split};
use epochs::{Going, refuse_diverged, train_epochs};
use groups::tell_of_known_groups;
use guard::Guard;
use measure::measure;
use place::Place;
use replan::{has_come_to_its_end, replan};
use rows::KnownRows;
use sources::RunFile;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use threshold::{is_chosen, usual_threshold};

/// The name of the model's file in a run's folder.
pub const MODEL_FILE: &str = "model.safetensors";

/// The name of the picture's file in a run's folder.
pub const PICTURE_FILE: &str = "reconstructions.png";

/// The name of the record of training in a run's folder.
pub const METRICS_FILE: &str = "metrics.jsonl";

/// The name of the report's file in a run's folder.
pub const REPORT_FILE: &str = "report.html";

/// The name of the recipe's file in a run's folder.
pub const RECIPE_FILE: &str = "recipe.toml";

/// The name of the file in a run's folder that says where the data come from.
pub const RUN_FILE: &str = "run.json";

/// The figure that a model has once its run has come to its end.
const TRAIN_LOSS: &str = "train_loss";

/// The name of the file in a run's folder that says where the run stands.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// The same as it was at the save before, for where the newer is damaged.
pub const OLDER_CHECKPOINT_FILE: &str = "checkpoint.previous.safetensors";

/// The name of the file in a run's folder that says that and how the run diverged.
pub const DIVERGED_FILE: &str = "diverged.json";

/// The name of the model in a run's folder whose parameters training began with, if it did.
const INIT_FILE: &str = "initial.safetensors";

/// The folder of the report's pictures in a run's folder.
pub const FIGURES_FOLDER: &str = "figures";

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum Event<'a> {
    /// Training is about to begin, in this folder; warnings come before.
    Start(&'a Path),
    /// Training goes on in this folder, after so many epochs and so many rows of the next.
    Resume(&'a Path, usize, usize),
    /// The run in this folder is to have another number of epochs, and its schedule is formed anew.
    Replanned(&'a Replanned),
    /// Training is over in this folder.
    Finished(&'a Path, Finished),
    /// Something is dubious.
    Warning(&'a Warning),
    /// Something about the run's folder should be known.
    Notice(&'a Notice),
    /// Something about the rows, in a sentence.
    Note(&'a str),
    /// A step is done.
    Progress(&'a Progress),
    /// An epoch is done.
    Epoch(&'a EpochRecord),
    /// Training is done and saved in this folder, and this comes next.
    Stage(&'a Path, &'static str),
}

/// Writes a report, and each of its pictures into a folder beside it.
///
/// # Errors
///
/// When the system refuses.
pub fn write_report(folder: &Path, report: &Report) -> Result<()> {
    let figures = folder.join(FIGURES_FOLDER);
    folder::unlink(&figures)?;
    fs::create_dir_all(&figures)
        .map_err(|error| Error::io("cannot make the folder of pictures", &figures, error))?;
    let several = report.sections.len() > 1;
    let of_sections = report.sections.iter().flat_map(|section| {
        let prefix = if several {
            format!("{}-", section.title)
        } else {
            String::new()
        };
        section
            .figures
            .iter()
            .map(move |figure| (prefix.clone(), figure))
    });
    let first = report.first.iter().map(|figure| (String::new(), figure));
    for (prefix, figure) in first.chain(of_sections) {
        let (name, bytes) = figure.file();
        folder::write(&figures.join(format!("{prefix}{name}")), bytes)?;
    }
    folder::write(&folder.join(REPORT_FILE), report.html()?.as_bytes())
}

/// How to run: where, on how many threads, and what beside training.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// The folder; `runs/NAME`, or `runs/NAME-2` and so on where that exists, if none is given.
    pub out: Option<&'a Path>,
    /// Whether a run that is in the folder is overwritten; it stays whole until the new one is first saved, which is after
    /// its first epoch at the earliest.
    pub force: bool,
    /// Without influence on the result; 0 means as many as a step has work for, and all cores for the rest.
    pub threads: usize,
    /// Where the data come from, for a run that may go on later; for one that goes on, where they lie now, if that is
    /// another place.
    pub sources: Option<Sources>,
    /// Which rows are for testing, and which stay together. The share for validation is the recipe's.
    pub split: SplitPlan,
    /// The files of the data, as they were before these were opened: their changes are noticed while the run goes on.
    pub watch: Option<&'a Watch>,
    /// For a run that goes on: how many epochs it is to have in all, if not as many as before.
    pub epochs: Option<usize>,
    /// Rows for validation, from a source of their own.
    pub validation: Option<&'a Dataset>,
    /// Rows for testing, from a source of their own.
    pub test: Option<&'a Dataset>,
    /// A model whose parameters training begins with.
    pub init_from: Option<&'a Model>,
    /// How often the run is saved.
    pub checkpoint: Every,
    /// Whether losses are written for TensorBoard too.
    pub tensorboard: bool,
    /// Whether to count where the time of a step goes, for [`Summary::profile`].
    pub profile: bool,
    /// Set to stop after the current step, or between the stages that follow training, before which the run
    /// is saved: it ends with [`ErrorKind::Interrupted`].
    pub stop: Option<&'a AtomicBool>,
    /// Principal components that several runs share; each fits its own otherwise.
    pub baselines: Option<&'a Baselines>,
}

impl<'a> Options<'a> {
    fn other(&self) -> OtherRows<'a> {
        OtherRows {
            validation: self.validation,
            test: self.test,
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

/// What is said of a run that was told to stop after training.
const FOLLOWS: &str = "training is done, and what follows was stopped";

/// What a run that was told to stop ends with; its folder says how to go on.
fn stopped(what: &str, folder: &Path) -> Error {
    Error::new(ErrorKind::Interrupted, what)
        .at(folder.display())
        .hint(format!(
            "go on with: narrows train --resume {}",
            path_for_shell(folder)
        ))
}

/// Trains a recipe on a source and fills the run's folder.
///
/// The rows are divided as [`Options::split`] says, by default in the usual way ([`Source::split`]), with the recipe's
/// seed and its share for validation. With 100 validation rows or more, the model has a threshold: the 99 % quantile of
/// their scores.
///
/// # Errors
///
/// When the recipe does not fit the data, the folder exists already, another training is using it, the system refuses to
/// write, or training diverges; what was saved before is kept. [`ErrorKind::Interrupted`] when it was told to stop.
pub fn run(
    recipe: &Recipe,
    source: &Source,
    options: &Options<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
    run_in(recipe, source, options, None, observe)
}

/// Goes on with a run where it was saved last, to the same bits as if it had never stopped; the source must
/// be the one that it began with, and so must `split`, `validation` and `test`. Of the options `out`, `force` and
/// `init_from` have no meaning.
///
/// With another number of epochs the schedule is formed anew for it. Early stopping goes on counting: a run that it has
/// ended has no more epochs.
///
/// # Errors
///
/// When there is no run in the folder, it diverged, its data have changed, or it cannot have so many epochs; else as
/// [`run`].
pub fn resume(
    folder: &Path,
    source: &Source,
    options: &Options<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
    recover(folder)?;
    let mut recipe = recipe_of(folder, &[])?;
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
    let plan = SplitPlan {
        validation: recipe.validation,
        ..options.split.clone()
    };
    let other = options.other();
    let split = source.split_beside(recipe.seed, &plan, other)?;
    // What a run was decided to be, it stays when it goes on.
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
        tell_of_known_rows(&training, &split, other, observe)?;
        tell_of_known_groups(&split, other, observe)?;
    }
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
                    training.init_from(&Model::load(folder.join(INIT_FILE))?)?;
                }
                recipe_of(folder, &[])?.epochs
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
            observe(match training.is_finished() && folder::is_saved(folder) {
                true => Event::Finished(
                    folder,
                    Finished {
                        epochs,
                        is_at_end: has_come_to_its_end(folder),
                        has_stopped_early: training.has_stopped_early(),
                    },
                ),
                false => Event::Resume(folder, epochs, rows),
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
    let threshold = match resumed {
        Some(folder) if folder::is_saved(folder) => match load_model(folder) {
            Ok(model) => model.threshold().cloned(),
            Err(error) => {
                observe(Event::Notice(&Notice::ModelAgain(error.to_string())));
                None
            }
        },
        _ => None,
    };
    // A run that was done already keeps the threshold that was chosen since.
    let is_done = training.is_finished() && folder::is_saved(&folder);
    if !is_done && threshold.as_ref().is_some_and(is_chosen) {
        observe(Event::Warning(&Warning::ThresholdLost));
    }
    let threshold = threshold.filter(|_| is_done);
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
    // A run that was done already is looked at too: an earlier version saved whatever there was.
    let mut model = training.checked_model()?;
    let records = std::mem::take(&mut going.records);
    tell_of_missing(&folder, training.position().0, &records, None, observe);

    let mut stage = |name| {
        observe(Event::Stage(&folder, name));
        match options.is_stopped() {
            true => Err(stopped(FOLLOWS, &folder)),
            false => Ok(()),
        }
    };
    let threads = threads_or_all(options.threads);
    let own = Baselines::default();
    let baselines = options.baselines.unwrap_or(&own);
    let how = (threads, baselines);
    let mut outcome = measure(&model, &records, &split, how, &folder, &mut stage)?;
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
    let best = training
        .best_validation_loss()
        .map(|loss| (training.best_epoch(), loss));
    outcome.summary.best = best;
    outcome.summary.trained(&training);
    let is_sound = |error: &f64| error.is_finite();
    let has_pca = outcome.summary.pca_mse.is_some();
    outcome.summary.pca_mse = outcome.summary.pca_mse.filter(is_sound);
    outcome.summary.stopped_early = training.has_stopped_early();
    outcome.summary.profile = training.profile();
    let summary = &outcome.summary;
    let figures = [
        (TRAIN_LOSS, Some(summary.train_loss)),
        ("validation_loss", best.map(|(_, loss)| loss)),
        ("test_mse", summary.test_mse),
        ("pca_mse", summary.pca_mse),
    ];
    let figures = figures
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_string(), value?)));
    model.metrics_mut().extend(figures);
    observe(Event::Stage(&folder, "report"));
    if options.is_stopped() {
        return Err(stopped(FOLLOWS, &folder));
    }
    going.guard.look(observe)?;
    if has_pca && summary.pca_mse.is_none() {
        observe(Event::Notice(&Notice::PcaNotFinite));
    }
    if let Some(test) = split.test.as_deref().filter(|_| summary.has_picture) {
        folder::write(
            &folder.join(PICTURE_FILE),
            &reconstruction_picture(&model, test, recipe.corruption)?,
        )?;
    }
    write_report(&folder, &outcome.report(recipe))?;
    // Last, as the run has come to its end once the model has its figures.
    model.save(folder.join(MODEL_FILE))?;
    Ok(outcome)
}

/// Checks that a recipe could be trained on a source.
///
/// # Errors
///
/// When its values are impossible, or do not fit the data.
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

/// Loads a model from its file or its run's folder, and checks that the rows of a source fit it.
///
/// # Errors
///
/// When it cannot be read, or the data do not fit it.
pub fn load_for(path: &Path, source: &Source) -> Result<Model> {
    let model = load_model(path)?;
    check(&model, &source.train).map_err(|error| {
        error.hint("give the data with the columns of the model, in its order: `narrows inspect` shows them, \
                    `--columns` chooses them")
    })?;
    Ok(model)
}

/// Refuses a run's folder whose model is not trained to the end, or not tested yet.
///
/// # Errors
///
/// When it is not.
pub fn check_done(path: &Path, model: &Model) -> Result<()> {
    match folder::is_saved(path) && !model.metrics().contains_key(TRAIN_LOSS) {
        false => Ok(()),
        true => Err(
            Error::new(ErrorKind::Data, "the run has not come to its end")
                .at(path.display())
                .hint(format!(
                    "go on with: narrows train --resume {}",
                    path_for_shell(path)
                )),
        ),
    }
}

/// Measures a model that is there already, from its file or its run's folder, as [`run`] would. Of the options
/// `threads`, `validation`, `test`, `baselines` and `stop` have a meaning.
///
/// # Errors
///
/// As [`load_for`]; [`ErrorKind::Interrupted`] when it was told to stop.
pub fn evaluate_run(
    path: &Path,
    source: &Source,
    options: &Options<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<(Recipe, Outcome)> {
    let model = load_for(path, source)?;
    let recipe = model.recipe().clone();
    let again = model.split_again(source, options.other())?;
    if let Some(difference) = again.difference {
        observe(Event::Warning(&Warning::DividedAnew { difference }));
    }
    if again.split.test.is_none() {
        return Err(no_test_rows(source.train.name()).at(path.display()));
    }
    // Those of a run that was never saved are not of the model, which is of the run before.
    let records = match path.is_dir() && folder::is_saved(path) {
        true => records_of(path, observe),
        false => Vec::new(),
    };
    let own = Baselines::default();
    let how = (
        threads_or_all(options.threads),
        options.baselines.unwrap_or(&own),
    );
    let mut stage = |name| {
        observe(Event::Stage(path, name));
        match options.is_stopped() {
            true => {
                Err(Error::new(ErrorKind::Interrupted, "measuring was stopped").at(path.display()))
            }
            false => Ok(()),
        }
    };
    let outcome = measure(&model, &records, &again.split, how, path, &mut stage)?;
    Ok((recipe, outcome))
}

/// What 0 stands for where rows are many and independent.
fn threads_or_all(threads: usize) -> usize {
    match threads {
        0 => available_threads(),
        _ => threads,
    }
}

/// Whether a path is that of a run's folder or a model's file.
pub fn is_run(path: &Path) -> bool {
    let is_model = path
        .extension()
        .is_some_and(|ending| ending == "safetensors");
    (is_model && path.is_file())
        || path.join(MODEL_FILE).is_file()
        || place::check_in_place(path).is_err()
}

/// The records of a run; that they cannot be read is said.
fn records_of(folder: &Path, observe: &mut dyn FnMut(Event<'_>)) -> Vec<EpochRecord> {
    let (records, why) = match folder::read_records(folder) {
        Ok(records) => (records, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    tell_of_missing(folder, 0, &records, why, observe);
    records
}

/// Says that the records of some of so many epochs are missing, if they are.
fn tell_of_missing(
    folder: &Path,
    epochs: usize,
    records: &[EpochRecord],
    why: Option<String>,
    observe: &mut dyn FnMut(Event<'_>),
) {
    let missing = epochs.saturating_sub(records.len());
    if missing > 0 || why.is_some() {
        observe(Event::Notice(&Notice::Metrics {
            path: folder.join(METRICS_FILE),
            missing,
            why,
        }));
    }
}

/// Loads a model from its file or from a run's folder.
///
/// # Errors
///
/// As [`Model::load`]; when a command was killed while it put the run in place, which [`recover`] ends.
pub fn load_model(path: &Path) -> Result<Model> {
    match path.is_dir() {
        true => {
            place::check_in_place(path)?;
            Model::load(path.join(MODEL_FILE))
        }
        false => Model::load(path),
    }
}
