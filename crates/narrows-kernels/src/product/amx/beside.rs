//! The work of the vectors while the tiles multiply: they pack the next chunk and finish the block before.

use super::pack::{PanelPlace, interleave_pairs, natural_rows};
use super::sizes::BLOCK;
use super::staying::Staying;
use super::way::{Chunk, ProductUse};
use crate::lanes::{Avx512, Lanes};
use crate::product::buffer::Buffer;

/// The work of the vectors, in small pieces: rows, or pairs of rows, of a chunk are packed, then squares of a block are
/// finished.
pub(super) struct Beside<'a> {
    staying: &'a Staying<'a>,
    /// The numbers to pack, and their place.
    place: PanelPlace,
    from: *const f32,
    row: usize,
    /// The chunk whose block is finished, and its sums.
    finish: Chunk,
    sums: *mut f32,
    /// The number of finished pieces, of packing pieces, and of all pieces.
    done: usize,
    packing: usize,
    all: usize,
    /// The number of pieces per turn.
    a_turn: usize,
}

impl<'a> Beside<'a> {
    /// # Safety
    ///
    /// What is to be packed is there, with room for it; the sums are whole, and stay so.
    #[inline(always)]
    pub(super) unsafe fn new(
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
            (ProductUse::Forward, false) => (
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
            place: PanelPlace {
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

    /// Does the pieces of a turn.
    ///
    /// # Safety
    ///
    /// The CPU has AVX-512 with words.
    #[inline(always)]
    pub(super) unsafe fn turn(&mut self) {
        // SAFETY: by the caller's promise.
        unsafe { self.until((self.done + self.a_turn).min(self.all)) }
    }

    /// Does all remaining pieces.
    ///
    /// # Safety
    ///
    /// As [`Beside::turn`].
    #[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
    pub(super) unsafe fn rest(&mut self) {
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
            if self.staying.way.rows_stay() {
                interleave_pairs(self.from, self.row, self.place, bits)
            } else {
                natural_rows(self.from, self.row, self.place, bits)
            }
            for square in squares {
                finish(self.staying, self.finish, square - self.packing, self.sums);
            }
        }
    }
}

/// Copies a square of sixteen by sixteen sums to its place in C; the squares of a panel are counted first.
///
/// # Safety
///
/// As `blocks` in `multiply.rs`; `sums` are whole.
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
    let (rows, columns) = if way.columns_stay {
        (passes, stays)
    } else {
        (stays, passes)
    };
    let live = columns.min(16);
    let mut turned = Buffer::<256>::new();
    // SAFETY: squares stay inside the blocks; only live numbers of C and the bias are touched.
    unsafe {
        let at = if way.rows_stay() {
            stay * BLOCK + pass
        } else {
            pass * BLOCK + stay
        };
        let sums = sums.add(panel * BLOCK + at);
        let (sums, sums_row) = if way.is_transposed() {
            Avx512::transpose(sums, BLOCK, 16, turned.at(), 16);
            (turned.at(), 16)
        } else {
            (sums, BLOCK)
        };
        let (row, column) = staying.place(chunk, panel, stay, pass);
        let bias = if job.bias.is_null() {
            Avx512::splat(0.0)
        } else {
            Avx512::load_first(job.bias.add(column), live)
        };
        for i in 0..rows.min(16) {
            let sum = Avx512::load(sums.add(i * sums_row));
            let c = job.c.add((row + i) * job.c_row + column);
            let start = if job.accumulate {
                Avx512::load_first(c, live)
            } else {
                bias
            };
            start.add(sum).store_first(c, live);
        }
    }
}
