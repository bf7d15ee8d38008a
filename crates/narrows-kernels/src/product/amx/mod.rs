//! Products of `f32` numbers on the tiles of AMX, which multiply bfloat16 numbers.
//!
//! A `f32` has 24 significant bits, a bfloat16 has 8 and the same exponents: a number is the exact sum of
//! three of them, `x = h + m + l`, each some 256 times smaller than the one before. Of the nine products of
//! the parts of two numbers six are worked out, each exactly, and added up in `f32`; the three left out are
//! below the last bit of the sum. (Henry, Tang and Heinecke 2019, "Leveraging the bfloat16 artificial
//! intelligence datatype for higher-precision computations".) A tile multiplies sixteen times as fast as
//! vectors do, so that six products are still more than twice as fast, and the sums are as accurate, as the
//! tests show.
//!
//! What differs from vectors: numbers below some 1e-33 lose bits, products below the normal numbers are 0,
//! and a factor that is infinite gives NaN.
//!
//! One side of the product stays: up to [`STAY`] of its rows or columns are packed into parts at once. The other
//! passes by, a [`BLOCK`] at a time. Each element is summed over `k` in the same order wherever it lies.

mod pack;
mod sizes;
mod tiles;

use super::buffer::Buffer;
use super::job::{Job, K_BLOCK};
use crate::aligned::Aligned;
use crate::lanes::{Avx512, Lanes};
use pack::{
    Place, interleave, interleave_pairs, natural, natural_rows, transpose_interleave,
    transpose_natural,
};
use sizes::{BLOCK, PASS_STEPS, STEP, STEP_BYTES};
use std::cell::RefCell;

/// The rows or columns that stay while the other side passes by: with [`K_BLOCK`] numbers each, 768 KiB.
const STAY: usize = 128;

/// The numbers of memory that this takes.
const STAY_LEN: usize = STAY / BLOCK * (K_BLOCK / STEP) * STEP_BYTES / size_of::<f32>();

/// The sum over fewer numbers than this is left to vectors.
pub(super) const SMALLEST_K: usize = 32;

/// The three uses of a product in a dense layer, after which both sides lie.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    /// `x Wᵀ`
    Forward,
    /// `dy W`
    InputGradient,
    /// `dyᵀ x`
    WeightGradient,
}

/// A use, and which side stays: the smaller, as far as the other can be packed as it passes.
#[derive(Clone, Copy)]
struct Way {
    usage: Use,
    /// Whether the columns of B stay, rather than the rows of A.
    columns_stay: bool,
}

impl Way {
    fn of(job: &Job) -> Way {
        let usage = match (job.a_column, job.b_is_transposed) {
            (1, true) => Use::Forward,
            (1, false) => Use::InputGradient,
            _ => Use::WeightGradient,
        };
        Way {
            usage,
            columns_stay: usage != Use::WeightGradient && job.m > job.n,
        }
    }

    /// Whether tiles of sums are those of the transpose of C. What passes in a forward product is packed as rows,
    /// whichever side it is.
    fn is_transposed(self) -> bool {
        self.usage == Use::Forward && !self.columns_stay
    }

    /// Whether what stays is packed as rows.
    fn rows_stay(self) -> bool {
        self.usage != Use::Forward && !self.columns_stay
    }
}

thread_local! {
    /// The packed side that stays. Kept, so that no product allocates but the first of a thread that was not
    /// prepared.
    static STAYING: RefCell<Aligned> = const { RefCell::new(Aligned::empty()) };
}

fn allocate(stay: &mut Aligned) {
    if stay.is_empty() {
        *stay = Aligned::zeros(STAY_LEN);
    }
}

/// As [`super::prepare`].
pub(super) fn prepare() -> usize {
    STAYING.with_borrow_mut(allocate);
    STAY_LEN
}

/// Whether a product is one for the tiles.
pub(super) fn takes(job: &Job, k: usize) -> bool {
    k >= SMALLEST_K && (job.a_column == 1 || (job.a_row == 1 && !job.b_is_transposed))
}

/// One block of `k` of a product.
///
/// # Safety
///
/// The matrices of `job` hold what their shapes and strides say, the product [`takes`] it, `k` is at most
/// [`K_BLOCK`], and the CPU and the system have AMX.
pub(super) unsafe fn run(job: &Job) {
    STAYING.with_borrow_mut(|stay| {
        allocate(stay);
        // SAFETY: the caller's promises; there is room for a block of `k`.
        unsafe { blocks(job, stay.as_mut_ptr().cast()) }
    });
}

/// # Safety
///
/// As [`run`]; `stay` has room for [`STAY`] rows of parts.
#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
unsafe fn blocks(job: &Job, stay: *mut u8) {
    let way = Way::of(job);
    let (all, passing) = match way.columns_stay {
        true => (job.n, job.m),
        false => (job.m, job.n),
    };
    let panel = job.k.div_ceil(STEP) * STEP_BYTES;
    // SAFETY: rows, columns and `k` stay inside the matrices; panels stay inside the buffer; the
    // configuration is one that the CPU takes.
    unsafe {
        tiles::configure();
        let mut first = 0;
        while first < all {
            let count = (all - first).min(STAY);
            for (index, start) in (0..count).step_by(BLOCK).enumerate() {
                let place = Place {
                    rows: (count - start).min(BLOCK),
                    k: job.k,
                    to: stay.add(index * panel),
                };
                let start = first + start;
                match (way.usage, way.columns_stay) {
                    (Use::Forward, false) => {
                        transpose_natural(job.a.add(start * job.a_row), job.a_row, place)
                    }
                    (Use::Forward, true) => {
                        transpose_natural(job.b.add(start * job.b_row), job.b_row, place)
                    }
                    (Use::InputGradient, false) => {
                        natural(job.a.add(start * job.a_row), job.a_row, place)
                    }
                    (Use::InputGradient, true) => interleave(job.b.add(start), job.b_row, place),
                    (Use::WeightGradient, _) => {
                        transpose_interleave(job.a.add(start), job.a_column, place)
                    }
                }
            }
            let staying = Staying {
                job,
                way,
                first,
                count,
                packed: stay,
                panel,
                passing,
            };
            staying.multiply_all();
            first += count;
        }
        tiles::release();
    }
}

/// A part of `k` of a block of the side that passes by.
#[derive(Clone, Copy, Default)]
struct Chunk {
    /// The first of the rows of A, or columns of B, and how many they are.
    start: usize,
    count: usize,
    k: usize,
    len: usize,
}

impl Chunk {
    const K: usize = PASS_STEPS * STEP;

    fn first(passing: usize, k: usize) -> Self {
        Chunk {
            start: 0,
            count: passing.min(BLOCK),
            k: 0,
            len: k.min(Self::K),
        }
    }

    fn next(self, passing: usize, all_k: usize) -> Option<Self> {
        let k = self.k + self.len;
        if k < all_k {
            return Some(Chunk {
                k,
                len: (all_k - k).min(Self::K),
                ..self
            });
        }
        let start = self.start + self.count;
        (start < passing).then(|| Chunk {
            start,
            count: (passing - start).min(BLOCK),
            k: 0,
            len: all_k.min(Self::K),
        })
    }
}

/// Rows of A, or columns of B, that stay while the others pass by.
struct Staying<'a> {
    job: &'a Job,
    way: Way,
    /// The first of them.
    first: usize,
    /// How many they are.
    count: usize,
    /// They, as panels.
    packed: *const u8,
    /// The bytes from a panel to the next.
    panel: usize,
    /// How many pass by.
    passing: usize,
}

impl Staying<'_> {
    /// Multiplies all. What tiles do and what vectors do alternates in turns that are short enough for the CPU to
    /// do both at once: while a chunk is multiplied, the next is packed and the block before is finished.
    ///
    /// # Safety
    ///
    /// As [`blocks`]; they are packed.
    #[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
    unsafe fn multiply_all(&self) {
        let job = self.job;
        let mut packed = Buffer::<{ 2 * PASS_STEPS * STEP_BYTES / size_of::<f32>() }>::new();
        let mut sums = Buffer::<{ 2 * STAY * BLOCK }>::new();
        let panels = self.count.div_ceil(BLOCK);
        // SAFETY: by the caller's promise; halves of buffers; `tiles` alone uses tiles.
        unsafe {
            let mut now = packed.at().cast::<u8>();
            let mut then = now.add(PASS_STEPS * STEP_BYTES);
            let mut sums = sums.at();
            let mut sums_before = sums.add(STAY * BLOCK);
            let mut chunk = Chunk::first(self.passing, job.k);
            Beside::new(self, Some((chunk, now)), None, 1).rest();
            let mut before = None;
            loop {
                let next = chunk.next(self.passing, job.k);
                let steps = chunk.len.div_ceil(STEP);
                let turns = panels * steps * tiles::TURNS;
                let pack = next.map(|next| (next, then));
                let mut beside = Beside::new(self, pack, before, turns);
                for index in 0..panels {
                    let start = index * BLOCK;
                    let block = sums.add(start * BLOCK);
                    let is_last = chunk.k + chunk.len == job.k;
                    let step = chunk.k / STEP * STEP_BYTES;
                    let stay = self.packed.add(index * self.panel + step);
                    let (mut a, mut b) = match self.way.rows_stay() {
                        true => (stay, now.cast_const()),
                        false => (now.cast_const(), stay),
                    };
                    // The sums of a single panel stay where they are.
                    if chunk.k == 0 || panels > 1 {
                        tiles::begin(chunk.k > 0, block, BLOCK);
                    }
                    for _ in 0..steps {
                        for turn in 0..tiles::TURNS {
                            match self.way.columns_stay && self.way.usage == Use::Forward {
                                // The parts of W are those of B here, and meet those of x as they do
                                // when they are those of A.
                                true => tiles::mirrored_turn(turn, a, b),
                                false => tiles::turn(turn, a, b),
                            }
                            beside.turn();
                        }
                        (a, b) = (a.add(STEP_BYTES), b.add(STEP_BYTES));
                    }
                    if is_last && self.is_direct(chunk, start) {
                        let (row, column) = self.place(chunk, start, 0, 0);
                        tiles::end(job.c.add(row * job.c_row + column), job.c_row);
                    } else if is_last || panels > 1 {
                        tiles::end(block, BLOCK);
                    }
                }
                beside.rest();
                before = None;
                if chunk.k + chunk.len == job.k {
                    before = Some((chunk, sums));
                    std::mem::swap(&mut sums, &mut sums_before);
                }
                let Some(next) = next else { break };
                std::mem::swap(&mut now, &mut then);
                chunk = next;
            }
            Beside::new(self, None, before, 1).rest();
        }
    }

    /// Whether the sums of a panel's whole block go to where they belong as they are.
    #[inline(always)]
    fn is_direct(&self, chunk: Chunk, start: usize) -> bool {
        let is_plain = !self.job.accumulate && self.job.bias.is_null();
        let is_whole = chunk.count == BLOCK && self.count - start >= BLOCK;
        is_plain && is_whole && !self.way.is_transposed()
    }

    /// The row and column in C of a sum, so far into a panel that stays, and into a chunk that passes.
    #[inline(always)]
    fn place(&self, chunk: Chunk, panel: usize, stay: usize, pass: usize) -> (usize, usize) {
        let (stay, pass) = (self.first + panel + stay, chunk.start + pass);
        match self.way.columns_stay {
            true => (pass, stay),
            false => (stay, pass),
        }
    }
}

/// What vectors do beside the tiles, bit by bit: rows, or pairs of rows, of a chunk are packed, then squares of a
/// block are finished.
struct Beside<'a> {
    staying: &'a Staying<'a>,
    /// What to pack, from where, and how it lies.
    place: Place,
    from: *const f32,
    row: usize,
    /// The chunk whose block to finish, and its sums.
    finish: Chunk,
    sums: *mut f32,
    /// How many bits have been done, how many are packing, and how many there are.
    done: usize,
    packing: usize,
    all: usize,
    /// How many are done in a turn.
    a_turn: usize,
}

impl<'a> Beside<'a> {
    /// # Safety
    ///
    /// What is to be packed is there, with room for it; the sums are whole, and stay so.
    #[inline(always)]
    unsafe fn new(
        staying: &'a Staying<'a>,
        pack: Option<(Chunk, *mut u8)>,
        finish: Option<(Chunk, *mut f32)>,
        turns: usize,
    ) -> Self {
        let job = staying.job;
        let packing = if pack.is_some() { BLOCK } else { 0 };
        let panels = staying.count.div_ceil(BLOCK);
        let squares = if finish.is_some() { 4 * panels } else { 0 };
        let (pack, to) = pack.unwrap_or((Chunk::default(), std::ptr::null_mut()));
        let (finish, sums) = finish.unwrap_or((Chunk::default(), std::ptr::null_mut()));
        let (from, row) = match (staying.way.usage, staying.way.columns_stay) {
            (Use::Forward, false) => (
                job.b.wrapping_add(pack.start * job.b_row + pack.k),
                job.b_row,
            ),
            (_, true) => (
                job.a.wrapping_add(pack.start * job.a_row + pack.k),
                job.a_row,
            ),
            _ => (
                job.b.wrapping_add(pack.k * job.b_row + pack.start),
                job.b_row,
            ),
        };
        Beside {
            staying,
            place: Place {
                rows: pack.count,
                k: pack.len,
                to,
            },
            from,
            row,
            finish,
            sums,
            done: 0,
            packing,
            all: packing + squares,
            a_turn: (packing + squares).div_ceil(turns),
        }
    }

    /// The bits of a turn.
    ///
    /// # Safety
    ///
    /// The CPU has AVX-512 with words.
    #[inline(always)]
    unsafe fn turn(&mut self) {
        // SAFETY: by the caller's promise.
        unsafe { self.until((self.done + self.a_turn).min(self.all)) }
    }

    /// All bits that are left.
    ///
    /// # Safety
    ///
    /// As [`Beside::turn`].
    #[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
    unsafe fn rest(&mut self) {
        // SAFETY: by the caller's promise.
        unsafe { self.until(self.all) }
    }

    /// # Safety
    ///
    /// As [`Beside::turn`].
    #[inline(always)]
    unsafe fn until(&mut self, end: usize) {
        let bits = self.done..end.min(self.packing);
        let squares = self.done.max(self.packing)..end;
        self.done = end;
        // SAFETY: by the caller's promise, and that of `new`.
        unsafe {
            match self.staying.way.rows_stay() {
                true => interleave_pairs(self.from, self.row, self.place, bits),
                false => natural_rows(self.from, self.row, self.place, bits),
            }
            for square in squares {
                finish(self.staying, self.finish, square - self.packing, self.sums);
            }
        }
    }
}

/// Brings a square of sixteen by sixteen sums to where it belongs in C; the squares of a panel are counted
/// first.
///
/// # Safety
///
/// As [`blocks`]; `sums` are whole.
#[inline(always)]
unsafe fn finish(staying: &Staying<'_>, chunk: Chunk, square: usize, sums: *mut f32) {
    let (job, way) = (staying.job, staying.way);
    let panel = square / 4 * BLOCK;
    let (stay, pass) = (square / 2 % 2 * 16, square % 2 * 16);
    let stays = (staying.count - panel).min(BLOCK).saturating_sub(stay);
    let passes = chunk.count.saturating_sub(pass);
    if stays == 0 || passes == 0 || staying.is_direct(chunk, panel) {
        return;
    }
    let (rows, columns) = match way.columns_stay {
        true => (passes, stays),
        false => (stays, passes),
    };
    let live = columns.min(16);
    let mut turned = Buffer::<256>::new();
    // SAFETY: squares stay inside the blocks; only live numbers of C and the bias are touched.
    unsafe {
        let at = match way.rows_stay() {
            true => stay * BLOCK + pass,
            false => pass * BLOCK + stay,
        };
        let sums = sums.add(panel * BLOCK + at);
        let (sums, sums_row) = if way.is_transposed() {
            Avx512::transpose(sums, BLOCK, 16, turned.at(), 16);
            (turned.at(), 16)
        } else {
            (sums, BLOCK)
        };
        let (row, column) = staying.place(chunk, panel, stay, pass);
        let bias = match job.bias.is_null() {
            true => Avx512::splat(0.0),
            false => Avx512::load_first(job.bias.add(column), live),
        };
        for i in 0..rows.min(16) {
            let sum = Avx512::load(sums.add(i * sums_row));
            let c = job.c.add((row + i) * job.c_row + column);
            let start = match job.accumulate {
                true => Avx512::load_first(c, live),
                false => bias,
            };
            start.add(sum).store_first(c, live);
        }
    }
}
