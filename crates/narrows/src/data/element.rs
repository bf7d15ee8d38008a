//! The types of numbers in files, and the conversion of their bytes to `f64`.

use crate::{Error, ErrorKind, Result};
use half::{bf16, f16};
use std::fmt;

/// The type of a number in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberKind {
    /// A byte that is 0 for false.
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    /// IEEE's half precision.
    F16,
    /// The upper half of an `f32`.
    BF16,
    F32,
    F64,
}

/// A number in a file: its type and its byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) kind: NumberKind,
    pub(crate) is_big_endian: bool,
}

impl Element {
    pub(crate) const fn little(kind: NumberKind) -> Self {
        Element {
            kind,
            is_big_endian: false,
        }
    }

    pub(crate) const fn big(kind: NumberKind) -> Self {
        Element {
            kind,
            is_big_endian: true,
        }
    }

    /// The size of a number in bytes.
    pub(crate) fn size(self) -> usize {
        match self.kind {
            NumberKind::Bool | NumberKind::U8 | NumberKind::I8 => 1,
            NumberKind::U16 | NumberKind::I16 | NumberKind::F16 | NumberKind::BF16 => 2,
            NumberKind::U32 | NumberKind::I32 | NumberKind::F32 => 4,
            NumberKind::U64 | NumberKind::I64 | NumberKind::F64 => 8,
        }
    }

    pub(crate) fn is_integer(self) -> bool {
        !matches!(
            self.kind,
            NumberKind::F16 | NumberKind::BF16 | NumberKind::F32 | NumberKind::F64
        )
    }

    /// Whether the type has integers too large for an exact `f64`.
    pub(crate) fn is_wide_integer(self) -> bool {
        matches!(self.kind, NumberKind::U64 | NumberKind::I64)
    }

    /// Whether every value of the type is exact as `f32`.
    pub(crate) fn fits_f32(self) -> bool {
        !matches!(
            self.kind,
            NumberKind::U32 | NumberKind::I32 | NumberKind::U64 | NumberKind::I64 | NumberKind::F64
        )
    }

    /// Whether the bytes have the form of this machine's `f32`.
    pub(crate) fn is_native_f32(self) -> bool {
        self.kind == NumberKind::F32 && self.is_big_endian == cfg!(target_endian = "big")
    }

    /// Numbers as `f64`; exact except for integers beyond 2^53.
    pub(crate) fn to_f64(self, bytes: &[u8], out: &mut [f64]) {
        match self.kind {
            NumberKind::Bool => each(bytes, out, |[byte]| f64::from(u8::from(byte != 0))),
            NumberKind::U8 => each(bytes, out, |[byte]| f64::from(byte)),
            NumberKind::I8 => each(bytes, out, |byte| f64::from(i8::from_le_bytes(byte))),
            NumberKind::U16 => self.each(bytes, out, |b| f64::from(u16::from_le_bytes(b))),
            NumberKind::I16 => self.each(bytes, out, |b| f64::from(i16::from_le_bytes(b))),
            NumberKind::U32 => self.each(bytes, out, |b| f64::from(u32::from_le_bytes(b))),
            NumberKind::I32 => self.each(bytes, out, |b| f64::from(i32::from_le_bytes(b))),
            NumberKind::U64 => self.each(bytes, out, |b| u64::from_le_bytes(b) as f64),
            NumberKind::I64 => self.each(bytes, out, |b| i64::from_le_bytes(b) as f64),
            NumberKind::F16 => self.each(bytes, out, |b| f16::from_le_bytes(b).to_f64()),
            NumberKind::BF16 => self.each(bytes, out, |b| bf16::from_le_bytes(b).to_f64()),
            NumberKind::F32 => self.each(bytes, out, |b| f64::from(f32::from_le_bytes(b))),
            NumberKind::F64 => self.each(bytes, out, f64::from_le_bytes),
        }
    }

    /// The value that marks a missing cell in columns of integers: the smallest value of a signed type, the largest
    /// value of an unsigned type.
    pub(crate) fn gap(self) -> i128 {
        match self.kind {
            NumberKind::U64 => i128::from(u64::MAX),
            _ => -(1 << (8 * self.size() - 1)),
        }
    }

    /// A whole number exactly; `None` for floating-point numbers, or if bytes are missing.
    pub(crate) fn integer(self, bytes: &[u8]) -> Option<i128> {
        let raw = self.raw(bytes)?;
        Some(match self.kind {
            NumberKind::Bool => i128::from(raw != 0),
            NumberKind::I8 => i128::from(raw as u8 as i8),
            NumberKind::I16 => i128::from(raw as u16 as i16),
            NumberKind::I32 => i128::from(raw as u32 as i32),
            NumberKind::I64 => i128::from(raw as i64),
            NumberKind::U8 | NumberKind::U16 | NumberKind::U32 | NumberKind::U64 => i128::from(raw),
            NumberKind::F16 | NumberKind::BF16 | NumberKind::F32 | NumberKind::F64 => return None,
        })
    }

    /// The bits of a number, the lowest first.
    fn raw(self, bytes: &[u8]) -> Option<u64> {
        let mut wide = [0; 8];
        let size = self.size();
        wide.get_mut(..size)?.copy_from_slice(bytes.get(..size)?);
        if self.is_big_endian {
            wide.get_mut(..size)?.reverse();
        }
        Some(u64::from_le_bytes(wide))
    }

    /// Labels: whole numbers of any type.
    pub(crate) fn to_labels(self, bytes: &[u8]) -> Result<Vec<i64>> {
        let size = self.size();
        let label = |(row, bytes): (usize, &[u8])| {
            let label = match self.kind {
                NumberKind::F16 | NumberKind::BF16 | NumberKind::F32 | NumberKind::F64 => {
                    let mut value = [0.0];
                    self.to_f64(bytes, &mut value);
                    whole(value[0])
                }
                _ => self.integer(bytes).and_then(|n| i64::try_from(n).ok()),
            };
            label.ok_or_else(|| {
                let found = match self.integer(bytes) {
                    Some(value) => value.to_string(),
                    None => {
                        let mut value = [0.0];
                        self.to_f64(bytes, &mut value);
                        // For a number with many digits, the size is checked too.
                        if value[0].abs() < 1e17 || !value[0].is_finite() {
                            value[0].to_string()
                        } else {
                            format!("{:e}", value[0])
                        }
                    }
                };
                Error::new(ErrorKind::Data, "these are not labels")
                    .at(format!("row {row} (counted from 0)"))
                    .expected("whole numbers from -2^63 to 2^63 - 1")
                    .found(format!("{found} among {self}"))
            })
        };
        bytes.chunks_exact(size).enumerate().map(label).collect()
    }

    fn each<const N: usize, T>(self, bytes: &[u8], out: &mut [T], value: impl Fn([u8; N]) -> T) {
        if self.is_big_endian {
            each(bytes, out, |mut bytes: [u8; N]| {
                bytes.reverse();
                value(bytes)
            });
        } else {
            each(bytes, out, value);
        }
    }
}

/// A floating-point number as an integer, if it is one, and small enough that all integers near it are exact.
pub(super) fn whole(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
}

fn each<const N: usize, T>(bytes: &[u8], out: &mut [T], value: impl Fn([u8; N]) -> T) {
    for (out, &bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
        *out = value(bytes);
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            NumberKind::Bool => "booleans",
            NumberKind::U8 => "8-bit values",
            NumberKind::I8 => "8-bit integers with a sign",
            NumberKind::U16 => "16-bit integers without a sign",
            NumberKind::I16 => "16-bit integers",
            NumberKind::U32 => "32-bit integers without a sign",
            NumberKind::I32 => "32-bit integers",
            NumberKind::U64 => "64-bit integers without a sign",
            NumberKind::I64 => "64-bit integers",
            NumberKind::F16 => "16-bit floating-point values",
            NumberKind::BF16 => "16-bit floating-point values (bfloat16)",
            NumberKind::F32 => "32-bit floating-point values",
            NumberKind::F64 => "64-bit floating-point values",
        })
    }
}

/// The largest integer up to which an `f64` holds all integers.
pub(crate) const EXACT: f64 = 9_007_199_254_740_992.0;

/// An integer minus an offset; `value` is the integer as `f64`, which rounds it beyond 2^53.
#[inline]
pub(crate) fn difference(value: f64, integer: i128, offset: f64) -> f64 {
    // An offset far beyond 64 bits does not belong to integers.
    const MOST: f64 = (1_u128 << 65) as f64;
    if value.abs() >= EXACT && offset.abs() < MOST {
        (integer - offset.trunc() as i128) as f64 - offset.fract()
    } else {
        value - offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_type_and_order_of_bytes_are_read() {
        let mut out = [0.0];
        let mut read = |element: Element, bytes: &[u8]| {
            element.to_f64(bytes, &mut out);
            (out[0], element.to_labels(bytes).ok())
        };
        assert_eq!(
            read(Element::little(NumberKind::U8), &[200]),
            (200.0, Some(vec![200]))
        );
        assert_eq!(
            read(Element::little(NumberKind::I8), &[0xfe]),
            (-2.0, Some(vec![-2]))
        );
        assert_eq!(
            read(Element::little(NumberKind::Bool), &[2]),
            (1.0, Some(vec![1]))
        );
        for (kind, bytes, value) in [
            (NumberKind::U16, &50_000_u16.to_le_bytes()[..], 50_000.0_f64),
            (NumberKind::I16, &(-3_i16).to_le_bytes(), -3.0),
            (NumberKind::U32, &4_000_000_000_u32.to_le_bytes(), 4e9),
            (NumberKind::I32, &(-70_000_i32).to_le_bytes(), -70_000.0),
            (NumberKind::U64, &5_000_000_000_u64.to_le_bytes(), 5e9),
            (NumberKind::I64, &(-5_000_000_000_i64).to_le_bytes(), -5e9),
            (NumberKind::F16, &[0x00, 0x3e], 1.5),
            (NumberKind::F16, &[0x00, 0xc4], -4.0),
            (NumberKind::BF16, &[0xc0, 0x3f], 1.5),
            (NumberKind::BF16, &[0x00, 0xc3], -128.0),
            (NumberKind::F32, &1.5_f32.to_le_bytes(), 1.5),
            (NumberKind::F64, &(-0.25_f64).to_le_bytes(), -0.25),
        ] {
            let mut reversed = bytes.to_vec();
            reversed.reverse();
            let whole = (value == value.trunc()).then(|| vec![value as i64]);
            let little = read(Element::little(kind), bytes);
            assert_eq!(little.0, value);
            assert_eq!(little, read(Element::big(kind), &reversed));
            assert_eq!(little.1, whole, "{kind:?}");
        }
        let error = Element::little(NumberKind::U64)
            .to_labels(&[255; 8])
            .unwrap_err();
        let found = error.what_was_found().unwrap();
        assert!(found.starts_with("18446744073709551615 among"), "{found}");
        let error = Element::little(NumberKind::F64).to_labels(&1e300_f64.to_le_bytes());
        let found = error.unwrap_err().to_string();
        assert!(found.contains("found 1e300 among"), "{found}");
        let error = Element::big(NumberKind::F32).to_labels(&[0, 0, 0, 0, 0x3f, 0, 0, 0]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "row 1 (counted from 0): these are not labels: expected whole numbers from -2^63 to 2^63 - 1, found 0.5 \
             among 32-bit floating-point values"
        );
    }
}
