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
//! and `G = W Wᵀ`, `‖Wᵀ u‖² = uᵀ G u` and `w_1 = 2 G u`, and the gradient by W is `2 (Σ u uᵀ) W`. Basis
//! vectors that the code's activation stops, as ReLU does half of them, are left out: the probes of a block
//! of rows lie one after the other at the block's beginning, and how many a row has is kept with it.

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
    /// The slab of the number of probes that each row has.
    count: usize,
    /// The slab of the derivatives of the code's activation, where it stops probes.
    slopes: usize,
    /// Whether the probes are basis vectors that the code's activation may stop.
    stops: bool,
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
        let count = widths.len();
        widths.push(1);
        let slopes = widths.len();
        let stops = term.kind == TermKind::Jacobian
            && encoder > first + 1
            && !network.layer(encoder - 1).is_linear()
            // A convolution sums over what it is given at once: its sums would depend on the cut.
            && network.encoder().all(|layer| {
                let layer = network.layer(layer);
                layer.as_dense().is_some() || layer.tensors().is_empty()
            });
        widths.push(if stops { network.code_size() } else { 0 });
        Contraction {
            term,
            draws: Draws::new(seed, Purpose::Probes),
            encoder,
            first,
            probes,
            v,
            w,
            value,
            count,
            slopes,
            stops,
            squared,
        }
    }

    /// What it is.
    pub(crate) fn term(&self) -> &Term {
        &self.term
    }

    /// The multiply-adds for one row, where no probe is stopped: in the rows phase, and for the gradients.
    pub(crate) fn work(&self, network: &Network) -> (usize, usize) {
        let work = |layers: Range<usize>| -> usize {
            layers.map(|layer| network.layer(layer).work()).sum()
        };
        let square = match (&self.squared, network.layer(0).as_dense()) {
            (Some(_), Some(dense)) => dense.outputs * dense.outputs,
            _ => 0,
        };
        let back = work(self.first..self.encoder);
        let forth = work(self.first..self.encoder - 1);
        (
            self.probes * (back + square + forth),
            self.probes * (back + square),
        )
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
        scratch: &mut [f32],
    ) {
        let all = match self.stops {
            true => self.start_diagonal(isa, network, p, block, scratch),
            false => self.start(isa, block, batch),
        };
        // A diagonal start is behind the last layer already.
        for layer in (self.first..self.encoder - usize::from(self.stops)).rev() {
            let slabs = [layer, layer + 1, self.v + layer + 1, self.count];
            let ([x, y, v, counts], to) = block.read_write(slabs, self.v + layer);
            let (layer, p) = (network.layer(layer), network.parameters_of(layer, p));
            let (v, to) = ((v, layer.outputs()), (to, layer.inputs()));
            through(layer, (counts, all), (x, y), v, to, |x, y, from, to| {
                layer.backward(isa, p, x, y, from, to, scratch);
            });
        }
        self.square(isa, network, block, all);
        let factor = 2.0 * f64::from(self.term.weight) * self.term.kind.share(batch.size);
        scale(isa, block.get_mut(self.w + self.first), factor as f32);
        for layer in self.first..self.encoder - 1 {
            let slabs = [layer, layer + 1, self.w + layer, self.count];
            let ([x, y, w, counts], to) = block.read_write(slabs, self.w + layer + 1);
            let (layer, p) = (network.layer(layer), network.parameters_of(layer, p));
            let (w, to) = ((w, layer.inputs()), (to, layer.outputs()));
            through(layer, (counts, all), (x, y), w, to, |x, y, from, to| {
                layer.tangent(isa, p, x, y, from, to, scratch);
            });
        }
    }

    /// Fills the probes of a block; gives how many there are.
    fn start(&self, isa: Isa, block: &mut RowBlock<'_>, batch: Batch<'_>) -> usize {
        let rows = batch.samples.len();
        block.get_mut(self.count).fill(self.probes as f32);
        let probes = block.get_mut(self.v + self.encoder);
        let width = probes.len() / rows;
        let code_size = width / self.probes;
        for (probes, &sample) in probes.chunks_exact_mut(width).zip(batch.samples) {
            let (kind, address) = (self.term.kind, (batch.epoch, sample));
            kind.fill(isa, &self.draws, address, code_size, probes);
        }
        rows * self.probes
    }

    /// Fills the probes of a block that the code's activation lets pass, and what it makes of them; gives
    /// how many there are.
    fn start_diagonal(
        &self,
        isa: Isa,
        network: &Network,
        p: &Parameters,
        block: &mut RowBlock<'_>,
        scratch: &mut [f32],
    ) -> usize {
        let (last, probes) = (self.encoder - 1, self.v + self.encoder);
        let code_size = self.probes;
        let len = block.rows().len() * code_size;
        block.get_mut(probes)[..len].fill(1.0);
        let ([x, y, ones], slopes) = block.read_write([last, last + 1, probes], self.slopes);
        let p = network.parameters_of(last, p);
        let layer = network.layer(last);
        layer.backward(isa, p, x, y, &ones[..len], slopes, scratch);
        let ([slopes], counts) = block.read_write([self.slopes], self.count);
        for (count, slopes) in counts.iter_mut().zip(slopes.chunks_exact(code_size)) {
            *count = slopes.iter().filter(|&&slope| slope != 0.0).count() as f32;
        }
        let mut all = 0;
        for (slab, is_probe) in [(probes, true), (probes - 1, false)] {
            let ([slopes], to) = block.read_write([self.slopes], slab);
            all = 0;
            for slopes in slopes.chunks_exact(code_size) {
                for (j, &slope) in slopes
                    .iter()
                    .enumerate()
                    .filter(|(_, slope)| **slope != 0.0)
                {
                    let to = &mut to[all * code_size..(all + 1) * code_size];
                    to.fill(0.0);
                    to[j] = if is_probe { 1.0 } else { slope };
                    all += 1;
                }
            }
        }
        all
    }

    /// The value of each row from the last v, and half the gradient by it.
    fn square(&self, isa: Isa, network: &Network, block: &mut RowBlock<'_>, all: usize) {
        let rows = block.rows().len();
        let (v, w) = (self.v + self.first, self.w + self.first);
        let ([from], to) = block.read_write([v], w);
        let width = from.len() / (rows * self.probes);
        let len = all * width;
        match (&self.squared, network.layer(0).as_dense()) {
            (Some(squared), Some(dense)) => product(
                isa,
                (all, dense.outputs, dense.outputs),
                Left {
                    data: &from[..len],
                    row: dense.outputs,
                    column: 1,
                },
                Right::row_major(&squared.weights, dense.outputs),
                Start::Zero,
                &mut to[..len],
                dense.outputs,
            ),
            _ => to[..len].copy_from_slice(&from[..len]),
        }
        let ([v, w, counts], values) = block.read_write([v, w, self.count], self.value);
        let mut at = 0;
        for (value, &count) in values.iter_mut().zip(counts) {
            let these = at..at + count as usize * width;
            at = these.end;
            *value = dot(isa, &v[these.clone()], &w[these]);
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
        let slabs = [
            layer,
            layer + 1,
            self.w + layer,
            self.v + layer + 1,
            self.count,
        ];
        let ([x, y, w, v, counts], dx) = block.read_write(slabs, gradients + layer);
        let width = x.len() / rows;
        let rows = x.chunks_exact(width).zip(y.chunks_exact(width));
        let mut probes = w.chunks_exact(width).zip(v.chunks_exact(width));
        for ((count, (x, y)), dx) in counts.iter().zip(rows).zip(dx.chunks_exact_mut(width)) {
            for (w, v) in probes.by_ref().take(*count as usize) {
                network.layer(layer).add_curvature(isa, x, y, w, v, dx);
            }
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
        cut: &Bounds,
    ) {
        let places = self.places();
        let size = cut.range(cut.count() - 1).end;
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
                square.fill(0.0);
                places.each_range(slabs, cut, |probes| {
                    let u = &u[probes.start * outputs..probes.end * outputs];
                    if u.is_empty() {
                        return;
                    }
                    let a = Left {
                        data: &u[tile * TILE..],
                        row: 1,
                        column: outputs,
                    };
                    let shape = (rows, outputs, probes.len());
                    let b = Right::row_major(u, outputs);
                    product(isa, shape, a, b, Start::Accumulate, square, outputs);
                });
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
        (slabs, cut): (&Slabs, &Bounds),
        gradient: &mut [f32],
        scratch: &mut [f32],
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
                let size = cut.range(cut.count() - 1).end;
                let w = slabs.rows(self.w + layer, size);
                let v = slabs.rows(self.v + layer + 1, size);
                let layer = network.layer(layer);
                let (inputs, outputs) = (layer.inputs(), layer.outputs());
                self.places().each_range(slabs, cut, |probes| {
                    let w = &w[probes.start * inputs..probes.end * inputs];
                    let v = &v[probes.start * outputs..probes.end * outputs];
                    if !w.is_empty() {
                        layer.add_tangent_gradient(isa, tile, w, v, gradient, scratch);
                    }
                });
            }
        }
    }

    fn places(&self) -> Places {
        Places {
            count: self.count,
            probes: self.probes,
        }
    }

    /// The value over the batch, without its weight.
    pub(crate) fn value(&self, slabs: &Slabs, rows: usize) -> f64 {
        let values = slabs.rows(self.value, rows);
        // Row by row, so that the sum does not depend on the cut.
        values.iter().map(|&v| f64::from(v)).sum::<f64>() * self.term.kind.share(rows)
    }
}

/// Where the probes of a batch lie.
struct Places {
    /// The slab of the number of probes that each row has.
    count: usize,
    /// The probes that a row has room for.
    probes: usize,
}

impl Places {
    /// Calls `f` with ranges of probes that lie side by side, in the order of the rows. Sums over them
    /// are the same however the rows were cut into blocks.
    fn each_range(&self, slabs: &Slabs, cut: &Bounds, mut f: impl FnMut(Range<usize>)) {
        let mut open = 0..0;
        for block in 0..cut.count() {
            let rows = cut.range(block);
            let counts = &slabs.rows(self.count, rows.end)[rows.start..];
            let start = rows.start * self.probes;
            let end = start + counts.iter().map(|&count| count as usize).sum::<usize>();
            if start != open.end {
                f(open.clone());
                open.start = start;
            }
            open.end = end;
        }
        f(open);
    }
}

/// Applies a layer's derivative, or its transpose, to the probes of a block: to all of them at once where it
/// is the same everywhere, else to one after the other. `counts` says how many each row has.
fn through(
    layer: &dyn Layer,
    (counts, all): (&[f32], usize),
    (x, y): (&[f32], &[f32]),
    (from, from_width): (&[f32], usize),
    (to, to_width): (&mut [f32], usize),
    mut derivative: impl FnMut(&[f32], &[f32], &[f32], &mut [f32]),
) {
    let (from, to) = (&from[..all * from_width], &mut to[..all * to_width]);
    if layer.is_linear() {
        return derivative(&[], &[], from, to);
    }
    let mut pairs = from
        .chunks_exact(from_width)
        .zip(to.chunks_exact_mut(to_width));
    let values = x
        .chunks_exact(layer.inputs())
        .zip(y.chunks_exact(layer.outputs()));
    for (&count, (x, y)) in counts.iter().zip(values) {
        for (from, to) in pairs.by_ref().take(count as usize) {
            derivative(x, y, from, to);
        }
    }
}
