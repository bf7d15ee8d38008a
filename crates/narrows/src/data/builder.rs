//! Collects rows while a file is read: in memory up to [`IN_MEMORY`] bytes, and beyond that in a temporary file.

use super::element::{Element, NumberKind};
use super::records::{IN_MEMORY, Records, RowType};
use super::values::Values;
use crate::memory::require;
use crate::text::count_of;
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

/// The number of bytes that are read at a time, if a row has fewer.
const CHUNK: usize = 1 << 20;

/// The number of bytes of the first request. Each later request is as large as the bytes read so far.
pub(super) const FIRST_READ: usize = 1 << 16;

/// Collects rows; the bytes of a row are described by [`RowType`].
pub(super) struct RowsBuilder {
    row: RowType,
    rows: usize,
    memory: Vec<u8>,
    file: Option<BufWriter<File>>,
    /// The most bytes that are kept in memory.
    limit: u64,
}

impl RowsBuilder {
    pub(super) fn new(row: RowType) -> Self {
        RowsBuilder::with_limit(row, IN_MEMORY)
    }

    pub(super) fn with_limit(row: RowType, limit: u64) -> Self {
        RowsBuilder {
            row,
            rows: 0,
            memory: Vec::new(),
            file: None,
            limit,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.rows
    }

    pub(super) fn row_type(&self) -> &RowType {
        &self.row
    }

    /// Adds whole rows.
    pub(super) fn push(&mut self, rows: &[u8]) -> Result<()> {
        debug_assert!(rows.len().is_multiple_of(self.row.stride().max(1)));
        self.rows += rows.len() / self.row.stride().max(1);
        if u32::try_from(self.rows).is_err() {
            return Err(Error::new(ErrorKind::Data, "there are too many rows")
                .expected(format!("at most {}", count_of(u32::MAX, "row"))));
        }
        if self.file.is_none() {
            let len = self.memory.len() + rows.len();
            if len as u64 <= self.limit {
                if len > self.memory.capacity() {
                    // A growing vector doubles its memory, and holds both copies for a moment.
                    require(
                        "reading the rows into memory",
                        len.max(2 * self.memory.capacity()),
                    )?;
                }
                self.memory.extend_from_slice(rows);
                return Ok(());
            }
            let mut file = new_file()?;
            file.write_all(&self.memory).map_err(refused)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.write_all(rows).map_err(refused),
            None => Ok(()),
        }
    }

    /// Changes the type of all rows so far; `convert` makes the bytes of some rows from the bytes in the old type.
    pub(super) fn widen(
        &mut self,
        row: RowType,
        mut convert: impl FnMut(&[u8], &mut Vec<u8>),
    ) -> Result<()> {
        let old = std::mem::replace(&mut self.row, row);
        let Some(file) = self.file.take() else {
            require(
                "reading the rows into memory",
                self.rows.saturating_mul(self.row.stride()),
            )?;
            let memory = std::mem::take(&mut self.memory);
            convert(&memory, &mut self.memory);
            return Ok(());
        };
        let mut file = file
            .into_inner()
            .map_err(|error| refused(error.into_error()))?;
        file.seek(SeekFrom::Start(0)).map_err(refused)?;
        let mut wide = new_file()?;
        let piece = (CHUNK / old.stride().max(1)).max(1);
        let (mut bytes, mut converted) = (Vec::new(), Vec::new());
        let mut done = 0;
        while done < self.rows {
            let count = piece.min(self.rows - done);
            bytes.resize(count * old.stride(), 0);
            file.read_exact(&mut bytes).map_err(refused)?;
            converted.clear();
            convert(&bytes, &mut converted);
            wide.write_all(&converted).map_err(refused)?;
            done += count;
        }
        self.file = Some(wide);
        Ok(())
    }

    /// The rows; `fill` has the value for missing cells, column by column.
    pub(super) fn finish(self, fill: Option<Vec<f64>>) -> Result<Values> {
        if let Some(file) = self.file {
            let file = file
                .into_inner()
                .map_err(|error| refused(error.into_error()))?;
            let path = std::env::temp_dir().join("(a temporary file)");
            let records = Records::in_file(file, &path, 0, self.row, self.rows);
            return Ok(Values::Records(records.filled(fill)));
        }
        let inputs = self.row.inputs();
        let is_8_bit = self
            .row
            .single()
            .is_some_and(|one| one.kind == NumberKind::U8);
        if fill.is_none() && is_8_bit {
            let array = Array2::from_shape_vec((self.rows, inputs), self.memory);
            return array.map(Values::U8).map_err(|error| {
                Error::new(ErrorKind::Data, "the rows do not fit together").caused_by(error)
            });
        }
        let records = Records::in_memory(self.memory, self.row);
        Ok(Values::Records(records.filled(fill)))
    }
}

fn new_file() -> Result<BufWriter<File>> {
    let file = tempfile::tempfile().map_err(refused)?;
    Ok(BufWriter::with_capacity(1 << 20, file))
}

/// Rows that `reader` gives one after the other. If they have more than `in_memory` bytes, all of them go to a
/// temporary file.
///
/// `failed` makes the error if reading fails, or if the reader ends too early (then without a cause). Its argument is
/// the number of bytes read before.
pub(super) fn read_rows(
    reader: &mut impl Read,
    element: Element,
    (rows, inputs): (usize, usize),
    in_memory: u64,
    failed: impl Fn(usize, Option<io::Error>) -> Error,
) -> Result<Values> {
    let row = RowType::all(element, inputs);
    let stride = row.stride();
    let fits = (rows as u64).saturating_mul(stride as u64) <= in_memory;
    if fits {
        require("reading the rows into memory", rows * stride)?;
    }
    let mut gathered = RowsBuilder::with_limit(row, if fits { in_memory } else { 0 });
    let most = (CHUNK / stride).max(1);
    let mut bytes = Vec::new();
    let mut done = 0;
    while done < rows {
        let count = most.min(rows - done);
        bytes.clear();
        let read = read_growing(reader, &mut bytes, count * stride);
        let came = done * stride + bytes.len();
        read.map_err(|error| failed(came, Some(error)))?;
        if bytes.len() < count * stride {
            return Err(failed(came, None));
        }
        gathered.push(&bytes)?;
        done += count;
    }
    gathered.finish(None)
}

/// Reads the promised number of bytes, or fewer if the reader ends early. The allocated memory is at most twice the
/// number of bytes read, and exactly the promised number if all bytes came.
pub(super) fn read_growing(
    reader: &mut impl Read,
    bytes: &mut Vec<u8>,
    promised: usize,
) -> io::Result<()> {
    while bytes.len() < promised {
        let ask = (promised - bytes.len()).min(bytes.len().max(FIRST_READ));
        bytes
            .try_reserve_exact(ask)
            .map_err(|_| io::ErrorKind::OutOfMemory)?;
        if reader.by_ref().take(ask as u64).read_to_end(bytes)? < ask {
            break;
        }
    }
    Ok(())
}

fn refused(error: io::Error) -> Error {
    Error::new(
        ErrorKind::Io,
        "the data do not fit into memory, and a temporary file for them cannot be written",
    )
    .at(std::env::temp_dir().display())
    .caused_by(error)
    .hint("free some space there, or set TMPDIR to another folder")
}
