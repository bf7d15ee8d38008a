//! Parts of matrices, packed in the order in which tiles read them.
//!
//! A panel has up to 32 rows of A, or columns of B, and all of `k`. For each step of 32 numbers of `k` it has the parts
//! h, m and l, of two tiles each. A tile of A has a row for each row of A, with the step's numbers side by side. A tile
//! of B has a row for each pair of `k`, with the pairs of sixteen columns side by side. Missing numbers of a tile are
//! 0.

use super::sizes::{BLOCK, PASS_STEPS, STEP, STEP_BYTES, TILE};
use crate::lanes::{Avx512, Lanes};
use crate::product::buffer::Buffer;
use std::arch::x86_64::*;
use std::ops::Range;

/// The distance from a part to the next.
const PART: usize = 2 * TILE;

/// The bytes of a row of a tile.
const ROW: usize = 64;

/// The place of a panel, and the numbers that exist in it.
#[derive(Clone, Copy)]
pub(super) struct PanelPlace {
    /// The rows of A or columns of B.
    pub(super) rows: usize,
    /// The numbers of `k`.
    pub(super) k: usize,
    /// The panel.
    pub(super) to: *mut u8,
}

/// The parts of sixteen numbers. Each part is in the upper half of its lane; the lower half is 0.
type Bf16Parts = [__m512i; 3];

/// A mask of the first `n` lanes.
#[inline(always)]
fn first(n: usize) -> __mmask16 {
    ((1u32 << n.min(16)) - 1) as __mmask16
}

/// Splits numbers into three parts; each number is the sum of its parts.
///
/// # Safety
///
/// The CPU has AVX-512.
#[inline(always)]
unsafe fn split(x: __m512) -> Bf16Parts {
    // SAFETY: by the caller's promise.
    unsafe {
        let upper = _mm512_set1_epi32(0xffff_0000_u32 as i32);
        // Rounded to nearest, so that the rest is as small as possible, with either sign.
        let bits = _mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x8000));
        let h = _mm512_and_si512(bits, upper);
        let rest = _mm512_sub_ps(x, _mm512_castsi512_ps(h));
        let m = _mm512_and_si512(_mm512_castps_si512(rest), upper);
        // At most eight bits are left, which is exactly a bfloat16.
        let l = _mm512_sub_ps(rest, _mm512_castsi512_ps(m));
        [h, m, _mm512_castps_si512(l)]
    }
}

/// The bfloat16 numbers of `a` and then of `b`.
///
/// # Safety
///
/// The CPU has AVX-512 with words.
#[inline(always)]
unsafe fn side_by_side(a: __m512i, b: __m512i) -> __m512i {
    const UPPER: [u16; 32] = {
        let mut words = [0; 32];
        let mut i = 0;
        while i < 32 {
            words[i] = 2 * i as u16 + 1;
            i += 1;
        }
        words
    };
    // SAFETY: by the caller's promise.
    unsafe {
        let order = _mm512_loadu_si512(UPPER.as_ptr().cast());
        _mm512_permutex2var_epi16(a, order, b)
    }
}

/// The bfloat16 numbers of `a` and `b` in pairs.
///
/// # Safety
///
/// The CPU has AVX-512.
#[inline(always)]
unsafe fn pairs(a: __m512i, b: __m512i) -> __m512i {
    // SAFETY: by the caller's promise.
    unsafe {
        let upper = _mm512_set1_epi32(0xffff_0000_u32 as i32);
        // a's upper half moved down, or b's upper half.
        _mm512_or_si512(_mm512_srli_epi32(a, 16), _mm512_and_si512(b, upper))
    }
}

/// The parts of a step of a row of contiguous numbers, `live` of them.
///
/// # Safety
///
/// The CPU has AVX-512 with words; `live` numbers lie at `from`.
#[inline(always)]
unsafe fn step_of_row(from: *const f32, live: usize) -> Bf16Parts {
    // SAFETY: by the caller's promise; masked lanes are not read.
    unsafe {
        let (a, b) = if live >= STEP {
            (_mm512_loadu_ps(from), _mm512_loadu_ps(from.add(16)))
        } else {
            (
                _mm512_maskz_loadu_ps(first(live), from),
                _mm512_maskz_loadu_ps(first(live.saturating_sub(16)), from.wrapping_add(16)),
            )
        };
        let (a, b) = (split(a), split(b));
        [
            side_by_side(a[0], b[0]),
            side_by_side(a[1], b[1]),
            side_by_side(a[2], b[2]),
        ]
    }
}

/// The parts of two rows of sixteen numbers in pairs; `live` numbers of a row, and the second row, if there
/// is one.
///
/// # Safety
///
/// As [`step_of_row`], for each row.
#[inline(always)]
unsafe fn pairs_of_rows(a: *const f32, b: Option<*const f32>, live: usize) -> Bf16Parts {
    // SAFETY: by the caller's promise; masked lanes are not read.
    unsafe {
        let live = first(live);
        let a = split(_mm512_maskz_loadu_ps(live, a));
        let b = match b {
            Some(b) => split(_mm512_maskz_loadu_ps(live, b)),
            None => [_mm512_setzero_si512(); 3],
        };
        [pairs(a[0], b[0]), pairs(a[1], b[1]), pairs(a[2], b[2])]
    }
}

/// Stores parts as a row of a tile.
///
/// # Safety
///
/// `to` is the row in the first part's tile.
#[inline(always)]
unsafe fn store(parts: Bf16Parts, to: *mut u8) {
    for (part, parts) in parts.into_iter().enumerate() {
        // SAFETY: by the caller's promise.
        unsafe { _mm512_storeu_si512(to.add(part * PART).cast(), parts) }
    }
}

/// Packs rows that are `row` apart, as a panel of A.
///
/// # Safety
///
/// The rows and the panel are there; the CPU has AVX-512 with words.
#[inline(always)]
pub(super) unsafe fn natural(from: *const f32, row: usize, place: PanelPlace) {
    for i in 0..BLOCK {
        for step in 0..place.k.div_ceil(STEP) {
            // SAFETY: by the caller's promise.
            unsafe { natural_step(from, row, place, i, step) }
        }
    }
}

/// Packs a step of row `i` of rows that are `row` apart, as in a panel of A.
///
/// # Safety
///
/// As [`natural`].
#[inline(always)]
unsafe fn natural_step(from: *const f32, row: usize, place: PanelPlace, i: usize, step: usize) {
    let k = step * STEP;
    // SAFETY: by the caller's promise.
    unsafe {
        let parts = if i < place.rows && k < place.k {
            step_of_row(from.add(i * row + k), place.k - k)
        } else {
            [_mm512_setzero_si512(); 3]
        };
        store(parts, place.to.add(step * STEP_BYTES + i * ROW));
    }
}

/// Packs some of the rows of a chunk, which are `row` apart, as in a panel of A.
///
/// # Safety
///
/// As [`natural`]; the panel has the steps of a chunk.
#[inline(always)]
pub(super) unsafe fn natural_rows(
    from: *const f32,
    row: usize,
    place: PanelPlace,
    rows: Range<usize>,
) {
    // SAFETY: by the caller's promise.
    unsafe {
        if place.rows == BLOCK && place.k == PASS_STEPS * STEP {
            for i in rows {
                let (from, to) = (from.add(i * row), place.to.add(i * ROW));
                for step in 0..PASS_STEPS {
                    let parts = step_of_row(from.add(step * STEP), STEP);
                    store(parts, to.add(step * STEP_BYTES));
                }
            }
            return;
        }
        for i in rows {
            for step in 0..PASS_STEPS {
                natural_step(from, row, place, i, step);
            }
        }
    }
}

/// Packs rows of `k` numbers that are `row` apart, as the columns of a panel of B.
///
/// # Safety
///
/// As [`natural`].
#[inline(always)]
pub(super) unsafe fn transpose_natural(from: *const f32, row: usize, place: PanelPlace) {
    // SAFETY: by the caller's promise.
    unsafe {
        let mut to = place.to;
        let mut k = 0;
        while k < place.k {
            for tile in 0..2 {
                let mut squares = Squares::new();
                for i in 0..16 {
                    let row_of = tile * 16 + i;
                    let parts = if row_of < place.rows {
                        step_of_row(from.add(row_of * row + k), place.k - k)
                    } else {
                        [_mm512_setzero_si512(); 3]
                    };
                    squares.set(i, parts);
                }
                squares.turn(to.add(tile * TILE));
            }
            to = to.add(STEP_BYTES);
            k += STEP;
        }
    }
}

/// Packs columns of a matrix whose rows, one for each of `k`, are `row` apart, as a panel of B.
///
/// # Safety
///
/// As [`natural`].
#[inline(always)]
pub(super) unsafe fn interleave(from: *const f32, row: usize, place: PanelPlace) {
    for pair in 0..place.k.div_ceil(STEP) * STEP / 2 {
        for tile in 0..2 {
            // SAFETY: by the caller's promise.
            unsafe {
                let parts = pair_of(from, row, place, 2 * pair, tile);
                store(parts, row_of_pair(place.to, pair).add(tile * TILE));
            }
        }
    }
}

/// The place of a pair of `k` in a panel of B.
#[inline(always)]
fn row_of_pair(panel: *mut u8, pair: usize) -> *mut u8 {
    let step = panel.wrapping_add(pair / (STEP / 2) * STEP_BYTES);
    step.wrapping_add(pair % (STEP / 2) * ROW)
}

/// Packs some of the pairs of rows of a chunk, one row for each of `k`, which are `row` apart, as in a panel of B.
///
/// # Safety
///
/// As [`natural_rows`].
#[inline(always)]
pub(super) unsafe fn interleave_pairs(
    from: *const f32,
    row: usize,
    place: PanelPlace,
    all: Range<usize>,
) {
    // SAFETY: by the caller's promise.
    unsafe {
        if place.rows == BLOCK && place.k == PASS_STEPS * STEP {
            for pair in all {
                let from = from.add(2 * pair * row);
                for tile in 0..2 {
                    let at = from.add(16 * tile);
                    let a = split(_mm512_loadu_ps(at));
                    let b = split(_mm512_loadu_ps(at.add(row)));
                    let parts = [pairs(a[0], b[0]), pairs(a[1], b[1]), pairs(a[2], b[2])];
                    store(parts, row_of_pair(place.to, pair).add(tile * TILE));
                }
            }
            return;
        }
        for pair in all {
            for tile in 0..2 {
                let parts = pair_of(from, row, place, 2 * pair, tile);
                store(parts, row_of_pair(place.to, pair).add(tile * TILE));
            }
        }
    }
}

/// Packs columns of a matrix whose rows, one for each of `k`, are `row` apart, as the rows of a panel of A.
///
/// # Safety
///
/// As [`natural`].
#[inline(always)]
pub(super) unsafe fn transpose_interleave(from: *const f32, row: usize, place: PanelPlace) {
    // SAFETY: by the caller's promise.
    unsafe {
        let mut to = place.to;
        let mut k = 0;
        while k < place.k {
            for tile in 0..2 {
                let mut squares = Squares::new();
                for pair in 0..16 {
                    squares.set(pair, pair_of(from, row, place, k + 2 * pair, tile));
                }
                squares.turn(to.add(tile * TILE));
            }
            to = to.add(STEP_BYTES);
            k += STEP;
        }
    }
}

/// The parts of numbers `k` and `k + 1` of sixteen columns, the columns of a tile.
///
/// # Safety
///
/// As [`natural`].
#[inline(always)]
unsafe fn pair_of(
    from: *const f32,
    row: usize,
    place: PanelPlace,
    k: usize,
    tile: usize,
) -> Bf16Parts {
    let live = place.rows.saturating_sub(tile * 16);
    if k >= place.k || live == 0 {
        // SAFETY: the CPU has AVX-512.
        return unsafe { [_mm512_setzero_si512(); 3] };
    }
    let at = from.wrapping_add(k * row + tile * 16);
    let next = (k + 1 < place.k).then(|| at.wrapping_add(row));
    // SAFETY: by the caller's promise.
    unsafe { pairs_of_rows(at, next, live) }
}

/// The parts of sixteen vectors of pairs, to become the columns of a tile.
struct Squares([Buffer<256>; 3]);

impl Squares {
    #[inline(always)]
    fn new() -> Self {
        Squares([const { Buffer::new() }; 3])
    }

    /// # Safety
    ///
    /// `i` is below 16; the CPU has AVX-512.
    #[inline(always)]
    unsafe fn set(&mut self, i: usize, parts: Bf16Parts) {
        for (square, parts) in self.0.iter_mut().zip(parts) {
            // SAFETY: by the caller's promise.
            unsafe { _mm512_storeu_si512(square.at().add(i * 16).cast(), parts) }
        }
    }

    /// # Safety
    ///
    /// All sixteen are set; `to` is the first part's tile; the CPU has AVX-512.
    #[inline(always)]
    unsafe fn turn(&mut self, to: *mut u8) {
        for (part, square) in self.0.iter_mut().enumerate() {
            // SAFETY: by the caller's promise. Transposing moves numbers, whatever they stand for.
            unsafe {
                let to = to.add(part * PART).cast::<f32>();
                Avx512::transpose(square.at(), 16, 16, to, 16);
            }
        }
    }
}
