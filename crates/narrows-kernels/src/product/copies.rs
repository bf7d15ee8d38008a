//! Copies of parts of A and B, in the order in which the micro-kernel reads them.

use super::job::Job;
use super::tile::{VECTORS, live};
use crate::lanes::Lanes;

/// Copies `rows` rows of A from `first` on, tile after tile. A tile has `L::N` numbers for each `k`; the first of them
/// are the rows of the tile.
///
/// # Safety
///
/// As [`run_body`]; a tile has at most `L::N` rows, and `tiles * k * L::N` numbers fit at `to`.
#[inline(always)]
pub(super) unsafe fn pack<L: Lanes>(
    job: &Job,
    first: usize,
    rows: usize,
    tiles: usize,
    mut to: *mut f32,
) {
    let mut row = 0;
    for tile in 0..tiles {
        let height = (rows - row).div_ceil(tiles - tile);
        // SAFETY: by the caller's promise.
        unsafe {
            let from = job.a.wrapping_add((first + row) * job.a_row);
            if job.a_column == 1 {
                transpose::<L>(from, job.a_row, height, job.k, to, L::N);
                to = to.add(job.k * L::N);
                row += height;
                continue;
            }
            for k in 0..job.k {
                let (from, to) = (from.add(k * job.a_column), to.add(k * L::N));
                if job.a_row == 1 {
                    L::load_first(from, height).store(to);
                } else {
                    for i in 0..height {
                        *to.add(i) = *from.add(i * job.a_row);
                    }
                }
            }
            to = to.add(job.k * L::N);
        }
        row += height;
    }
}

/// Copies `columns` columns of B from `column` on, side by side; the missing numbers of a whole vector are 0.
///
/// # Safety
///
/// As [`run_body`]; `columns <= VECTORS * L::N`, and `k * VECTORS * L::N` numbers fit at `to`.
#[inline(always)]
pub(super) unsafe fn copy<L: Lanes>(job: &Job, column: usize, columns: usize, to: *mut f32) {
    let width = VECTORS * L::N;
    // SAFETY: by the caller's promise.
    unsafe {
        if job.b_is_transposed {
            let from = job.b.add(column * job.b_row);
            transpose::<L>(from, job.b_row, columns, job.k, to, width);
        } else if columns == width {
            for k in 0..job.k {
                let (from, to) = (job.b.add(k * job.b_row + column), to.add(k * width));
                for v in 0..VECTORS {
                    L::load(from.add(v * L::N)).store(to.add(v * L::N));
                }
            }
        } else {
            for k in 0..job.k {
                let (from, to) = (job.b.add(k * job.b_row + column), to.add(k * width));
                for v in 0..VECTORS {
                    let at = v * L::N;
                    L::load_first(from.wrapping_add(at), live::<L>(v, columns)).store(to.add(at));
                }
            }
        }
    }
}

/// Transposes `rows` rows of `columns` numbers, `from_row` apart, into rows `to_row` apart; the end of the last vector
/// of each row is filled with 0 or left unchanged.
///
/// # Safety
///
/// `to_row` is at least `rows` rounded up to a multiple of `L::N`, and `columns * to_row` numbers fit
/// at `to`.
#[inline(always)]
pub(super) unsafe fn transpose<L: Lanes>(
    from: *const f32,
    from_row: usize,
    rows: usize,
    columns: usize,
    to: *mut f32,
    to_row: usize,
) {
    // SAFETY: squares and single numbers stay inside the rows and columns.
    unsafe {
        let mut r = 0;
        while r < rows {
            let count = (rows - r).min(L::N);
            let mut c = 0;
            // Whole squares; the last one overlaps the one before.
            while c < columns && columns >= L::N {
                c = c.min(columns - L::N);
                let (from, to) = (from.add(r * from_row + c), to.add(c * to_row + r));
                if count == L::N {
                    // The same without a check for each row.
                    L::transpose(from, from_row, L::N, to, to_row);
                } else {
                    L::transpose(from, from_row, count, to, to_row);
                }
                c += L::N;
            }
            for c in c..columns {
                for i in 0..L::N {
                    *to.add(c * to_row + r + i) = if i < count {
                        *from.add((r + i) * from_row + c)
                    } else {
                        0.0
                    };
                }
            }
            r += L::N;
        }
    }
}
