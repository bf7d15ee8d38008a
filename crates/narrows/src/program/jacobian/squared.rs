//! Squared weights of a first affine map, which avoid the widest products of an exact norm.
//!
//! With W the weights and `G = W Wᵀ`, `‖Wᵀ u‖² = uᵀ G u` and `w_1 = 2 G u`, and the gradient of W is `2 S W` with
//! `S = Σ u uᵀ` over all probes. G and S are symmetric. So for S, and for G if that is enough, each tile of rows stores
//! only the part to the right of the tile's first column.

use super::norm::Link;
use super::packed::{Packed, all};
use super::rectified::{Active, Units};
use super::rows::{Scaled, sum_products};
use crate::program::{
    AddFormed, Buffer, ColumnContext, ColumnOperation, ColumnPart, Cost, Lower, Part, RowContext,
    RowOperation, TensorId, Uses,
};
use narrows_kernels::bits::words;
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::reduce::scale;
use std::ops::Range;

/// The number of rows of a matrix that one thread computes at a time.
const TILE: usize = 48;

/// Tiles of the rows of a matrix.
pub(super) fn tiles(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows.div_ceil(TILE)).map(move |index| tile(rows, index))
}

/// One of the tiles of the rows of a matrix.
pub(super) fn tile(rows: usize, index: usize) -> Range<usize> {
    index * TILE..((index + 1) * TILE).min(rows)
}

/// Row `i` of a symmetric matrix, if each tile of rows stores only the part to the right of its first column.
pub(super) fn mirrored(matrix: &[f32], width: usize, i: usize, row: &mut [f32]) {
    let (left, right) = row.split_at_mut(i / TILE * TILE);
    let column = matrix[i..].iter().step_by(width);
    left.iter_mut()
        .zip(column)
        .for_each(|(to, from)| *to = *from);
    right.copy_from_slice(&matrix[i * width + left.len()..(i + 1) * width]);
}

/// The weights of a first affine map, `[outputs, inputs]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Squared {
    weights: TensorId,
    inputs: usize,
    pub(super) outputs: usize,
}

impl Squared {
    /// The weights of the first function of a chain, which is affine.
    pub(super) fn of(link: &Link) -> Squared {
        Squared {
            weights: link.tensors[0],
            inputs: link.function.inputs(),
            outputs: link.function.outputs(),
        }
    }

    /// Emits the operation that computes G.
    pub(super) fn gram(self, is_half: bool, lower: &mut Lower<'_>) -> Buffer {
        let to = lower.whole("weights squared", self.outputs, self.outputs);
        lower.columns(Gram {
            squared: self,
            is_half,
            to,
        });
        to
    }

    /// Emits the operation that computes the gradient of W from S and adds it.
    pub(super) fn gradient(self, sums: Buffer, scaled: Scaled, lower: &mut Lower<'_>) {
        let to = lower.whole("gradient by squared weights", self.outputs, self.inputs);
        lower.columns(ProductGradient {
            squared: self,
            scaled,
            sums,
            to,
        });
        let part = Part::Penalties;
        lower.tile(self.weights, AddFormed { formed: to, part });
    }
}

/// Computes `G = W Wᵀ`.
#[derive(Debug)]
struct Gram {
    squared: Squared,
    /// Whether only the part to the right of a tile's first column is needed.
    is_half: bool,
    to: Buffer,
}

impl Gram {
    /// The first column of a tile that is computed.
    fn first(&self, tile: &Range<usize>) -> usize {
        if self.is_half { tile.start } else { 0 }
    }
}

impl ColumnOperation for Gram {
    fn label(&self) -> String {
        let Squared {
            inputs, outputs, ..
        } = self.squared;
        format!("square weights {outputs} x {inputs}")
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().writes([self.to])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let Squared {
            inputs, outputs, ..
        } = self.squared;
        let part = |tile: Range<usize>| {
            let columns = outputs - self.first(&tile);
            ColumnPart {
                work: tile.len() * columns * inputs,
                read: columns * inputs,
                writes: vec![self.to.rect(tile, 0..outputs)],
            }
        };
        tiles(outputs).map(part).collect()
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let Squared {
            weights,
            inputs,
            outputs,
        } = self.squared;
        let tile = tile(outputs, context.part);
        let first = self.first(&tile);
        let weights = context.tensors.get(weights);
        let [to] = context.buffers.all_mut();
        product(
            context.isa,
            (tile.len(), outputs - first, inputs),
            Left {
                data: &weights[tile.start * inputs..],
                row: inputs,
                column: 1,
            },
            Right::transpose_of(&weights[first * inputs..], inputs),
            Start::Zero,
            &mut to[first..],
            outputs,
        );
    }
}

/// Computes the norms of rows, and `w_1 = 2 G v_1`.
#[derive(Debug)]
pub(super) struct Square {
    pub(super) packed: Packed,
    /// The number of outputs of the first affine map.
    pub(super) width: usize,
    pub(super) gram: Buffer,
    pub(super) v: Buffer,
    pub(super) w: Buffer,
    /// The scale of w_1, if something depends on it.
    pub(super) scaled: Option<Scaled>,
    pub(super) norms: Buffer,
}

impl RowOperation for Square {
    fn label(&self) -> String {
        "squared norms by squared weights".into()
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.packed.counts]);
        uses.reads([self.v, self.gram]).writes([self.w, self.norms])
    }

    fn cost(&self) -> Cost {
        Cost {
            products: self.packed.probes * self.width * self.width,
            shared: self.width * self.width,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let (isa, width) = (context.isa, self.width);
        let reads = [self.packed.counts.memory(), self.v, self.gram];
        let ([counts, v, gram], [w, norms]) = context.buffers.access(reads, [self.w, self.norms]);
        let all = all(words(counts));
        let w = &mut w[..all * width];
        product(
            isa,
            (all, width, width),
            Left {
                data: &v[..all * width],
                row: width,
                column: 1,
            },
            // The matrix is symmetric; its transpose is read faster.
            Right::transpose_of(gram, width),
            Start::Zero,
            w,
            width,
        );
        sum_products(isa, words(counts), [v, w], width, norms);
        if let Some(scaled) = self.scaled {
            scale(isa, w, scaled.factor(context.batch.rows()));
        }
    }
}

/// Computes `S = Σ v_1 v_1ᵀ` over all probes of the batch.
#[derive(Debug)]
pub(super) struct SumOfSquares {
    pub(super) packed: Packed,
    /// The number of outputs of the first affine map.
    pub(super) width: usize,
    /// The units in v_1, if it does not hold all units.
    pub(super) units: Option<Units>,
    pub(super) v: Buffer,
    pub(super) to: Buffer,
    /// The number of rows of a full batch.
    pub(super) batch: usize,
}

impl ColumnOperation for SumOfSquares {
    fn label(&self) -> String {
        "sum of squares of probes".into()
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.packed.counts]).reads([self.v]);
        let lists = self.units.map(|units| units.lists);
        uses.reads(lists).writes([self.to])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let probes = self.batch * self.packed.probes;
        let part = |tile: Range<usize>| {
            let columns = self.width - tile.start;
            ColumnPart {
                work: probes * tile.len() * columns,
                read: probes * columns,
                writes: vec![self.to.rect(tile, 0..self.width)],
            }
        };
        tiles(self.width).map(part).collect()
    }

    fn scratch(&self) -> usize {
        match self.units {
            Some(_) => TILE * self.width,
            None => 0,
        }
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let (isa, width, blocks) = (context.isa, self.width, context.blocks);
        let tile = tile(width, context.part);
        let (rows, scratch) = (context.rows(), &mut *context.scratch);
        let lists = self.units.map_or(self.packed.counts, |units| units.lists);
        let reads = [self.packed.counts.memory(), self.v, lists.memory()];
        let reads = reads.map(Buffer::index);
        let ([counts, v, lists], [to]) = context.buffers.access(reads, rows);
        let counts = words(counts);
        to.fill(0.0);
        if let Some(units) = self.units {
            return self.packed.each_row(counts, blocks, |row, probes| {
                let active = units.of(words(lists), row);
                let at = probes.start * width;
                let v = &v[at..at + probes.len() * active.len()];
                units.add_square(isa, &tile, Active::new(active, v), to, scratch);
            });
        }
        self.packed.each_range(counts, blocks, |probes| {
            let v = &v[probes.start * width + tile.start..probes.end * width];
            product(
                isa,
                (tile.len(), width - tile.start, probes.len()),
                Left {
                    data: v,
                    row: 1,
                    column: width,
                },
                Right::row_major(v, width),
                Start::Accumulate,
                &mut to[tile.start..],
                width,
            );
        });
    }
}

/// Computes the gradient `2 S W` of W.
#[derive(Debug)]
struct ProductGradient {
    squared: Squared,
    scaled: Scaled,
    sums: Buffer,
    to: Buffer,
}

impl ColumnOperation for ProductGradient {
    fn label(&self) -> String {
        "gradient by squared weights".into()
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.sums]).writes([self.to])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let Squared {
            inputs, outputs, ..
        } = self.squared;
        let part = |tile: Range<usize>| ColumnPart {
            work: tile.len() * outputs * inputs,
            read: tile.len() * outputs + outputs * inputs,
            writes: vec![self.to.rect(tile, 0..inputs)],
        };
        tiles(outputs).map(part).collect()
    }

    fn scratch(&self) -> usize {
        TILE * self.squared.outputs
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let Squared {
            weights,
            inputs,
            outputs,
        } = self.squared;
        let (isa, rows) = (context.isa, context.rows());
        let weights = context.tensors.get(weights);
        let tile = tile(outputs, context.part);
        let ([sums], [to]) = context.buffers.access([self.sums.index()], rows);
        let whole = &mut context.scratch[..tile.len() * outputs];
        for (i, row) in tile.clone().zip(whole.chunks_exact_mut(outputs)) {
            mirrored(sums, outputs, i, row);
        }
        scale(isa, whole, self.scaled.factor(rows));
        product(
            isa,
            (tile.len(), inputs, outputs),
            Left {
                data: whole,
                row: outputs,
                column: 1,
            },
            Right::row_major(weights, inputs),
            Start::Zero,
            to,
            inputs,
        );
    }
}
