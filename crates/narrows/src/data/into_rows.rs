//! The types that a program may pass as rows.

use super::number::Number;
use crate::error::{Detail, Error, ErrorKind, Result};
use crate::text::count_of;
use ndarray::{ArrayBase, ArrayView2, CowArray, Data, Ix2};

/// Rows of numbers in a program's memory. [`Model::encode`](crate::Model::encode), [`Dataset::from_array`] and similar
/// functions accept them.
///
/// | rows | as |
/// |---|---|
/// | an array of ndarray | `&array`, `array.view()`, `array.slice(…)`: `[rows, width]` |
/// | a flat slice | `(&values[..], width)` |
/// | arrays of one length | `&[[1.0, 2.0], [3.0, 4.0]]`, `&rows[..]` of `[T; N]` |
/// | vectors of one length | `&rows` of `Vec<Vec<T>>`, `&rows[..]`, which are copied |
///
/// [`Dataset::from_array`]: super::Dataset::from_array
///
/// ```
/// use narrows::data::Dataset;
///
/// let flat = Dataset::from_array((&[1.0, 2.0, 3.0, 4.0][..], 2))?;
/// assert_eq!(flat, Dataset::from_array(&[[1.0, 2.0], [3.0, 4.0]])?);
/// assert_eq!(flat, Dataset::from_array(&vec![vec![1.0, 2.0], vec![3.0, 4.0]])?);
/// assert_eq!(flat, Dataset::from_array(ndarray::array![[1.0, 2.0], [3.0, 4.0]].view())?);
///
/// let error = Dataset::from_array(&vec![vec![1.0, 2.0], vec![3.0]]).unwrap_err();
/// assert_eq!(error.to_string(), "row 1 (counted from 0): the rows differ in length: expected 2 values, found 1");
/// # Ok::<(), narrows::Error>(())
/// ```
pub trait IntoRows<'a> {
    /// The type of the numbers.
    type Number: Number;

    /// The rows, `[rows, width]`. They are copied only if they are not contiguous.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if a slice is not a whole number of rows, or if rows differ in length; the error names the
    /// row.
    fn into_rows(self) -> Result<CowArray<'a, Self::Number, Ix2>>;
}

impl<'a, T: Number> IntoRows<'a> for ArrayView2<'a, T> {
    type Number = T;

    fn into_rows(self) -> Result<CowArray<'a, T, Ix2>> {
        Ok(if self.is_standard_layout() {
            self.into()
        } else {
            self.as_standard_layout().into_owned().into()
        })
    }
}

impl<'a, T: Number, S: Data<Elem = T>> IntoRows<'a> for &'a ArrayBase<S, Ix2> {
    type Number = T;

    fn into_rows(self) -> Result<CowArray<'a, T, Ix2>> {
        self.view().into_rows()
    }
}

impl<'a, T: Number> IntoRows<'a> for (&'a [T], usize) {
    type Number = T;

    fn into_rows(self) -> Result<CowArray<'a, T, Ix2>> {
        let (values, width) = self;
        let rows = values.len().checked_div(width).unwrap_or(0);
        let view = ArrayView2::from_shape((rows, width), values).ok();
        let view = view.filter(|_| rows * width == values.len());
        view.map(Into::into).ok_or_else(|| {
            Error::new(ErrorKind::Data, "the slice is not a whole number of rows")
                .expected(format!("rows of {}", count_of(width, "value")))
                .found(count_of(values.len(), "value"))
        })
    }
}

impl<'a, T: Number, const N: usize> IntoRows<'a> for &'a [[T; N]] {
    type Number = T;

    fn into_rows(self) -> Result<CowArray<'a, T, Ix2>> {
        (self.as_flattened(), N).into_rows()
    }
}

impl<'a, T: Number, const N: usize, const ROWS: usize> IntoRows<'a> for &'a [[T; N]; ROWS] {
    type Number = T;

    fn into_rows(self) -> Result<CowArray<'a, T, Ix2>> {
        self[..].into_rows()
    }
}

impl<'a, T: Number, const N: usize> IntoRows<'a> for &'a Vec<[T; N]> {
    type Number = T;

    fn into_rows(self) -> Result<CowArray<'a, T, Ix2>> {
        self[..].into_rows()
    }
}

impl<'a, T: Number> IntoRows<'a> for &'a [Vec<T>] {
    type Number = T;

    fn into_rows(self) -> Result<CowArray<'a, T, Ix2>> {
        Ok(stacked(self)?.into())
    }
}

impl<'a, T: Number> IntoRows<'a> for &'a Vec<Vec<T>> {
    type Number = T;

    fn into_rows(self) -> Result<CowArray<'a, T, Ix2>> {
        self[..].into_rows()
    }
}

/// The type of the results of a model for such rows.
pub type RealOf<'a, R> = <<R as IntoRows<'a>>::Number as Number>::Real;

/// Rows stacked to an array.
pub(super) fn stacked<T: Number, R: AsRef<[T]>>(
    rows: impl IntoIterator<Item = R>,
) -> Result<ndarray::Array2<T>> {
    let (mut values, mut width, mut count) = (Vec::new(), None, 0);
    for row in rows {
        let row = row.as_ref();
        let expected = *width.get_or_insert(row.len());
        if row.len() != expected {
            return Err(Error::new(ErrorKind::Data, "the rows differ in length")
                .at(format!("row {count} (counted from 0)"))
                .expected(count_of(expected, "value"))
                .found(row.len())
                .with(Detail::Width {
                    expected,
                    found: row.len(),
                }));
        }
        values.extend_from_slice(row);
        count += 1;
    }
    let rows = ndarray::Array2::from_shape_vec((count, width.unwrap_or(0)), values);
    rows.map_err(|error| {
        Error::new(ErrorKind::Data, "the rows do not fit together").caused_by(error)
    })
}
