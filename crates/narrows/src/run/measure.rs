//! What a model does on test rows, in figures and pictures.

use super::event::Event;
use super::names::METRICS_FILE;
use super::notice::Notice;
use super::summary::{CorruptedErrors, Outcome, Summary};
use crate::corruption::Corruption;
use crate::data::{Dataset, Split};
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::{
    Baselines, Pca, Reconstruct, TestNoise, noise_draws, noisy_errors, require_passes,
};
use crate::figures::{Portrait, is_image};
use crate::isa;
use crate::memory::unless_left_out;
use crate::model::Model;
use crate::network::{Rows, ScaledRows, Workers};
use crate::text::path_for_shell;
use crate::threads::available_threads;
use crate::train::EpochRecord;
use std::path::Path;

/// The rows that a model is measured on, and how.
pub(super) struct Measuring<'a> {
    pub(super) split: &'a Split<'a>,
    /// The run's folder or the model's file, as errors name it.
    pub(super) path: &'a Path,
    pub(super) threads: usize,
    pub(super) baselines: &'a Baselines,
}

/// What a model does on test rows, beside PCA, in figures and pictures; `stage` is told what comes next, and
/// may end it.
pub(super) fn measure(
    model: &Model,
    records: &[EpochRecord],
    how: &Measuring<'_>,
    stage: &mut dyn FnMut(&'static str) -> Result<()>,
) -> Result<Outcome> {
    let (split, path, threads) = (how.split, how.path, how.threads);
    let train = &*split.train;
    let [train_rows, validation_rows, test_rows] = split.counts();
    let seconds: f64 = records.iter().map(|record| record.seconds).sum();
    let mut summary = Summary {
        recipe: model.recipe().name.clone(),
        data: train.name().to_string(),
        epochs: records.len(),
        train_loss: records.last().map_or(f64::NAN, |record| record.train_loss),
        test_mse: None,
        corrupted: None,
        pca_mse: None,
        inputs: train.inputs(),
        code_size: model.code_size(),
        parameters: model.network().parameter_count(),
        train_rows,
        validation_rows,
        test_rows,
        held_out: split.is_held_out,
        threshold: None,
        seconds,
        rows_per_second: (records.len() * train_rows) as f64 / seconds,
        isa: isa::name(),
        run: path.to_path_buf(),
        best: None,
        stopped_early: false,
        has_picture: false,
        left_out: Vec::new(),
        profile: None,
    };
    let portrait = match split.test.as_deref() {
        None => Portrait::of_training(records)?,
        Some(test) => {
            model.check_width(test.inputs())?;
            stage("testing")?;
            require_passes("testing", model, test, threads).map_err(|error| to_do(error, path))?;
            let (test_mse, corrupted) = test_errors(model, test, threads)?;
            let of_corrupted = corrupted
                .iter()
                .flat_map(|c| [c.clean_test_mse, c.noise_mse]);
            check_finite([test_mse].into_iter().chain(of_corrupted), test, path)?;
            (summary.test_mse, summary.corrupted) = (Some(test_mse), corrupted);
            let pca = pca_error(model, test, how, stage);
            summary.pca_mse = unless_left_out(pca, &mut summary.left_out)?.flatten();
            summary.has_picture = is_image(test.shape());
            // What the study of contractive autoencoders that the recipes come from shows.
            let usual = Corruption::gaussian(1.5);
            let noise = model.recipe().corruption.as_ref().unwrap_or(&usual);
            stage("pictures")?;
            let portrait = Portrait::of(model, records, test, noise, threads);
            match unless_left_out(portrait, &mut summary.left_out)? {
                Some(portrait) => {
                    summary.left_out.extend(portrait.left_out.iter().cloned());
                    portrait
                }
                None => {
                    summary.has_picture = false;
                    Portrait::of_training(records)?
                }
            }
        }
    };
    Ok(Outcome {
        summary,
        portrait,
        scaling: model.recipe().scaling,
    })
}

/// Says of work that was refused after training what is there, and how to do the work later.
fn to_do(error: Error, folder: &Path) -> Error {
    let hint = error.what_to_do().unwrap_or_default().to_string();
    error.hint(format!(
        "{hint}; the model is trained and saved, and `narrows evaluate {} --data SOURCE` measures it",
        path_for_shell(folder)
    ))
}

/// The error of principal components of the training rows on the test rows; none where they take too much memory.
fn pca_error(
    model: &Model,
    test: &Dataset,
    how: &Measuring<'_>,
    stage: &mut dyn FnMut(&'static str) -> Result<()>,
) -> Result<Option<f64>> {
    let train = &*how.split.train;
    let code_size = model.code_size();
    if code_size >= train.inputs() {
        // All components together lose nothing.
        return Ok(Some(0.0));
    }
    if !Pca::is_feasible(train.inputs(), code_size) {
        return Ok(None);
    }
    let scaling = model.scaling();
    let rows = |data| ScaledRows { data, scaling };
    stage("principal components")?;
    let pca = how.baselines.fit(&rows(train), code_size, how.threads)?;
    stage("reconstructions of principal components")?;
    Ok(Some(pca.reconstruction_mse(
        code_size,
        &rows(test),
        how.threads,
    )))
}

/// Refuses errors on test rows that are no finite numbers. On training rows the model's are finite, as it is saved.
fn check_finite(
    mut errors: impl Iterator<Item = f64>,
    test: &Dataset,
    folder: &Path,
) -> Result<()> {
    match errors.find(|error| !error.is_finite()) {
        None => Ok(()),
        Some(error) => Err(Error::new(
            ErrorKind::Diverged,
            "the mean squared error on the test rows is not finite",
        )
        .at(test.name())
        .expected("a finite error")
        .found(error)
        .hint(format!(
            "some test rows hold huge values: look for them with `narrows data info`; the model is trained and saved, \
             and `narrows evaluate {} --data SOURCE` measures it on other rows",
            path_for_shell(folder)
        ))),
    }
}

/// The error on the test rows, and those beside it where the recipe corrupts rows.
fn test_errors(
    model: &Model,
    test: &Dataset,
    threads: usize,
) -> Result<(f64, Option<CorruptedErrors>)> {
    let workers = &mut Workers::new(threads);
    let clean_test_mse = model.mse_on(test, workers)?;
    let Some(corruption) = &model.recipe().corruption else {
        return Ok((clean_test_mse, None));
    };
    let rows = ScaledRows {
        data: test,
        scaling: model.scaling(),
    };
    let reconstruct = |rows: &dyn Rows, workers: &mut Workers, out: &mut [f32]| {
        model.reconstructor().run(rows, workers, out);
    };
    let copy = |rows: &dyn Rows, _: &mut Workers, out: &mut [f32]| {
        rows.write(0..rows.count(), out);
    };
    let noise = TestNoise {
        corruption: corruption.clone(),
        seed: model.recipe().seed,
        draws: noise_draws(test.rows(), test.inputs()),
    };
    let both: [&Reconstruct<'_>; 2] = [&reconstruct, &copy];
    let errors = noisy_errors(&rows, test.inputs(), &noise, &both, workers);
    let corrupted = CorruptedErrors {
        clean_test_mse,
        noise_mse: errors[1],
        noise_draws: noise.draws,
    };
    Ok((errors[0], Some(corrupted)))
}

/// Says which parts of what follows training were left out.
pub(super) fn tell_of_left_out(outcome: &Outcome, observe: &mut dyn FnMut(Event<'_>)) {
    for why in &outcome.summary.left_out {
        observe(Event::Notice(&Notice::LeftOut(why.clone())));
    }
}

/// What 0 stands for where rows are many and independent.
pub(super) fn threads_or_all(threads: usize) -> usize {
    match threads {
        0 => available_threads(),
        _ => threads,
    }
}

/// Says that the records of some of so many epochs are missing, if they are.
pub(super) fn tell_of_missing(
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
