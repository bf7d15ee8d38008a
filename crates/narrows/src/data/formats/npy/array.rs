//! The numbers of an array: from a file or from an entry of an archive, in C order or Fortran order.

use super::foreign::ForeignArray;
use super::gaps::filled;
use super::header::{ArrayContent, ArrayHeader};
use crate::advice::{Setting, set};
use crate::data::builder::{read_growing, read_rows};
use crate::data::element::Element;
use crate::data::formats::layout::{ArrayPlan, Turned};
use crate::data::limits::{FORTRAN_BYTES, FORTRAN_RATIO, check_row};
use crate::data::records::IN_MEMORY;
use crate::data::{Dataset, Layout, ReadOptions, Values};
use crate::text::count_of;
use crate::{Error, ErrorKind, Result};
use std::io::{self, Read};

/// An array of numbers that are rows.
pub(super) struct ArrayRows {
    pub(super) element: Element,
    pub(super) plan: ArrayPlan,
    sizes: Vec<usize>,
    is_fortran: bool,
    /// The bytes of the array.
    pub(super) bytes: u64,
    notes: Vec<String>,
}

impl ArrayRows {
    /// The rows that a header describes. `packed` is the size of the file if it is compressed. `load` is the Python
    /// expression that loads the array.
    pub(super) fn new(
        header: &ArrayHeader,
        layout: Option<Layout>,
        packed: Option<u64>,
        load: &str,
    ) -> Result<Self> {
        let element = match &header.content {
            ArrayContent::Numbers(element) => *element,
            ArrayContent::Foreign(foreign) => return Err(foreign.refusal(load)),
            ArrayContent::Words(_) => {
                return Err(
                    Error::new(ErrorKind::Data, "the array has a type that is not read")
                        .expected("numbers")
                        .found("words")
                        .hint(format!(
                            "words can be labels: {} takes an array of an NPZ file for them",
                            set(Setting::Label, "NAME")
                        )),
                );
            }
        };
        let plan = ArrayPlan::new(&header.shape, layout)?;
        let bytes = header.bytes()?;
        check_row(plan.inputs as u64, bytes / plan.rows as u64, packed)?;
        if header.is_fortran {
            check_fortran(bytes, packed)?;
        }
        let mut notes: Vec<String> = plan.note.iter().cloned().collect();
        if header.descr == "<V2" {
            notes.push(
                "raw values of 2 bytes (`<V2`) are taken for bfloat16, as ml_dtypes writes it"
                    .into(),
            );
        }
        Ok(ArrayRows {
            element,
            plan,
            sizes: header.shape.clone(),
            is_fortran: header.is_fortran,
            bytes,
            notes,
        })
    }

    /// Whether the rows can be used in their file without conversion.
    pub(super) fn is_plain(&self) -> bool {
        !self.is_fortran && self.plan.turn.is_none()
    }

    pub(super) fn dim(&self) -> (usize, usize) {
        (self.plan.rows, self.plan.inputs)
    }

    /// Reads the values; `cut` makes the error if reading fails.
    pub(super) fn read(
        &self,
        reader: &mut impl Read,
        cut: impl Fn(io::Error) -> Error,
    ) -> Result<Values> {
        if !self.is_fortran {
            return self.read_in_order(reader, cut);
        }
        if self.bytes > IN_MEMORY {
            return Err(Error::new(
                ErrorKind::Data,
                "the array is large and stored column by column (Fortran order)",
            )
            .expected("rows one after the other (C order)")
            .hint("save it again with numpy.ascontiguousarray"));
        }
        let mut bytes = Vec::new();
        read_growing(reader, &mut bytes, self.bytes as usize).map_err(&cut)?;
        if bytes.len() as u64 != self.bytes {
            return Err(too_short(self.bytes, bytes.len() as u64));
        }
        let mut turned = RowByRow::new(bytes, &self.sizes, self.element.size());
        self.read_in_order(&mut turned, cut)
    }

    fn read_in_order(
        &self,
        reader: &mut impl Read,
        cut: impl Fn(io::Error) -> Error,
    ) -> Result<Values> {
        let failed = |came: usize, cause: Option<io::Error>| match cause {
            Some(error) => cut(error),
            None => too_short(self.bytes, came as u64),
        };
        let (element, dim) = (self.element, self.dim());
        match self.plan.turn {
            None => read_rows(reader, element, dim, IN_MEMORY, failed),
            Some(sizes) => {
                let mut turned = Turned::new(reader, sizes, element.size());
                read_rows(&mut turned, element, dim, IN_MEMORY, failed)
            }
        }
    }

    /// The rows as data; the options decide about NaN.
    pub(super) fn dataset(
        self,
        called: &str,
        values: Values,
        options: &ReadOptions,
    ) -> Result<Dataset> {
        let (values, filled) = filled(values, options)?;
        // The caller, which has the labels too, checks that all values are finite.
        let data = Dataset::unchecked(self.element, called, values, self.plan.shape, None);
        let mut data = data?;
        data.notes.extend(self.notes);
        if let Some(filled) = filled {
            data.notes.extend(filled.note());
            data.missing = filled.count;
            data.fills_with_means = filled.are_own_means;
            data.fill = Some(filled.fill);
        }
        Ok(data)
    }
}

/// Refuses an array that must be in memory as a whole, if it is too large for a compressed file of `packed` bytes.
fn check_fortran(bytes: u64, packed: Option<u64>) -> Result<()> {
    let Some(packed) = packed else {
        return Ok(());
    };
    let most = FORTRAN_BYTES.saturating_add(packed.saturating_mul(FORTRAN_RATIO));
    if bytes <= most {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Data,
        "the array is stored column by column (Fortran order) and far larger than its compressed file",
    )
    .expected(format!("at most {} from a file of {}, or rows one after the other (C order)", count_of(most, "byte"), count_of(packed, "byte")))
    .found(count_of(bytes, "byte"))
    .hint("save it again with numpy.ascontiguousarray"))
}

pub(super) fn too_short(expected: u64, found: u64) -> Error {
    Error::new(ErrorKind::Format, "the array ends too soon")
        .expected(count_of(expected, "byte"))
        .found(count_of(found, "byte"))
}

/// The error for an array that was requested as labels and holds something else.
pub(super) fn no_labels(header: &ArrayHeader, load: &str) -> Error {
    match &header.content {
        ArrayContent::Foreign(foreign @ ForeignArray::Objects) => foreign
            .refusal(load)
            .expected("one number or word a row")
            .hint("labels in words, in Python: y.astype(str)"),
        ArrayContent::Foreign(foreign) => foreign.refusal(load),
        _ => Error::new(ErrorKind::Data, "these are not labels")
            .expected("one number or word a row, of shape [rows] or [rows, 1]")
            .found(header.described()),
    }
}

/// Converts an array in Fortran order to C order, some rows at a time, so that there is no second copy of the array.
struct RowByRow {
    bytes: Vec<u8>,
    /// The bytes of a value.
    size: usize,
    rows: usize,
    /// For each value of a row, in the order of the file, its place.
    places: Vec<usize>,
    next: usize,
    block: Vec<u8>,
    /// The number of bytes of the block that were returned.
    given: usize,
}

impl RowByRow {
    fn new(bytes: Vec<u8>, sizes: &[usize], size: usize) -> Self {
        let (rows, row) = sizes
            .split_first()
            .map_or((1, &[][..]), |(rows, row)| (*rows, row));
        RowByRow {
            bytes,
            size,
            rows,
            places: places(row),
            next: 0,
            block: Vec::new(),
            given: 0,
        }
    }

    fn next_block(&mut self) {
        /// The number of rows that are converted at a time, so that they stay in the cache.
        const BLOCK: usize = 64;
        let count = BLOCK.min(self.rows - self.next);
        self.block.resize(count * self.places.len() * self.size, 0);
        self.given = 0;
        match self.size {
            1 => self.turn::<1>(count),
            2 => self.turn::<2>(count),
            4 => self.turn::<4>(count),
            _ => self.turn::<8>(count),
        }
        self.next += count;
    }

    fn turn<const N: usize>(&mut self, count: usize) {
        let values: &[[u8; N]] = self.bytes.as_chunks().0;
        let out: &mut [[u8; N]] = self.block.as_chunks_mut().0;
        let inputs = self.places.len();
        for (column, &place) in values.chunks_exact(self.rows.max(1)).zip(&self.places) {
            let column = column.iter().skip(self.next).take(count);
            for (out, value) in out
                .iter_mut()
                .skip(place)
                .step_by(inputs.max(1))
                .zip(column)
            {
                *out = *value;
            }
        }
    }
}

impl Read for RowByRow {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.block.len() && self.next < self.rows {
            self.next_block();
        }
        let left = self.block.get(self.given..).unwrap_or_default();
        let count = left.len().min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        self.given += count;
        Ok(count)
    }
}

/// For each value of a row in Fortran order, its place in C order.
fn places(row: &[usize]) -> Vec<usize> {
    let inputs: usize = row.iter().product();
    let place = |mut index: usize| {
        let (mut place, mut stride) = (0, inputs);
        for &size in row {
            stride /= size.max(1);
            place += index % size.max(1) * stride;
            index /= size.max(1);
        }
        place
    };
    (0..inputs).map(place).collect()
}
