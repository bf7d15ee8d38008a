//! Checkpoints: the state of a run in one file, so that a resumed run ends in the same bits.
//!
//! There are two. The earlier one is kept as `checkpoint.previous.safetensors`, and is used if the newer one is
//! damaged. Both have [`checksums`].
//!
//! `checkpoint.safetensors` holds parameters and states, the state of the optimizer, the best parameters and states if
//! there is validation, and the sums of the current epoch in double precision. Counts are JSON under the key `narrows`
//! of the metadata.

use super::folder::{self, unlink};
use super::load::load_model_of;
use super::names::{CHECKPOINT_FILE, OLDER_CHECKPOINT_FILE, RECIPE_FILE};
use super::notice::Notice;
use super::rows::KnownRows;
use crate::advice::{Action, Keys, Setting, Settings, set, setting};
use crate::error::{Error, ErrorKind, Result};
use crate::files::NewFile;
use crate::model::checksums;
use crate::optimizer::Plateau;
use crate::scaling::Scaling;
use crate::train::{Best, State, Sums, Training};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Increased when older versions of Narrows can no longer resume from the file.
const FORMAT_VERSION: u64 = 3;

/// The key of the metadata that belongs to Narrows.
const KEY: &str = "narrows";

/// The most bytes of a checkpoint besides its numbers for each parameter: its header and the sums of an epoch.
const MAX_REST: u64 = 1 << 25;

/// The end of an epoch saves the run only if this much time has passed.
const AFTER_EPOCH: Duration = Duration::from_secs(1);

/// The interval between two saves of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Every {
    /// After this time, between two steps. The run is also saved at the end of an epoch if the last save was more than
    /// a second ago.
    Time(Duration),
    /// After this number of epochs.
    Epochs(usize),
}

impl Default for Every {
    fn default() -> Self {
        Every::Time(Duration::from_secs(30))
    }
}

/// The times of the last and the next save of a run.
pub(super) struct Clock {
    every: Every,
    last: Instant,
}

impl Clock {
    pub(super) fn new(every: Every) -> Self {
        Clock {
            every,
            last: Instant::now(),
        }
    }

    /// Whether to save after a step; `ended` is the epoch that the step ended, if any.
    pub(super) fn is_due(&self, ended: Option<usize>) -> bool {
        match (self.every, ended) {
            (Every::Time(time), None) => self.last.elapsed() >= time,
            (Every::Time(time), Some(_)) => self.last.elapsed() >= time.min(AFTER_EPOCH),
            (Every::Epochs(count), Some(epoch)) => epoch.is_multiple_of(count),
            (Every::Epochs(_), None) => false,
        }
    }

    pub(super) fn reset(&mut self) {
        self.last = Instant::now();
    }
}

/// Saves the state of a run, and keeps the checkpoint before as the older one of two. If the checkpoint before
/// `is_damaged`, it is replaced, and the older one stays.
pub(super) fn save(
    training: &Training<'_>,
    known: &KnownRows,
    folder: &Path,
    is_damaged: bool,
) -> Result<()> {
    let (path, older) = (
        folder.join(CHECKPOINT_FILE),
        folder.join(OLDER_CHECKPOINT_FILE),
    );
    let bytes = bytes_of(training, known).map_err(|error| error.at(path.display()))?;
    unlink(&path)?;
    let mut file = NewFile::create(&path)?;
    let refused = |error| Error::io("cannot write the file", &path, error);
    file.write_all(&bytes)
        .and_then(|()| file.flush())
        .map_err(refused)?;
    if is_damaged {
        return file.finish();
    }
    // The new checkpoint is completely written by now. If the process is killed between the two renames, the older one
    // exists.
    match fs::rename(&path, &older) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
        _ => {}
    }
    file.finish()
}

fn bytes_of(training: &Training<'_>, known: &KnownRows) -> Result<Vec<u8>> {
    let state = training.state();
    let Sums {
        total,
        reconstruction,
        seconds,
        columns,
        rows,
    } = &state.sums;
    let mut sums = vec![
        *total,
        *reconstruction,
        *seconds,
        state.plateau.best,
        state.plateau.factor,
        state.best.loss,
        state.train_loss,
        state.seconds,
    ];
    sums.extend(columns);
    let about = json!({
        "format_version": FORMAT_VERSION,
        "recipe": training.recipe().to_toml(),
        "scaling": training.scaling().to_json(),
        "data": known,
        "epochs_done": state.epochs_done,
        "rows": rows,
        "steps": state.steps,
        "plateau_waited": state.plateau.waited,
        "best_epoch": state.best.epoch,
        "best_waited": state.best.waited,
    });
    let singles =
        |numbers: &[f32]| -> Vec<u8> { numbers.iter().flat_map(|x| x.to_le_bytes()).collect() };
    let mut tensors = vec![
        ("parameters", Dtype::F32, singles(&state.parameters)),
        ("first", Dtype::F32, singles(&state.first)),
        ("second", Dtype::F32, singles(&state.second)),
        ("best", Dtype::F32, singles(&state.best.parameters)),
        (
            "sums",
            Dtype::F64,
            sums.iter().flat_map(|x| x.to_le_bytes()).collect(),
        ),
    ];
    // Only a network that has states needs them.
    if !state.states.is_empty() {
        tensors.push(("states", Dtype::F32, singles(&state.states)));
        tensors.push(("best_states", Dtype::F32, singles(&state.best.states)));
    }
    let broken =
        |error| Error::new(ErrorKind::Format, "cannot write the checkpoint").caused_by(error);
    let mut views = Vec::new();
    for (name, kind, bytes) in &tensors {
        let size = if *kind == Dtype::F64 { 8 } else { 4 };
        let view = TensorView::new(*kind, vec![bytes.len() / size], bytes).map_err(broken)?;
        views.push((*name, view));
    }
    let metadata = HashMap::from([(KEY.to_string(), checksums::sealed(about, &views))]);
    safetensors::serialize(views, Some(metadata)).map_err(broken)
}

/// Restores the state of the run in a folder, with these rows. If the newer checkpoint is damaged or missing, the older
/// one is used, and the reason is reported. Returns the planned number of epochs of the run.
pub(super) fn restore(
    training: &mut Training<'_>,
    rows: &KnownRows,
    folder: &Path,
) -> Result<(usize, Option<Notice>)> {
    let [newer, older] = [CHECKPOINT_FILE, OLDER_CHECKPOINT_FILE].map(|name| folder.join(name));
    let error = match restore_from(training, rows, &newer) {
        Ok(epochs) => return Ok((epochs, None)),
        Err(error) => error,
    };
    // The older one would also belong to other data or another recipe.
    if ![ErrorKind::Format, ErrorKind::Io].contains(&error.kind()) {
        return Err(error);
    }
    match restore_from(training, rows, &older) {
        Ok(epochs) => Ok((epochs, Some(Notice::OlderCheckpoint(error.to_string())))),
        Err(second) => {
            let train = |recipe: String, settings: Settings| Action::Train {
                recipe,
                keys: Keys::default(),
                settings,
            };
            let hint = match load_model_of(folder, &training.recipe().parts()) {
                Ok(_) => format!(
                    "start a new run from the run's model: {}",
                    train("RECIPE".into(), set(Setting::InitFrom, folder.display()))
                ),
                Err(_) => format!(
                    "the run's model cannot be read either; start a new run with its recipe: {}",
                    train(
                        folder.join(RECIPE_FILE).display().to_string(),
                        set(Setting::Data, "SOURCE")
                    )
                ),
            };
            let both = if older.exists() {
                format!("{error}; and the one before: {second}")
            } else {
                format!("{error}; there is none before it")
            };
            Err(Error::new(error.kind(), both).hint(hint))
        }
    }
}

/// Restores the state from one checkpoint. Returns the planned number of epochs of the run.
fn restore_from(training: &mut Training<'_>, rows: &KnownRows, path: &Path) -> Result<usize> {
    let refused = |error| Error::io("cannot read the checkpoint", path, error);
    // Parameters, two averages of the optimizer and the best parameters, the header, and the sums.
    let most =
        16 * training.parameter_count() as u64 + 8 * training.state_count() as u64 + MAX_REST;
    let bytes = folder::read(path, most).map_err(refused)?;
    read(training, rows, &bytes).map_err(|error| error.at(path.display()))
}

fn read(training: &mut Training<'_>, rows: &KnownRows, bytes: &[u8]) -> Result<usize> {
    let damaged = || Error::new(ErrorKind::Format, "the checkpoint is damaged");
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|error| damaged().caused_by(error))?;
    let text = header.metadata().as_ref().and_then(|all| all.get(KEY));
    let text = text.ok_or_else(|| damaged().expected(format!("`{KEY}` in its metadata")))?;
    let as_damaged = |error: Error| damaged().caused_by(error.to_string());
    checksums::check_text(text).map_err(as_damaged)?;
    let about: Value = serde_json::from_str(text).map_err(|error| damaged().caused_by(error))?;
    match about["format_version"].as_u64() {
        Some(FORMAT_VERSION) => {}
        found => {
            return Err(
                Error::new(ErrorKind::Format, "the checkpoint's format is not known")
                    .expected(format!("format version {FORMAT_VERSION}"))
                    .found(found.map_or("none".into(), |found| found.to_string()))
                    .hint("resume it with the version of Narrows that started the run"),
            );
        }
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| damaged().caused_by(error))?;
    checksums::check_tensors(text, &about, &tensors).map_err(as_damaged)?;
    // A recipe of an older version may leave the width of the last layer to the data.
    let text = about["recipe"].as_str().unwrap_or_default();
    let parts = training.recipe().parts();
    let recipe = parts.parse(text, "the checkpoint", &[]);
    let mut recipe = recipe
        .map_err(|error| damaged().caused_by(error))?
        .with_widths_of(training.shape());
    let epochs = std::mem::replace(&mut recipe.epochs, training.recipe().epochs);
    if recipe != *training.recipe() {
        return Err(Error::new(
            ErrorKind::Recipe,
            "the recipe is not the recipe of the checkpoint",
        )
        .hint(format!(
            "a run must be resumed with the same recipe.toml; only the number of epochs may change, with {}",
            setting(Setting::Epochs)
        )));
    }
    // As numbers, because the text of a double-precision number may be read as its neighbor.
    let inputs = training.inputs();
    let known =
        KnownRows::deserialize(&about["data"]).map_err(|error| damaged().caused_by(error))?;
    known.check(rows).map_err(elsewhere)?;
    if Scaling::from_json(&about["scaling"], inputs)? != *training.scaling() {
        return Err(elsewhere(Error::new(
            ErrorKind::Data,
            "the training rows are not scaled as when the run started",
        )));
    }
    let count = |key: &str| about[key].as_u64().ok_or_else(damaged);
    let of = |name: &str, kind: Dtype| {
        let view = tensors
            .tensor(name)
            .ok()
            .filter(|view| view.dtype() == kind);
        view.ok_or_else(|| damaged().at(format!("tensor `{name}`")))
    };
    let singles = |name: &str| -> Result<Vec<f32>> {
        let view = of(name, Dtype::F32)?;
        let (chunks, _) = view.data().as_chunks();
        Ok(chunks
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect())
    };
    let states = |name: &str| match training.state_count() {
        0 => Ok(Vec::new()),
        _ => singles(name),
    };
    let (now, best_states) = (states("states")?, states("best_states")?);
    let view = of("sums", Dtype::F64)?;
    let (chunks, _) = view.data().as_chunks();
    let sums: Vec<f64> = chunks
        .iter()
        .map(|&bytes| f64::from_le_bytes(bytes))
        .collect();
    let [
        total,
        reconstruction,
        seconds,
        plateau_best,
        factor,
        best_loss,
        train_loss,
        seconds_of_epochs,
        columns @ ..,
    ] = &sums[..]
    else {
        return Err(damaged().at("tensor `sums`"));
    };
    training.restore(State {
        epochs_done: count("epochs_done")? as usize,
        sums: Sums {
            rows: count("rows")? as usize,
            total: *total,
            reconstruction: *reconstruction,
            columns: columns.to_vec(),
            seconds: *seconds,
        },
        parameters: singles("parameters")?,
        states: now,
        steps: count("steps")?,
        first: singles("first")?,
        second: singles("second")?,
        plateau: Plateau {
            best: *plateau_best,
            waited: count("plateau_waited")? as usize,
            factor: *factor,
        },
        best: Best {
            loss: *best_loss,
            epoch: count("best_epoch")? as usize,
            waited: count("best_waited")? as usize,
            parameters: singles("best")?,
            states: best_states,
        },
        train_loss: *train_loss,
        seconds: *seconds_of_epochs,
    })?;
    Ok(epochs)
}

/// Adds the hint for a run that is resumed with other rows.
pub(super) fn elsewhere(error: Error) -> Error {
    error.hint(format!(
        "restore the rows, or give the new place of the same rows with {}; to train on other rows, start a new run \
         with {}",
        setting(Setting::Data),
        setting(Setting::InitFrom)
    ))
}

#[cfg(test)]
mod tests;
