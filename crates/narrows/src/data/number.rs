//! The types of numbers that a program may pass as rows.

use super::element::{Element, NumberKind, difference};
use super::records::{Records, RowType};
use super::values::Values;
use ndarray::Array2;

/// A number of a row: `f32`, `f64`, or an integer of 8 to 64 bits.
///
/// Values keep their type until they are scaled in double precision. So dates such as `20240101` and seconds since 1970
/// keep their differences.
pub trait Number: Copy + Send + Sync + private::Sealed + 'static {
    /// The type of the results of a model for rows of this type: `f32` for `f32`, otherwise `f64`.
    type Real: Real;

    /// The number as `f64`; exact except for integers beyond 2^53.
    fn to_f64(self) -> f64;

    /// The nearest `f32`.
    fn to_f32(self) -> f32;

    /// The difference from `offset`. Integers beyond 2^53 are subtracted as integers, so that close values stay
    /// different.
    fn minus(self, offset: f64) -> f64 {
        self.to_f64() - offset
    }

    /// Rows in the form in which data are stored.
    #[doc(hidden)]
    fn values(rows: Array2<Self>) -> Values
    where
        Self: Sized;
}

/// A floating-point type for the results of a model.
pub trait Real: Number<Real = Self> + Default + Clone {
    /// The nearest number of this type.
    fn from_f64(value: f64) -> Self;
}

mod private {
    pub trait Sealed {}
}

fn bytes_of<T: Copy, const N: usize>(rows: &Array2<T>, bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    rows.iter().flat_map(|&value| bytes(value)).collect()
}

macro_rules! number {
    ($($type:ident $kind:ident,)*) => { $(
        impl private::Sealed for $type {}
        impl Number for $type {
            type Real = f64;
            fn to_f64(self) -> f64 {
                self as f64
            }
            fn to_f32(self) -> f32 {
                self as f32
            }
            fn minus(self, offset: f64) -> f64 {
                difference(self as f64, i128::from(self), offset)
            }
            fn values(rows: Array2<Self>) -> Values {
                let row = RowType::all(Element::little(NumberKind::$kind), rows.ncols());
                Values::Records(Records::in_memory(bytes_of(&rows, $type::to_le_bytes), row))
            }
        }
    )* };
}

number!(
    i8 I8,
    u16 U16,
    i16 I16,
    u32 U32,
    i32 I32,
    u64 U64,
    i64 I64,
);

impl private::Sealed for f64 {}
impl Number for f64 {
    type Real = f64;
    fn to_f64(self) -> f64 {
        self
    }
    fn to_f32(self) -> f32 {
        self as f32
    }
    fn values(rows: Array2<f64>) -> Values {
        let row = RowType::all(Element::little(NumberKind::F64), rows.ncols());
        Values::Records(Records::in_memory(bytes_of(&rows, f64::to_le_bytes), row))
    }
}

impl private::Sealed for u8 {}
impl Number for u8 {
    type Real = f64;
    fn to_f64(self) -> f64 {
        self.into()
    }
    fn to_f32(self) -> f32 {
        self.into()
    }
    fn values(rows: Array2<u8>) -> Values {
        Values::U8(rows)
    }
}

impl private::Sealed for f32 {}
impl Number for f32 {
    type Real = f32;
    fn to_f64(self) -> f64 {
        self.into()
    }
    fn to_f32(self) -> f32 {
        self
    }
    fn values(rows: Array2<f32>) -> Values {
        Values::F32(rows)
    }
}

impl Real for f32 {
    fn from_f64(value: f64) -> f32 {
        value as f32
    }
}

impl Real for f64 {
    fn from_f64(value: f64) -> f64 {
        value
    }
}
