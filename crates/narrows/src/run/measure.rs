//! The evaluation after training, and the figures of its report.

use super::event::Event;
use super::names::METRICS_FILE;
use super::notice::Notice;
use super::summary::{Outcome, Summary};
use crate::advice::Action;
use crate::data::{Dataset, Split};
use crate::error::{Error, Result};
use crate::evaluate::{Baselines, Evaluation, Measures, Measuring, evaluate};
use crate::figures::{figures_of, is_image, loss_figures};
use crate::isa;
use crate::memory::unless_left_out;
use crate::model::Model;
use crate::report::Figure;
use crate::threads::available_threads;
use crate::train::EpochRecord;
use std::path::Path;

/// The rows and the options for measuring a model.
pub(super) struct OnSplit<'a> {
    pub(super) split: &'a Split<'a>,
    /// The run's folder or the model's file, as named in errors.
    pub(super) path: &'a Path,
    pub(super) threads: usize,
    pub(super) baselines: Option<&'a Baselines>,
}

/// Evaluates a model on the test rows of a split, if there are any, and draws its figures. `stage` is called with the
/// name of the next stage, and may end the evaluation.
pub(super) fn measure(
    model: &Model,
    records: &[EpochRecord],
    how: &OnSplit<'_>,
    stage: &mut dyn FnMut(&'static str) -> Result<()>,
) -> Result<Outcome> {
    let split = how.split;
    let mut left_out = Vec::new();
    let (evaluation, figures) = match split.test.as_deref() {
        None => (None, loss_figures(records)?),
        Some(test) => {
            let evaluation =
                evaluated(model, how, stage).map_err(|error| to_do(error, how.path))?;
            left_out.extend(evaluation.left_out.iter().cloned());
            stage("figures")?;
            let figures = figures_of(model, &evaluation, records, test, how.threads);
            let figures: Option<Vec<Figure>> = unless_left_out(figures, &mut left_out)?;
            let figures = figures.map_or_else(|| loss_figures(records), Ok)?;
            (Some(evaluation), figures)
        }
    };
    let [train_rows, validation_rows, test_rows] = split.counts();
    let train: &Dataset = &split.train;
    let seconds: f64 = records.iter().map(|record| record.seconds).sum();
    let summary = Summary {
        recipe: model.recipe().name.clone(),
        data: train.name().to_string(),
        epochs: records.len(),
        train_loss: records.last().map_or(f64::NAN, |record| record.train_loss),
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
        run: how.path.to_path_buf(),
        best: None,
        stopped_early: false,
        is_of_images: is_image(train.shape()),
        evaluation,
        left_out,
        profile: None,
    };
    Ok(Outcome {
        summary,
        figures,
        scaling: model.recipe().scaling,
    })
}

/// The evaluation; each stage is reported once.
fn evaluated(
    model: &Model,
    how: &OnSplit<'_>,
    stage: &mut dyn FnMut(&'static str) -> Result<()>,
) -> Result<Evaluation> {
    let measuring = Measuring {
        measures: Measures::OF_A_RUN,
        threads: how.threads,
        baselines: how.baselines,
    };
    let mut told = "";
    evaluate(model, how.split, &measuring, &mut |progress| {
        if progress.stage == told {
            return Ok(());
        }
        told = progress.stage;
        stage(told)
    })
}

/// Adds to an error after training what is saved, and how to do the refused work later.
fn to_do(error: Error, folder: &Path) -> Error {
    if error.kind() == crate::ErrorKind::Interrupted {
        return error;
    }
    let hint = error.what_to_do();
    let hint = hint.map_or(String::new(), |hint| format!("{hint}; "));
    error.hint(format!(
        "{hint}the model is trained and saved; {} measures it on other rows",
        Action::Evaluate {
            model: folder.to_path_buf()
        }
    ))
}

/// Reports the parts after training that were left out.
pub(super) fn tell_of_left_out(outcome: &Outcome, observe: &mut dyn FnMut(Event<'_>)) {
    for why in &outcome.summary.left_out {
        observe(Event::Notice(&Notice::LeftOut(why.clone())));
    }
}

/// The number of threads for many independent rows, with 0 for all.
pub(super) fn threads_or_all(threads: usize) -> usize {
    match threads {
        0 => available_threads(),
        _ => threads,
    }
}

/// Reports that the records of some epochs are missing, if they are.
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
