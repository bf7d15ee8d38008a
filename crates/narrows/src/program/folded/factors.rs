//! The factors of a run; their columns are split among threads.

use super::shape::{FoldedShape, Layer};
use crate::program::buffer::{Buffer, Uses};
use crate::program::context::ColumnContext;
use crate::program::operation::{ColumnOperation, ColumnPart};
use crate::program::profile::Part;
use narrows_kernels::memory::PartBlock;
use narrows_kernels::product::{Left, PANEL, Right, Start, product};
use narrows_kernels::reduce::{add, add_scaled, column_sums, dot};

/// The most columns of a factor that a thread computes at a time.
const COLUMNS: usize = 8 * PANEL;

/// The number of terms of a sum over a layer's width that are added separately. The rounding error of a factor is the
/// same for all rows of a batch, so it does not average out, in contrast to the error of the rows. This reduces it to a
/// third or a half at widths of 784 to 256.
const DEPTH: usize = 64;

/// Nearly equal pieces of a factor's columns; `depth` is the number of multiply-adds per column and row of the factor.
fn pieces(to: Buffer, height: usize, width: usize, depth: usize) -> Vec<ColumnPart> {
    let count = width.div_ceil(COLUMNS);
    let each = width.div_ceil(count.max(1)).next_multiple_of(PANEL);
    let starts = (0..width).step_by(each.max(1));
    starts
        .map(|start| {
            let columns = start..(start + each).min(width);
            ColumnPart {
                work: height * columns.len() * depth,
                // Each number is used for each row of the factor.
                read: columns.len() * depth,
                writes: vec![to.rect(0..height, columns)],
            }
        })
        .collect()
}

/// Computes the factor at one side of a layer from the factor at the other side: times the weights or, from the inputs'
/// side to the outputs' side, times their transpose, with shares of the bias.
#[derive(Debug)]
pub(super) struct FoldedLink {
    pub(super) layer: Layer,
    pub(super) from: Buffer,
    pub(super) to: Buffer,
    /// Read if the weights are transposed.
    pub(super) shares: Option<Buffer>,
    pub(super) is_transposed: bool,
    pub(super) shape: FoldedShape,
    /// The width of the factor that is computed.
    pub(super) width: usize,
}

impl FoldedLink {
    fn depth(&self) -> usize {
        if self.is_transposed {
            self.layer.inputs
        } else {
            self.layer.outputs
        }
    }
}

impl ColumnOperation for FoldedLink {
    fn label(&self) -> String {
        let Layer {
            inputs, outputs, ..
        } = self.layer;
        if self.is_transposed {
            format!("factor through {inputs} -> {outputs}")
        } else {
            format!("factor through {outputs} -> {inputs}")
        }
    }

    fn part(&self) -> Part {
        Part::Folding
    }

    fn uses(&self) -> Uses {
        let shares = self.shares.filter(|_| self.is_transposed);
        let uses = Uses::new().reads([self.from]).reads(shares);
        uses.writes([self.to])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        pieces(self.to, self.shape.height, self.width, self.depth())
    }

    fn scratch(&self) -> usize {
        2 * COLUMNS * self.shape.height
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let (isa, height) = (context.isa, self.shape.height);
        let Layer {
            inputs, outputs, ..
        } = self.layer;
        let weights = context.tensors.get(self.layer.weights);
        let columns = context.buffers.rects()[0].columns.clone();
        let scratch = &mut *context.scratch;
        let factor = context.buffers.get(self.from.index(), 0);
        // The vectors of the product run along the longer side.
        let (sums, rest) = scratch.split_at_mut(columns.len() * height);
        let part = &mut rest[..sums.len()];
        for start in (0..self.depth()).step_by(DEPTH) {
            let depth = DEPTH.min(self.depth() - start);
            let to = if start == 0 { &mut *sums } else { &mut *part };
            if self.is_transposed {
                let weights = by_rows(&weights[columns.start * inputs + start..], inputs);
                let factor = Right::transpose_of(&factor[start..], inputs);
                let shape = (columns.len(), height, depth);
                product(isa, shape, weights, factor, Start::Zero, to, height);
            } else {
                let factor = by_rows(&factor[start..], outputs);
                let weights = &weights[start * inputs + columns.start..];
                let weights = Right::row_major(weights, inputs);
                let shape = (height, columns.len(), depth);
                product(isa, shape, factor, weights, Start::Zero, to, columns.len());
            }
            if start > 0 {
                add(isa, sums, part);
            }
        }
        if !self.is_transposed {
            return write(&mut context.buffers, sums, height);
        }
        let bias = self.layer.bias.map(|bias| context.tensors.get(bias));
        for row in 0..height {
            let shares = self
                .shares
                .map(|shares| context.buffers.get(shares.index(), 0));
            let share = shares.map_or(0.0, |shares| shares[row]);
            let to = context.buffers.row_mut(0, row);
            for (to, from) in to.iter_mut().zip(sums.iter().skip(row).step_by(height)) {
                *to = *from;
            }
            if let Some(bias) = bias
                && share != 0.0
            {
                add_scaled(isa, to, share, &bias[columns.clone()]);
            }
        }
    }
}

/// The values at the narrow end if all inputs are 0, for a run that narrows.
#[derive(Debug)]
pub(super) struct Offsets {
    /// Each layer with the factor of its outputs.
    pub(super) terms: Vec<(Buffer, Layer)>,
    pub(super) to: Buffer,
    pub(super) rank: usize,
}

impl ColumnOperation for Offsets {
    fn label(&self) -> String {
        "offsets".into()
    }

    fn part(&self) -> Part {
        Part::Folding
    }

    fn uses(&self) -> Uses {
        let factors = self.terms.iter().map(|(factor, _)| *factor);
        Uses::new().reads(factors).writes([self.to])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let widths = self.terms.iter().map(|(_, layer)| layer.outputs);
        let work = self.rank * widths.sum::<usize>();
        vec![ColumnPart {
            writes: vec![self.to.rect(0..1, 0..self.rank)],
            work,
            read: work,
        }]
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let isa = context.isa;
        context.buffers.row_mut(0, 0).fill(0.0);
        for (factor, layer) in &self.terms {
            let bias = layer.bias.map(|bias| context.tensors.get(bias));
            let ([factor], [offsets]) = context.buffers.access([factor.index()], 0);
            let rows = factor.chunks_exact(layer.outputs);
            for (offset, row) in offsets.iter_mut().zip(rows) {
                *offset += bias.map_or(0.0, |bias| dot(isa, row, bias));
            }
        }
    }
}

/// The share of each row of the inward factors in a bias, for a run that narrows: the sums of the gradients of the
/// narrow end.
#[derive(Debug)]
pub(super) struct BiasShares {
    pub(super) from: Buffer,
    pub(super) to: Buffer,
    pub(super) rank: usize,
}

impl ColumnOperation for BiasShares {
    fn label(&self) -> String {
        "sums of gradients".into()
    }

    fn part(&self) -> Part {
        Part::Folding
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.from]).writes([self.to])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        vec![ColumnPart {
            writes: vec![self.to.rect(0..1, 0..self.rank)],
            work: 0,
            read: 0,
        }]
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let (isa, rows) = (context.isa, context.rows());
        let ([from], [to]) = context.buffers.access([self.from.index()], rows);
        column_sums(isa, from, to);
    }
}

/// For a run that widens, moves the origin of the narrow end to the mean of the batch: the values of the layers between
/// at this mean become the last row of the outward factors.
///
/// The codes of a batch are close to each other, so an offset may nearly cancel the contribution of the codes. In sums
/// over the batch, mostly rounding errors would then remain.
#[derive(Debug)]
pub(super) struct Center {
    pub(super) extended: Buffer,
    /// The factor at the narrow end, which is overwritten.
    pub(super) first: Buffer,
    /// The factors whose last row changes.
    pub(super) others: Vec<Buffer>,
    pub(super) widths: Vec<usize>,
    pub(super) rank: usize,
    pub(super) batch: usize,
}

impl ColumnOperation for Center {
    fn label(&self) -> String {
        "center".into()
    }

    fn part(&self) -> Part {
        Part::Folding
    }

    fn uses(&self) -> Uses {
        let changed = self.others.iter().copied().chain([self.extended]);
        Uses::new().writes([self.first]).adds(changed)
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let height = self.rank + 1;
        let others = self.others.iter().zip(&self.widths);
        let others = others.map(|(&factor, &width)| factor.rect(0..height, 0..width));
        let own = [
            self.extended.rect(0..self.batch, 0..height),
            self.first.rect(0..height, 0..self.rank),
        ];
        vec![ColumnPart {
            writes: own.into_iter().chain(others).collect(),
            work: 0,
            read: 0,
        }]
    }

    fn scratch(&self) -> usize {
        self.rank + 1
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let (isa, rows, rank) = (context.isa, context.rows(), self.rank);
        let height = rank + 1;
        let sums = &mut context.scratch[..height];
        let [extended, first] = context.buffers.all_mut();
        let extended = &mut extended[..rows * height];
        column_sums(isa, extended, sums);
        for mean in &mut sums[..rank] {
            *mean /= rows as f32;
        }
        let means = &sums[..rank];
        for row in extended.chunks_exact_mut(height) {
            for (value, mean) in row[..rank].iter_mut().zip(means) {
                *value -= mean;
            }
        }
        first.fill(0.0);
        let diagonal = first.iter_mut().step_by(rank + 1);
        diagonal.take(rank).for_each(|number| *number = 1.0);
        move_offsets(isa, first, means);
        for factor in 0..self.others.len() {
            let [factor] = context.buffers.some_mut([2 + factor]);
            move_offsets(isa, factor, means);
        }
    }
}

/// Replaces the last row of a factor by the factor's output at the means.
fn move_offsets(isa: narrows_kernels::Isa, factor: &mut [f32], means: &[f32]) {
    let height = means.len() + 1;
    let (linear, offsets) = factor.split_at_mut(factor.len() / height * means.len());
    for (row, &mean) in linear.chunks_exact(offsets.len()).zip(means) {
        add_scaled(isa, offsets, mean, row);
    }
}

/// Computes the factor at the wide end: the transpose of the narrow end's rows times the wide end's rows; one of the
/// two is gradients.
#[derive(Debug)]
pub(super) struct Collect {
    pub(super) narrow: Buffer,
    pub(super) wide: Buffer,
    pub(super) shares: Buffer,
    pub(super) to: Buffer,
    pub(super) shape: FoldedShape,
    pub(super) batch: usize,
}

impl ColumnOperation for Collect {
    fn label(&self) -> String {
        "factor from rows".into()
    }

    fn part(&self) -> Part {
        Part::Folding
    }

    fn uses(&self) -> Uses {
        // It depends on the shares, so that the chains of all runs go through the same stages.
        Uses::new()
            .reads([self.narrow, self.wide, self.shares])
            .writes([self.to])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        pieces(self.to, self.shape.height, self.shape.wide, self.batch)
    }

    fn scratch(&self) -> usize {
        COLUMNS * self.shape.height
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let (isa, rows) = (context.isa, context.rows());
        let FoldedShape { height, wide, .. } = self.shape;
        let columns = context.buffers.rects()[0].columns.clone();
        let narrow = Left {
            data: context.buffers.get(self.narrow.index(), rows),
            row: 1,
            column: height,
        };
        let from = &context.buffers.get(self.wide.index(), rows)[columns.start..];
        let shape = (height, columns.len(), rows);
        let from = Right::row_major(from, wide);
        let scratch = &mut *context.scratch;
        product(
            isa,
            shape,
            narrow,
            from,
            Start::Zero,
            scratch,
            columns.len(),
        );
        write(&mut context.buffers, scratch, height);
    }
}

/// Copies columns of `height` rows into their factor.
fn write(buffers: &mut PartBlock<'_>, columns: &[f32], height: usize) {
    let width = buffers.rects()[0].columns.len();
    let rows = columns.chunks_exact(width);
    for (index, row) in rows.take(height).enumerate() {
        buffers.row_mut(0, index).copy_from_slice(row);
    }
}

/// A row-major matrix as a left operand.
pub(super) fn by_rows(data: &[f32], width: usize) -> Left<'_> {
    Left {
        data,
        row: width,
        column: 1,
    }
}
