//! The values of a dataset's rows: in their stored type, as `f32` and as `f64`.

use super::Dataset;
use crate::data::element::{EXACT, Element};
use crate::data::number::Number;
use crate::data::records::{AT_ONCE, subtract};
use crate::data::values::{Row, Values};
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::ops::Range;

impl Dataset {
    pub(in crate::data) fn check_finite(&self) -> Result<()> {
        let is_integer = match &self.values {
            Values::U8(_) => true,
            Values::F32(values) => values.iter().all(|value| value.is_finite()),
            Values::Records(records) => records.row_type().is_integer(),
        };
        if is_integer {
            return self.check_readable();
        }
        let mut found = None;
        let mut buffer = [0.0; AT_ONCE];
        for row in 0..self.rows() {
            self.each_value(row, &mut buffer, |place, values| {
                if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                    found.get_or_insert((place + index, values[index]));
                }
            });
            if let Some((column, value)) = found {
                self.check_readable()?;
                return Err(Error::new(ErrorKind::Data, "a value is not finite")
                    .at(format!("row {row}, {}", self.column_place(column)))
                    .at(&self.name)
                    .expected("a finite number")
                    .found(value)
                    .hint(if value.is_nan() {
                        "replace or leave out missing values first"
                    } else {
                        "replace or leave out infinite values first"
                    }));
            }
        }
        self.check_readable()
    }

    /// Calls a function with the values of a row as `f64`, in pieces: the place of the first value, and the values.
    pub(crate) fn each_value(
        &self,
        row: usize,
        buffer: &mut [f64; AT_ONCE],
        mut give: impl FnMut(usize, &[f64]),
    ) {
        fn widened<T: Number>(
            values: &[T],
            buffer: &mut [f64; AT_ONCE],
            mut give: impl FnMut(usize, &[f64]),
        ) {
            for (piece, values) in values.chunks(AT_ONCE).enumerate() {
                for (wide, value) in buffer.iter_mut().zip(values) {
                    *wide = value.to_f64();
                }
                give(piece * AT_ONCE, &buffer[..values.len()]);
            }
        }
        match self.row(row) {
            Row::U8(values) => widened(values, buffer, give),
            Row::F32(values) => widened(values, buffer, give),
            Row::Records(records, row) => records.each(row, &mut give),
        }
    }

    /// The same with an offset subtracted from each value ([`Number::minus`]): one offset for all, or one for each
    /// place.
    pub(crate) fn each_minus(
        &self,
        row: usize,
        offset: &[f64],
        buffer: &mut [f64; AT_ONCE],
        mut give: impl FnMut(usize, &[f64]),
    ) {
        if let Row::Records(records, row) = self.row(row) {
            return records.each_minus(row, offset, give);
        }
        let mut differences = [0.0; AT_ONCE];
        self.each_value(row, buffer, |place, values| {
            let differences = &mut differences[..values.len()];
            differences.copy_from_slice(values);
            subtract(offset, place, differences);
            give(place, differences);
        });
    }

    /// Checks that all rows so far could be read. Rows that stay in a file may become unreadable later.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] with the first failure since the last call.
    pub fn check_readable(&self) -> Result<()> {
        match &self.values {
            Values::Records(records) => records.failure(),
            Values::U8(_) | Values::F32(_) => Ok(()),
        }
    }

    /// The values, `[rows, inputs]`, in standard layout.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The values as `f32`, `[rows, inputs]`, in the data's own units, each rounded to nearest.
    pub fn to_array(&self) -> Array2<f32> {
        match &self.values {
            Values::U8(values) => values.mapv(f32::from),
            Values::F32(values) => values.clone(),
            Values::Records(_) => self.to_array_f64().mapv(|value| value as f32),
        }
    }

    /// The values as `f64`, `[rows, inputs]`, in the data's own units; exact except for integers beyond 2^53.
    pub fn to_array_f64(&self) -> Array2<f64> {
        let mut array = Array2::zeros((self.rows(), self.inputs()));
        self.write_rows(0..self.rows(), &mut array);
        array
    }

    /// Writes some of the rows as `f64`.
    pub(crate) fn write_rows(&self, rows: Range<usize>, into: &mut Array2<f64>) {
        let mut buffer = [0.0; AT_ONCE];
        for (row, mut out) in rows.zip(into.rows_mut()) {
            if let Some(out) = out.as_slice_mut() {
                self.each_value(row, &mut buffer, |place, values| {
                    out[place..place + values.len()].copy_from_slice(values);
                });
            }
        }
    }

    /// The smallest and the largest value.
    pub fn range(&self) -> (f64, f64) {
        let (low, high) = self.extremes();
        (
            low.iter().copied().fold(f64::INFINITY, f64::min),
            high.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        )
    }

    /// Whether there are integers too large for an exact `f64`, so that different integers may be equal as `f64`.
    pub(crate) fn has_wide_integers(&self) -> bool {
        let Values::Records(records) = &self.values else {
            return false;
        };
        let mut elements = records.row_type().elements();
        let (low, high) = self.range();
        elements.any(Element::is_wide_integer) && (-low).max(high) >= EXACT
    }

    /// A number that identifies these rows: a checksum (CRC-32C) of their count and width and of the values of up to
    /// 1000 rows, evenly spread.
    pub fn fingerprint(&self) -> u32 {
        const ROWS: usize = 1000;
        let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
        let mut digest = checksum.digest();
        digest.update(&(self.rows() as u64).to_le_bytes());
        digest.update(&(self.inputs() as u64).to_le_bytes());
        let mut buffer = [0.0; AT_ONCE];
        let count = ROWS.min(self.rows());
        for index in 0..count {
            let row = (index as u128 * self.rows() as u128 / count as u128) as usize;
            self.each_value(row, &mut buffer, |_, values| {
                for value in values {
                    digest.update(&value.to_le_bytes());
                }
            });
        }
        digest.finalize()
    }

    /// The index of a row among all rows, in memory or in its file. It addresses the random numbers of the row.
    pub(crate) fn identity(&self, row: u32) -> u32 {
        self.identities.get(row as usize).copied().unwrap_or(row)
    }

    /// One row in its stored type, `[inputs]`.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub(crate) fn row(&self, row: usize) -> Row<'_> {
        fn slice<T>(values: &Array2<T>, row: usize) -> &[T] {
            values
                .row(row)
                .to_slice()
                .expect("a dataset is in standard layout")
        }
        match &self.values {
            Values::U8(values) => Row::U8(slice(values, row)),
            Values::F32(values) => Row::F32(slice(values, row)),
            Values::Records(records) => Row::Records(records, row),
        }
    }
}
