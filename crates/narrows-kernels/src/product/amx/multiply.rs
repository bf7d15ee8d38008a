//! A product on the tiles: one side is packed and stays; the other side is packed and multiplied while it passes by.

use super::beside::Beside;
use super::pack::{PanelPlace, interleave, natural, transpose_interleave, transpose_natural};
use super::sizes::{BLOCK, PASS_STEPS, STEP, STEP_BYTES};
use super::staying::Staying;
use super::tiles;
use super::way::{Chunk, ProductUse, Sides};
use crate::aligned::Aligned;
use crate::product::buffer::Buffer;
use crate::product::job::{Job, K_BLOCK};
use std::cell::RefCell;

/// The number of rows or columns that stay while the other side passes by: with [`K_BLOCK`] numbers each, 768 KiB.
const STAY: usize = 128;

/// The size of its memory, in numbers.
const STAY_LEN: usize = STAY / BLOCK * (K_BLOCK / STEP) * STEP_BYTES / size_of::<f32>();

/// Sums over fewer numbers than this stay on vectors.
const SMALLEST_K: usize = 32;

thread_local! {
    /// The packed side that stays. It is kept between products, so only the first product of a thread that was not
    /// prepared allocates.
    static STAYING: RefCell<Aligned> = const { RefCell::new(Aligned::empty()) };
}

fn allocate(stay: &mut Aligned) {
    if stay.is_empty() {
        *stay = Aligned::zeros(STAY_LEN);
    }
}

/// As [`crate::product::prepare`].
pub(in crate::product) fn prepare() -> usize {
    STAYING.with_borrow_mut(allocate);
    STAY_LEN
}

/// Whether a product runs on the tiles.
pub(in crate::product) fn takes(job: &Job, k: usize) -> bool {
    k >= SMALLEST_K && (job.a_column == 1 || (job.a_row == 1 && !job.b_is_transposed))
}

/// One block of `k` of a product.
///
/// # Safety
///
/// The matrices of `job` hold what their shapes and strides say, the product [`takes`] it, `k` is at most
/// [`K_BLOCK`], and the CPU and the system have AMX.
pub(in crate::product) unsafe fn run(job: &Job) {
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
    let way = Sides::of(job);
    let (all, passing) = if way.columns_stay {
        (job.n, job.m)
    } else {
        (job.m, job.n)
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
                let place = PanelPlace {
                    rows: (count - start).min(BLOCK),
                    k: job.k,
                    to: stay.add(index * panel),
                };
                let start = first + start;
                match (way.usage, way.columns_stay) {
                    (ProductUse::Forward, false) => {
                        transpose_natural(job.a.add(start * job.a_row), job.a_row, place)
                    }
                    (ProductUse::Forward, true) => {
                        transpose_natural(job.b.add(start * job.b_row), job.b_row, place)
                    }
                    (ProductUse::InputGradient, false) => {
                        natural(job.a.add(start * job.a_row), job.a_row, place)
                    }
                    (ProductUse::InputGradient, true) => {
                        interleave(job.b.add(start), job.b_row, place)
                    }
                    (ProductUse::WeightGradient, _) => {
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

impl Staying<'_> {
    /// Multiplies everything. The work of tiles and the work of vectors alternate in turns that are short enough for
    /// the CPU to do both at once: while a chunk is multiplied, the next is packed and the block before is finished.
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
                    let (mut a, mut b) = if self.way.rows_stay() {
                        (stay, now.cast_const())
                    } else {
                        (now.cast_const(), stay)
                    };
                    // The sums of a single panel stay in place.
                    if chunk.k == 0 || panels > 1 {
                        tiles::begin(chunk.k > 0, block, BLOCK);
                    }
                    for _ in 0..steps {
                        for turn in 0..tiles::TURNS {
                            if self.way.columns_stay && self.way.usage == ProductUse::Forward {
                                // The parts of W are on side B here. They are multiplied with the parts of x in the
                                // same order as when they are on side A.
                                tiles::mirrored_turn(turn, a, b)
                            } else {
                                tiles::turn(turn, a, b)
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
}
