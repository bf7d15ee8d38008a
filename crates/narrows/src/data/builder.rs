//! Rows gathered one after the other while a file is read: in memory, and beyond
//! [`IN_MEMORY`](super::stored::IN_MEMORY) bytes in a temporary file.

use super::Values;
use super::element::{Element, Kind};
use super::stored::{IN_MEMORY, Stored};
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};

/// The bytes that are converted at a time, where a row has fewer.
const CHUNK: usize = 1 << 20;

/// The bytes that are asked for first; after that, as many as came so far.
pub(super) const FIRST_READ: usize = 1 << 16;

/// Gathers rows of `T`, all of one width.
pub(super) struct Rows<T> {
    inputs: usize,
    rows: usize,
    memory: Vec<T>,
    file: Option<BufWriter<File>>,
    /// How many bytes are kept in memory.
    limit: u64,
}

/// A type of number that data are kept in.
pub(super) trait Number: bytemuck::Pod {
    const KIND: Kind;
    fn values(array: Array2<Self>) -> Values;
    fn is_missing(self) -> bool;
    fn from_f32(value: f32) -> Self;
}

impl Number for u8 {
    const KIND: Kind = Kind::U8;
    fn values(array: Array2<u8>) -> Values {
        Values::U8(array)
    }
    fn is_missing(self) -> bool {
        false
    }
    fn from_f32(value: f32) -> u8 {
        value as u8
    }
}

impl Number for f32 {
    const KIND: Kind = Kind::F32;
    fn values(array: Array2<f32>) -> Values {
        Values::F32(array)
    }
    fn is_missing(self) -> bool {
        self.is_nan()
    }
    fn from_f32(value: f32) -> f32 {
        value
    }
}

impl<T: Number> Rows<T> {
    pub(super) fn new(inputs: usize) -> Self {
        Rows {
            inputs,
            rows: 0,
            memory: Vec::new(),
            file: None,
            limit: IN_MEMORY,
        }
    }

    pub(super) fn with_limit(inputs: usize, limit: u64) -> Self {
        Rows {
            limit,
            ..Rows::new(inputs)
        }
    }

    pub(super) fn count(&self) -> usize {
        self.rows
    }

    /// Adds whole rows.
    pub(super) fn push(&mut self, rows: &[T]) -> Result<()> {
        debug_assert!(rows.len().is_multiple_of(self.inputs.max(1)));
        self.rows += rows.len() / self.inputs.max(1);
        if u32::try_from(self.rows).is_err() {
            return Err(Error::new(ErrorKind::Data, "there are too many rows")
                .expected(format!("at most {} rows", u32::MAX)));
        }
        if self.file.is_none() {
            let bytes = (self.memory.len() + rows.len()) as u64 * size_of::<T>() as u64;
            if bytes <= self.limit {
                self.memory.extend_from_slice(rows);
                return Ok(());
            }
            let mut file =
                BufWriter::with_capacity(1 << 20, tempfile::tempfile().map_err(refused)?);
            file.write_all(bytemuck::cast_slice(&self.memory))
                .map_err(refused)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.write_all(bytemuck::cast_slice(rows)).map_err(refused),
            None => Ok(()),
        }
    }

    /// The rows; `fill` stands, column by column, for what is missing.
    pub(super) fn finish(mut self, fill: Option<Vec<f32>>) -> Result<Values> {
        let dim = (self.rows, self.inputs);
        if let Some(file) = self.file {
            let file = file
                .into_inner()
                .map_err(|error| refused(error.into_error()))?;
            let element = Element {
                kind: T::KIND,
                is_big_endian: cfg!(target_endian = "big"),
            };
            let path = std::env::temp_dir().join("(a temporary file)");
            return Ok(Values::Stored(Stored::new(
                file, &path, 0, element, dim, fill,
            )));
        }
        if let Some(fill) = fill {
            for row in self.memory.chunks_exact_mut(self.inputs.max(1)) {
                for (value, &fill) in row.iter_mut().zip(&fill) {
                    if value.is_missing() {
                        *value = T::from_f32(fill);
                    }
                }
            }
        }
        let array = Array2::from_shape_vec(dim, self.memory).map_err(|error| {
            Error::new(ErrorKind::Data, "the rows do not fit together").caused_by(error)
        })?;
        Ok(T::values(array))
    }
}

/// Rows that lie one after the other in what `reader` gives, as 8-bit values if they are such, else as `f32`.
/// More than `in_memory` bytes go to a temporary file from the first row on.
///
/// `failed` makes the error where reading fails, or where it ends too soon if there is no cause, of the bytes
/// that came before.
pub(super) fn read_rows(
    reader: &mut impl Read,
    element: Element,
    dim: (usize, usize),
    in_memory: u64,
    failed: impl Fn(usize, Option<io::Error>) -> Error,
) -> Result<Values> {
    if element.kind == Kind::U8 {
        let copy = |bytes: &[u8], out: &mut [u8]| out.copy_from_slice(bytes);
        gather(reader, element, dim, in_memory, failed, copy)
    } else {
        let convert = |bytes: &[u8], out: &mut [f32]| element.to_f32(bytes, out);
        gather(reader, element, dim, in_memory, failed, convert)
    }
}

/// Reads rows in pieces, so that no more memory is taken than came.
fn gather<T: Number>(
    reader: &mut impl Read,
    element: Element,
    (rows, inputs): (usize, usize),
    in_memory: u64,
    failed: impl Fn(usize, Option<io::Error>) -> Error,
    convert: impl Fn(&[u8], &mut [T]),
) -> Result<Values> {
    let values = (rows as u64).saturating_mul(inputs as u64);
    let fits = values.saturating_mul(size_of::<T>() as u64) <= in_memory;
    let mut gathered = Rows::with_limit(inputs, if fits { in_memory } else { 0 });
    let stride = inputs * element.size();
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
        let mut values = vec![T::from_f32(0.0); count * inputs];
        convert(&bytes, &mut values);
        gathered.push(&values)?;
        done += count;
    }
    gathered.finish(None)
}

/// Reads what is promised, or less if the reader ends before; the space taken is at most
/// twice what came, and exactly what was promised if all of it came.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;
    use ndarray::array;

    #[test]
    fn rows_are_the_same_in_memory_and_in_a_file() {
        let gather = |limit| {
            let mut rows = Rows::with_limit(2, limit);
            for row in [[1.0_f32, 2.0], [3.0, f32::NAN], [5.0, 6.0]] {
                rows.push(&row).unwrap();
            }
            assert_eq!(rows.count(), 3);
            let values = rows.finish(Some(vec![7.0, 4.0])).unwrap();
            Dataset::new("rows", values, vec![2], None).unwrap()
        };
        let (memory, file) = (gather(1000), gather(8));
        assert!(matches!(memory.values(), Values::F32(_)));
        assert!(matches!(file.values(), Values::Stored(_)));
        assert_eq!(
            memory.to_array(),
            array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
        );
        assert_eq!(memory.to_array(), file.to_array());
        let (memory, file) = (memory.select(&[2, 0]), file.select(&[2, 0]));
        let file = file.unwrap();
        assert_eq!(memory.unwrap().to_array(), file.to_array());
        assert_eq!(file.select(&[1]).unwrap().to_array(), array![[1.0, 2.0]]);
    }
}
