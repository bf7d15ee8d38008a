//! Rows of numbers, copied apart and together.

use super::TILE;
use crate::lanes::{Isa, Lanes, multiversion};

/// Whether `rows` rows, `row` apart, of `count` numbers, `stride` apart, lie inside a slice.
fn inside(len: usize, (rows, count): (usize, usize), row: usize, stride: usize) -> bool {
    rows == 0 || count == 0 || (rows - 1) * row + (count - 1) * stride < len
}

/// `to[r][i] = from[r][i · stride]` for `rows` rows of `count` numbers, whose beginnings lie
/// `from_row` and `to_row` apart.
pub(super) fn collect(
    isa: Isa,
    shape: (usize, usize),
    from: &[f32],
    (from_row, stride): (usize, usize),
    to: &mut [f32],
    to_row: usize,
) {
    assert!(inside(from.len(), shape, from_row, stride));
    assert!(inside(to.len(), shape, to_row, 1));
    let (from, to) = (from.as_ptr(), to.as_mut_ptr());
    // SAFETY: both were checked above.
    unsafe { collect_rows(isa, shape, from, from_row, stride, to, to_row) }
}

multiversion! {
    unsafe fn collect_rows(shape: (usize, usize), from: *const f32, from_row: usize, stride: usize, to: *mut f32, to_row: usize) = collect_body
}

/// # Safety
///
/// The rows lie inside the memory at `from` and `to`.
#[inline(always)]
unsafe fn collect_body<L: Lanes>(
    (rows, count): (usize, usize),
    from: *const f32,
    from_row: usize,
    stride: usize,
    to: *mut f32,
    to_row: usize,
) {
    // SAFETY: what lies behind the last number of a row is masked off.
    unsafe {
        for row in 0..rows {
            let (from, to) = (from.add(row * from_row), to.add(row * to_row));
            if stride > 2 {
                for i in 0..count {
                    *to.add(i) = *from.add(i * stride);
                }
                continue;
            }
            let mut at = 0;
            while at < count {
                let n = (count - at).min(L::N);
                let numbers = if stride == 1 {
                    L::load_first(from.add(at), n)
                } else {
                    let behind = (2 * n - 1).saturating_sub(L::N);
                    let from = from.add(2 * at);
                    let first = L::load_first(from, (2 * n - 1).min(L::N));
                    first
                        .unzip(L::load_first(from.wrapping_add(L::N), behind))
                        .0
                };
                numbers.store_first(to.add(at), n);
                at += L::N;
            }
        }
    }
}

/// `to[r][i · stride] = from[r][i] + bias` for `rows` rows of `count` numbers, whose beginnings lie
/// `from_row` and `to_row` apart.
pub(super) fn spread(
    isa: Isa,
    shape: (usize, usize),
    from: &[f32],
    from_row: usize,
    bias: f32,
    to: &mut [f32],
    (to_row, stride): (usize, usize),
) {
    assert!(inside(from.len(), shape, from_row, 1));
    assert!(inside(to.len(), shape, to_row, stride));
    let (from, to) = (from.as_ptr(), to.as_mut_ptr());
    // SAFETY: both were checked above.
    unsafe { spread_rows(isa, shape, from, from_row, bias, to, to_row, stride) }
}

multiversion! {
    unsafe fn spread_rows(shape: (usize, usize), from: *const f32, from_row: usize, bias: f32, to: *mut f32, to_row: usize, stride: usize) = spread_body
}

/// # Safety
///
/// The rows lie inside the memory at `from` and `to`.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn spread_body<L: Lanes>(
    (rows, count): (usize, usize),
    from: *const f32,
    from_row: usize,
    bias: f32,
    to: *mut f32,
    to_row: usize,
    stride: usize,
) {
    // SAFETY: what lies behind the last number of a row is masked off.
    unsafe {
        for row in 0..rows {
            let (from, to) = (from.add(row * from_row), to.add(row * to_row));
            if stride > 1 {
                for i in 0..count {
                    *to.add(i * stride) = *from.add(i) + bias;
                }
                continue;
            }
            let mut at = 0;
            while at < count {
                let n = (count - at).min(L::N);
                let numbers = L::load_first(from.add(at), n).add(L::splat(bias));
                numbers.store_first(to.add(at), n);
                at += L::N;
            }
        }
    }
}

/// `to[r][2 i] = even[r][i] + bias` and `to[r][2 i + 1] = odd[r][i] + bias` for `rows` rows of `count`
/// numbers in `to`, whose beginnings lie `from_row` and `to_row` apart.
#[allow(clippy::too_many_arguments)]
pub(super) fn interleave(
    isa: Isa,
    (rows, count): (usize, usize),
    even: &[f32],
    odd: &[f32],
    from_row: usize,
    bias: f32,
    to: &mut [f32],
    to_row: usize,
) {
    assert!(inside(even.len(), (rows, count.div_ceil(2)), from_row, 1));
    assert!(inside(odd.len(), (rows, count / 2), from_row, 1));
    assert!(inside(to.len(), (rows, count), to_row, 1));
    let (even, odd, to) = (even.as_ptr(), odd.as_ptr(), to.as_mut_ptr());
    // SAFETY: all three were checked above.
    unsafe { interleave_rows(isa, (rows, count), even, odd, from_row, bias, to, to_row) }
}

multiversion! {
    unsafe fn interleave_rows(shape: (usize, usize), even: *const f32, odd: *const f32, from_row: usize, bias: f32, to: *mut f32, to_row: usize) = interleave_body
}

/// # Safety
///
/// The rows lie inside the memory at `even`, `odd` and `to`.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn interleave_body<L: Lanes>(
    (rows, count): (usize, usize),
    even: *const f32,
    odd: *const f32,
    from_row: usize,
    bias: f32,
    to: *mut f32,
    to_row: usize,
) {
    // SAFETY: what lies behind the last number of a row is masked off.
    unsafe {
        let bias = L::splat(bias);
        for row in 0..rows {
            let from = row * from_row;
            let to = to.add(row * to_row);
            let mut at = 0;
            while at < count {
                let n = (count - at).min(2 * L::N);
                let (even, odd) = (
                    L::load_first(even.wrapping_add(from + at / 2), n.div_ceil(2)),
                    L::load_first(odd.wrapping_add(from + at / 2), n / 2),
                );
                let (low, high) = even.add(bias).zip(odd.add(bias));
                low.store_first(to.add(at), n.min(L::N));
                if n > L::N {
                    high.store_first(to.add(at + L::N), n - L::N);
                }
                at += 2 * L::N;
            }
        }
    }
}

/// The rows of a matrix as pieces of one slice: where each of them begins.
#[derive(Debug)]
pub(super) struct Taps {
    offsets: Vec<usize>,
    /// The largest of the offsets.
    furthest: usize,
}

impl Taps {
    pub(super) fn new(offsets: Vec<usize>) -> Taps {
        let furthest = offsets.iter().copied().max().unwrap_or(0);
        Taps { offsets, furthest }
    }

    /// Copies `count` columns from `at` on, rounded up to a whole [`TILE`], into rows `row` apart.
    pub(super) fn gather(
        &self,
        isa: Isa,
        from: &[f32],
        (at, count): (usize, usize),
        to: &mut [f32],
        row: usize,
    ) {
        let count = count.next_multiple_of(TILE);
        assert!(count <= row && self.offsets.len() * row <= to.len());
        assert!(at + self.furthest + count <= from.len());
        let (from, to) = (&from[at..], to.as_mut_ptr());
        // SAFETY: both ends were checked above; no offset is larger than the furthest.
        unsafe { gather_rows(isa, &self.offsets, from.as_ptr(), count, to, row) }
    }
}

multiversion! {
    unsafe fn gather_rows(offsets: &[usize], from: *const f32, count: usize, to: *mut f32, row: usize) = gather_body
}

/// # Safety
///
/// `count`, a multiple of [`TILE`], numbers at each offset from `from`, and in each row of `to`.
#[inline(always)]
unsafe fn gather_body<L: Lanes>(
    offsets: &[usize],
    from: *const f32,
    count: usize,
    to: *mut f32,
    row: usize,
) {
    // SAFETY: `at < count`, in whole vectors, of which a tile is a multiple.
    unsafe {
        for (k, &offset) in offsets.iter().enumerate() {
            let (from, to) = (from.add(offset), to.add(k * row));
            let mut at = 0;
            while at < count {
                L::load(from.add(at)).store(to.add(at));
                at += L::N;
            }
        }
    }
}
