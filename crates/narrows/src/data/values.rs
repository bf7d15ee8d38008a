//! The values of data in their stored type.

use super::element::{Element, NumberKind};
use super::records::Records;
use super::records::RowType;
use ndarray::Array2;

/// The values of a [`Dataset`](super::Dataset), `[rows, inputs]`, in their stored type.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// 8-bit values, as in most images.
    U8(Array2<u8>),
    /// 32-bit floating-point values.
    F32(Array2<f32>),
    /// Numbers of any types, in memory or in their file.
    Records(Records),
}

impl Values {
    /// The numbers of rows and of inputs.
    pub(super) fn dim(&self) -> (usize, usize) {
        match self {
            Values::U8(values) => values.dim(),
            Values::F32(values) => values.dim(),
            Values::Records(records) => records.dim(),
        }
    }

    /// The common type of all values; 64-bit floating-point for columns of different types.
    pub(super) fn element(&self) -> Element {
        match self {
            Values::U8(_) => Element::little(NumberKind::U8),
            Values::F32(_) => Element::little(NumberKind::F32),
            Values::Records(records) => {
                let single = records.row_type().single();
                single.unwrap_or(Element::little(NumberKind::F64))
            }
        }
    }

    /// The same values as records, for any type.
    pub(super) fn into_records(self) -> Self {
        match self {
            Values::U8(values) => {
                let row = RowType::all(Element::little(NumberKind::U8), values.ncols());
                let bytes = values.into_raw_vec_and_offset().0;
                Values::Records(Records::in_memory(bytes, row))
            }
            values => values,
        }
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
            Values::Records(records) => Values::Records(records),
        }
    }
}

/// One row of a [`Dataset`](super::Dataset), in its stored type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Row<'a> {
    U8(&'a [u8]),
    F32(&'a [f32]),
    /// A row of these records, by its index.
    Records(&'a Records, usize),
}
