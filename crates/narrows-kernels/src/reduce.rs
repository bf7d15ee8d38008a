//! Reductions in a fixed order.

use crate::lanes::{Isa, Lanes, multiversion};

/// Sums the columns of a row-major matrix `[rows, columns]`, from the first row to the last:
/// the gradient of a bias. `sums` is overwritten.
///
/// # Panics
///
/// When `matrix` is not a whole number of rows as long as `sums`.
pub fn column_sums(isa: Isa, matrix: &[f32], sums: &mut [f32]) {
    let columns = sums.len();
    if columns == 0 {
        return;
    }
    assert!(
        matrix.len().is_multiple_of(columns),
        "a whole number of rows"
    );
    // SAFETY: `matrix` holds `rows` rows of `columns`, `sums` one.
    unsafe {
        sum(
            isa,
            matrix.as_ptr(),
            matrix.len() / columns,
            columns,
            sums.as_mut_ptr(),
        )
    }
}

multiversion! {
    unsafe fn sum(matrix: *const f32, rows: usize, columns: usize, sums: *mut f32) = sum_body
}

/// # Safety
///
/// `rows * columns` numbers at `matrix`, `columns` at `sums`.
#[inline(always)]
unsafe fn sum_body<L: Lanes>(matrix: *const f32, rows: usize, columns: usize, sums: *mut f32) {
    // SAFETY: indices stay below the lengths.
    unsafe {
        let mut c = 0;
        while c + 2 * L::N <= columns {
            let (mut left, mut right) = (L::splat(0.0), L::splat(0.0));
            for r in 0..rows {
                let at = matrix.add(r * columns + c);
                left = left.add(L::load(at));
                right = right.add(L::load(at.add(L::N)));
            }
            left.store(sums.add(c));
            right.store(sums.add(c + L::N));
            c += 2 * L::N;
        }
        while c < columns {
            let n = (columns - c).min(L::N);
            let mut sum = L::splat(0.0);
            for r in 0..rows {
                sum = sum.add(L::load_first(matrix.add(r * columns + c), n));
            }
            sum.store_first(sums.add(c), n);
            c += n;
        }
    }
}
