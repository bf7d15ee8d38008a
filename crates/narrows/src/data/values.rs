//! The values of data, in the type that they were stored in.

use super::Stored;
use super::element::{Element, Kind};
use ndarray::Array2;

/// The values of a [`Dataset`](super::Dataset), `[rows, inputs]`, in the type that they were stored in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// 8-bit values, as in most images.
    U8(Array2<u8>),
    /// 32-bit floating-point values.
    F32(Array2<f32>),
    /// Numbers of any type that stay in their file.
    Stored(Stored),
}

impl Values {
    /// The rows and the inputs.
    pub(super) fn dim(&self) -> (usize, usize) {
        match self {
            Values::U8(values) => values.dim(),
            Values::F32(values) => values.dim(),
            Values::Stored(stored) => stored.dim(),
        }
    }

    pub(super) fn element(&self) -> Element {
        match self {
            Values::U8(_) => Element::little(Kind::U8),
            Values::F32(_) => Element::little(Kind::F32),
            Values::Stored(stored) => stored.element(),
        }
    }

    pub(super) fn is_8_bit(&self) -> bool {
        self.element().kind == Kind::U8
    }

    /// The same values with each row contiguous and the rows one after the other.
    pub(super) fn standard_layout(self) -> Self {
        fn standard<T: Clone>(values: Array2<T>) -> Array2<T> {
            if values.is_standard_layout() {
                values
            } else {
                values.as_standard_layout().into_owned()
            }
        }
        match self {
            Values::U8(values) => Values::U8(standard(values)),
            Values::F32(values) => Values::F32(standard(values)),
            Values::Stored(stored) => Values::Stored(stored),
        }
    }
}

/// One row of a [`Dataset`], in the type that it was stored in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Row<'a> {
    U8(&'a [u8]),
    F32(&'a [f32]),
    Stored(&'a Stored),
}
