//! The matrices of a product, and the start of its sums.

/// A matrix that is read one number at a time: element `(i, k)` is at `i * row + k * column`.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a> {
    /// The numbers.
    pub data: &'a [f32],
    /// The distance between rows.
    pub row: usize,
    /// The distance between columns.
    pub column: usize,
}

/// A matrix that is read a panel of columns at a time.
#[derive(Clone, Copy, Debug)]
pub struct Right<'a> {
    pub(super) data: &'a [f32],
    pub(super) row: usize,
    pub(super) is_transposed: bool,
}

impl<'a> Right<'a> {
    /// A row-major matrix in place, with rows `row` numbers apart.
    pub fn row_major(data: &'a [f32], row: usize) -> Self {
        Right {
            data,
            row,
            is_transposed: false,
        }
    }

    /// The transpose of a row-major matrix, whose rows (the columns of this one) are `row` apart.
    pub fn transpose_of(data: &'a [f32], row: usize) -> Self {
        Right {
            data,
            row,
            is_transposed: true,
        }
    }
}

/// The start of the sum.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// 0: `C = A · B`.
    Zero,
    /// A row vector: `C = 1 · bias + A · B`.
    Bias(&'a [f32]),
    /// The old content of C: `C += A · B`. Splitting the sum over `k` into several such products does not change a bit.
    Accumulate,
}

/// The length that a matrix needs whose last `width` numbers are `i` rows and `k` columns in; `None` if it is too large
/// for a slice.
pub(super) fn extent(
    (i, row): (usize, usize),
    (k, column): (usize, usize),
    width: usize,
) -> Option<usize> {
    let down = i.checked_mul(row)?;
    let along = k.checked_mul(column)?;
    down.checked_add(along)?.checked_add(width)
}
