//! The micro-kernel: a tile of C, summed in registers.

use super::buffer::Buffer;
use super::job::{Job, PANEL};
use crate::lanes::Lanes;

/// Vectors side by side in a register tile.
pub(super) const VECTORS: usize = 2;

/// The largest width of a register tile.
pub(super) const MAX_WIDTH: usize = VECTORS * PANEL;

/// The number of values that each vector of a register tile is multiplied with. A register file of 32 vectors of 16 has
/// room for 12 times 2 sums, a register file of 16 vectors of 8 for 6 times 2.
pub(super) const fn tile_height<L: Lanes>() -> usize {
    if L::N == PANEL { 12 } else { 6 }
}

/// Numbers that are far apart are prefetched this number of rows ahead.
const AHEAD: usize = 24;

/// The place of a register tile in C, and the used part of it: `height` sums for each of `width` lanes.
#[derive(Clone, Copy)]
pub(super) struct RegisterPlace {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

/// A register tile: selects the micro-kernel for its height. `DOWN` says whether the lanes run down C.
///
/// # Safety
///
/// The tile lies inside C; the numbers to broadcast are `(at, step to the next sum, step to the next k)`,
/// with one of the steps 1; the vectors are `(at, step to the next k)` and whole.
#[inline(always)]
pub(super) unsafe fn tile_of<L: Lanes, const DOWN: bool>(
    job: &Job,
    broadcast: (*const f32, usize, usize),
    vectors: (*const f32, usize),
    place: RegisterPlace,
) {
    macro_rules! of {
        ($($height:literal)*) => {
            match place.height {
                // SAFETY: passed on.
                $($height => unsafe {
                    if place.width > L::N {
                        micro::<L, $height, VECTORS, DOWN>(job, broadcast, vectors, place)
                    } else {
                        micro::<L, $height, 1, DOWN>(job, broadcast, vectors, place)
                    }
                },)*
                height => unreachable!("a tile of {height}"),
            }
        };
    }
    if L::N == PANEL {
        of!(1 2 3 4 5 6 7 8 9 10 11 12)
    } else {
        of!(1 2 3 4 5 6)
    }
}

/// How many of `width` lanes are in vector `v`.
#[inline(always)]
pub(super) fn live<L: Lanes>(v: usize, width: usize) -> usize {
    width.saturating_sub(v * L::N).min(L::N)
}

/// The micro-kernel: `H` times `V` vectors of sums, kept in registers over all of `k`.
///
/// # Safety
///
/// As [`tile_of`].
#[inline(always)]
unsafe fn micro<L: Lanes, const H: usize, const V: usize, const DOWN: bool>(
    job: &Job,
    broadcast: (*const f32, usize, usize),
    vectors: (*const f32, usize),
    place: RegisterPlace,
) {
    // SAFETY: by the caller's promise.
    unsafe {
        let mut sums = start::<L, H, V, DOWN>(job, place);
        if broadcast.2 == 1 {
            add_by_rows(&mut sums, job.k, (broadcast.0, broadcast.1), vectors);
        } else if broadcast.2 == L::N {
            // The same with a known step.
            add_by_columns::<L, H, V, false>(&mut sums, job.k, (broadcast.0, L::N), vectors);
        } else {
            add_by_columns::<L, H, V, true>(&mut sums, job.k, (broadcast.0, broadcast.2), vectors);
        }
        finish::<L, H, V, DOWN>(&sums, job, place);
    }
}

/// Adds over `k`; the numbers to broadcast are in `H` rows.
///
/// # Safety
///
/// As [`tile_of`].
#[inline(always)]
unsafe fn add_by_rows<L: Lanes, const H: usize, const V: usize>(
    sums: &mut [[L; V]; H],
    count: usize,
    (numbers, row): (*const f32, usize),
    (mut at, step): (*const f32, usize),
) {
    // `black_box` hides the distance between the rows. Otherwise the compiler would compute each address from the one
    // before, in every step.
    let rows: [*const f32; H] =
        std::hint::black_box(std::array::from_fn(|i| numbers.wrapping_add(i * row)));
    let mut next = numbers.wrapping_add(H * row);
    for k in 0..count {
        // SAFETY: needs no valid address.
        unsafe {
            L::prefetch(next);
        }
        next = next.wrapping_add(H);
        // SAFETY: by the caller's promise.
        unsafe {
            let mut vectors = [L::splat(0.0); V];
            for (v, vector) in vectors.iter_mut().enumerate() {
                *vector = L::load(at.add(v * L::N));
            }
            for (sums, row) in sums.iter_mut().zip(rows) {
                let factor = L::splat(*row.add(k));
                for (sum, vector) in sums.iter_mut().zip(vectors) {
                    *sum = factor.mul_add(vector, *sum);
                }
            }
        }
        at = at.wrapping_add(step);
    }
}

/// Adds over `k`; `H` numbers to broadcast are contiguous.
///
/// # Safety
///
/// As [`tile_of`].
#[inline(always)]
unsafe fn add_by_columns<L: Lanes, const H: usize, const V: usize, const FAR: bool>(
    sums: &mut [[L; V]; H],
    count: usize,
    (mut numbers, next): (*const f32, usize),
    (mut at, step): (*const f32, usize),
) {
    for _ in 0..count {
        // SAFETY: by the caller's promise; what is asked for needs no valid address.
        unsafe {
            if FAR {
                L::prefetch(numbers.wrapping_add(AHEAD * next + H - 1));
            }
            let mut vectors = [L::splat(0.0); V];
            for (v, vector) in vectors.iter_mut().enumerate() {
                *vector = L::load(at.add(v * L::N));
            }
            for (i, sums) in sums.iter_mut().enumerate() {
                let factor = L::splat(*numbers.add(i));
                for (sum, vector) in sums.iter_mut().zip(vectors) {
                    *sum = factor.mul_add(vector, *sum);
                }
            }
        }
        numbers = numbers.wrapping_add(next);
        at = at.wrapping_add(step);
    }
}

/// The start of the sums of a tile.
///
/// # Safety
///
/// As [`tile_of`].
#[inline(always)]
unsafe fn start<L: Lanes, const H: usize, const V: usize, const DOWN: bool>(
    job: &Job,
    place: RegisterPlace,
) -> [[L; V]; H] {
    // SAFETY: by the caller's promise; lanes that are not live are not loaded.
    unsafe {
        let mut sums = [[L::splat(0.0); V]; H];
        let c = job.c.add(place.row * job.c_row + place.column);
        if job.accumulate && DOWN {
            let mut turned = Buffer::<{ PANEL * MAX_WIDTH }>::new();
            for lane in 0..place.width {
                for i in 0..H {
                    *turned.at().add(i * V * L::N + lane) = *c.add(lane * job.c_row + i);
                }
            }
            for (i, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    let at = turned.at().add((i * V + v) * L::N);
                    *sum = L::load_first(at, live::<L>(v, place.width));
                }
            }
        } else if job.accumulate {
            for (i, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    let at = c.wrapping_add(i * job.c_row + v * L::N);
                    *sum = L::load_first(at, live::<L>(v, place.width));
                }
            }
        } else if !job.bias.is_null() && DOWN {
            for (i, sums) in sums.iter_mut().enumerate() {
                *sums = [L::splat(*job.bias.add(place.column + i)); V];
            }
        } else if !job.bias.is_null() {
            for v in 0..V {
                let at = job.bias.wrapping_add(place.column + v * L::N);
                let bias = L::load_first(at, live::<L>(v, place.width));
                for sums in &mut sums {
                    sums[v] = bias;
                }
            }
        }
        sums
    }
}

/// Writes the sums of a tile to C.
///
/// # Safety
///
/// As [`tile_of`].
#[inline(always)]
unsafe fn finish<L: Lanes, const H: usize, const V: usize, const DOWN: bool>(
    sums: &[[L; V]; H],
    job: &Job,
    place: RegisterPlace,
) {
    // SAFETY: by the caller's promise; lanes that are not live are not stored.
    unsafe {
        let c = job.c.add(place.row * job.c_row + place.column);
        if DOWN {
            let mut tile = Buffer::<{ PANEL * MAX_WIDTH }>::new();
            for (i, sums) in sums.iter().enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    sum.store(tile.at().add((i * V + v) * L::N));
                }
            }
            let mut turned = Buffer::<{ PANEL * PANEL }>::new();
            for v in 0..V {
                L::transpose(tile.at().add(v * L::N), V * L::N, H, turned.at(), L::N);
                for lane in 0..live::<L>(v, place.width) {
                    let to = c.add((v * L::N + lane) * job.c_row);
                    L::load(turned.at().add(lane * L::N)).store_first(to, H);
                }
            }
        } else {
            for (i, sums) in sums.iter().enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    let to = c.wrapping_add(i * job.c_row + v * L::N);
                    if place.width == V * L::N {
                        sum.store(to);
                    } else {
                        sum.store_first(to, live::<L>(v, place.width));
                    }
                }
            }
        }
    }
}
