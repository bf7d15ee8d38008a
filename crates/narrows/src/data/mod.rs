//! Data as Narrows holds them: rows of numbers in their own type, with a shape and perhaps labels.
//!
//! Values stay as they were stored (8-bit pixels stay 8-bit) and are converted to `f32` only
//! while a batch is gathered.

pub mod scaling;

use ndarray::Array2;

/// The values of a [`Dataset`], `[rows, inputs]`, in the type that they were stored in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// 8-bit values, as in most images.
    U8(Array2<u8>),
    /// 32-bit floating-point values.
    F32(Array2<f32>),
}

/// Rows of values with the shape of one row and, perhaps, one label a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    name: String,
    values: Values,
    /// The shape of one row, as `[channels, height, width]` for images or `[columns]` for tables.
    shape: Vec<usize>,
    labels: Option<Vec<i64>>,
}

/// A source of data: rows to train on and, where the source has them, rows to test on.
#[derive(Clone, Debug)]
pub struct Source {
    /// The rows to learn from.
    pub train: Dataset,
    /// The rows that nothing is learnt from.
    pub test: Option<Dataset>,
}
