//! Sums and small vector operations, each in a fixed order.

use crate::lanes::{Isa, Lanes, multiversion};
use std::ops::Range;

/// Sums the columns of a row-major matrix `[rows, columns]`, from the first row to the last:
/// the gradient of a bias. `sums` is overwritten.
///
/// # Panics
///
/// If `matrix` is not a whole number of rows as long as `sums`.
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

/// Adds some columns of a row-major matrix `[rows, width]` to `sums`, from the first row to the last, in double
/// precision, for sums over several batches. Splitting the rows into several calls does not change a bit, nor does the
/// instruction set.
///
/// # Panics
///
/// If `matrix` is not a whole number of rows of `width`, or if the length of `sums` differs from the number of columns.
pub fn add_column_sums(
    isa: Isa,
    matrix: &[f32],
    width: usize,
    columns: Range<usize>,
    sums: &mut [f64],
) {
    assert!(
        width > 0 && matrix.len().is_multiple_of(width),
        "a whole number of rows"
    );
    assert!(columns.end <= width && columns.len() == sums.len());
    // SAFETY: the body has no conditions.
    unsafe { sum_wide(isa, matrix, width, columns, sums) }
}

multiversion! {
    unsafe fn sum_wide(matrix: &[f32], width: usize, columns: Range<usize>, sums: &mut [f64]) = sum_wide_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn sum_wide_body<L: Lanes>(
    matrix: &[f32],
    width: usize,
    columns: Range<usize>,
    sums: &mut [f64],
) {
    for row in matrix.chunks_exact(width) {
        for (sum, &number) in sums.iter_mut().zip(&row[columns.clone()]) {
            *sum += f64::from(number);
        }
    }
}

/// Whether all numbers are finite.
pub fn is_finite(isa: Isa, numbers: &[f32]) -> bool {
    // SAFETY: as many numbers at the pointer as the length says.
    unsafe { finite(isa, numbers.as_ptr(), numbers.len()) }
}

multiversion! {
    unsafe fn finite(numbers: *const f32, len: usize) -> bool = finite_body
}

/// # Safety
///
/// `len` numbers at the pointer.
#[inline(always)]
unsafe fn finite_body<L: Lanes>(numbers: *const f32, len: usize) -> bool {
    let mut lanes = [0.0; 16];
    // SAFETY: indices stay below `len`; a buffer holds the lanes.
    unsafe {
        let zero = L::splat(0.0);
        let mut sum = zero;
        for i in (0..len).step_by(L::N) {
            let these = L::load_first(numbers.add(i), (len - i).min(L::N));
            // 0 for finite numbers, NaN for others.
            sum = these.mul_add(zero, sum);
        }
        sum.store(lanes.as_mut_ptr());
    }
    lanes.iter().all(|lane| *lane == 0.0)
}

/// The sum of `a · b` over their elements.
///
/// # Panics
///
/// When the lengths differ.
pub fn dot(isa: Isa, a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    // SAFETY: as many numbers at each pointer as the length says.
    unsafe { inner(isa, a.as_ptr(), b.as_ptr(), a.len()) }
}

multiversion! {
    unsafe fn inner(a: *const f32, b: *const f32, len: usize) -> f32 = inner_body
}

/// # Safety
///
/// `len` numbers at each pointer.
#[inline(always)]
unsafe fn inner_body<L: Lanes>(a: *const f32, b: *const f32, len: usize) -> f32 {
    // SAFETY: indices stay below `len`; a buffer holds the lanes of both sums.
    unsafe {
        let (mut even, mut odd) = (L::splat(0.0), L::splat(0.0));
        let mut i = 0;
        while i < len {
            let n = (len - i).min(L::N);
            even = L::load_first(a.add(i), n).mul_add(L::load_first(b.add(i), n), even);
            i += n;
            let n = (len - i).min(L::N);
            odd = L::load_first(a.add(i), n).mul_add(L::load_first(b.add(i), n), odd);
            i += n;
        }
        let mut lanes = [0.0; crate::product::PANEL];
        even.add(odd).store(lanes.as_mut_ptr());
        lanes.iter().sum()
    }
}

/// `x *= factor`, element by element.
pub fn scale(isa: Isa, x: &mut [f32], factor: f32) {
    // SAFETY: as many numbers at the pointer as the length says.
    unsafe { times(isa, x.as_mut_ptr(), x.len(), factor) }
}

multiversion! {
    unsafe fn times(x: *mut f32, len: usize, factor: f32) = times_body
}

/// # Safety
///
/// `len` numbers at the pointer.
#[inline(always)]
unsafe fn times_body<L: Lanes>(x: *mut f32, len: usize, factor: f32) {
    // SAFETY: indices stay below `len`.
    unsafe {
        let mut i = 0;
        while i < len {
            let n = (len - i).min(L::N);
            L::load_first(x.add(i), n)
                .mul(L::splat(factor))
                .store_first(x.add(i), n);
            i += n;
        }
    }
}

/// `x += y`, element by element.
///
/// # Panics
///
/// When the lengths differ.
pub fn add(isa: Isa, x: &mut [f32], y: &[f32]) {
    add_scaled(isa, x, 1.0, y);
}

/// `x += factor y`, element by element.
///
/// # Panics
///
/// When the lengths differ.
pub fn add_scaled(isa: Isa, x: &mut [f32], factor: f32, y: &[f32]) {
    assert_eq!(x.len(), y.len());
    // SAFETY: as many numbers at each pointer as the length says.
    unsafe { plus(isa, x.as_mut_ptr(), factor, y.as_ptr(), x.len()) }
}

multiversion! {
    unsafe fn plus(x: *mut f32, factor: f32, y: *const f32, len: usize) = plus_body
}

/// # Safety
///
/// `len` numbers at each pointer.
#[inline(always)]
unsafe fn plus_body<L: Lanes>(x: *mut f32, factor: f32, y: *const f32, len: usize) {
    // SAFETY: indices stay below `len`.
    unsafe {
        let factor = L::splat(factor);
        let mut i = 0;
        while i < len {
            let n = (len - i).min(L::N);
            L::load_first(y.add(i), n)
                .mul_add(factor, L::load_first(x.add(i), n))
                .store_first(x.add(i), n);
            i += n;
        }
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
