//! A run: training with its folder, from the recipe to the report.
//!
//! The folder holds `recipe.toml` (with every default filled in), `run.json` (where the data come from),
//! `metrics.jsonl` (one line an epoch), `checkpoint.safetensors` (where the run stands, to go on with),
//! `checkpoint.previous.safetensors` (where it stood at the save before), `model.safetensors`, `report.html`
//! with its pictures in `figures` and, for images, `reconstructions.png`. Of a run that diverged,
//! `diverged.json` says how.

mod checkpoint;
mod epochs;
mod folder;
mod lock;
mod notice;
mod place;
mod sources;
mod summary;

pub use checkpoint::Every;
pub(crate) use folder::is_empty;
pub use folder::new_folder;
pub(crate) use lock::Lock;
pub use notice::Notice;
pub use place::recover;
pub use sources::Sources;
pub use summary::{BesidePca, CorruptedErrors, Outcome, Summary};

use crate::apply::check;
use crate::corruption::Corruption;
use crate::data::{Dataset, Source};
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::{Baselines, Pca, Reconstruct, TestNoise, noise_draws, noisy_errors};
use crate::figures::{Portrait, is_image, reconstruction_picture};
use crate::model::{Model, SplitRecord};
use crate::network::{Rows, ScaledRows, forward};
use crate::recipe::Recipe;
use crate::report::Report;
use crate::threads::available_threads;
use crate::train::{EpochRecord, Progress, Training, Warning};
use epochs::{refuse_diverged, train_epochs};
use narrows_kernels::team::Team;
use place::Place;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

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
const TEST_MSE: &str = "test_mse";

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
    /// Something is dubious.
    Warning(&'a Warning),
    /// Something about the run's folder should be known.
    Notice(&'a Notice),
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
    /// Whether a run that is in the folder is overwritten; it stays whole until the new one is first saved.
    pub force: bool,
    /// Without influence on the result; 0 means as many as a step has work for, and all cores for the rest.
    pub threads: usize,
    /// Where the data come from, for a run that may go on later.
    pub sources: Option<Sources>,
    /// Rows for validation, from a source of their own.
    pub validation: Option<&'a Dataset>,
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

impl Options<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

/// What a run that was told to stop ends with; its folder says how to go on.
fn stopped(what: &str, folder: &Path) -> Error {
    Error::new(ErrorKind::Interrupted, what)
        .at(folder.display())
        .hint(format!(
            "go on with: narrows train --resume {}",
            folder.display()
        ))
}

/// Trains a recipe on a source and fills the run's folder.
///
/// Without test rows in the source, one row in ten is held out, drawn with the recipe's seed, which also
/// draws the rows for validation.
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
/// be the one that it began with. Of the options `out`, `force`, `sources` and `init_from` have no meaning.
///
/// # Errors
///
/// When there is no run in the folder, it diverged, or its data have changed; else as [`run`].
pub fn resume(
    folder: &Path,
    source: &Source,
    options: &Options<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
    recover(folder)?;
    let recipe = folder::read_recipe(folder)?;
    run_in(&recipe, source, options, Some(folder), observe)
}

fn run_in(
    recipe: &Recipe,
    source: &Source,
    options: &Options<'_>,
    resumed: Option<&Path>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
    let share = match options.validation {
        Some(_) => 0.0,
        None => recipe.validation,
    };
    let split = source.split(recipe.seed, share)?;
    if split.is_tested_on_training_rows() {
        observe(Event::Warning(&Warning::OneRow));
    }
    let mut training = Training::new_with(recipe, &split.train, options.threads, |warning| {
        observe(Event::Warning(warning));
    })?;
    if let Some(validation) = options.validation.or(split.validation.as_deref()) {
        training = training.with_validation(validation)?;
    }
    let record = SplitRecord::of(&split, recipe.seed, share);
    training.record_split(record, options.validation);
    if let Some(model) = options.init_from.filter(|_| resumed.is_none()) {
        training.init_from(model)?;
    }
    let mut place = match resumed {
        Some(folder) => {
            let place = Place::of_run(folder)?;
            refuse_diverged(folder)?;
            if folder::is_saved(folder) {
                if let Some(notice) = checkpoint::restore(&mut training, folder)? {
                    observe(Event::Notice(&notice));
                }
            } else if options.init_from.is_none() && folder.join(INIT_FILE).is_file() {
                training.init_from(&Model::load(folder.join(INIT_FILE))?)?;
            }
            let (epochs, rows) = training.position();
            folder::keep_lines(folder, epochs)?;
            observe(Event::Resume(folder, epochs, rows));
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
                sources.clone().anywhere().write(&files)?;
            }
            place.settle(false)?;
            place
        }
    };
    place.warn(observe);
    let folder = place.folder().to_path_buf();
    // A run that was done already keeps the threshold that was chosen since.
    let is_done = training.is_finished() && folder::is_saved(&folder);
    let threshold = match resumed {
        Some(folder) if is_done => match load_model(folder) {
            Ok(model) => model.threshold().copied(),
            Err(error) => {
                observe(Event::Notice(&Notice::ModelAgain(error.to_string())));
                None
            }
        },
        _ => None,
    };
    if options.profile {
        training.start_profile();
    }
    train_epochs(&mut training, &mut place, options, observe)?;
    // A run that was done already is looked at too: an earlier version saved whatever there was.
    let mut model = training.checked_model()?;
    let records = records_of(&folder, training.position().0, observe);

    let mut stage = |name| {
        observe(Event::Stage(&folder, name));
        match options.is_stopped() {
            true => Err(stopped(
                "training is done, and what follows was stopped",
                &folder,
            )),
            false => Ok(()),
        }
    };
    let rows = (&*split.train, &*split.test, split.is_held_out);
    let threads = threads_or_all(options.threads);
    let own = Baselines::default();
    let baselines = options.baselines.unwrap_or(&own);
    let how = (threads, baselines);
    let mut outcome = measure(&model, &records, rows, how, &folder, &mut stage)?;
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
        ("train_loss", Some(summary.train_loss)),
        ("validation_loss", best.map(|(_, loss)| loss)),
        (TEST_MSE, Some(summary.test_mse)),
        ("pca_mse", summary.pca_mse),
    ];
    let figures = figures
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_string(), value?)));
    model.metrics_mut().extend(figures);
    if let Some(threshold) = threshold {
        model.set_threshold(threshold);
    }
    stage("report")?;
    if has_pca && summary.pca_mse.is_none() {
        observe(Event::Notice(&Notice::PcaNotFinite));
    }
    folder::unlink(&folder.join(MODEL_FILE))?;
    model.save(folder.join(MODEL_FILE))?;
    if summary.has_picture {
        folder::write(
            &folder.join(PICTURE_FILE),
            &reconstruction_picture(&model, &split.test, recipe.corruption)?,
        )?;
    }
    write_report(&folder, &outcome.report(recipe))?;
    Ok(outcome)
}

/// Checks that a recipe could be trained on a source.
///
/// # Errors
///
/// When its values are impossible, or do not fit the data.
pub fn check_recipe(recipe: &Recipe, source: &Source) -> Result<()> {
    let split = source.split(recipe.seed, recipe.validation)?;
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
    match folder::is_saved(path) && !model.metrics().contains_key(TEST_MSE) {
        false => Ok(()),
        true => Err(
            Error::new(ErrorKind::Data, "the run has not come to its end")
                .at(path.display())
                .hint(format!(
                    "go on with: narrows train --resume {}",
                    path.display()
                )),
        ),
    }
}

/// Measures a model that is there already, from its file or its run's folder, as [`run`] would. Of the options
/// `threads`, `baselines` and `stop` have a meaning.
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
    let split = source.split(recipe.seed, recipe.validation)?;
    let rows = (&*split.train, &*split.test, split.is_held_out);
    // Those of a run that was never saved are not of the model, which is of the run before.
    let records = match path.is_dir() && folder::is_saved(path) {
        true => records_of(path, 0, observe),
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
    let outcome = measure(&model, &records, rows, how, path, &mut stage)?;
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
    (is_model && path.is_file()) || path.join(MODEL_FILE).is_file()
}

/// What a model does on test rows, beside PCA, in figures and pictures; `stage` is told what comes next, and
/// may end it.
fn measure(
    model: &Model,
    records: &[EpochRecord],
    (train, test, held_out): (&Dataset, &Dataset, bool),
    (threads, baselines): (usize, &Baselines),
    folder: &Path,
    stage: &mut dyn FnMut(&'static str) -> Result<()>,
) -> Result<Outcome> {
    let code_size = model.code_size();
    model.check_width(test.inputs())?;
    stage("testing")?;
    let (test_mse, corrupted) = test_errors(model, test, threads)?;
    let of_corrupted = corrupted
        .iter()
        .flat_map(|c| [c.clean_test_mse, c.noise_mse]);
    check_finite([test_mse].into_iter().chain(of_corrupted))?;
    let scaling = model.scaling();
    let pca_mse = if code_size >= train.inputs() {
        // All components together lose nothing.
        Some(0.0)
    } else if Pca::is_feasible(train.inputs(), code_size) {
        let rows = |data| ScaledRows { data, scaling };
        stage("principal components")?;
        let pca = baselines.fit(&rows(train), code_size, threads)?;
        stage("reconstructions of principal components")?;
        Some(pca.reconstruction_mse(code_size, &rows(test), threads))
    } else {
        None
    };
    // What the study of contractive autoencoders that the recipes come from shows.
    let usual = Corruption::Gaussian { deviation: 1.5 };
    let noise = model.recipe().corruption.unwrap_or(usual);
    stage("pictures")?;
    let portrait = Portrait::of(model, records, test, noise, threads)?;
    let seconds: f64 = records.iter().map(|record| record.seconds).sum();
    let summary = Summary {
        recipe: model.recipe().name.clone(),
        data: train.name().to_string(),
        epochs: records.len(),
        train_loss: records.last().map_or(f64::NAN, |record| record.train_loss),
        test_mse,
        corrupted,
        pca_mse,
        inputs: train.inputs(),
        code_size,
        parameters: model.network().parameter_count(),
        train_rows: train.rows(),
        test_rows: test.rows(),
        held_out,
        seconds,
        images_per_second: (records.len() * train.rows()) as f64 / seconds,
        run: folder.to_path_buf(),
        best: None,
        stopped_early: false,
        has_picture: is_image(test.shape()),
        profile: None,
    };
    Ok(Outcome {
        summary,
        portrait,
        scaling: model.recipe().scaling,
    })
}

/// Refuses errors on test rows that are no finite numbers.
fn check_finite(mut errors: impl Iterator<Item = f64>) -> Result<()> {
    match errors.find(|error| !error.is_finite()) {
        None => Ok(()),
        Some(error) => Err(Error::new(
            ErrorKind::Diverged,
            "the mean squared error on the test rows is not finite",
        )
        .expected("a finite error")
        .found(error)
        .hint(
            "look for huge values with `narrows data info`, or train anew with a smaller learning rate or with \
             scaling.kind=standardize",
        )),
    }
}

/// The error on the test rows, and those beside it where the recipe corrupts rows.
fn test_errors(
    model: &Model,
    test: &Dataset,
    threads: usize,
) -> Result<(f64, Option<CorruptedErrors>)> {
    let clean_test_mse = model.mse_on(test, &mut Team::new(threads))?;
    let Some(corruption) = model.recipe().corruption else {
        return Ok((clean_test_mse, None));
    };
    let rows = ScaledRows {
        data: test,
        scaling: model.scaling(),
    };
    let (network, parameters) = (model.network(), model.parameters());
    let reconstruct = |rows: &dyn Rows, team: &mut Team, out: &mut [f32]| {
        forward(network, parameters, network.layers(), rows, team, out);
    };
    let copy = |rows: &dyn Rows, _: &mut Team, out: &mut [f32]| {
        rows.write(0..rows.count(), out);
    };
    let noise = TestNoise {
        corruption,
        seed: model.recipe().seed,
        draws: noise_draws(test.rows(), test.inputs()),
    };
    let both: [&Reconstruct<'_>; 2] = [&reconstruct, &copy];
    let team = &mut Team::new(threads);
    let errors = noisy_errors(&rows, test.inputs(), noise, &both, team);
    let corrupted = CorruptedErrors {
        clean_test_mse,
        noise_mse: errors[1],
        noise_draws: noise.draws,
    };
    Ok((errors[0], Some(corrupted)))
}

/// The records of a run of so many epochs; those that cannot be read are said to be missing.
fn records_of(
    folder: &Path,
    epochs: usize,
    observe: &mut dyn FnMut(Event<'_>),
) -> Vec<EpochRecord> {
    let (records, why) = match folder::read_records(folder) {
        Ok(records) => (records, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let missing = epochs.saturating_sub(records.len());
    if missing > 0 || why.is_some() {
        observe(Event::Notice(&Notice::Metrics {
            path: folder.join(METRICS_FILE),
            missing,
            why,
        }));
    }
    records
}

/// Loads a model from its file or from a run's folder.
///
/// # Errors
///
/// As [`Model::load`].
pub fn load_model(path: &Path) -> Result<Model> {
    match path.is_dir() {
        true => Model::load(path.join(MODEL_FILE)),
        false => Model::load(path),
    }
}
