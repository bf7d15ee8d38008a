//! Rows of numbers of any types, in memory or in a file, as bytes: each value in the type that it has in its file.
//!
//! Rows in a file are read by their position (`pread`), not through a memory map. Memory use is bounded by what is
//! asked for, a file that shrinks while it is read is an error and not a signal that kills the process, and no `unsafe`
//! is needed. If the file is in the page cache, a row costs one system call and one copy.

use super::element::difference;
use super::element::{Element, Kind};
use crate::{Error, ErrorKind, Result};
use std::borrow::Cow;
use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Data of more bytes than this stay in their file; smaller ones are read into memory.
pub(crate) const IN_MEMORY: u64 = 512 << 20;

/// The values that are converted at a time, so that they stay in the first-level cache.
pub(crate) const AT_ONCE: usize = 256;

/// What shows that a file has changed: its size and its time, where the system tells them.
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

/// Neighboring values of one type in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) element: Element,
    pub(crate) count: usize,
    /// Whether an integer of the type stands for a missing value ([`Element::gap`]), as there is no NaN among them.
    pub(crate) has_gaps: bool,
}

/// The types of the values of a row, which lie one after the other without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowType {
    runs: Vec<Run>,
    inputs: usize,
    stride: usize,
}

impl RowType {
    /// All values of one type.
    pub(crate) fn all(element: Element, inputs: usize) -> Self {
        RowType::new([(element, false)].into_iter().cycle().take(inputs))
    }

    /// The type of each value, and whether an integer of it stands for a missing one.
    pub(crate) fn new(columns: impl IntoIterator<Item = (Element, bool)>) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        for (element, has_gaps) in columns {
            match runs.last_mut() {
                Some(run) if run.element == element && run.has_gaps == has_gaps => run.count += 1,
                _ => runs.push(Run {
                    element,
                    count: 1,
                    has_gaps,
                }),
            }
        }
        let inputs = runs.iter().map(|run| run.count).sum();
        let stride = runs.iter().map(|run| run.count * run.element.size()).sum();
        RowType {
            runs,
            inputs,
            stride,
        }
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// The bytes of a row.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// The one type of all values, if there is one.
    pub(crate) fn single(&self) -> Option<Element> {
        match self.runs[..] {
            [run] => Some(run.element),
            _ => None,
        }
    }

    /// Whether all values are whole numbers, and none can be missing.
    pub(crate) fn is_integer(&self) -> bool {
        let is_whole = |run: &Run| run.element.is_integer() && !run.has_gaps;
        self.runs.iter().all(is_whole)
    }

    /// The types of neighboring values: how many have each, and whether an integer of it stands for a missing value.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Element, usize, bool)> + '_ {
        self.runs
            .iter()
            .map(|run| (run.element, run.count, run.has_gaps))
    }

    /// The type of each value of a row.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        let of = |run: &Run| std::iter::repeat_n(run.element, run.count);
        self.runs.iter().flat_map(of)
    }

    /// The type of a value.
    pub(crate) fn element(&self, mut input: usize) -> Element {
        for run in &self.runs {
            if input < run.count {
                return run.element;
            }
            input -= run.count;
        }
        Element::little(Kind::F64)
    }

    /// Hands on the values of a row in pieces of at most [`AT_ONCE`]: the place of the first, and the values as
    /// `f64`, NaN where one is missing.
    #[inline]
    pub(crate) fn each(
        &self,
        bytes: &[u8],
        fill: Option<&[f64]>,
        mut give: impl FnMut(usize, &[f64]),
    ) {
        self.pieces(bytes, fill, |place, values, _, _| give(place, values));
    }

    /// The same with an offset subtracted from each value, as [`Number::minus`] does: one for all, or one for each
    /// place.
    ///
    /// [`Number::minus`]: super::number::Number::minus
    #[inline]
    pub(crate) fn each_minus(
        &self,
        offset: &[f64],
        bytes: &[u8],
        fill: Option<&[f64]>,
        mut give: impl FnMut(usize, &[f64]),
    ) {
        self.pieces(bytes, fill, |place, values, run, bytes| {
            if run.element.is_wide_integer() {
                let element = run.element;
                let integers = bytes.chunks_exact(element.size());
                for (index, (value, bytes)) in values.iter_mut().zip(integers).enumerate() {
                    let offset = offset_of(offset, place + index);
                    let integer = element.integer(bytes).unwrap_or_default();
                    *value = match run.has_gaps && integer == element.gap() {
                        true => *value - offset,
                        false => difference(*value, integer, offset),
                    };
                }
            } else {
                subtract(offset, place, values);
            }
            give(place, values);
        });
    }

    /// The values in pieces, each with its run and its bytes.
    #[inline]
    fn pieces(
        &self,
        bytes: &[u8],
        fill: Option<&[f64]>,
        mut give: impl FnMut(usize, &mut [f64], &Run, &[u8]),
    ) {
        let mut buffer = [0.0; AT_ONCE];
        let (mut at, mut place) = (0, 0);
        for run in &self.runs {
            let size = run.element.size();
            let mut left = run.count;
            while left > 0 {
                let count = left.min(AT_ONCE);
                let (Some(piece), values) =
                    (bytes.get(at..at + count * size), &mut buffer[..count])
                else {
                    return;
                };
                run.element.to_f64(piece, values);
                if run.has_gaps {
                    let gap = run.element.gap() as f64;
                    for value in values.iter_mut().filter(|value| **value == gap) {
                        *value = f64::NAN;
                    }
                }
                if let Some(fill) = fill.and_then(|fill| fill.get(place..place + count)) {
                    for (value, &fill) in values.iter_mut().zip(fill) {
                        *value = if value.is_nan() { fill } else { *value };
                    }
                }
                give(place, values, run, piece);
                at += count * size;
                place += count;
                left -= count;
            }
        }
    }

    /// A whole number of a row exactly, where it is one: for values that no `f64` holds. A missing one is `fill`.
    pub(crate) fn integer(
        &self,
        bytes: &[u8],
        mut input: usize,
        fill: Option<f64>,
    ) -> Option<i128> {
        let mut at = 0;
        for run in &self.runs {
            let size = run.element.size();
            if input < run.count {
                let start = at + input * size;
                let number = run.element.integer(bytes.get(start..start + size)?)?;
                return match run.has_gaps && number == run.element.gap() {
                    true => fill.map(|fill| fill as i128),
                    false => Some(number),
                };
            }
            input -= run.count;
            at += run.count * size;
        }
        None
    }
}

/// The offset of a place, where there is one for all or one for each.
#[inline]
fn offset_of(offset: &[f64], place: usize) -> f64 {
    match *offset {
        [one] => one,
        _ => offset.get(place).copied().unwrap_or_default(),
    }
}

/// Subtracts from neighboring values, the first of which is at `place`, the offset of all or of each place.
#[inline]
pub(super) fn subtract(offset: &[f64], place: usize, values: &mut [f64]) {
    match *offset {
        [one] => values.iter_mut().for_each(|value| *value -= one),
        _ => {
            let offset = offset.get(place..).unwrap_or_default();
            let pairs = values.iter_mut().zip(offset);
            pairs.for_each(|(value, offset)| *value -= offset);
        }
    }
}

/// Rows of numbers, one after the other, each in the types of its row; some of them, in any order.
///
/// Copies and choices share the bytes.
#[derive(Clone, Debug)]
pub struct Records {
    backing: Arc<Backing>,
    rows: usize,
    row: Arc<RowType>,
    /// The rows that are meant, in the order in which they count; all of them if there is none.
    chosen: Option<Arc<Vec<u32>>>,
    /// For each column what stands for a missing value.
    fill: Option<Arc<Vec<f64>>>,
}

enum Backing {
    Memory(Vec<u8>),
    File {
        file: File,
        path: PathBuf,
        /// Where the first row begins.
        start: u64,
        /// How the file was when it was opened.
        opened: FileState,
        /// What went wrong while rows were read by threads that cannot say so.
        failure: Mutex<Option<io::Error>>,
    },
}

impl fmt::Debug for Backing {
    /// Without the bytes, which may be many.
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
    /// The rows of a file of known layout; its length must have been checked.
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

    /// Rows in memory; what is not a whole row is left out.
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

    /// The same rows with a value for each column that stands for a missing one.
    pub(crate) fn filled(self, fill: Option<Vec<f64>>) -> Self {
        Records {
            fill: fill.map(Arc::new),
            ..self
        }
    }

    /// What stands for a missing value of each column, where such are filled.
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

    /// How the file that rows stay in was when it was opened, and how it is now.
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

    /// The same kind of rows, these ones in memory.
    pub(super) fn with_bytes(&self, bytes: Vec<u8>) -> Self {
        Records {
            fill: self.fill.clone(),
            ..Records::in_memory(bytes, (*self.row).clone())
        }
    }

    /// The bytes, where they are in memory and nobody else has them.
    pub(super) fn into_bytes(self) -> Option<Vec<u8>> {
        match Arc::into_inner(self.backing)? {
            Backing::Memory(bytes) => Some(bytes),
            Backing::File { .. } => None,
        }
    }

    /// Which row of all.
    pub(super) fn place(&self, row: usize) -> usize {
        match &self.chosen {
            Some(chosen) => chosen.get(row).map_or(usize::MAX, |&place| place as usize),
            None => row,
        }
    }

    /// The bytes of a row.
    pub(super) fn stride(&self) -> usize {
        self.row.stride()
    }

    /// Whether all values are of a type, and none is missing.
    pub(super) fn is_plain(&self, kind: Kind) -> bool {
        self.fill.is_none()
            && self
                .row
                .single()
                .is_some_and(|element| element.kind == kind)
    }

    /// Hands on the values of a row, as [`RowType::each`]; NaN everywhere if it cannot be read, see
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

    /// A whole number exactly, where it is one; a missing one is `fill`.
    pub(crate) fn integer(&self, row: usize, input: usize, fill: Option<f64>) -> Option<i128> {
        self.row.integer(&self.row_bytes(row)?, input, fill)
    }

    /// A row as this machine's `f32`, where it lies in memory as such and nothing in it is to be filled.
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

    /// The bytes of a row; a failure is kept.
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

    /// Reads whole rows from a row of the backing on.
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

    /// The bytes of rows of the backing, one after the other.
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
