//! Rows of numbers of any types, in memory or in a file, as bytes: each value has its type in the file.
//!
//! Rows in a file are read at their position (`pread`), not through a memory map, for three reasons. The requests bound
//! the memory; if a file shrinks while it is read, the result is an error and not a signal that kills the process; and
//! `unsafe` is not needed. If the file is in the page cache, a row costs one system call and one copy.

mod row_type;

pub(super) use row_type::subtract;
pub(crate) use row_type::{AT_ONCE, RowType};

use super::element::NumberKind;
use crate::{Error, ErrorKind, Result};
use std::borrow::Cow;
use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Data of more bytes than this stay in their file; smaller data are read into memory.
pub(crate) const IN_MEMORY: u64 = 512 << 20;

/// The state that shows whether a file has changed: its size and its time, if the system provides them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileState {
    bytes: Option<u64>,
    modified: Option<SystemTime>,
}

impl FileState {
    pub(super) fn of(metadata: io::Result<Metadata>) -> FileState {
        let metadata = metadata.ok();
        FileState {
            bytes: metadata.as_ref().map(Metadata::len),
            modified: metadata.and_then(|metadata| metadata.modified().ok()),
        }
    }
}

/// Rows of numbers, one after the other, each value in the type of its column; or some of these rows, in any order.
///
/// Copies and selections share the bytes.
#[derive(Clone, Debug)]
pub struct Records {
    backing: Arc<Backing>,
    rows: usize,
    row: Arc<RowType>,
    /// The selected rows, in order; all rows if it is `None`.
    chosen: Option<Arc<Vec<u32>>>,
    /// The value that fills a missing value, for each column.
    fill: Option<Arc<Vec<f64>>>,
}

enum Backing {
    Memory(Vec<u8>),
    File {
        file: File,
        path: PathBuf,
        /// The offset of the first row.
        start: u64,
        /// The state of the file when it was opened.
        opened: FileState,
        /// The first error of threads that read rows and cannot return it.
        failure: Mutex<Option<io::Error>>,
    },
}

impl fmt::Debug for Backing {
    /// Without the bytes, because there may be many.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Backing::Memory(bytes) => write!(f, "{} bytes in memory", bytes.len()),
            Backing::File { path, .. } => write!(f, "{}", path.display()),
        }
    }
}

impl PartialEq for Records {
    /// Whether both are the same rows of the same open file, or hold the same bytes in memory.
    fn eq(&self, other: &Self) -> bool {
        let same = match (&*self.backing, &*other.backing) {
            (Backing::Memory(a), Backing::Memory(b)) => a == b,
            _ => Arc::ptr_eq(&self.backing, &other.backing),
        };
        same && self.chosen == other.chosen && self.row == other.row && self.fill == other.fill
    }
}

impl Records {
    /// The rows of a file of known layout; the caller must have checked its length.
    pub(crate) fn in_file(file: File, path: &Path, start: u64, row: RowType, rows: usize) -> Self {
        let backing = Backing::File {
            opened: FileState::of(file.metadata()),
            file,
            path: path.to_path_buf(),
            start,
            failure: Mutex::new(None),
        };
        Records::new(backing, row, rows)
    }

    /// Rows in memory; an incomplete row at the end is left out.
    pub(crate) fn in_memory(bytes: Vec<u8>, row: RowType) -> Self {
        let rows = bytes.len() / row.stride().max(1);
        Records::new(Backing::Memory(bytes), row, rows)
    }

    fn new(backing: Backing, row: RowType, rows: usize) -> Self {
        Records {
            backing: Arc::new(backing),
            rows,
            row: Arc::new(row),
            chosen: None,
            fill: None,
        }
    }

    /// The same rows with a fill value for each column.
    pub(crate) fn filled(self, fill: Option<Vec<f64>>) -> Self {
        Records {
            fill: fill.map(Arc::new),
            ..self
        }
    }

    /// The fill value of each column, if missing values are filled.
    pub(super) fn fill(&self) -> Option<&[f64]> {
        self.fill.as_ref().map(|fill| &fill[..])
    }

    pub(crate) fn dim(&self) -> (usize, usize) {
        let rows = self.chosen.as_ref().map_or(self.rows, |c| c.len());
        (rows, self.row.inputs())
    }

    pub(crate) fn row_type(&self) -> &RowType {
        &self.row
    }

    pub(crate) fn is_in_file(&self) -> bool {
        matches!(&*self.backing, Backing::File { .. })
    }

    /// The state of the file of the rows when it was opened, and its state now.
    pub(super) fn file_states(&self) -> Option<(FileState, FileState)> {
        match &*self.backing {
            Backing::Memory(_) => None,
            Backing::File { file, opened, .. } => Some((*opened, FileState::of(file.metadata()))),
        }
    }

    /// Some of the rows; the bytes are shared.
    pub(crate) fn choose(&self, mut indices: Vec<u32>) -> Self {
        for index in &mut indices {
            *index = self.place(*index as usize) as u32;
        }
        Records {
            chosen: Some(indices.into()),
            ..self.clone()
        }
    }

    /// The same kind of rows with these bytes in memory.
    pub(super) fn with_bytes(&self, bytes: Vec<u8>) -> Self {
        Records {
            fill: self.fill.clone(),
            ..Records::in_memory(bytes, (*self.row).clone())
        }
    }

    /// The bytes, if they are in memory and not shared.
    pub(super) fn into_bytes(self) -> Option<Vec<u8>> {
        match Arc::into_inner(self.backing)? {
            Backing::Memory(bytes) => Some(bytes),
            Backing::File { .. } => None,
        }
    }

    /// The index of a row among all rows.
    pub(super) fn place(&self, row: usize) -> usize {
        match &self.chosen {
            Some(chosen) => chosen.get(row).map_or(usize::MAX, |&place| place as usize),
            None => row,
        }
    }

    /// The bytes per row.
    pub(super) fn stride(&self) -> usize {
        self.row.stride()
    }

    /// Whether all values have this type, and none is missing.
    pub(super) fn is_plain(&self, kind: NumberKind) -> bool {
        self.fill.is_none()
            && self
                .row
                .single()
                .is_some_and(|element| element.kind == kind)
    }

    /// Calls `give` with the values of a row, as [`RowType::each`]. If the row cannot be read, all values are NaN; see
    /// [`Records::failure`].
    #[inline]
    pub(crate) fn each(&self, row: usize, give: impl FnMut(usize, &[f64])) {
        self.each_with(row, |_| (), give);
    }

    /// The same, with the bytes of the row before its values.
    #[inline]
    pub(super) fn each_with(
        &self,
        row: usize,
        bytes_are: impl FnOnce(&[u8]),
        give: impl FnMut(usize, &[f64]),
    ) {
        let fill = self.fill.as_ref().map(|fill| &fill[..]);
        match self.row_bytes(row) {
            Some(bytes) => {
                bytes_are(&bytes);
                self.row.each(&bytes, fill, give);
            }
            None => self.each_lost(give),
        }
    }

    /// The same with an offset subtracted from each value, as [`RowType::each_minus`].
    #[inline]
    pub(crate) fn each_minus(&self, row: usize, offset: &[f64], give: impl FnMut(usize, &[f64])) {
        let fill = self.fill.as_ref().map(|fill| &fill[..]);
        match self.row_bytes(row) {
            Some(bytes) => self.row.each_minus(offset, &bytes, fill, give),
            None => self.each_lost(give),
        }
    }

    fn each_lost(&self, mut give: impl FnMut(usize, &[f64])) {
        let lost = [f64::NAN; AT_ONCE];
        let inputs = self.row.inputs();
        for place in (0..inputs).step_by(AT_ONCE) {
            give(place, &lost[..AT_ONCE.min(inputs - place)]);
        }
    }

    /// A whole number exactly, if it is one; `fill` replaces a missing one.
    pub(crate) fn integer(&self, row: usize, input: usize, fill: Option<f64>) -> Option<i128> {
        self.row.integer(&self.row_bytes(row)?, input, fill)
    }

    /// A row as this machine's `f32`, if it is in memory in this form and none of its values is filled.
    #[inline]
    pub(crate) fn as_f32(&self, row: usize) -> Option<&[f32]> {
        match (&*self.backing, self.row.single()) {
            (Backing::Memory(bytes), Some(element))
                if element.is_native_f32() && self.fill.is_none() =>
            {
                let at = self.place(row).checked_mul(self.stride())?;
                bytemuck::try_cast_slice(bytes.get(at..at + self.stride())?).ok()
            }
            _ => None,
        }
    }

    /// The bytes of a row; an error is stored.
    pub(super) fn row_bytes(&self, row: usize) -> Option<Cow<'_, [u8]>> {
        let stride = self.stride();
        match &*self.backing {
            Backing::Memory(bytes) => {
                let at = self.place(row).checked_mul(stride)?;
                bytes.get(at..at.checked_add(stride)?).map(Cow::Borrowed)
            }
            Backing::File { failure, .. } => {
                let mut bytes = vec![0; stride];
                match self.read_at(self.place(row), &mut bytes) {
                    Ok(()) => Some(Cow::Owned(bytes)),
                    Err(error) => {
                        let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
                        failure.get_or_insert(error);
                        None
                    }
                }
            }
        }
    }

    /// Reads whole rows of the file, from a row on.
    fn read_at(&self, first: usize, out: &mut [u8]) -> io::Result<()> {
        let at = (first as u64).saturating_mul(self.stride() as u64);
        match &*self.backing {
            Backing::Memory(bytes) => {
                let at = at as usize;
                let bytes = at.checked_add(out.len()).and_then(|end| bytes.get(at..end));
                out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
            Backing::File { file, start, .. } => read_exact_at(file, out, start.saturating_add(at)),
        }
    }

    /// The bytes of rows of the file, one after the other.
    pub(crate) fn read_bytes(&self, rows: Range<usize>) -> Result<Vec<u8>> {
        let mut bytes = vec![0; rows.len() * self.stride()];
        self.read_at(rows.start, &mut bytes)
            .map_err(|error| self.unreadable(error))?;
        Ok(bytes)
    }

    fn unreadable(&self, error: io::Error) -> Error {
        let path = match &*self.backing {
            Backing::Memory(_) => Path::new("(memory)"),
            Backing::File { path, .. } => path,
        };
        Error::new(ErrorKind::Io, "a row cannot be read")
            .at(path.display())
            .caused_by(error)
            .hint("the file must stay as it is while it is in use")
    }

    /// The first failure to read a row since the last call.
    pub(crate) fn failure(&self) -> Result<()> {
        let Backing::File { failure, .. } = &*self.backing else {
            return Ok(());
        };
        let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
        match failure.take() {
            Some(error) => Err(self.unreadable(error)),
            None => Ok(()),
        }
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                bytes = &mut bytes[count..];
                at += count as u64;
            }
        }
    }
    Ok(())
}
