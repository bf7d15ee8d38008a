//! Scalars for TensorBoard: a log of events in a folder. `tensorboard --logdir FOLDER` draws it while it grows.
//!
//! A log is a sequence of records. Each is a protobuf `Event` between its length and checksums; the first one names the
//! version of the format. Records are pure bytes; only [`EventFile`] uses files and the clock.

use crate::error::{Error, ErrorKind, Result};
use crate::files::{NameKind, entries};
use crc::{CRC_32_ISCSI, Crc};
use prost::Message;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The content of the first record.
const VERSION: &str = "brain.Event:2";

/// The prefix of a log's name, which TensorBoard looks for.
const PREFIX: &str = "events.out.tfevents.";

/// The checksum of a record: CRC-32C.
const CASTAGNOLI: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// The number of bytes before a record's event (its length and a checksum of the length) and after it (a checksum).
const BEFORE: usize = 12;
const AFTER: usize = 4;

/// `tensorflow.Event`, with only the fields that are written here.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// The first record of a log; `wall_time` is in seconds since 1970.
pub fn version_record(wall_time: f64) -> Vec<u8> {
    record(&Event {
        wall_time,
        step: 0,
        file_version: Some(VERSION.into()),
        summary: None,
    })
}

/// The record of one number: the name of its curve, its step and its value, which may be NaN. `wall_time` is in seconds
/// since 1970.
pub fn scalar_record(wall_time: f64, tag: &str, step: u64, value: f64) -> Vec<u8> {
    let value = Value {
        tag: tag.into(),
        simple_value: Some(value as f32),
    };
    record(&Event {
        wall_time,
        step: i64::try_from(step).unwrap_or(i64::MAX),
        file_version: None,
        summary: Some(Summary { value: vec![value] }),
    })
}

fn record(event: &Event) -> Vec<u8> {
    let event = event.encode_to_vec();
    let mut record = (event.len() as u64).to_le_bytes().to_vec();
    record.extend(checksum(&record).to_le_bytes());
    record.extend(&event);
    record.extend(checksum(&event).to_le_bytes());
    record
}

/// CRC-32C, masked: an unmasked checksum of data that contain checksums would be weak.
fn checksum(bytes: &[u8]) -> u32 {
    CASTAGNOLI
        .checksum(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// A log in a folder, to which numbers can be added.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: BufWriter<File>,
}

impl EventFile {
    /// Begins a new log in a folder, which is created if it is missing.
    ///
    /// # Errors
    ///
    /// If the system cannot write it.
    pub fn create(folder: impl AsRef<Path>) -> Result<EventFile> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder)
            .map_err(|error| Error::io("cannot make the folder of the log", folder, error))?;
        let seconds = now() as u64;
        let mut number = 0;
        loop {
            let name = match number {
                0 => format!("{PREFIX}{seconds:010}.narrows"),
                _ => format!("{PREFIX}{seconds:010}.narrows.{number}"),
            };
            let path = folder.join(name);
            // Creating it tests whether the name is free.
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    let file = BufWriter::new(file);
                    let mut log = EventFile { path, file };
                    log.write(&version_record(now()))?;
                    log.flush()?;
                    return Ok(log);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(Error::io("cannot make the log", &path, error)),
            }
        }
    }

    /// Continues the newest log of Narrows in a folder, or begins one if there is none.
    ///
    /// An incomplete record at its end, which a power failure may leave, is removed, because nothing after it would be
    /// read.
    ///
    /// # Errors
    ///
    /// If the system cannot read or write it, or if the file does not begin with the first record of a log.
    pub fn append(folder: impl AsRef<Path>) -> Result<EventFile> {
        let folder = folder.as_ref();
        let Some(path) = newest(folder)? else {
            return EventFile::create(folder);
        };
        let refused = |error| Error::io("cannot go on with the log", &path, error);
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .open(&path)
            .map_err(refused)?;
        let len = file.metadata().map_err(refused)?.len();
        let end = whole_records(&mut file, len).map_err(refused)?;
        if end == 0 && len > 0 {
            return Err(
                Error::new(ErrorKind::Format, "the file is not a log of TensorBoard")
                    .at(path.display())
                    .hint("move it out of the folder"),
            );
        }
        file.set_len(end).map_err(refused)?;
        file.seek(SeekFrom::Start(end)).map_err(refused)?;
        let file = BufWriter::new(file);
        let mut log = EventFile { path, file };
        if end == 0 {
            log.write(&version_record(now()))?;
            log.flush()?;
        }
        Ok(log)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a number: `tag` names its curve, `step` is its position there. A slash in the tag groups curves, as in
    /// `loss/train`.
    ///
    /// # Errors
    ///
    /// If the system cannot write it.
    pub fn scalar(&mut self, tag: &str, step: u64, value: f64) -> Result<()> {
        self.write(&scalar_record(now(), tag, step, value))
    }

    /// Passes new records to the system, so that TensorBoard sees them.
    ///
    /// # Errors
    ///
    /// If the system cannot write them.
    pub fn flush(&mut self) -> Result<()> {
        let result = self.file.flush();
        result.map_err(|error| Error::io("cannot write the log", &self.path, error))
    }

    /// Writes new records to the disk, so that they survive a power failure.
    ///
    /// # Errors
    ///
    /// If the system cannot write them.
    pub fn sync(&mut self) -> Result<()> {
        self.flush()?;
        let result = self.file.get_ref().sync_data();
        result.map_err(|error| Error::io("cannot write the log", &self.path, error))
    }

    fn write(&mut self, record: &[u8]) -> Result<()> {
        let result = self.file.write_all(record);
        result.map_err(|error| Error::io("cannot write the log", &self.path, error))
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// The newest log of Narrows in a folder: the last by name, because names begin with the time.
fn newest(folder: &Path) -> Result<Option<PathBuf>> {
    let logs = logs(folder);
    let mut logs =
        logs.map_err(|error| Error::io("cannot read the folder of the log", folder, error))?;
    Ok(logs.pop())
}

/// The logs of Narrows in a folder, ordered by the times in their names. Symbolic links are left out: they may point
/// anywhere.
pub(crate) fn logs(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match entries(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut logs = BTreeMap::new();
    for (name, kind) in entries {
        let time = name.to_str().and_then(time_of);
        if let (Some(time), NameKind::File) = (time, kind) {
            logs.insert(time, folder.join(name));
        }
    }
    Ok(logs.into_values().collect())
}

/// The time in a log's name, and its number among those of the same second.
fn time_of(name: &str) -> Option<(u64, u64)> {
    let (seconds, rest) = name.strip_prefix(PREFIX)?.split_once(".narrows")?;
    let number = match rest {
        "" => 0,
        rest => rest.strip_prefix('.')?.parse().ok()?,
    };
    Some((seconds.parse().ok()?, number))
}

/// The number of bytes of complete records, from the beginning of a file of `len` bytes.
fn whole_records(file: &mut File, len: u64) -> io::Result<u64> {
    let mut reader = BufReader::new(file);
    let mut end = 0;
    let mut before = [0; BEFORE];
    let mut rest = Vec::new();
    while len - end >= (BEFORE + AFTER) as u64 {
        reader.read_exact(&mut before)?;
        let [length @ .., a, b, c, d] = before;
        let size = u64::from_le_bytes(length);
        // It never reads more than there is.
        let room = len - end - (BEFORE + AFTER) as u64;
        if checksum(&length) != u32::from_le_bytes([a, b, c, d]) || size > room {
            break;
        }
        rest.clear();
        let wanted = size + AFTER as u64;
        reader.by_ref().take(wanted).read_to_end(&mut rest)?;
        match rest.split_last_chunk::<AFTER>() {
            Some((event, sum)) if checksum(event) == u32::from_le_bytes(*sum) => {}
            _ => break,
        }
        end += BEFORE as u64 + wanted;
    }
    Ok(end)
}

#[cfg(test)]
mod tests;
