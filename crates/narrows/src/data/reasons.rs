//! Writes the reasons of rows without values beside an array or a folder of images: `scores.reasons.csv`.

use super::output::{Piece, REASON, io_error};
use crate::files::OutputFile;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// A table of the rows without values: the number of each, counted from 0, and its reason.
pub(super) struct Reasons {
    writer: csv::Writer<OutputFile>,
    path: PathBuf,
    /// The number of rows so far, including rows with values.
    rows: usize,
}

impl Reasons {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let file = OutputFile::create(path)?;
        let mut reasons = Reasons {
            writer: csv::Writer::from_writer(file),
            path: path.to_path_buf(),
            rows: 0,
        };
        let head = reasons.writer.write_record(["row", REASON]);
        head.map_err(|error| reasons.refused(error))?;
        Ok(reasons)
    }

    fn refused(&self, error: csv::Error) -> Error {
        Error::io("cannot write the file", &self.path, io_error(error))
    }

    pub(super) fn write(&mut self, piece: Piece<'_>) -> Result<()> {
        for row in 0..piece.values.nrows() {
            if let Some(reason) = piece.reason(row) {
                let number = self.rows.to_string();
                let written = self.writer.write_record([&number, reason]);
                written.map_err(|error| self.refused(error))?;
            }
            self.rows += 1;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<()> {
        let refused = |error| Error::io("cannot write the file", &self.path, error);
        let file = self.writer.into_inner();
        file.map_err(|error| refused(error.into_error()))?.finish()
    }
}
