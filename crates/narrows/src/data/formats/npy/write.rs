//! Writes `.npy`: only the values, in the narrowest type that holds the values of all columns.

use crate::data::output::{Head, NumberType, Piece};
use crate::files::OutputFile;
use crate::{Error, ErrorKind, Result};
use std::io::Write;

/// The length of the header is a multiple of this.
const ALIGNMENT: usize = 64;

pub(in crate::data) struct NpySink {
    file: OutputFile,
    kind: NumberType,
}

impl NpySink {
    pub(in crate::data) fn create(file: OutputFile, head: &Head) -> Result<Self> {
        // In NumPy, gray images have no dimension of channels.
        let sizes = match &head.shape[..] {
            [1, sizes @ ..] if sizes.len() == 2 => sizes,
            sizes => sizes,
        };
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        let kind = head.common_type().ok_or_else(|| {
            Error::new(
                ErrorKind::Data,
                "no type of NumPy holds the values of all columns",
            )
            .at(file.path().display())
            .found("signed and unsigned 64-bit integers")
            .hint("write a .parquet or .csv file")
        })?;
        let descr = match kind {
            NumberType::Boolean => "|b1",
            NumberType::U8 => "|u1",
            NumberType::U16 => "<u2",
            NumberType::I64 => "<i8",
            NumberType::U64 => "<u8",
            NumberType::F32 => "<f4",
            NumberType::F64 => "<f8",
        };
        let mut header = format!(
            "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}, {}), }}",
            head.rows,
            sizes.join(", ")
        );
        let before = b"\x93NUMPY\x01\x00".len() + size_of::<u16>();
        let len = (before + header.len() + 1).next_multiple_of(ALIGNMENT) - before;
        header = format!("{header:<width$}\n", width = len - 1);
        let mut sink = NpySink { file, kind };
        sink.put(b"\x93NUMPY\x01\x00")?;
        sink.put(&(len as u16).to_le_bytes())?;
        sink.put(header.as_bytes())?;
        Ok(sink)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let result = self.file.write_all(bytes);
        result.map_err(|error| Error::io("cannot write the file", self.file.path(), error))
    }

    pub(in crate::data) fn write(&mut self, piece: Piece<'_>) -> Result<()> {
        let mut bytes = Vec::with_capacity(piece.values.len() * 8);
        for ((row, column), &value) in piece.values.indexed_iter() {
            match self.kind {
                NumberType::Boolean | NumberType::U8 => bytes.push(value as u8),
                NumberType::U16 => bytes.extend((value as u16).to_le_bytes()),
                NumberType::I64 => bytes.extend((piece.integer(row, column) as i64).to_le_bytes()),
                NumberType::U64 => bytes.extend((piece.integer(row, column) as u64).to_le_bytes()),
                NumberType::F32 => bytes.extend((value as f32).to_le_bytes()),
                NumberType::F64
                    if !piece.wide.is_empty() && self.is_rounded(piece, row, column) =>
                {
                    return Err(Error::new(
                        ErrorKind::Data,
                        "NumPy has one type for all columns, and float64 would round a whole number",
                    )
                    .at(self.file.path().display())
                    .found(piece.integer(row, column))
                    .hint("write a .parquet or .csv file"));
                }
                NumberType::F64 => bytes.extend(value.to_le_bytes()),
            }
        }
        self.put(&bytes)
    }

    /// Whether a whole number differs from its float64.
    fn is_rounded(&self, piece: Piece<'_>, row: usize, column: usize) -> bool {
        let is_wide = piece.wide.iter().any(|(place, _)| *place == column);
        let value = piece.values.get((row, column)).copied().unwrap_or_default();
        is_wide && piece.integer(row, column) != value as i128
    }

    pub(in crate::data) fn finish(self) -> Result<()> {
        self.file.finish()
    }
}
