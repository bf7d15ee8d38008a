//! A run: training with its folder, from the recipe to the report.
//!
//! The folder holds `recipe.toml` (with every default filled in), `run.json` (where the data come from),
//! `metrics.jsonl` (one line an epoch), `checkpoint.safetensors` (where the run stands, to go on with),
//! `model.safetensors`, `report.html` with its pictures in `figures` and, for images,
//! `reconstructions.png`.

mod checkpoint;
mod folder;
mod guard;
mod own;
mod replan;
mod rows;
mod sources;
mod summary;

pub use checkpoint::Every;
pub use folder::{new_folder, recipe_of};
pub use own::{Change, OwnData, folder_of, needs_data};
pub use replan::Replanned;
pub use sources::Sources;
pub use summary::{BesidePca, CorruptedErrors, Outcome, Summary};

use crate::apply::check;
use crate::corruption::Corruption;
use crate::data::{Dataset, Source, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::{Baselines, Pca, Reconstruct, TestNoise, noise_draws, noisy_errors};
use crate::figures::{Portrait, is_image, reconstruction_picture};
use crate::files::write_whole;
use crate::model::{Model, SplitRecord};
use crate::network::{Rows, ScaledRows, forward};
use crate::recipe::Recipe;
use crate::report::Report;
use crate::report::tensorboard::EventFile;
use crate::threads::available_threads;
use crate::train::{EpochRecord, Progress, Training, Warning};
use checkpoint::Clock;
use guard::Guard;
use narrows_kernels::team::Team;
use replan::replan;
use rows::KnownRows;
use sources::RunFile;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::ops::ControlFlow;
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
    /// Training is over in this folder, after so many epochs; whether the run came to its end, with tests and report.
    Finished(&'a Path, usize, bool),
    /// Something is dubious.
    Warning(&'a Warning),
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
        write_whole(&figures.join(format!("{prefix}{name}")), bytes)?;
    }
    write_whole(&folder.join(REPORT_FILE), report.html()?.as_bytes())
}

/// How to run: where, on how many threads, and what beside training.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// The folder; `runs/NAME`, or `runs/NAME-2` and so on where that exists, if none is given.
    pub out: Option<&'a Path>,
    /// Whether a run that is in the folder is overwritten; its model stays until the new one is first saved.
    pub force: bool,
    /// Without influence on the result; 0 means as many as a step has work for, and all cores for the rest.
    pub threads: usize,
    /// Where the data come from, for a run that may go on later; for one that goes on, where they lie now, if that is
    /// another place.
    pub sources: Option<Sources>,
    /// The files of the data, as they were before these were opened: their changes are noticed while the run goes on.
    pub watch: Option<&'a Watch>,
    /// For a run that goes on: how many epochs it is to have in all, if not as many as before.
    pub epochs: Option<usize>,
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
/// When the recipe does not fit the data, the folder exists already, the system refuses to write, or
/// training diverges; what was saved before is kept. [`ErrorKind::Interrupted`] when it was told to stop.
pub fn run(
    recipe: &Recipe,
    source: &Source,
    options: &Options<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
    run_in(recipe, source, options, None, observe)
}

/// Goes on with a run where it was saved last, to the same bits as if it had never stopped; the source must
/// be the one that it began with. Of the options `out`, `force` and `init_from` have no meaning.
///
/// With another number of epochs the schedule is formed anew for it. Early stopping goes on counting: a run that it has
/// ended has no more epochs.
///
/// # Errors
///
/// When there is no run in the folder, its data have changed, or it cannot have so many epochs; else as [`run`].
pub fn resume(
    folder: &Path,
    source: &Source,
    options: &Options<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
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
    training.record_test(&split.test)?;
    let known = KnownRows::of_split(&split, options.validation)?;
    if let Some(model) = options.init_from.filter(|_| resumed.is_none()) {
        training.init_from(model)?;
    }
    let folder = match resumed {
        Some(folder) => {
            folder::sweep(folder)?;
            let file = folder.join(RUN_FILE).is_file();
            let file = file.then(|| RunFile::read(folder)).transpose()?;
            let before = if folder::is_saved(folder) {
                checkpoint::restore(&mut training, &known, &folder.join(CHECKPOINT_FILE))?
            } else {
                if let Some(began_with) = file.and_then(|file| file.rows) {
                    began_with.check(&known).map_err(checkpoint::elsewhere)?;
                }
                if options.init_from.is_none() && folder.join(INIT_FILE).is_file() {
                    training.init_from(&Model::load(folder.join(INIT_FILE))?)?;
                }
                recipe_of(folder, &[])?.epochs
            };
            replan(&training, before, folder, observe)?;
            if let Some(sources) = &options.sources {
                sources.write(folder, Some(&known))?;
            }
            let (epochs, rows) = training.position();
            folder::keep_lines(folder, epochs)?;
            observe(match training.is_finished() && folder::is_saved(folder) {
                true => Event::Finished(folder, epochs, has_come_to_its_end(folder)),
                false => Event::Resume(folder, epochs, rows),
            });
            folder.to_path_buf()
        }
        None => {
            let folder = folder::create(options.out, options.force, &recipe.name)?;
            observe(Event::Start(&folder));
            let toml = training.recipe().to_toml();
            write_whole(&folder.join(RECIPE_FILE), toml.as_bytes())?;
            if let Some(model) = options.init_from {
                model.save(folder.join(INIT_FILE))?;
            }
            // Last, as a run can go on once it is there.
            if let Some(sources) = &options.sources {
                sources.write(&folder, Some(&known))?;
            }
            folder
        }
    };
    // A run that was done already keeps the threshold that was chosen since.
    let is_done = training.is_finished() && folder::is_saved(&folder);
    let threshold = match resumed {
        Some(folder) if folder::is_saved(folder) => load_model(folder)
            .ok()
            .and_then(|model| model.threshold().copied()),
        _ => None,
    };
    if threshold.is_some() && !is_done {
        observe(Event::Warning(&Warning::ThresholdLost));
    }
    if options.profile {
        training.start_profile();
    }
    let in_use = [
        Some(&*split.train),
        training.validation(),
        Some(&*split.test),
    ];
    let mut guard = Guard::new(options.watch, &folder, in_use.into_iter().flatten())?;
    train_epochs(&mut training, &known, &folder, options, &mut guard, observe)?;
    let records = folder::read_records(&folder);
    let mut model = training.model()?;

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
    let best = records
        .iter()
        .find(|record| record.epoch == training.best_epoch());
    let best = best.and_then(|record| Some((record.epoch, record.validation_loss?)));
    outcome.summary.best = best;
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
    if let Some(threshold) = threshold.filter(|_| is_done) {
        model.set_threshold(threshold);
    }
    stage("report")?;
    guard.look(observe)?;
    if summary.has_picture {
        write_whole(
            &folder.join(PICTURE_FILE),
            &reconstruction_picture(&model, &split.test, recipe.corruption)?,
        )?;
    }
    write_report(&folder, &outcome.report(recipe))?;
    // Last, as the run has come to its end once the model has its figures.
    model.save(folder.join(MODEL_FILE))?;
    Ok(outcome)
}

/// Whether the model of a run has the figures of its tests, and all that follows training is written.
fn has_come_to_its_end(folder: &Path) -> bool {
    load_model(folder).is_ok_and(|model| model.metrics().contains_key(TEST_MSE))
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
    match path.join(CHECKPOINT_FILE).is_file() && !model.metrics().contains_key(TEST_MSE) {
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
    // A run with validation rows of another source has set none apart.
    let known = model.origin().split;
    let share = known.map_or(recipe.validation, |split| split.validation);
    let split = source.split(recipe.seed, share)?;
    let rows = (&*split.train, &*split.test, split.is_held_out);
    // Those of a run that was never saved are not of the model, which is of the run before.
    let records = match path.is_dir() && folder::is_saved(path) {
        true => folder::read_records(path),
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

/// Trains to the end, and keeps a record of it; saves the run now and then, and when it is told to stop.
fn train_epochs(
    training: &mut Training<'_>,
    known: &KnownRows,
    folder: &Path,
    options: &Options<'_>,
    guard: &mut Guard<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let path = folder.join(METRICS_FILE);
    let refused = |error| Error::io("cannot write the metrics", &path, error);
    let mut file = OpenOptions::new();
    let mut metrics = file
        .create(true)
        .append(true)
        .open(&path)
        .map_err(refused)?;
    let mut log = match options.tensorboard {
        true => Some(EventFile::append(folder)?),
        false => None,
    };
    let mut clock = Clock::new(options.checkpoint);
    let save = |training: &Training<'_>| -> Result<()> {
        training.model()?.save(folder.join(MODEL_FILE))?;
        checkpoint::save(training, known, &folder.join(CHECKPOINT_FILE))
    };
    while !training.is_finished() {
        let mut saved = Ok(());
        let record = training.epoch_while(|training, progress| {
            observe(Event::Progress(progress));
            if clock.is_due(None) && progress.rows < progress.rows_in_epoch {
                // What is saved is of the rows that the run began with.
                saved = guard
                    .look_now_and_then(observe)
                    .and_then(|()| save(training));
                clock.reset();
            }
            match options.is_stopped() || saved.is_err() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        if record.is_err() {
            // Rows that have changed in their file may be why.
            guard.look(observe)?;
        }
        let record = record.map_err(|error| keep(error, folder))?;
        saved?;
        let ended = record.as_ref().map(|record| record.epoch);
        if let Some(record) = &record {
            writeln!(metrics, "{}", folder::line_of(record)).map_err(refused)?;
            if let Some(log) = &mut log {
                write_log(log, record)?;
            }
            observe(Event::Epoch(record));
        }
        if options.is_stopped()
            || training.is_finished()
            || (ended.is_some() && clock.is_due(ended))
        {
            match training.is_finished() {
                true => guard.look(observe)?,
                false => guard.look_now_and_then(observe)?,
            }
            save(training)?;
            clock.reset();
        }
        if options.is_stopped() {
            return Err(stopped("training was stopped, and is saved", folder));
        }
    }
    Ok(())
}

fn write_log(log: &mut EventFile, record: &EpochRecord) -> Result<()> {
    let step = record.epoch as u64;
    log.scalar("loss/train", step, record.train_loss)?;
    if let Some(loss) = record.validation_loss {
        log.scalar("loss/validation", step, loss)?;
    }
    log.scalar("loss/reconstruction", step, record.reconstruction)?;
    for (name, value) in &record.terms {
        log.scalar(&format!("loss/{name}"), step, *value)?;
    }
    log.scalar("learning_rate", step, record.learning_rate)?;
    log.scalar("images_per_second", step, record.images_per_second)?;
    log.flush()
}

/// Says what is left of a run that diverged.
fn keep(error: Error, folder: &Path) -> Error {
    if error.kind() != ErrorKind::Diverged {
        return error;
    }
    let model = folder.join(MODEL_FILE);
    let kept = match (model.is_file(), folder::is_saved(folder)) {
        (true, true) => format!(
            "; the model that was saved last is kept in {}",
            model.display()
        ),
        (true, false) => format!("; {} is still the model of the run before", model.display()),
        (false, _) => String::new(),
    };
    error.hint(format!(
        "try a smaller learning rate, or training.clip_norm=1{kept}"
    ))
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
