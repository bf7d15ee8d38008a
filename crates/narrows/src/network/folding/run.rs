//! A run of dense layers, its factors, and what they are made of.

use crate::network::{Network, Parameters};
use narrows_kernels::Isa;
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::reduce::{add, add_scaled, column_sums};
use narrows_kernels::split::{ColumnBlock, Slabs};
use std::ops::Range;

/// How many numbers of a sum over a layer's width are added up by themselves. A factor's rounding is the same for
/// all rows of a batch, so that it does not average out as that of the rows does; this makes it a third to a half at
/// widths of 784 to 256.
const DEPTH: usize = 64;

/// A run. Its layers are counted from the narrow end by their distance, and so are its factors: a layer has the one
/// of its distance at its narrow side, and the next at its wide side.
pub(super) struct Run {
    pub(super) layers: Range<usize>,
    /// Whether the narrow end is the input.
    pub(super) widens: bool,
    /// The widths of the narrow end and of the wide one.
    pub(super) rank: usize,
    pub(super) wide: usize,
    /// The rows of its factors.
    pub(super) height: usize,
    /// The slab of the first factor outward.
    pub(super) outward: usize,
    /// The slab of the factor inward behind the layer at the narrow end, which is the last that is formed.
    pub(super) inward: usize,
    /// Among the slabs of the step, that of the narrow end's rows with a 1 behind each, where the run widens.
    pub(super) extended: usize,
    /// What the narrow end gets where all inputs are 0, where the run narrows.
    pub(super) offsets: Vec<f32>,
    /// How much of a layer's bias each row of a factor gets.
    pub(super) shares: Vec<f32>,
    /// The mean of the narrow end over a batch, where the run widens.
    means: Vec<f32>,
}

/// The slabs of a step: slab `i` is the input of layer `i`, slab `gradients + i` the gradient by it.
pub(crate) struct StepRows<'a> {
    pub(crate) slabs: &'a mut Slabs,
    pub(crate) gradients: usize,
    /// The rows of the batch.
    pub(crate) count: usize,
}

impl Run {
    /// A run of these layers, whose factors, with those inward or without, come behind the ones of the given widths.
    pub(super) fn new(
        network: &Network,
        layers: Range<usize>,
        has_inward: bool,
        widths: &mut Vec<usize>,
    ) -> Run {
        let mut of_layers = network.widths(layers.clone());
        let widens = of_layers.first() < of_layers.last();
        if !widens {
            of_layers.reverse();
        }
        let (rank, wide) = (of_layers[0], of_layers[layers.len()]);
        let height = rank + usize::from(widens);
        let mut run = Run {
            widens,
            rank,
            wide,
            height,
            outward: widths.len(),
            inward: widths.len() + of_layers.len(),
            extended: 0,
            offsets: vec![0.0; if widens { 0 } else { rank }],
            shares: vec![0.0; height],
            means: vec![0.0; if widens { height } else { 0 }],
            layers,
        };
        if widens {
            run.shares[rank] = 1.0;
        }
        widths.extend_from_slice(&of_layers);
        if has_inward {
            widths.extend_from_slice(&of_layers[1..]);
        }
        run
    }

    pub(super) fn layer(&self, distance: usize) -> usize {
        match self.widens {
            true => self.layers.start + distance,
            false => self.layers.end - 1 - distance,
        }
    }

    /// The factors at both sides of a layer: the one of its outputs, and the one of its inputs.
    pub(super) fn sides(&self, layer: usize) -> (usize, usize) {
        let distance = match self.widens {
            true => layer - self.layers.start,
            false => self.layers.end - 1 - layer,
        };
        let (narrow, wide) = (self.outward + distance, self.inward + distance);
        match self.widens {
            true => (wide, narrow),
            false => (narrow, wide),
        }
    }

    /// The last factor outward: the whole run.
    pub(super) fn whole(&self) -> usize {
        self.outward + self.layers.len()
    }
}

impl Run {
    /// Columns of the factor at one side of a layer from that at the other: times the weights, or, from the inputs'
    /// side to the outputs', their transpose, with shares of the bias.
    pub(super) fn link(
        &self,
        isa: Isa,
        Weights {
            weights,
            bias,
            inputs,
            outputs,
        }: Weights<'_>,
        (slab, is_transposed): (usize, bool),
        block: &mut ColumnBlock<'_>,
        scratch: &mut [f32],
    ) {
        let (columns, height) = (block.columns(), self.height);
        let factor = block.get(slab, height);
        // The vectors of the product run down the side of which there is more.
        let (sums, rest) = scratch.split_at_mut(columns.len() * height);
        let part = &mut rest[..sums.len()];
        let depth = if is_transposed { inputs } else { outputs };
        for start in (0..depth).step_by(DEPTH) {
            let depth = DEPTH.min(depth - start);
            let to = if start == 0 { &mut *sums } else { &mut *part };
            if is_transposed {
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
        if !is_transposed {
            return write(block, sums, height);
        }
        for (row, &share) in self.shares.iter().enumerate() {
            let to = block.row_mut(row);
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

    /// Moves the origin of the narrow end, where the run widens, to the mean of the batch: what the layers between
    /// give there becomes the last row of the factors outward.
    ///
    /// A batch's codes lie close together, and so an offset may nearly cancel what the codes add to it. Where that
    /// happened in sums over the batch, their rounding would be left.
    pub(super) fn center(&mut self, isa: Isa, factors: &mut Slabs, rows: &mut StepRows<'_>) {
        let extended = rows.slabs.rows_mut(self.extended, rows.count);
        let mut sums = std::mem::take(&mut self.means);
        column_sums(isa, extended, &mut sums);
        for mean in &mut sums[..self.rank] {
            *mean /= rows.count as f32;
        }
        for row in extended.chunks_exact_mut(self.height) {
            for (value, mean) in row[..self.rank].iter_mut().zip(&sums) {
                *value -= mean;
            }
        }
        for slab in self.outward..self.whole() {
            let factor = factors.rows_mut(slab, self.height);
            let (linear, offsets) = factor.split_at_mut(factor.len() / self.height * self.rank);
            for (row, &mean) in linear.chunks_exact(offsets.len()).zip(&sums) {
                add_scaled(isa, offsets, mean, row);
            }
        }
        self.means = sums;
    }

    /// Columns of the factor at the wide end: the narrow end's transpose times the wide end's rows, one being
    /// gradients.
    pub(super) fn collect(
        &self,
        isa: Isa,
        rows: &StepRows<'_>,
        block: &mut ColumnBlock<'_>,
        scratch: &mut [f32],
    ) {
        let Range { start, end } = self.layers;
        let (narrow, wide) = match self.widens {
            true => (self.extended, rows.gradients + end),
            false => (rows.gradients + end, start),
        };
        let columns = block.columns();
        let narrow = Left {
            data: rows.slabs.rows(narrow, rows.count),
            row: 1,
            column: self.height,
        };
        let wide = &rows.slabs.rows(wide, rows.count)[columns.start..];
        let shape = (self.height, columns.len(), rows.count);
        let wide = Right::row_major(wide, self.wide);
        product(
            isa,
            shape,
            narrow,
            wide,
            Start::Zero,
            scratch,
            columns.len(),
        );
        write(block, scratch, self.height);
    }
}

/// Copies columns of `height` rows into their factor.
fn write(block: &mut ColumnBlock<'_>, columns: &[f32], height: usize) {
    let rows = columns.chunks_exact(block.columns().len());
    for (index, row) in rows.take(height).enumerate() {
        block.row_mut(index).copy_from_slice(row);
    }
}

pub(super) fn by_rows(data: &[f32], width: usize) -> Left<'_> {
    Left {
        data,
        row: width,
        column: 1,
    }
}

/// The parameters of a dense layer.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a> {
    /// `[outputs, inputs]`
    weights: &'a [f32],
    pub(super) bias: Option<&'a [f32]>,
    inputs: usize,
    pub(super) outputs: usize,
}

impl<'a> Weights<'a> {
    /// Those of a layer of a run, all of whose layers are dense.
    pub(super) fn of(network: &Network, parameters: &'a Parameters, layer: usize) -> Weights<'a> {
        let (inputs, outputs) = (
            network.layer(layer).inputs(),
            network.layer(layer).outputs(),
        );
        let (weights, bias) = network
            .parameters_of(layer, parameters)
            .split_at(inputs * outputs);
        Weights {
            weights,
            bias: (!bias.is_empty()).then_some(bias),
            inputs,
            outputs,
        }
    }
}
