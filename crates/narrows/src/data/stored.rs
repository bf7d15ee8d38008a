//! Rows that stay in a file and are read as they are needed.
//!
//! Rows are read by their position (`pread`), not through a memory map: memory stays bounded by
//! construction rather than by the kernel's leave, a file that shrinks while it is read is an error
//! rather than a signal that kills the process, and no `unsafe` is needed. From a file in the page cache
//! a row costs one system call and one copy.

use super::element::Element;
use crate::{Error, ErrorKind, Result};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Data of more bytes than this stay in their file; smaller ones are read into memory.
pub(crate) const IN_MEMORY: u64 = 512 << 20;

/// Rows of numbers, one after the other in a file.
#[derive(Clone, Debug)]
pub struct Stored {
    file: Arc<Backing>,
    rows: usize,
    inputs: usize,
    /// The rows of the file, in the order in which they count; all of them if there is none.
    chosen: Option<Arc<Vec<u32>>>,
}

#[derive(Debug)]
struct Backing {
    file: File,
    path: PathBuf,
    /// Where the first row begins.
    start: u64,
    element: Element,
    /// For each column what stands for a missing value.
    fill: Option<Vec<f32>>,
    /// What went wrong while rows were read by threads that cannot say so.
    failure: Mutex<Option<io::Error>>,
}

impl PartialEq for Stored {
    /// Whether both are the same rows of the same open file.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file) && self.chosen == other.chosen
    }
}

impl Stored {
    /// The rows of a file of known layout; its length must have been checked.
    pub(crate) fn new(
        file: File,
        path: &Path,
        start: u64,
        element: Element,
        (rows, inputs): (usize, usize),
        fill: Option<Vec<f32>>,
    ) -> Self {
        Stored {
            file: Arc::new(Backing {
                file,
                path: path.to_path_buf(),
                start,
                element,
                fill,
                failure: Mutex::new(None),
            }),
            rows,
            inputs,
            chosen: None,
        }
    }

    pub(crate) fn dim(&self) -> (usize, usize) {
        (
            self.chosen.as_ref().map_or(self.rows, |c| c.len()),
            self.inputs,
        )
    }

    pub(crate) fn element(&self) -> Element {
        self.file.element
    }

    /// Some of the rows; the file is shared.
    pub(crate) fn choose(&self, mut indices: Vec<u32>) -> Self {
        for index in &mut indices {
            *index = self.place(*index as usize) as u32;
        }
        Stored {
            chosen: Some(indices.into()),
            ..self.clone()
        }
    }

    /// Which row of the file.
    pub(super) fn place(&self, row: usize) -> usize {
        match &self.chosen {
            Some(chosen) => chosen.get(row).map_or(usize::MAX, |&place| place as usize),
            None => row,
        }
    }

    /// The bytes of a row in the file.
    pub(super) fn stride(&self) -> usize {
        self.inputs * self.file.element.size()
    }

    /// Reads one row, converted; NaN everywhere if that fails, see [`Stored::failure`].
    pub(crate) fn read(&self, row: usize, out: &mut [f32]) {
        if let Err(error) = self.try_read(row, out) {
            out.fill(f32::NAN);
            let mut failure = self
                .file
                .failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert(error);
        }
    }

    fn try_read(&self, row: usize, out: &mut [f32]) -> io::Result<()> {
        let Backing {
            file,
            start,
            element,
            fill,
            ..
        } = &*self.file;
        let mut at = start + (self.place(row) as u64).saturating_mul(self.stride() as u64);
        if element.is_native_f32() {
            read_exact_at(file, bytemuck::cast_slice_mut(out), at)?;
        } else {
            let mut bytes = [0; 4096];
            let size = element.size();
            for out in out.chunks_mut(bytes.len() / size) {
                let bytes = &mut bytes[..out.len() * size];
                read_exact_at(file, bytes, at)?;
                at += bytes.len() as u64;
                element.to_f32(bytes, out);
            }
        }
        fill_missing(fill.as_deref(), out);
        Ok(())
    }

    /// The bytes of one row as numbers.
    pub(super) fn convert(&self, bytes: &[u8], out: &mut [f32]) {
        self.file.element.to_f32(bytes, out);
        fill_missing(self.file.fill.as_deref(), out);
    }

    /// Whether the rows are numbers of a type, as they are.
    pub(super) fn is_plain(&self, element: Element) -> bool {
        self.file.element.kind == element.kind && self.file.fill.is_none()
    }

    /// The bytes of rows of the file, one after the other.
    pub(crate) fn read_bytes(&self, rows: Range<usize>) -> Result<Vec<u8>> {
        let mut bytes = vec![0; rows.len() * self.stride()];
        let at = self.file.start + rows.start as u64 * self.stride() as u64;
        read_exact_at(&self.file.file, &mut bytes, at).map_err(|error| self.unreadable(error))?;
        Ok(bytes)
    }

    fn unreadable(&self, error: io::Error) -> Error {
        Error::new(ErrorKind::Io, "a row cannot be read")
            .at(self.file.path.display())
            .caused_by(error)
            .hint("the file must stay as it is while it is in use")
    }

    /// The first failure to read a row since the last call.
    pub(crate) fn failure(&self) -> Result<()> {
        let mut failure = self
            .file
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match failure.take() {
            Some(error) => Err(self.unreadable(error)),
            None => Ok(()),
        }
    }
}

fn fill_missing(fill: Option<&[f32]>, row: &mut [f32]) {
    for (value, &fill) in row.iter_mut().zip(fill.unwrap_or_default()) {
        if value.is_nan() {
            *value = fill;
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
