//! The exact norm for two affine maps, each followed by ReLU, computed by counting.
//!
//! Let W and A be the weights of the two maps, and D_b, E_b diagonal matrices that mark the units that are open for row
//! b. The Jacobian is `E_b A D_b W`. Rows differ only in their open and closed gates, so the sum over the batch can be
//! moved into the weights. With `G = W Wᵀ`, and c_ijk the number of rows for which the units i and j of the first map
//! and k of the second are open,
//!
//! ```text
//! Σ_b ‖J_b‖² = Σ_ij G_ij S_ij,  S_ij = Σ_k A_ki A_kj c_ijk
//! gradient by A: 2 H,           H_ki = Σ_j A_kj G_ij c_ijk,  and  Σ_b ‖J_b‖² = Σ_ki A_ki H_ki
//! gradient by W: 2 S W
//! ```
//!
//! A word holds the gates of 64 rows, so a count over 64 rows is the number of bits of an intersection. A step with
//! this penalty takes two thirds of the time of a step that takes probes through the functions for every row.

use super::norm::Contraction;
use super::rows::Scaled;
use super::squared::{Squared, mirrored, tile, tiles};
use super::tiles::start;
use crate::program::{
    Bit, Buffer, ColumnContext, ColumnOperation, ColumnPart, Lower, Mode, Part, TensorId,
    TileContext, TileOperation, Uses,
};
use narrows_kernels::bits::{words, words_mut};
use narrows_kernels::counts::{Gated, open, room, set, size};
use narrows_kernels::reduce::dot;
use std::ops::Range;

/// The number of rows of a word of gates.
const WORD: usize = 64;

/// The place of the second affine map in such a chain.
const SECOND: usize = 2;

/// The second affine map: `[outputs, units]` weights.
#[derive(Clone, Copy, Debug)]
struct Second {
    weights: TensorId,
    units: usize,
    outputs: usize,
}

impl Contraction {
    /// Emits the operations of the norm by counting.
    pub(super) fn lower_counted(&self, lower: &mut Lower<'_>) {
        let (first, link) = (Squared::of(&self.chain[0]), &self.chain[SECOND]);
        let second = Second {
            weights: link.tensors[0],
            units: link.function.inputs(),
            outputs: link.function.outputs(),
        };
        let Second { units, outputs, .. } = second;
        let learns = lower.mode() == Mode::Training;
        let gram = first.gram(true, lower);
        let weights = lower.whole("second weights, transposed", units, room(outputs));
        lower.columns(Transpose {
            second,
            to: weights,
        });
        let rectifier = self.chain.get(SECOND + 1);
        let inner = lower.buffer_of(self.chain[1].x);
        let outer = lower.buffer_of(link.y);
        let inner = Gates::emit(units, inner, true, lower);
        let outer = Gates::emit(outputs, outer, rectifier.is_some(), lower);
        let counted = Counted {
            second,
            reads: [gram, weights, inner.memory(), outer.memory()],
            batch: lower.batch(),
            sums: lower.whole("counted gradient by second weights", units, room(outputs)),
            norms: lower.whole("norms of units", units, 1),
            squares: learns.then(|| lower.whole("sum of squares of probes", units, units)),
        };
        let (sums, norms, squares) = (counted.sums, counted.norms, counted.squares);
        lower.columns(counted);
        let scaled = self.scale();
        lower.loss(&self.norm.name, scaled.weight, norms, scaled.mean);
        if let Some(squares) = squares {
            first.gradient(squares, scaled, lower);
            lower.tile(
                second.weights,
                SecondGradient {
                    second,
                    scaled,
                    sums,
                },
            );
        }
    }
}

/// `Aᵀ`, with zeros up to whole groups of units.
#[derive(Debug)]
struct Transpose {
    second: Second,
    to: Buffer,
}

impl ColumnOperation for Transpose {
    fn label(&self) -> String {
        "transpose weights".into()
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().writes([self.to])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let Second { units, outputs, .. } = self.second;
        let part = |tile: Range<usize>| ColumnPart {
            work: tile.len() * outputs,
            read: tile.len() * outputs,
            writes: vec![self.to.rect(tile, 0..room(outputs))],
        };
        tiles(units).map(part).collect()
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let Second {
            weights,
            units,
            outputs,
        } = self.second;
        let (tile, room) = (tile(units, context.part), room(outputs));
        let weights = context.tensors.get(weights);
        let [to] = context.buffers.all_mut();
        to.fill(0.0);
        for (k, weights) in weights.chunks_exact(units).enumerate() {
            let column = to[k..].iter_mut().step_by(room);
            let weights = &weights[tile.clone()];
            column.zip(weights).for_each(|(to, from)| *to = *from);
        }
    }
}

/// Computes which units are open for each row of the batch.
#[derive(Debug)]
struct Gates {
    units: usize,
    /// The input of the ReLU, or the value in its place.
    x: Buffer,
    /// Whether there is a ReLU; if not, all gates are open.
    is_rectified: bool,
    to: Buffer<Bit>,
    batch: usize,
}

impl Gates {
    fn emit(units: usize, x: Buffer, is_rectified: bool, lower: &mut Lower<'_>) -> Buffer<Bit> {
        let batch = lower.batch();
        let to = lower.whole("gates", batch.div_ceil(WORD), WORD * room(units));
        lower.columns(Gates {
            units,
            x,
            is_rectified,
            to,
            batch,
        });
        to
    }
}

impl ColumnOperation for Gates {
    fn label(&self) -> String {
        let what = if self.is_rectified { "set" } else { "open" };
        format!("{what} gates of {} units", self.units)
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.x]).writes([self.to])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let part = |word: usize| ColumnPart {
            work: WORD * self.units,
            read: WORD * self.units,
            writes: vec![self.to.memory().rect(word..word + 1, 0..size(self.units))],
        };
        (0..self.batch.div_ceil(WORD)).map(part).collect()
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let count = context.rows();
        let start = (context.part * WORD).min(count);
        let rows = start..(start + WORD).min(count);
        let ([x], [to]) = context.buffers.access([self.x.index()], count);
        let to = words_mut(to);
        if self.is_rectified {
            set(
                self.units,
                &x[rows.start * self.units..rows.end * self.units],
                to,
            )
        } else {
            open(self.units, rows.len(), to)
        }
    }
}

/// Computes S, `Hᵀ` and the contribution of each unit of the first map to the norm.
#[derive(Debug)]
struct Counted {
    second: Second,
    /// G, `Aᵀ`, and the gates of both maps.
    reads: [Buffer; 4],
    batch: usize,
    sums: Buffer,
    norms: Buffer,
    /// The buffer for S, if something is learned.
    squares: Option<Buffer>,
}

impl ColumnOperation for Counted {
    fn label(&self) -> String {
        "count gates".into()
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads(self.reads);
        uses.writes([self.sums, self.norms]).writes(self.squares)
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let Second { units, outputs, .. } = self.second;
        let part = |tile: Range<usize>| {
            let mut writes = vec![
                self.sums.rect(tile.clone(), 0..room(outputs)),
                self.norms.rect(tile.clone(), 0..1),
            ];
            let squares = self.squares;
            writes.extend(squares.map(|squares| squares.rect(tile.clone(), 0..units)));
            ColumnPart {
                // This takes as long as the counting.
                work: self.batch * tile.len() * units * outputs / 4,
                read: units * (tile.len() + room(outputs)),
                writes,
            }
        };
        tiles(units).map(part).collect()
    }

    fn scratch(&self) -> usize {
        2 * self.second.units
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let Second { units, outputs, .. } = self.second;
        let (isa, rows, room) = (context.isa, context.rows(), room(outputs));
        let tile = tile(units, context.part);
        let (row, apart) = context.scratch[..2 * units].split_at_mut(units);
        let reads = self.reads.map(Buffer::index);
        let buffers = &mut context.buffers;
        let (reads, sums, norms, squares) = match self.squares {
            Some(_) => {
                let (reads, [sums, norms, squares]) = buffers.access(reads, rows);
                (reads, sums, norms, squares)
            }
            None => {
                let (reads, [sums, norms]) = buffers.access(reads, rows);
                (reads, sums, norms, &mut [][..])
            }
        };
        let [gram, weights, inner, outer] = reads;
        let gated = Gated::new([words(inner), words(outer)], [units, outputs], weights);
        for (at, i) in tile.enumerate() {
            mirrored(gram, units, i, row);
            let own = squares.get_mut(at * units..(at + 1) * units);
            let h = &mut sums[at * room..(at + 1) * room];
            gated.sums(isa, i, row, own.unwrap_or(apart), h);
            norms[at] = dot(isa, &weights[i * room..(i + 1) * room], h);
        }
    }
}

/// Computes the gradient `2 H` of A.
#[derive(Debug)]
struct SecondGradient {
    second: Second,
    scaled: Scaled,
    sums: Buffer,
}

impl TileOperation for SecondGradient {
    fn label(&self) -> String {
        "add a counted gradient".into()
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.sums])
    }

    fn work(&self) -> usize {
        self.second.outputs * self.second.units
    }

    fn depth(&self) -> Option<usize> {
        Some(1)
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn run(&self, context: &mut TileContext<'_>, gradient: &mut [f32]) {
        start(context, gradient);
        let Second { units, outputs, .. } = self.second;
        let factor = self.scaled.factor(context.rows());
        let (sums, room) = (context.get(self.sums), room(outputs));
        let first = context.place.start / units;
        for (k, gradient) in (first..).zip(gradient.chunks_exact_mut(units)) {
            let column = sums[k..].iter().step_by(room);
            gradient
                .iter_mut()
                .zip(column)
                .for_each(|(to, from)| *to += factor * from);
        }
    }
}
