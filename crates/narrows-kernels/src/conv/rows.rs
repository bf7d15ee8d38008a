//! Copies rows of numbers, split or interleaved.
//!
//! A block of rows is described by its number of rows, the number of values in each, and the distance between the
//! beginnings of two rows. The loops go down the rows one vector of columns at a time, because rows are short: the mask
//! of the last vector is then computed only once.

use super::geometry::TILE;
use crate::lanes::{Isa, Lanes, multiversion};

/// Whether `rows` rows, `row` apart, of `count` numbers, `stride` apart, lie inside a slice.
fn inside(len: usize, (rows, count): (usize, usize), row: usize, stride: usize) -> bool {
    rows == 0 || count == 0 || (rows - 1) * row + (count - 1) * stride < len
}

/// Copies every `stride`-th number: `to[r][i] = from[r][i · stride]`.
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
    if stride > 1 {
        for row in 0..shape.0 {
            let from = from[row * from_row..].iter().step_by(stride);
            let to = &mut to[row * to_row..][..shape.1];
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }
        return;
    }
    let (from, to) = (from.as_ptr(), to.as_mut_ptr());
    // SAFETY: both were checked above.
    unsafe { copy_rows(isa, shape, from, from_row, 0.0, to, to_row) }
}

/// Adds a bias: `to[r][i · stride] = from[r][i] + bias`.
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
    if stride > 1 {
        for row in 0..shape.0 {
            let from = &from[row * from_row..][..shape.1];
            let to = to[row * to_row..].iter_mut().step_by(stride);
            to.zip(from).for_each(|(to, from)| *to = from + bias);
        }
        return;
    }
    let (from, to) = (from.as_ptr(), to.as_mut_ptr());
    // SAFETY: both were checked above.
    unsafe { copy_rows(isa, shape, from, from_row, bias, to, to_row) }
}

multiversion! {
    unsafe fn copy_rows(shape: (usize, usize), from: *const f32, from_row: usize, bias: f32, to: *mut f32, to_row: usize) = copy_body
}

/// # Safety
///
/// The rows lie inside the memory at `from` and `to`.
#[inline(always)]
unsafe fn copy_body<L: Lanes>(
    (rows, count): (usize, usize),
    from: *const f32,
    from_row: usize,
    bias: f32,
    to: *mut f32,
    to_row: usize,
) {
    // SAFETY: what lies behind the last number of a row is masked off.
    unsafe {
        let bias = L::splat(bias);
        for at in (0..count).step_by(L::N) {
            let n = (count - at).min(L::N);
            for row in 0..rows {
                let numbers = L::load_first(from.add(row * from_row + at), n);
                numbers.add(bias).store_first(to.add(row * to_row + at), n);
            }
        }
    }
}

/// Splits numbers: `even[r][i] = from[r][2 i]` and `odd[r][i] = from[r][2 i + 1]`; `counts` has the number of each in a
/// row.
pub(super) fn deinterleave(
    isa: Isa,
    (rows, counts): (usize, [usize; 2]),
    from: &[f32],
    from_row: usize,
    even: &mut [f32],
    odd: &mut [f32],
    to_row: usize,
) {
    assert!(inside(from.len(), (rows, counts[0]), from_row, 2));
    assert!(counts[1] == 0 || inside(from.len() - 1, (rows, counts[1]), from_row, 2));
    assert!(inside(even.len(), (rows, counts[0]), to_row, 1));
    assert!(inside(odd.len(), (rows, counts[1]), to_row, 1));
    let (even, odd) = (even.as_mut_ptr(), odd.as_mut_ptr());
    // SAFETY: all three were checked above.
    unsafe {
        deinterleave_rows(
            isa,
            rows,
            counts,
            from.as_ptr(),
            from_row,
            even,
            odd,
            to_row,
        )
    }
}

multiversion! {
    unsafe fn deinterleave_rows(rows: usize, counts: [usize; 2], from: *const f32, from_row: usize, even: *mut f32, odd: *mut f32, to_row: usize) = deinterleave_body
}

/// # Safety
///
/// The rows lie inside the memory at `from`, `even` and `odd`.
#[inline(always)]
unsafe fn deinterleave_body<L: Lanes>(
    rows: usize,
    counts: [usize; 2],
    from: *const f32,
    from_row: usize,
    even: *mut f32,
    odd: *mut f32,
    to_row: usize,
) {
    let total = (2 * counts[0]).saturating_sub(1).max(2 * counts[1]);
    // SAFETY: what lies behind the last number of a row is masked off.
    unsafe {
        for at in (0..total).step_by(2 * L::N) {
            let first = (total - at).min(L::N);
            let second = (total - at).min(2 * L::N) - first;
            let evens = counts[0].saturating_sub(at / 2).min(L::N);
            let odds = counts[1].saturating_sub(at / 2).min(L::N);
            for row in 0..rows {
                let from = from.add(row * from_row + at);
                let to = row * to_row + at / 2;
                let left = L::load_first(from, first);
                let right = L::load_first(from.wrapping_add(L::N), second);
                let (left, right) = left.unzip(right);
                left.store_first(even.wrapping_add(to), evens);
                right.store_first(odd.wrapping_add(to), odds);
            }
        }
    }
}

/// Interleaves numbers and adds a bias: `to[r][2 i] = even[r][i] + bias` and `to[r][2 i + 1] = odd[r][i] + bias`;
/// `shape` has the number of values in a row of `to`.
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
        for at in (0..count).step_by(2 * L::N) {
            let n = (count - at).min(2 * L::N);
            let first = n.min(L::N);
            for row in 0..rows {
                let from = row * from_row + at / 2;
                let even = L::load_first(even.wrapping_add(from), n.div_ceil(2));
                let odd = L::load_first(odd.wrapping_add(from), n / 2);
                let (low, high) = even.add(bias).zip(odd.add(bias));
                let to = to.add(row * to_row + at);
                low.store_first(to, first);
                high.store_first(to.wrapping_add(L::N), n - first);
            }
        }
    }
}

/// The rows of a matrix as pieces of one slice: the offset of each row.
#[derive(Debug)]
pub(super) struct Taps {
    offsets: Vec<usize>,
    /// The largest of the offsets.
    furthest: usize,
    /// The distance between successive rows, if it is always the same.
    step: Option<usize>,
}

impl Taps {
    pub(super) fn new(offsets: Vec<usize>) -> Taps {
        let furthest = offsets.iter().copied().max().unwrap_or(0);
        let step = match offsets[..] {
            [first, second, ..] => second.checked_sub(first),
            _ => None,
        };
        let is_even = |step: &usize| offsets.windows(2).all(|two| two[0] + step == two[1]);
        Taps {
            step: step.filter(is_even),
            offsets,
            furthest,
        }
    }

    /// The number of rows.
    pub(super) fn count(&self) -> usize {
        self.offsets.len()
    }

    /// `count` columns from `at` on, row-major, and the distance between rows. They are used in place, or gathered in
    /// `tile`.
    pub(super) fn matrix<'a>(
        &self,
        isa: Isa,
        from: &'a [f32],
        (at, count): (usize, usize),
        tile: &'a mut [f32],
    ) -> (&'a [f32], usize) {
        if let Some(step) = self.step {
            return (&from[at + self.offsets[0]..], step);
        }
        let row = count.next_multiple_of(TILE);
        assert!(self.offsets.len() * row <= tile.len());
        assert!(at + self.furthest + row <= from.len());
        let (from, to) = (&from[at..], tile.as_mut_ptr());
        // SAFETY: both ends were checked above; no offset is larger than the furthest.
        unsafe { gather_rows(isa, &self.offsets, from.as_ptr(), row, to) }
        (tile, row)
    }
}

multiversion! {
    unsafe fn gather_rows(offsets: &[usize], from: *const f32, count: usize, to: *mut f32) = gather_body
}

/// # Safety
///
/// `count`, a multiple of [`TILE`], numbers at each offset from `from`, and as many for each at `to`.
#[inline(always)]
unsafe fn gather_body<L: Lanes>(offsets: &[usize], from: *const f32, count: usize, to: *mut f32) {
    // SAFETY: `at < count`, in whole vectors, of which a tile is a multiple.
    unsafe {
        for (k, &offset) in offsets.iter().enumerate() {
            let (from, to) = (from.add(offset), to.add(k * count));
            for at in (0..count).step_by(L::N) {
                L::load(from.add(at)).store(to.add(at));
            }
        }
    }
}
