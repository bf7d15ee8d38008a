//! Checks the files of the data during a run.

use super::event::Event;
use crate::advice::{Setting, setting};
use crate::data::{Checksum, Dataset, FileState, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::text::count_of;
use crate::train::Warning;
use std::path::Path;
use std::time::{Duration, Instant};

/// The checks take at most this share of the time: one part in `SHARE`.
const SHARE: u32 = 100;

/// Checks in intervals whether the files of a run's data are as they were when they were opened.
pub(super) struct Guard<'a> {
    watch: Watch,
    /// The used rows that stay in a file.
    rows: Vec<StoredRows<'a>>,
    looked: Instant,
    took: Duration,
}

/// Rows that stay in a file.
struct StoredRows<'a> {
    rows: &'a Dataset,
    /// Their checksum when the run began.
    checksum: Checksum,
    /// The state of their file at the last comparison.
    state: FileState,
}

impl StoredRows<'_> {
    /// The state of their file now, if it has changed since.
    fn changed(&self) -> Option<FileState> {
        let (_, now) = self.rows.file_states()?;
        (now != self.state).then_some(now)
    }
}

impl<'a> Guard<'a> {
    /// Watches the files of rows. Files in the run's folder are left out, because they change with the run.
    pub(super) fn new(
        watch: Option<&Watch>,
        folder: &Path,
        rows: impl IntoIterator<Item = &'a Dataset>,
    ) -> Result<Guard<'a>> {
        let mut watch = watch.cloned().unwrap_or_default();
        watch.leave_out(folder);
        // Rows in memory stay as they were read.
        let stored = |rows: &'a Dataset| {
            let (state, _) = rows.file_states()?;
            Some(rows.checksum().map(|checksum| StoredRows {
                rows,
                checksum,
                state,
            }))
        };
        let rows: Result<Vec<_>> = rows.into_iter().filter_map(stored).collect();
        Ok(Guard {
            watch,
            rows: rows?,
            looked: Instant::now(),
            took: Duration::ZERO,
        })
    }

    /// Checks, unless the last check was a moment ago and the files of used rows are unchanged.
    ///
    /// # Errors
    ///
    /// As [`Guard::look`].
    pub(super) fn look_now_and_then(&mut self, observe: &mut dyn FnMut(Event<'_>)) -> Result<()> {
        let is_early = self.looked.elapsed() < self.took * SHARE;
        if is_early && self.rows.iter().all(|stored| stored.changed().is_none()) {
            Ok(())
        } else {
            self.look(observe)
        }
    }

    /// Checks all files, and warns about files that have changed since the last check.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if rows that stay in their file differ from the rows with which the run began.
    pub(super) fn look(&mut self, observe: &mut dyn FnMut(Event<'_>)) -> Result<()> {
        let began = Instant::now();
        let changed = self.watch.changed();
        (self.looked, self.took) = (Instant::now(), began.elapsed());
        for stored in &mut self.rows {
            let Some(state) = stored.changed() else {
                continue;
            };
            let rows = stored.rows;
            if rows.checksum_now()? != stored.checksum {
                return Err(Error::new(
                    ErrorKind::Data,
                    "the rows have changed while the run used them",
                )
                .at(rows.name())
                .expected(format!(
                    "the same {}, which are too large for memory and stay in their file",
                    count_of(rows.rows(), "row")
                ))
                .found("other values")
                .hint(format!(
                    "the checkpoint is from the rows before the change; restore the file and resume with {}, or start \
                     a new run on the rows as they are",
                    setting(Setting::Resume)
                )));
            }
            stored.state = state;
        }
        let Some(file) = changed.first() else {
            return Ok(());
        };
        observe(Event::Warning(&Warning::SourceChanged {
            file: file.display().to_string(),
            more: changed.len() - 1,
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn write(path: &Path, last: f32) {
        let values = (0..40).map(|value| if value == 39 { last } else { value as f32 });
        let bytes: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
        // A time that no earlier write has had.
        fs::write(path, bytes).unwrap();
        let file = fs::File::options().append(true).open(path).unwrap();
        let later = std::time::SystemTime::now() + Duration::from_secs(last as u64);
        file.set_modified(later).unwrap();
    }

    #[test]
    fn rows_that_stay_in_a_changed_file_are_refused_and_others_are_warned_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        write(&path, 39.0);
        let watch = Watch::of([&path.display().to_string()]);
        let stored = Dataset::of_file(&path, 4);
        let memory = Dataset::from_array(stored.to_array().view()).unwrap();
        let run = folder.path().join("run");
        let look = |guard: &mut Guard<'_>| {
            let mut warnings = Vec::new();
            let looked = guard.look(&mut |event| {
                if let Event::Warning(warning) = event {
                    warnings.push(warning.to_string());
                }
            });
            (looked, warnings)
        };
        let mut of_file = Guard::new(Some(&watch), &run, [&stored]).unwrap();
        let mut of_memory = Guard::new(Some(&watch), &run, [&memory]).unwrap();
        assert!(look(&mut of_file).1.is_empty());

        // Touched, with the same rows.
        let file = fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
        let (looked, warnings) = look(&mut of_file);
        assert!(looked.is_ok() && warnings.len() == 1, "{warnings:?}");
        assert!(look(&mut of_file).1.is_empty(), "it is said once");

        write(&path, 400.0);
        let (looked, warnings) = look(&mut of_memory);
        assert!(
            looked.is_ok() && warnings[0].contains("rows changed after"),
            "{warnings:?}"
        );
        let error = look(&mut of_file).0.unwrap_err().to_string();
        assert!(
            error.contains("the rows have changed while the run used them"),
            "{error}"
        );
    }

    #[test]
    fn rows_in_a_file_are_compared_before_each_save_and_without_a_watch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        write(&path, 39.0);
        let stored = Dataset::of_file(&path, 4);
        let mut guard = Guard::new(None, folder.path(), [&stored]).unwrap();
        guard.took = Duration::from_secs(3600);
        guard.look_now_and_then(&mut |_| ()).unwrap();
        write(&path, 400.0);
        let error = guard.look_now_and_then(&mut |_| ()).unwrap_err();
        assert!(error.to_string().contains("rows have changed"), "{error}");
        // State that could not be saved now is not saved later.
        assert!(guard.look(&mut |_| ()).is_err());
    }
}
