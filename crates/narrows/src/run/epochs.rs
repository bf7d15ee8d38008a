//! Training in a run's folder, epoch by epoch: it records each epoch and saves the run in intervals.

use super::checkpoint::{self, Clock};
use super::event::Event;
use super::folder;
use super::guard::Guard;
use super::names::{DIVERGED_FILE, METRICS_FILE, MODEL_FILE};
use super::options::{Options, stopped};
use super::place::Place;
use super::rows::KnownRows;
use crate::advice::{Action, Keys, Setting, Settings, set, setting};
use crate::error::{Error, ErrorKind, Result};
use crate::report::tensorboard::EventFile;
use crate::text::count_of;
use crate::train::{EpochRecord, Training};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

/// The state and the rows with which a run continues.
pub(super) struct Going<'a> {
    pub(super) place: Place,
    pub(super) known: &'a KnownRows,
    pub(super) guard: Guard<'a>,
    /// The records of the finished epochs.
    pub(super) records: Vec<EpochRecord>,
    /// Whether the newer of two checkpoints is damaged, so that the older one was used.
    pub(super) is_newer_damaged: bool,
}

/// Trains to the end and records the epochs. Saves the run in intervals, and when it is asked to stop. Before each save
/// it checks that the rows are those with which the run began.
pub(super) fn train_epochs(
    training: &mut Training<'_>,
    going: &mut Going<'_>,
    options: &Options<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let files = going.place.files();
    let mut logs = Logs::open(&files, options.tensorboard)?;
    // The model that was saved last.
    let mut kept =
        folder::is_saved(&files).then(|| "the model from before it was resumed".to_string());
    let mut clock = Clock::new(options.checkpoint);
    while !training.is_finished() {
        let mut saved = Ok(());
        let record = training.epoch_while(|training, progress| {
            observe(Event::Progress(progress));
            if clock.is_due(None)
                && progress.rows < progress.rows_in_epoch
                && !is_too_early(training, &going.place)
            {
                let looked = going.guard.look_now_and_then(observe);
                saved = looked.and_then(|()| save(training, going, &mut logs));
                if saved.is_ok() {
                    kept = Some(words_of(training));
                }
                clock.reset();
            }
            if options.is_stopped() || saved.is_err() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        let record = record.and_then(|record| saved.map(|()| record));
        if record.is_err() {
            // Rows that have changed in their file may be the reason.
            going.guard.look(observe)?;
        }
        let record = record.map_err(|error| keep(error, &going.place, kept.as_deref()))?;
        let ended = record.as_ref().map(|record| record.epoch);
        if let Some(record) = &record {
            logs.add(record)?;
            going.records.push(record.clone());
            observe(Event::Epoch(record));
        }
        if options.is_stopped() && is_too_early(training, &going.place) {
            return Err(not_kept(&going.place));
        }
        if options.is_stopped()
            || training.is_finished()
            || (ended.is_some() && clock.is_due(ended))
        {
            if training.is_finished() {
                going.guard.look(observe)?
            } else {
                going.guard.look_now_and_then(observe)?
            }
            let saved = save(training, going, &mut logs);
            saved.map_err(|error| keep(error, &going.place, kept.as_deref()))?;
            kept = Some(words_of(training));
            clock.reset();
        }
        if options.is_stopped() {
            return Err(stopped(
                "training was stopped; the run is saved",
                going.place.folder(),
            ));
        }
    }
    Ok(())
}

/// Saves the model, if its numbers are finite, and the state of the run. Records are written to the disk before.
fn save(training: &Training<'_>, going: &mut Going<'_>, logs: &mut Logs) -> Result<()> {
    let model = training.checked_model()?;
    logs.sync()?;
    let files = going.place.files();
    let path = files.join(MODEL_FILE);
    folder::unlink(&path)?;
    let saved = model
        .save(path)
        .and_then(|()| checkpoint::save(training, going.known, &files, going.is_newer_damaged));
    saved.map_err(|error| going.place.named(error))?;
    going.is_newer_damaged = false;
    going.place.settle(true)
}

/// Whether a run is too young to replace another one: after a few steps its model is hardly trained.
fn is_too_early(training: &Training<'_>, place: &Place) -> bool {
    place.holds_another() && training.position().0 == 0
}

/// The error of a run that is stopped before it replaces another one.
fn not_kept(place: &Place) -> Error {
    Error::new(
        ErrorKind::Interrupted,
        "training was stopped in its first epoch, so nothing is saved",
    )
    .at(place.folder().display())
    .hint(left_in(place))
}

/// A description of the folder of a run that was to replace another one and does not.
fn left_in(place: &Place) -> String {
    let run = place.folder();
    if run.join(MODEL_FILE).is_file() {
        format!("{} still has the complete run from before", run.display())
    } else {
        format!("{} is left as it was", run.display())
    }
}

/// The model that a save writes, as named in errors.
fn words_of(training: &Training<'_>) -> String {
    if training.best_validation_loss().is_some() {
        return format!("the model of epoch {}", training.best_epoch());
    }
    match training.position() {
        (epochs, 0) => format!("the model after epoch {epochs}"),
        (0, rows) => format!("the model after {} of epoch 1", count_of(rows, "row")),
        (epochs, rows) => format!(
            "the model after epoch {epochs} and {} of the next",
            count_of(rows, "row")
        ),
    }
}

/// Describes what remains of a run that diverged, and records the divergence in the folder.
fn keep(error: Error, place: &Place, saved: Option<&str>) -> Error {
    if error.kind() != ErrorKind::Diverged {
        return error;
    }
    let run = place.folder().display();
    let model = place.folder().join(MODEL_FILE);
    let kept = match saved {
        _ if place.holds_another() => format!("no model was saved; {}", left_in(place)),
        Some(saved) => format!("{saved} was saved last and is kept in {}", model.display()),
        None => format!(
            "no model was saved; {} writes another run into {run}",
            setting(Setting::Force)
        ),
    };
    if !place.holds_another() {
        // The command fails anyway. If this cannot be written, a resumed run reports the same by diverging again.
        let said = json!({ "error": error.to_string() }).to_string();
        let _ = folder::write(&place.folder().join(DIVERGED_FILE), said.as_bytes());
    }
    let hint = match error.what_to_do() {
        Some(hint) => format!("{hint}; {kept}"),
        None => kept,
    };
    error.hint(hint)
}

/// Refuses to resume a run that diverged, because the same steps would diverge again.
pub(super) fn refuse_diverged(folder: &Path) -> Result<()> {
    let path = folder.join(DIVERGED_FILE);
    let said = match folder::read(&path, folder::SMALL) {
        Ok(bytes) => serde_json::from_slice::<Value>(&bytes)
            .ok()
            .and_then(|said| Some(said["error"].as_str()?.to_string()))
            .unwrap_or_else(|| format!("a damaged {DIVERGED_FILE}")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => format!("a {DIVERGED_FILE} that cannot be read: {error}"),
    };
    let run = folder.display();
    let change = format!(
        "change the cause, such as the learning rate ({}) or huge values in the rows",
        set(Setting::LearningRate, "X")
    );
    let train = |settings: Settings| Action::Train {
        recipe: "RECIPE".into(),
        keys: Keys::default(),
        settings,
    };
    let begin = if folder::is_saved(folder) {
        format!(
            "{change}, and start a new run from its model: {}",
            train(set(Setting::InitFrom, folder.display()))
        )
    } else {
        format!(
            "it was never saved; {change}, and start again: {}",
            train(Settings(vec![
                (Setting::Out, Some(folder.display().to_string())),
                (Setting::Force, None),
            ]))
        )
    };
    Err(Error::new(
        ErrorKind::Diverged,
        "the run diverged; resuming it would repeat the same steps",
    )
    .at(run)
    .found(said)
    .hint(begin))
}

/// The records of a run in progress: `metrics.jsonl`, and the log for TensorBoard.
struct Logs {
    path: std::path::PathBuf,
    metrics: File,
    log: Option<EventFile>,
}

impl Logs {
    fn open(folder: &Path, tensorboard: bool) -> Result<Logs> {
        let path = folder.join(METRICS_FILE);
        folder::unlink(&path)?;
        let metrics = folder::open(OpenOptions::new().create(true).append(true), &path)
            .map_err(|error| Error::io("cannot write the metrics", &path, error))?;
        let log = if tensorboard {
            Some(EventFile::append(folder)?)
        } else {
            None
        };
        Ok(Logs { path, metrics, log })
    }

    fn add(&mut self, record: &EpochRecord) -> Result<()> {
        let written = writeln!(self.metrics, "{}", folder::line_of(record));
        written.map_err(|error| Error::io("cannot write the metrics", &self.path, error))?;
        match &mut self.log {
            Some(log) => write_log(log, record),
            None => Ok(()),
        }
    }

    /// Writes new lines to the disk.
    fn sync(&mut self) -> Result<()> {
        let synced = self.metrics.sync_data();
        synced.map_err(|error| Error::io("cannot write the metrics", &self.path, error))?;
        self.log.as_mut().map_or(Ok(()), EventFile::sync)
    }
}

fn write_log(log: &mut EventFile, record: &EpochRecord) -> Result<()> {
    let step = record.epoch as u64;
    log.scalar("loss/train", step, record.train_loss)?;
    if let Some(loss) = record.validation_loss {
        log.scalar("loss/validation", step, loss)?;
    }
    log.scalar("loss/reconstruction", step, record.reconstruction)?;
    for (name, value) in &record.columns {
        log.scalar(name, step, *value)?;
    }
    log.scalar("learning_rate", step, record.learning_rate)?;
    log.scalar("rows_per_second", step, record.rows_per_second)?;
    log.flush()
}
