//! A run's folder: making it, what it remembers of the run, and its record of the epochs.

use super::{
    CHECKPOINT_FILE, FIGURES_FOLDER, INIT_FILE, METRICS_FILE, PICTURE_FILE, RECIPE_FILE,
    REPORT_FILE, RUN_FILE,
};
use crate::error::{Error, ErrorKind, Result};
use crate::files::{TEMPORARY, write_whole};
use crate::recipe::{Override, Recipe};
use crate::report::tensorboard;
use crate::train::EpochRecord;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The recipe of a run's folder, with values set over it.
///
/// # Errors
///
/// As [`Recipe::load_file`].
pub fn recipe_of(folder: &Path, overrides: &[Override]) -> Result<Recipe> {
    Recipe::load_file(&folder.join(RECIPE_FILE), overrides)
}

/// Makes the folder of a new run.
pub(super) fn create(out: Option<&Path>, force: bool, name: &str) -> Result<PathBuf> {
    let refused = |path: &Path, error| Error::io("cannot make the run's folder", path, error);
    if let Some(out) = out {
        fs::create_dir_all(out).map_err(|error| refused(out, error))?;
        if force {
            clear(out)?;
        }
        let mut entries = fs::read_dir(out).map_err(|error| refused(out, error))?;
        if !force && entries.next().is_some() {
            return Err(Error::new(ErrorKind::Data, "the run's folder is not empty")
                .at(out.display())
                .expected("a folder that is new or empty")
                .hint("choose another with --out, overwrite the run with --force, or go on with it with --resume"));
        }
        return Ok(out.to_path_buf());
    }
    if force {
        let folder = Path::new(RUNS).join(name);
        fs::create_dir_all(&folder).map_err(|error| refused(&folder, error))?;
        clear(&folder)?;
        return Ok(folder);
    }
    new_folder(name)
}

/// The folder of all runs that are given none.
const RUNS: &str = "runs";

/// Makes `runs/NAME`, or `runs/NAME-2` and so on where that exists.
///
/// # Errors
///
/// When the system refuses.
pub fn new_folder(name: &str) -> Result<PathBuf> {
    let refused = |path: &Path, error| Error::io("cannot make the folder", path, error);
    let parent = Path::new(RUNS);
    fs::create_dir_all(parent).map_err(|error| refused(parent, error))?;
    let mut number = 1;
    loop {
        let folder = match number {
            1 => parent.join(name),
            _ => parent.join(format!("{name}-{number}")),
        };
        // Making it is the test whether it is free: two runs at once get two folders.
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(refused(&folder, error)),
        }
    }
}

/// Takes away what a killed run had begun to write: files under temporary names.
pub(super) fn sweep(folder: &Path) -> Result<()> {
    let refused = |error| Error::io("the run's folder cannot be read", folder, error);
    let figures = folder.join(FIGURES_FOLDER);
    if figures.is_dir() {
        sweep(&figures)?;
    }
    for entry in fs::read_dir(folder).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            fs::remove_file(entry.path()).map_err(refused)?;
        }
    }
    Ok(())
}

/// Takes a run's files away, and nothing else. Its model stays until the new run is first saved, and its recipe until
/// the new one's is written, so that a run that fails before that costs no model, and the folder is still known as a
/// run's.
fn clear(folder: &Path) -> Result<()> {
    if !folder.join(RECIPE_FILE).is_file() {
        let refused = |error| Error::io("the run's folder cannot be read", folder, error);
        if fs::read_dir(folder).map_err(refused)?.next().is_none() {
            return Ok(());
        }
        return Err(
            Error::new(ErrorKind::Data, "the folder is not empty, and holds no run")
                .at(folder.display())
                .expected(format!(
                    "a run, which has a {RECIPE_FILE}, or an empty folder"
                ))
                .hint("choose another with --out"),
        );
    }
    // What says that the run can go on is the first to go.
    let files = [
        RUN_FILE,
        CHECKPOINT_FILE,
        INIT_FILE,
        METRICS_FILE,
        PICTURE_FILE,
        REPORT_FILE,
    ];
    for name in files {
        let path = folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("cannot take the old run away", &path, error));
            }
            _ => {}
        }
    }
    sweep(folder)?;
    tensorboard::clear(folder)?;
    let figures = folder.join(FIGURES_FOLDER);
    match fs::remove_dir_all(&figures) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("cannot take the old run away", &figures, error))
        }
        _ => Ok(()),
    }
}

/// Whether the run in a folder was saved, so that the model in it is the run's own: a checkpoint follows each. A model
/// without one is of the run that was there before, and was overwritten.
pub(super) fn is_saved(folder: &Path) -> bool {
    folder.join(CHECKPOINT_FILE).is_file()
}

/// The line of an epoch in the record.
pub(super) fn line_of(record: &EpochRecord) -> Value {
    let mut line = json!({
        "epoch": record.epoch,
        "train_loss": record.train_loss,
        "reconstruction": record.reconstruction,
        "learning_rate": record.learning_rate,
        "seconds": record.seconds,
        "images_per_second": record.images_per_second,
    });
    if let Some(loss) = record.validation_loss {
        line["validation_loss"] = json!(loss);
    }
    for (name, value) in &record.terms {
        line[*name] = json!(value);
    }
    line
}

/// The records of a run, as far as they can be read: they are for a chart alone.
pub(super) fn read_records(folder: &Path) -> Vec<EpochRecord> {
    let text = fs::read_to_string(folder.join(METRICS_FILE)).unwrap_or_default();
    let record = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        Some(EpochRecord {
            epoch: line["epoch"].as_u64()? as usize,
            train_loss: line["train_loss"].as_f64()?,
            reconstruction: line["reconstruction"].as_f64()?,
            terms: Vec::new(),
            seconds: line["seconds"].as_f64()?,
            images_per_second: line["images_per_second"].as_f64()?,
            validation_loss: line["validation_loss"].as_f64(),
            learning_rate: line["learning_rate"].as_f64().unwrap_or(0.0),
        })
    };
    text.lines().filter_map(record).collect()
}

/// Leaves the lines of the first epochs, as the rest will be written again.
pub(super) fn keep_lines(folder: &Path, epochs: usize) -> Result<()> {
    let path = folder.join(METRICS_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::io("cannot read the metrics", &path, error)),
    };
    let of_epoch = |line: &&str| {
        let line: Option<Value> = serde_json::from_str(line).ok();
        line.and_then(|line| line["epoch"].as_u64())
            .is_some_and(|epoch| epoch as usize <= epochs)
    };
    let kept: String = text
        .lines()
        .filter(of_epoch)
        .map(|line| format!("{line}\n"))
        .collect();
    write_whole(&path, kept.as_bytes())
}
