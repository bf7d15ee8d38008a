//! What an exact Jacobian saves where a ReLU follows the first layer.
//!
//! A ReLU stops about half of the first layer's units for each row, the same for all its probes. Where A are the
//! units that it lets pass, v_1 is 0 elsewhere, and of `G = W Wᵀ` only the rows and columns A matter:
//!
//! ```text
//! v_1 = v_2 at A,   w_1 = G_AA v_1,   w_2 = w_1 at A and 0 elsewhere
//! Σ u uᵀ gets v_1 v_1ᵀ at the rows and columns A
//! ```
//!
//! So v_1 and w_1 hold as many numbers for each probe as A has units, all probes of a row side by side where the
//! first of them begins. That is a quarter of the arithmetic.

use narrows_kernels::Isa;
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::split::RowBlock;
use std::ops::Range;

/// The units of the first layer that let a row pass.
#[derive(Debug)]
pub(super) struct Units {
    /// How many the layer has.
    all: usize,
    /// The slab with a list for each row: its length, and the units in order.
    pub(super) slab: usize,
}

/// An integer in a slab: its bits, which are only ever copied.
fn integer(number: &f32) -> usize {
    number.to_bits() as usize
}

impl Units {
    pub(super) fn plan(all: usize, widths: &mut Vec<usize>) -> Units {
        widths.push(all + 1);
        Units {
            all,
            slab: widths.len() - 1,
        }
    }

    /// The list of a row.
    pub(super) fn of<'a>(&self, lists: &'a [f32], row: usize) -> &'a [f32] {
        let list = &lists[row * (self.all + 1)..(row + 1) * (self.all + 1)];
        &list[1..1 + integer(&list[0])]
    }

    /// Finds the units that let rows pass from what they read, `x`, and picks their numbers from `v_2` to `v_1`.
    /// All are slabs, as is the number of probes of each row.
    pub(super) fn gather(
        &self,
        block: &mut RowBlock<'_>,
        [counts, x, v_2]: [usize; 3],
        v_1: usize,
    ) {
        let ([x], lists) = block.read_write([x], self.slab);
        let rows = x.chunks_exact(self.all);
        for (x, list) in rows.zip(lists.chunks_exact_mut(self.all + 1)) {
            let mut len = 0;
            for (unit, &x) in x.iter().enumerate() {
                // Written in any case, and kept if the unit lets pass.
                list[1 + len] = f32::from_bits(unit as u32);
                len += usize::from(x > 0.0);
            }
            list[0] = f32::from_bits(len as u32);
        }
        let ([counts, lists, v_2], v_1) = block.read_write([counts, self.slab, v_2], v_1);
        self.each_row(counts, lists, |probes, list| {
            let from = v_2[probes.start * self.all..probes.end * self.all].chunks_exact(self.all);
            let to = v_1[probes.start * self.all..].chunks_exact_mut(list.len().max(1));
            for (from, to) in from.zip(to) {
                pick(from, list, to);
            }
        });
    }

    /// `w_1` from `v_1`, with `G` of `[all, all]`.
    pub(super) fn square(
        &self,
        isa: Isa,
        g: &[f32],
        block: &mut RowBlock<'_>,
        [counts, v_1]: [usize; 2],
        w_1: usize,
        scratch: &mut [f32],
    ) {
        let ([counts, lists, v_1], w_1) = block.read_write([counts, self.slab, v_1], w_1);
        self.each_row(counts, lists, |probes, list| {
            let len = list.len();
            if len == 0 || probes.is_empty() {
                return;
            }
            let picked = &mut scratch[..len * len];
            for (unit, to) in list.iter().zip(picked.chunks_exact_mut(len)) {
                let unit = integer(unit);
                pick(&g[unit * self.all..(unit + 1) * self.all], list, to);
            }
            let at = probes.start * self.all;
            let numbers = at..at + probes.len() * len;
            product(
                isa,
                (probes.len(), len, len),
                Left {
                    data: &v_1[numbers.clone()],
                    row: len,
                    column: 1,
                },
                // It is its own transpose, which is read faster.
                Right::transpose_of(picked, len),
                Start::Zero,
                &mut w_1[numbers],
                len,
            );
        });
    }

    /// `w_2`, times a factor, from `w_1`.
    pub(super) fn scatter(
        &self,
        block: &mut RowBlock<'_>,
        [counts, w_1]: [usize; 2],
        w_2: usize,
        factor: f32,
    ) {
        let ([counts, lists, w_1], w_2) = block.read_write([counts, self.slab, w_1], w_2);
        self.each_row(counts, lists, |probes, list| {
            let from = w_1[probes.start * self.all..].chunks_exact(list.len().max(1));
            let to = &mut w_2[probes.start * self.all..probes.end * self.all];
            to.fill(0.0);
            for (from, to) in from.zip(to.chunks_exact_mut(self.all)) {
                for (unit, from) in list.iter().zip(from) {
                    to[integer(unit)] = factor * from;
                }
            }
        });
    }

    /// Adds a row's `v_1 v_1ᵀ` to some rows of `Σ u uᵀ`, from the column of the first of them on.
    pub(super) fn add_square(
        &self,
        isa: Isa,
        rows: Range<usize>,
        (list, v_1): (&[f32], &[f32]),
        sums: &mut [f32],
        scratch: &mut [f32],
    ) {
        let first = list.partition_point(|unit| integer(unit) < rows.start);
        let end = list.partition_point(|unit| integer(unit) < rows.end);
        let (height, width) = (end - first, list.len() - first);
        if height == 0 || v_1.is_empty() {
            return;
        }
        let v_1 = &v_1[first..];
        let part = &mut scratch[..height * width];
        product(
            isa,
            (height, width, v_1.len().div_ceil(list.len())),
            Left {
                data: v_1,
                row: 1,
                column: list.len(),
            },
            Right::row_major(v_1, list.len()),
            Start::Zero,
            part,
            width,
        );
        for (unit, part) in list[first..end].iter().zip(part.chunks_exact(width)) {
            let sums = &mut sums[(integer(unit) - rows.start) * self.all..][..self.all];
            for (unit, part) in list[first..].iter().zip(part) {
                sums[integer(unit)] += part;
            }
        }
    }

    /// Calls `f` for each row of a block with its probes and its list.
    fn each_row(&self, counts: &[f32], lists: &[f32], mut f: impl FnMut(Range<usize>, &[f32])) {
        let mut at = 0;
        for (row, &count) in counts.iter().enumerate() {
            let probes = at..at + count as usize;
            at = probes.end;
            f(probes, self.of(lists, row));
        }
    }
}

/// The numbers of a slice at the units of a list.
fn pick(from: &[f32], list: &[f32], to: &mut [f32]) {
    for (unit, to) in list.iter().zip(to) {
        *to = from[integer(unit)];
    }
}
