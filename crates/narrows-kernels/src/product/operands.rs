//! The matrices of a product, and what its sums start from.

/// A matrix that is read one number at a time: element `(i, k)` lies at `i * row + k * column`.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a> {
    /// The numbers.
    pub data: &'a [f32],
    /// The distance from a row to the next.
    pub row: usize,
    /// The distance from a column to the next.
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
    /// A row-major matrix as it lies, `row` numbers from a row to the next.
    pub fn row_major(data: &'a [f32], row: usize) -> Self {
        Right {
            data,
            row,
            is_transposed: false,
        }
    }

    /// The transpose of a row-major matrix, whose rows (the columns of this one) lie `row` apart.
    pub fn transpose_of(data: &'a [f32], row: usize) -> Self {
        Right {
            data,
            row,
            is_transposed: true,
        }
    }
}

/// What the sum starts from.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// Nothing: `C = A · B`.
    Zero,
    /// A row vector: `C = 1 · bias + A · B`.
    Bias(&'a [f32]),
    /// What is there: `C += A · B`. Cutting the sum over `k` into several such products does not change a bit.
    Accumulate,
}

/// How many numbers a matrix needs whose last `width` lie `i` rows and `k` columns in; `None`
/// where no slice is that long.
pub(super) fn extent(
    (i, row): (usize, usize),
    (k, column): (usize, usize),
    width: usize,
) -> Option<usize> {
    let down = i.checked_mul(row)?;
    let along = k.checked_mul(column)?;
    down.checked_add(along)?.checked_add(width)
}
