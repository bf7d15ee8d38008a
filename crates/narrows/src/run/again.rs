//! Measures a trained model.

use super::event::Event;
use super::folder;
use super::load::load_for;
use super::measure::{OnSplit, measure, tell_of_left_out, tell_of_missing, threads_or_all};
use super::options::Options;
use super::summary::Outcome;
use crate::data::Source;
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::no_test_rows;
use crate::recipe::Recipe;
use crate::train::{EpochRecord, Warning};
use std::path::Path;

/// Measures a trained model, from its file or its run's folder, in the same way as [`run`](super::run). Of the options,
/// only `parts`, `threads`, `validation`, `test`, `baselines` and `stop` are used.
///
/// # Errors
///
/// As [`load_for`]; [`ErrorKind::Interrupted`] if it was asked to stop.
pub fn evaluate_run(
    path: &Path,
    source: &Source,
    options: &Options<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<(Recipe, Outcome)> {
    let model = load_for(path, source, options.parts)?;
    let recipe = model.recipe().clone();
    let again = model.split_again(source, options.other())?;
    if let Some(difference) = again.difference {
        observe(Event::Warning(&Warning::DividedAnew { difference }));
    }
    if again.split.test.is_none() {
        return Err(no_test_rows(source.train.name()).at(path.display()));
    }
    // The records of a run that was never saved do not belong to the model, which is from the run before.
    let records = if path.is_dir() && folder::is_saved(path) {
        records_of(path, observe)
    } else {
        Vec::new()
    };
    let how = OnSplit {
        split: &again.split,
        path,
        threads: threads_or_all(options.threads),
        baselines: options.baselines,
    };
    let mut stage = |name| {
        observe(Event::Stage(path, name));
        if options.is_stopped() {
            Err(Error::new(ErrorKind::Interrupted, "measuring was stopped").at(path.display()))
        } else {
            Ok(())
        }
    };
    let outcome = measure(&model, &records, &how, &mut stage)?;
    tell_of_left_out(&outcome, observe);
    Ok((recipe, outcome))
}

/// The records of a run. If they cannot be read, a notice says so.
fn records_of(folder: &Path, observe: &mut dyn FnMut(Event<'_>)) -> Vec<EpochRecord> {
    let (records, why) = match folder::read_records(folder) {
        Ok(records) => (records, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    tell_of_missing(folder, 0, &records, why, observe);
    records
}
