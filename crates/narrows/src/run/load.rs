//! Loads models of runs.

use super::names::{MODEL_FILE, TRAIN_LOSS};
use super::{folder, place};
use crate::advice::{Action, Setting, Settings, setting};
use crate::apply::check;
use crate::data::Source;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::parts::Parts;
use std::path::Path;

/// Loads a model from its file or its run's folder, and checks that the rows of a source fit it. Its recipe uses these
/// parts, or the library's if `parts` is `None`.
///
/// # Errors
///
/// If the model cannot be read, or if the data do not fit it.
pub fn load_for(path: &Path, source: &Source, parts: Option<&Parts>) -> Result<Model> {
    let model = load_model_of(path, &Parts::or_standard(parts))?;
    check(&model, &source.train).map_err(|error| {
        error.hint(format!(
            "give the data with the columns of the model, in its order: {} shows them, {} chooses them",
            Action::ModelColumns,
            setting(Setting::Columns)
        ))
    })?;
    Ok(model)
}

/// Refuses a run's folder whose model is not fully trained or not yet tested.
///
/// # Errors
///
/// If it is not.
pub fn check_done(path: &Path, model: &Model) -> Result<()> {
    if folder::is_saved(path) && !model.metrics().contains_key(TRAIN_LOSS) {
        Err(Error::new(ErrorKind::Data, "the run is not finished")
            .at(path.display())
            .hint(format!(
                "resume with {}",
                Action::GoOn {
                    run: path.to_path_buf(),
                    settings: Settings::default()
                }
            )))
    } else {
        Ok(())
    }
}

/// Whether a path is a run's folder or a model file.
pub fn is_run(path: &Path) -> bool {
    let is_model = path
        .extension()
        .is_some_and(|ending| ending == "safetensors");
    (is_model && path.is_file())
        || path.join(MODEL_FILE).is_file()
        || place::check_in_place(path).is_err()
}

/// Loads a model from its file or from a run's folder.
///
/// # Errors
///
/// As [`Model::load`]. Also if a command was killed while it moved the run into place; [`recover`](super::recover)
/// completes this.
pub fn load_model(path: &Path) -> Result<Model> {
    load_model_of(path, &Parts::standard())
}

/// As [`load_model`], for a model whose recipe uses these parts.
///
/// # Errors
///
/// As [`load_model`].
pub fn load_model_of(path: &Path, parts: &Parts) -> Result<Model> {
    if path.is_dir() {
        place::check_in_place(path)?;
    }
    Model::load_of(path, parts)
}
