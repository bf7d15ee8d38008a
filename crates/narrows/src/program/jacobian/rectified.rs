//! The savings of an exact norm if a ReLU follows the squared weights.
//!
//! A ReLU stops about half of the first units for each row, the same units for all probes of the row. Let A be the open
//! units. Then v_1 is 0 elsewhere, and of `G = W Wᵀ` only the rows and columns A are used:
//!
//! ```text
//! v_1 = v_2 at A,   w_1 = G_AA v_1,   w_2 = w_1 at A and 0 elsewhere
//! Σ u uᵀ gets v_1 v_1ᵀ at the rows and columns A
//! ```
//!
//! So v_1 and w_1 hold as many numbers for each probe as A has units; the probes of a row are contiguous, from the
//! place of the row's first probe on. This leaves a quarter of the arithmetic.

use super::packed::{Packed, of_rows};
use super::rows::Scaled;
use crate::program::{Buffer, Cost, Lower, Part, RowContext, RowOperation, Uses};
use narrows_kernels::Isa;
use narrows_kernels::bits::{words, words_mut};
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::reduce::dot;
use std::ops::Range;

/// The units of the first affine map that are open for a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Units {
    /// The number of all units.
    all: usize,
    /// For each row a list: its length, and the units in order.
    pub(super) lists: Buffer<u32>,
}

/// The units that are open for one row, with v_1 at them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Active<'a> {
    units: &'a [u32],
    v: &'a [f32],
}

impl Units {
    pub(super) fn new(all: usize, lower: &mut Lower<'_>) -> Units {
        Units {
            all,
            lists: lower.buffer("active units", all + 1),
        }
    }

    /// The list of a row.
    pub(super) fn of<'a>(&self, lists: &'a [u32], row: usize) -> &'a [u32] {
        let list = &lists[row * (self.all + 1)..(row + 1) * (self.all + 1)];
        &list[1..1 + list[0] as usize]
    }

    /// The probes and the list of each row of a block.
    fn rows<'a>(
        &self,
        counts: &'a [u32],
        lists: &'a [u32],
    ) -> impl Iterator<Item = (Range<usize>, &'a [u32])> {
        let lists = lists.chunks_exact(self.all + 1);
        let lists = lists.map(|list| &list[1..1 + list[0] as usize]);
        of_rows(counts).zip(lists)
    }

    /// Adds a row's `v_1 v_1ᵀ` to some rows of `Σ u uᵀ`, from the column of the first of them on.
    pub(super) fn add_square(
        &self,
        isa: Isa,
        rows: &Range<usize>,
        active: Active<'_>,
        sums: &mut [f32],
        scratch: &mut [f32],
    ) {
        let Active { units, v } = active;
        let first = units.partition_point(|&unit| (unit as usize) < rows.start);
        let end = units.partition_point(|&unit| (unit as usize) < rows.end);
        let (height, width) = (end - first, units.len() - first);
        if height == 0 || v.is_empty() {
            return;
        }
        let v = &v[first..];
        let part = &mut scratch[..height * width];
        product(
            isa,
            (height, width, v.len().div_ceil(units.len())),
            Left {
                data: v,
                row: 1,
                column: units.len(),
            },
            Right::row_major(v, units.len()),
            Start::Zero,
            part,
            width,
        );
        for (&unit, part) in units[first..end].iter().zip(part.chunks_exact(width)) {
            let sums = &mut sums[(unit as usize - rows.start) * self.all..][..self.all];
            for (&unit, part) in units[first..].iter().zip(part) {
                sums[unit as usize] += part;
            }
        }
    }
}

impl<'a> Active<'a> {
    /// `v` has as many numbers per probe as there are units.
    pub(super) fn new(units: &'a [u32], v: &'a [f32]) -> Active<'a> {
        Active { units, v }
    }
}

/// The numbers of a slice at some units.
fn pick(from: &[f32], units: &[u32], to: &mut [f32]) {
    for (&unit, to) in units.iter().zip(to) {
        *to = from[unit as usize];
    }
}

/// Finds the units that are open for each row, and computes `v_1` from `v_2` at them.
#[derive(Debug)]
pub(super) struct GatherOpen {
    pub(super) units: Units,
    pub(super) packed: Packed,
    /// The input of the ReLU.
    pub(super) x: Buffer,
    pub(super) from: Buffer,
    pub(super) to: Buffer,
}

impl RowOperation for GatherOpen {
    fn label(&self) -> String {
        "probes back to active units".into()
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.packed.counts]);
        let uses = uses.reads([self.x, self.from]).writes([self.to]);
        uses.writes([self.units.lists])
    }

    fn cost(&self) -> Cost {
        Cost {
            elements: (1 + self.packed.probes) * self.units.all,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let all = self.units.all;
        let lists = self.units.lists.memory();
        let ([x], lists_mut) = context.buffers.read_write([self.x], lists);
        let rows = x.chunks_exact(all);
        for (x, list) in rows.zip(words_mut(lists_mut).chunks_exact_mut(all + 1)) {
            let mut len = 0;
            for (unit, &x) in x.iter().enumerate() {
                // Written in any case, and kept if the unit is open.
                list[1 + len] = unit as u32;
                len += usize::from(x > 0.0);
            }
            list[0] = len as u32;
        }
        let reads = [self.packed.counts.memory(), lists, self.from];
        let ([counts, lists, from], to) = context.buffers.read_write(reads, self.to);
        for (probes, units) in self.units.rows(words(counts), words(lists)) {
            let from = from[probes.start * all..probes.end * all].chunks_exact(all);
            let to = to[probes.start * all..].chunks_exact_mut(units.len().max(1));
            for (from, to) in from.zip(to) {
                pick(from, units, to);
            }
        }
    }
}

/// Computes the norms of rows, and `w_1 = G_AA v_1`.
#[derive(Debug)]
pub(super) struct SquareActive {
    pub(super) units: Units,
    pub(super) packed: Packed,
    pub(super) gram: Buffer,
    pub(super) v: Buffer,
    pub(super) w: Buffer,
    pub(super) norms: Buffer,
}

impl RowOperation for SquareActive {
    fn label(&self) -> String {
        "squared norms by squared weights of active units".into()
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.packed.counts, self.units.lists]);
        uses.reads([self.v, self.gram]).writes([self.w, self.norms])
    }

    fn cost(&self) -> Cost {
        let all = self.units.all;
        Cost {
            products: self.packed.probes * all * all,
            shared: all * all,
            ..Cost::default()
        }
    }

    fn scratch(&self) -> usize {
        self.units.all * self.units.all
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let all = self.units.all;
        let (isa, scratch) = (context.isa, &mut *context.scratch);
        let lists = self.units.lists.memory();
        let reads = [self.packed.counts.memory(), lists, self.v, self.gram];
        let ([counts, lists, v, gram], [w, norms]) =
            context.buffers.access(reads, [self.w, self.norms]);
        let rows = self.units.rows(words(counts), words(lists));
        for ((probes, units), norm) in rows.zip(norms) {
            let len = units.len();
            let at = probes.start * all;
            let numbers = at..at + probes.len() * len;
            let (v, w) = (&v[numbers.clone()], &mut w[numbers]);
            if !v.is_empty() {
                let picked = &mut scratch[..len * len];
                for (&unit, to) in units.iter().zip(picked.chunks_exact_mut(len)) {
                    let unit = unit as usize;
                    pick(&gram[unit * all..(unit + 1) * all], units, to);
                }
                product(
                    isa,
                    (probes.len(), len, len),
                    Left {
                        data: v,
                        row: len,
                        column: 1,
                    },
                    // The matrix is symmetric; its transpose is read faster.
                    Right::transpose_of(picked, len),
                    Start::Zero,
                    w,
                    len,
                );
            }
            *norm = dot(isa, v, w);
        }
    }
}

/// Computes the scaled `w_2` from `w_1`.
#[derive(Debug)]
pub(super) struct Scatter {
    pub(super) units: Units,
    pub(super) packed: Packed,
    pub(super) scaled: Scaled,
    pub(super) from: Buffer,
    pub(super) to: Buffer,
}

impl RowOperation for Scatter {
    fn label(&self) -> String {
        "probes forth from active units".into()
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.packed.counts, self.units.lists]);
        uses.reads([self.from]).writes([self.to])
    }

    fn cost(&self) -> Cost {
        Cost {
            elements: self.packed.probes * self.units.all,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let all = self.units.all;
        let factor = self.scaled.factor(context.batch.rows());
        let lists = self.units.lists.memory();
        let reads = [self.packed.counts.memory(), lists, self.from];
        let ([counts, lists, from], to) = context.buffers.read_write(reads, self.to);
        for (probes, units) in self.units.rows(words(counts), words(lists)) {
            let from = from[probes.start * all..].chunks_exact(units.len().max(1));
            let to = &mut to[probes.start * all..probes.end * all];
            to.fill(0.0);
            for (from, to) in from.zip(to.chunks_exact_mut(all)) {
                for (&unit, from) in units.iter().zip(from) {
                    to[unit as usize] = factor * from;
                }
            }
        }
    }
}
