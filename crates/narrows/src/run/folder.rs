//! A run's folder: creation, its small files, and the record of its epochs.

use super::names::{
    CHECKPOINT_FILE, FIGURES_FOLDER, METRICS_FILE, OLDER_CHECKPOINT_FILE, RECIPE_FILE, RUN_FILE,
    files,
};
use crate::error::{Error, Result};
use crate::files::{TEMPORARY, entries, write_alone};
use crate::recipe::{Override, Recipe};
use crate::report::tensorboard;
use crate::text::count_of;
use crate::train::EpochRecord;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The recipe of a run's folder, with overrides.
///
/// # Errors
///
/// As [`Recipe::load_file`].
pub fn recipe_of(folder: &Path, overrides: &[Override]) -> Result<Recipe> {
    Recipe::load_file(&folder.join(RECIPE_FILE), overrides)
}

/// The folder of all runs without a given folder.
const RUNS: &str = "runs";

/// The default folder of a run that may overwrite a run of the same name.
pub(super) fn usual(name: &str) -> PathBuf {
    Path::new(RUNS).join(name)
}

/// Whether a folder is empty except for files that a killed command had begun to write.
pub(crate) fn is_empty(folder: &Path) -> io::Result<bool> {
    let is_begun = |name: &OsString| name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
    Ok(entries(folder)?.iter().all(|(name, _)| is_begun(name)))
}

/// Makes `runs/NAME`, or `runs/NAME-2` and so on if it exists.
///
/// # Errors
///
/// If the system cannot make the folder.
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
        // Creating it tests whether it is free: two simultaneous runs get two folders.
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(refused(&folder, error)),
        }
    }
}

/// Whether a path is a file that Narrows wrote in a run's folder, so that an output there would damage the run. Links are
/// followed.
pub fn is_file_of_run(path: &Path) -> bool {
    // A file that does not exist yet is not replaced.
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    let Some((folder, name)) = path.parent().zip(path.file_name()) else {
        return false;
    };
    // A person's own folder may hold a recipe of this name.
    let is_run = |folder: &Path| {
        let has = |name: &str| folder.join(name).is_file();
        has(RECIPE_FILE) && (has(RUN_FILE) || has(CHECKPOINT_FILE))
    };
    let is_written = files().any(|file| name == file);
    let is_log = || tensorboard::logs(folder).is_ok_and(|logs| logs.contains(&path));
    let is_figure = folder
        .file_name()
        .is_some_and(|name| name == FIGURES_FOLDER)
        && folder.parent().is_some_and(is_run);
    is_figure || (is_run(folder) && (is_written || is_log()))
}

/// Whether the run in a folder was saved, so that the model in it belongs to the run: each save of the model is
/// followed by a checkpoint.
pub(super) fn is_saved(folder: &Path) -> bool {
    // An entry that cannot be inspected counts as existing: a run must not start over because of it.
    let is_missing = |name: &&str| match fs::metadata(folder.join(name)) {
        Ok(_) => false,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    ![CHECKPOINT_FILE, OLDER_CHECKPOINT_FILE]
        .iter()
        .all(is_missing)
}

/// Removes a symbolic link at a path in a run's folder, so that files written there stay in the folder: another user
/// may have made the link, and it may point anywhere.
pub(super) fn unlink(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => fs::remove_file(path)
            .map_err(|error| Error::io("cannot replace the symbolic link", path, error)),
        _ => Ok(()),
    }
}

/// Writes a file of a run's folder.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    unlink(path)?;
    write_alone(path, bytes)
}

/// The most bytes of the small files of a run.
pub(super) const SMALL: u64 = 1 << 26;

/// The most bytes of a run's record of its epochs: enough for millions of epochs.
const MAX_METRICS: u64 = 1 << 30;

/// Reads a file of a run's folder, of at most `most` bytes. It opens only regular files: reading a named pipe would
/// block, and a device may have no end.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(OpenOptions::new().read(true), path)?;
    let mut bytes = Vec::new();
    // One further byte shows that there is more.
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        Err(io::Error::other(format!(
            "it has more than {}, the most that such a file can have",
            count_of(most, "byte")
        )))
    } else {
        Ok(bytes)
    }
}

/// Opens a file of a run's folder; refuses anything that is not a regular file.
pub(super) fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(io::Error::other(
            "it is not a file but a folder, a named pipe or a device: move it out of the run's folder",
        )),
        _ => options.open(path),
    }
}

/// The line of an epoch in the record.
pub(super) fn line_of(record: &EpochRecord) -> Value {
    let mut line = json!({
        "epoch": record.epoch,
        "train_loss": record.train_loss,
        "reconstruction": record.reconstruction,
        "learning_rate": record.learning_rate,
        "seconds": record.seconds,
        "rows_per_second": record.rows_per_second,
    });
    if let Some(loss) = record.validation_loss {
        line["validation_loss"] = json!(loss);
    }
    for (name, value) in &record.columns {
        line[name] = json!(value);
    }
    line
}

/// The text of a run's record of its epochs; empty if there is none. Bytes that are not UTF-8 are replaced.
fn read_metrics(folder: &Path) -> Result<String> {
    let path = folder.join(METRICS_FILE);
    match read(&path, MAX_METRICS) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Error::io("cannot read the metrics", &path, error)),
    }
}

/// The records of a run that can be read. They are used only for a chart.
///
/// # Errors
///
/// If the system cannot read them.
pub(super) fn read_records(folder: &Path) -> Result<Vec<EpochRecord>> {
    Ok(records_in(&read_metrics(folder)?))
}

fn records_in(text: &str) -> Vec<EpochRecord> {
    let record = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let is_column =
            |name: &str| name.starts_with("penalty.") || name.starts_with("reconstruction.");
        let columns = line.as_object()?.iter();
        let columns = columns.filter(|(name, _)| is_column(name));
        Some(EpochRecord {
            epoch: line["epoch"].as_u64()? as usize,
            train_loss: line["train_loss"].as_f64()?,
            reconstruction: line["reconstruction"].as_f64()?,
            columns: columns
                .filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)))
                .collect(),
            seconds: line["seconds"].as_f64()?,
            // Older runs call it `images_per_second`.
            rows_per_second: line["rows_per_second"]
                .as_f64()
                .or(line["images_per_second"].as_f64())?,
            validation_loss: line["validation_loss"].as_f64(),
            learning_rate: line["learning_rate"].as_f64().unwrap_or(0.0),
        })
    };
    text.lines().filter_map(record).collect()
}

/// Keeps only the lines of the first epochs, because the others will be written again. Returns their records.
pub(super) fn keep_lines(folder: &Path, epochs: usize) -> Result<Vec<EpochRecord>> {
    let text = read_metrics(folder)?;
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
    write(&folder.join(METRICS_FILE), kept.as_bytes())?;
    Ok(records_in(&kept))
}
