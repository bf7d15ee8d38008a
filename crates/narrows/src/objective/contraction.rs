//! Contractive terms: the value and the gradient of `‖Jᵀ r‖²`, for any encoder.
//!
//! J is the Jacobian of the code by the input, r a probe. With a_0 the input, a_l what layer l - 1 gives
//! and J_l the derivative of layer l:
//!
//! ```text
//! v_E = r,      v_l = J_lᵀ v_{l+1}             back to the input; the value is ‖v_0‖²
//! w_0 = 2 v_0,  w_{l+1} = J_l w_l              and forth again: w_l is the gradient by v_l
//! ```
//!
//! The value depends on a layer's parameters and input only through `v_{l+1} · J_l w_l`. So a dense layer
//! gets the additional gradient `v_{l+1}ᵀ w_l`, and an activation adds `w_l v_{l+1} f''(a_l)` to the
//! gradient by its input, from where the ordinary backward pass takes it on.
//!
//! Where all basis vectors are probes, the widest products are avoided: with W the first layer's weights
//! and `G = W Wᵀ`, `‖Wᵀ u‖² = uᵀ G u` and `w_1 = 2 G u`, and the gradient by W is `2 (Σ u uᵀ) W`.

use super::term::{Term, TermKind};
use crate::layer::{Dense, Layer};
use crate::network::{Network, Parameters};
use crate::rng::{Draws, Purpose};
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::reduce::{add, dot, scale};
use narrows_kernels::split::{Bounds, Parts, RowBlock, Slabs};
use narrows_kernels::team::Team;
use narrows_kernels::{Aligned, Isa};
use std::ops::Range;

/// The rows of a square matrix that one thread forms at a time.
const TILE: usize = 48;

/// One term of an objective, with all that a training step needs for it.
#[derive(Debug)]
pub(crate) struct Contraction {
    term: Term,
    draws: Draws,
    /// The layers of the encoder.
    encoder: usize,
    /// The layer at which v ends and w begins: 1 where the first layer's weights are squared.
    first: usize,
    /// The probes of a row.
    probes: usize,
    /// Slab `v + l` is v_l, all probes of a row side by side.
    v: usize,
    /// Slab `w + l` is w_l.
    w: usize,
    /// The slab of the value of each row.
    value: usize,
    squared: Option<Squared>,
}

/// The first layer's weights, squared.
#[derive(Debug)]
struct Squared {
    /// `W Wᵀ`
    weights: Aligned,
    /// `Σ u uᵀ`
    gradients: Aligned,
    /// The gradient by W.
    gradient: Aligned,
    /// Tiles of the first two.
    square: Bounds,
    /// Tiles of the third.
    rows: Bounds,
}

impl Squared {
    fn new(layer: &Dense) -> Squared {
        let Dense {
            inputs, outputs, ..
        } = *layer;
        let tiles = |width: usize| {
            let ends = (0..=outputs.div_ceil(TILE)).map(|tile| (tile * TILE).min(outputs) * width);
            Bounds::new(ends.collect())
        };
        Squared {
            weights: Aligned::zeros(outputs * outputs),
            gradients: Aligned::zeros(outputs * outputs),
            gradient: Aligned::zeros(outputs * inputs),
            square: tiles(outputs),
            rows: tiles(inputs),
        }
    }
}

/// What rows of a batch are: their place in the data, the epoch, and how many there are in the batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) samples: &'a [u32],
    pub(crate) epoch: u32,
    pub(crate) size: usize,
}

impl Contraction {
    /// Plans a term; `widths` gets the widths of the slabs that it needs.
    pub(crate) fn plan(
        term: Term,
        network: &Network,
        seed: u64,
        widths: &mut Vec<usize>,
    ) -> Contraction {
        let encoder = network.encoder().len();
        let layers = network.widths(network.encoder());
        let probes = term.kind.probes(network.code_size());
        // One probe passes through the first layer for less than its square costs.
        let squared = (term.kind == TermKind::Jacobian && encoder > 1)
            .then(|| network.layer(0).as_dense())
            .flatten()
            .filter(|dense| dense.outputs < dense.inputs)
            .map(Squared::new);
        let first = usize::from(squared.is_some());
        let width = |layer: usize| match layer < first {
            true => 0,
            false => probes * layers[layer],
        };
        let v = widths.len();
        widths.extend((0..=encoder).map(width));
        let w = widths.len();
        widths.extend((0..encoder).map(width));
        let value = widths.len();
        widths.push(1);
        Contraction {
            term,
            draws: Draws::new(seed, Purpose::Probes),
            encoder,
            first,
            probes,
            v,
            w,
            value,
            squared,
        }
    }

    /// What it is.
    pub(crate) fn term(&self) -> &Term {
        &self.term
    }

    /// Before the rows of a batch: squares the first layer's weights.
    pub(crate) fn prepare<S: Send>(
        &mut self,
        (team, scratch): (&mut Team, &mut [S]),
        isa: Isa,
        network: &Network,
        p: &Parameters,
    ) {
        let (Some(squared), Some(dense)) = (&mut self.squared, network.layer(0).as_dense()) else {
            return;
        };
        let weights = &network.parameters_of(0, p)[..dense.outputs * dense.inputs];
        team.run(
            scratch,
            Parts::new(&mut squared.weights, &squared.square),
            |_, tile, part| {
                let rows = part.len() / dense.outputs;
                let a = Left {
                    data: &weights[tile * TILE * dense.inputs..],
                    row: dense.inputs,
                    column: 1,
                };
                product(
                    isa,
                    (rows, dense.outputs, dense.inputs),
                    a,
                    Right::transpose_of(weights, dense.inputs),
                    Start::Zero,
                    part,
                    dense.outputs,
                );
            },
        );
    }

    /// The value of each row of a block, and all that the gradient needs. Slab `l` of the block is a_l.
    pub(crate) fn rows(
        &self,
        isa: Isa,
        network: &Network,
        p: &Parameters,
        block: &mut RowBlock<'_>,
        batch: Batch<'_>,
    ) {
        let rows = batch.samples.len();
        let probes = block.get_mut(self.v + self.encoder);
        let width = probes.len() / rows;
        let code_size = width / self.probes;
        for (probes, &sample) in probes.chunks_exact_mut(width).zip(batch.samples) {
            let address = (batch.epoch, sample);
            self.term
                .kind
                .fill(isa, &self.draws, address, code_size, probes);
        }
        for layer in (self.first..self.encoder).rev() {
            let ([x, y, v], to) =
                block.read_write([layer, layer + 1, self.v + layer + 1], self.v + layer);
            let p = network.parameters_of(layer, p);
            let back = |x: &[f32], y: &[f32], from: &[f32], to: &mut [f32]| {
                network.layer(layer).backward(isa, p, x, y, from, to);
            };
            self.through(network.layer(layer), rows, (x, y), v, to, back);
        }
        self.square(isa, network, block, rows);
        let factor = 2.0 * f64::from(self.term.weight) * self.term.kind.share(batch.size);
        scale(isa, block.get_mut(self.w + self.first), factor as f32);
        for layer in self.first..self.encoder - 1 {
            let ([x, y, w], to) =
                block.read_write([layer, layer + 1, self.w + layer], self.w + layer + 1);
            let p = network.parameters_of(layer, p);
            let forth = |x: &[f32], y: &[f32], from: &[f32], to: &mut [f32]| {
                network.layer(layer).tangent(isa, p, x, y, from, to);
            };
            self.through(network.layer(layer), rows, (x, y), w, to, forth);
        }
    }

    /// The value of each row from the last v, and half the gradient by it.
    fn square(&self, isa: Isa, network: &Network, block: &mut RowBlock<'_>, rows: usize) {
        let ([v], w) = block.read_write([self.v + self.first], self.w + self.first);
        match (&self.squared, network.layer(0).as_dense()) {
            (Some(squared), Some(dense)) => product(
                isa,
                (v.len() / dense.outputs, dense.outputs, dense.outputs),
                Left {
                    data: v,
                    row: dense.outputs,
                    column: 1,
                },
                Right::row_major(&squared.weights, dense.outputs),
                Start::Zero,
                w,
                dense.outputs,
            ),
            _ => w.copy_from_slice(v),
        }
        let ([v, w], values) =
            block.read_write([self.v + self.first, self.w + self.first], self.value);
        let width = v.len() / rows;
        let pairs = v.chunks_exact(width).zip(w.chunks_exact(width));
        for (value, (v, w)) in values.iter_mut().zip(pairs) {
            *value = dot(isa, v, w);
        }
    }

    /// Applies a layer's derivative, or its transpose, to all probes: at once where it is the same
    /// everywhere, else one by one.
    fn through(
        &self,
        layer: &dyn Layer,
        rows: usize,
        (x, y): (&[f32], &[f32]),
        from: &[f32],
        to: &mut [f32],
        mut derivative: impl FnMut(&[f32], &[f32], &[f32], &mut [f32]),
    ) {
        if layer.is_linear() {
            return derivative(&[], &[], from, to);
        }
        let each = rows * self.probes;
        let (from_width, to_width) = (from.len() / each, to.len() / each);
        let (x_width, y_width) = (x.len() / rows, y.len() / rows);
        let pairs = from
            .chunks_exact(from_width)
            .zip(to.chunks_exact_mut(to_width));
        for (index, (from, to)) in pairs.enumerate() {
            let row = index / self.probes;
            let x = &x[row * x_width..(row + 1) * x_width];
            let y = &y[row * y_width..(row + 1) * y_width];
            derivative(x, y, from, to);
        }
    }

    /// Adds what the curvature of a layer contributes to the gradient by its input.
    pub(crate) fn add_curvature(
        &self,
        isa: Isa,
        network: &Network,
        layer: usize,
        gradients: usize,
        block: &mut RowBlock<'_>,
    ) {
        if layer < self.first || layer >= self.encoder || network.layer(layer).is_linear() {
            return;
        }
        let rows = block.rows().len();
        let slabs = [layer, layer + 1, self.w + layer, self.v + layer + 1];
        let ([x, y, w, v], dx) = block.read_write(slabs, gradients + layer);
        let (input, output) = (x.len() / rows, y.len() / rows);
        let pairs = w.chunks_exact(input).zip(v.chunks_exact(output));
        for (index, (w, v)) in pairs.enumerate() {
            let row = index / self.probes;
            let (inputs, outputs) = (
                row * input..(row + 1) * input,
                row * output..(row + 1) * output,
            );
            let (x, y) = (&x[inputs.clone()], &y[outputs]);
            network
                .layer(layer)
                .add_curvature(isa, x, y, w, v, &mut dx[inputs]);
        }
    }

    /// After the rows of a batch: the gradient by the first layer's weights, where they are squared.
    pub(crate) fn finish<S: Send>(
        &mut self,
        (team, scratch): (&mut Team, &mut [S]),
        isa: Isa,
        network: &Network,
        p: &Parameters,
        slabs: &Slabs,
        size: usize,
    ) {
        let (Some(squared), Some(dense)) = (&mut self.squared, network.layer(0).as_dense()) else {
            return;
        };
        let Dense {
            inputs, outputs, ..
        } = *dense;
        let weights = &network.parameters_of(0, p)[..outputs * inputs];
        let u = slabs.rows(self.v + 1, size);
        let factor = 2.0 * f64::from(self.term.weight) * self.term.kind.share(size);
        team.run(
            scratch,
            (
                Parts::new(&mut squared.gradients, &squared.square),
                Parts::new(&mut squared.gradient, &squared.rows),
            ),
            |_, tile, (square, gradient)| {
                let rows = square.len() / outputs;
                product(
                    isa,
                    (rows, outputs, u.len() / outputs),
                    Left {
                        data: &u[tile * TILE..],
                        row: 1,
                        column: outputs,
                    },
                    Right::row_major(u, outputs),
                    Start::Zero,
                    square,
                    outputs,
                );
                scale(isa, square, factor as f32);
                product(
                    isa,
                    (rows, inputs, outputs),
                    Left {
                        data: square,
                        row: outputs,
                        column: 1,
                    },
                    Right::row_major(weights, inputs),
                    Start::Zero,
                    gradient,
                    inputs,
                );
            },
        );
    }

    /// Adds the term's gradient to that of a tile of a layer; `place` is where the tile lies among the
    /// layer's parameters.
    pub(crate) fn add_gradient(
        &self,
        isa: Isa,
        network: &Network,
        (layer, tile, place): (usize, usize, Range<usize>),
        (slabs, rows): (&Slabs, usize),
        gradient: &mut [f32],
    ) {
        if layer >= self.encoder {
            return;
        }
        match &self.squared {
            Some(squared) if layer < self.first => {
                // Behind the weights lies the bias, which J does not depend on.
                if let Some(part) = squared.gradient.get(place) {
                    add(isa, gradient, part);
                }
            }
            _ => {
                let w = slabs.rows(self.w + layer, rows);
                let v = slabs.rows(self.v + layer + 1, rows);
                network
                    .layer(layer)
                    .add_tangent_gradient(isa, tile, w, v, gradient);
            }
        }
    }

    /// The value over the batch, without its weight.
    pub(crate) fn value(&self, slabs: &Slabs, rows: usize) -> f64 {
        let values = slabs.rows(self.value, rows);
        // Row by row, so that the sum does not depend on the cut.
        values.iter().map(|&v| f64::from(v)).sum::<f64>() * self.term.kind.share(rows)
    }
}
