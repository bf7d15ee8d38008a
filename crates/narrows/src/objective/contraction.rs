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
//! of rows lie one after the other at the block's beginning, and how many a row has is kept with it. What is
//! left of them behind a last dense layer are rows of its weights. Where a ReLU follows the first layer, the
//! units that it stops are left out too: see `rectified`. And of an encoder of two layers behind ReLU all that differs
//! between rows can be counted: see `counted`.

mod counted;
mod rectified;

use super::term::{Term, TermKind};
use crate::data::Dataset;
use crate::layer::{Dense, Layer};
use crate::network::{Network, Parameters};
use crate::rng::Pass;
use counted::{Counted, SECOND};
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::reduce::{add, add_scaled, dot, scale};
use narrows_kernels::split::{Bounds, Parts, RowBlock, Slabs};
use narrows_kernels::team::Team;
use narrows_kernels::{Aligned, Isa};
use rectified::Units;
use std::ops::Range;

/// Finds the scratch memory in what belongs to a thread.
type Memory<S> = fn(&mut S) -> &mut [f32];

/// The rows of a square matrix that one thread forms at a time.
const TILE: usize = 48;

/// One term of an objective, with all that a training step needs for it.
#[derive(Debug)]
pub(crate) struct Contraction {
    term: Term,
    seed: u64,
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
    /// The last layer whose w something depends on.
    last: usize,
    squared: Option<Squared>,
    /// Where a ReLU follows the squared weights.
    units: Option<Units>,
    /// Where counts stand for the probes.
    counted: Option<Counted>,
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

/// Some rows of a batch: which of the data they are, what they pass for, and how many there are in the batch.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) data: &'a Dataset,
    pub(crate) rows: &'a [u32],
    pub(crate) pass: Pass,
    pub(crate) size: usize,
}

impl Contraction {
    /// Plans a term for steps of `batch` rows; `widths` gets the widths of the slabs that it needs.
    pub(crate) fn plan(
        term: Term,
        network: &Network,
        seed: u64,
        (batch, widths): (usize, &mut Vec<usize>),
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
        let counted = squared.as_ref().and_then(|_| Counted::plan(network, batch));
        let width = |layer: usize| match layer < first || counted.is_some() {
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
            && counted.is_none()
            && encoder > first + 1
            && !network.layer(encoder - 1).is_linear()
            // A convolution sums over what it is given at once: its sums would depend on the cut.
            && network.encoder().all(|layer| {
                let layer = network.layer(layer);
                layer.as_dense().is_some() || layer.tensors().is_empty()
            });
        widths.push(if stops { network.code_size() } else { 0 });
        let matters = |&layer: &usize| {
            let layer = network.layer(layer);
            layer.is_curved() || !layer.tensors().is_empty()
        };
        let last = (first..encoder).rev().find(matters).unwrap_or(first);
        let is_rectified =
            squared.is_some() && counted.is_none() && network.layer(1).is_rectifier();
        let units = is_rectified.then(|| Units::plan(layers[1], widths));
        Contraction {
            term,
            seed,
            encoder,
            first,
            probes,
            v,
            w,
            value,
            count,
            slopes,
            stops,
            last,
            squared,
            units,
            counted,
        }
    }

    /// How many numbers of scratch memory a thread needs.
    pub(crate) fn scratch(&self, network: &Network) -> usize {
        let outputs = network.layer(0).outputs();
        let of_units = self.units.as_ref().map_or(0, |_| outputs * outputs);
        let of_square = self.squared.as_ref().map_or(0, |_| TILE * outputs);
        of_units.max(of_square)
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
        if let Some(counted) = &self.counted {
            return (0, counted.work());
        }
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
        // It is its own transpose, and counting does with what lies right of a tile's first column.
        let is_half = self.counted.is_some();
        team.run(
            scratch,
            Parts::new(&mut squared.weights, &squared.square),
            |_, tile, part| {
                let rows = part.len() / dense.outputs;
                let first = if is_half { tile * TILE } else { 0 };
                let a = Left {
                    data: &weights[tile * TILE * dense.inputs..],
                    row: dense.inputs,
                    column: 1,
                };
                product(
                    isa,
                    (rows, dense.outputs - first, dense.inputs),
                    a,
                    Right::transpose_of(&weights[first * dense.inputs..], dense.inputs),
                    Start::Zero,
                    &mut part[first..],
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
        if self.counted.is_some() {
            return;
        }
        let (all, top) = match self.stops {
            true => self.start_diagonal(isa, network, p, block, scratch),
            false => (self.start(isa, block, batch), self.encoder),
        };
        for layer in (self.first..top).rev() {
            if let Some(units) = self.units.as_ref().filter(|_| layer == self.first) {
                units.gather(
                    block,
                    [self.count, layer, self.v + layer + 1],
                    self.v + layer,
                );
                continue;
            }
            let slabs = [layer, layer + 1, self.v + layer + 1, self.count];
            let ([x, y, v, counts], to) = block.read_write(slabs, self.v + layer);
            let (layer, p) = (network.layer(layer), network.parameters_of(layer, p));
            let (v, to) = ((v, layer.outputs()), (to, layer.inputs()));
            through(layer, (counts, all), (x, y), v, to, |x, y, from, to| {
                layer.backward(isa, p, x, y, from, to, scratch);
            });
        }
        let factor = self.factor(batch.size);
        self.square(isa, network, block, all, scratch);
        if self.units.is_none() {
            let width = block.get(self.w + self.first).len() / (batch.rows.len() * self.probes);
            let w = &mut block.get_mut(self.w + self.first)[..all * width];
            scale(isa, w, factor);
        }
        for layer in self.first..self.last {
            if let Some(units) = self.units.as_ref().filter(|_| layer == self.first) {
                let w = self.w + layer;
                units.scatter(block, [self.count, w], w + 1, factor);
                continue;
            }
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
        let rows = batch.rows.len();
        block.get_mut(self.count).fill(self.probes as f32);
        let probes = block.get_mut(self.v + self.encoder);
        let width = probes.len() / rows;
        let code_size = width / self.probes;
        let (draws, epoch) = batch.pass.probes(self.seed);
        for (probes, &row) in probes.chunks_exact_mut(width).zip(batch.rows) {
            let (kind, address) = (self.term.kind, (epoch, batch.data.identity(row)));
            kind.fill(isa, &draws, address, code_size, probes);
        }
        rows * self.probes
    }

    /// The dense layer below the code's activation, where all that reaches it are single slopes.
    fn dense_below<'a>(&self, network: &'a Network) -> Option<&'a Dense> {
        let below = self.encoder.checked_sub(2).filter(|_| self.stops)?;
        network.layer(below).as_dense()
    }

    /// Fills what is made of the probes of a block that the code's activation lets pass: by that, and by a dense
    /// layer below it. Gives how many there are, and the layer that comes next on the way back, plus 1.
    fn start_diagonal(
        &self,
        isa: Isa,
        network: &Network,
        p: &Parameters,
        block: &mut RowBlock<'_>,
        scratch: &mut [f32],
    ) -> (usize, usize) {
        let (last, probes) = (self.encoder - 1, self.v + self.encoder);
        let code_size = self.probes;
        let len = block.rows().len() * code_size;
        block.get_mut(probes)[..len].fill(1.0);
        let ([x, y, ones], slopes) = block.read_write([last, last + 1, probes], self.slopes);
        let of_last = network.parameters_of(last, p);
        let layer = network.layer(last);
        layer.backward(isa, of_last, x, y, &ones[..len], slopes, scratch);
        let ([slopes], counts) = block.read_write([self.slopes], self.count);
        for (count, slopes) in counts.iter_mut().zip(slopes.chunks_exact(code_size)) {
            *count = slopes.iter().filter(|&&slope| slope != 0.0).count() as f32;
        }
        let all = counts.iter().map(|&count| count as usize).sum();
        // The probe itself, for the activation's curvature.
        if layer.is_curved() {
            let ([slopes], to) = block.read_write([self.slopes], probes);
            to[..all * code_size].fill(0.0);
            for (to, (j, _)) in to
                .chunks_exact_mut(code_size)
                .zip(passed(slopes, code_size))
            {
                to[j] = 1.0;
            }
        }
        let below = self.dense_below(network);
        let ([slopes], to) =
            block.read_write([self.slopes], probes - 1 - usize::from(below.is_some()));
        let Some(dense) = below else {
            to[..all * code_size].fill(0.0);
            for (to, (j, slope)) in to
                .chunks_exact_mut(code_size)
                .zip(passed(slopes, code_size))
            {
                to[j] = slope;
            }
            return (all, last);
        };
        let weights = network
            .parameters_of(last - 1, p)
            .chunks_exact(dense.inputs);
        let rows = to.chunks_exact_mut(dense.inputs);
        for (to, (j, slope)) in rows.zip(passed(slopes, code_size)) {
            if let Some(weights) = weights.clone().nth(j) {
                to.copy_from_slice(weights);
                if slope != 1.0 {
                    scale(isa, to, slope);
                }
            }
        }
        (all, last - 1)
    }

    /// The value of each row from the last v, and half the gradient by it.
    fn square(
        &self,
        isa: Isa,
        network: &Network,
        block: &mut RowBlock<'_>,
        all: usize,
        scratch: &mut [f32],
    ) {
        let rows = block.rows().len();
        let (v, w) = (self.v + self.first, self.w + self.first);
        let width = block.get(v).len() / (rows * self.probes);
        match (&self.squared, &self.units) {
            (Some(squared), Some(units)) => {
                units.square(isa, &squared.weights, block, [self.count, v], w, scratch);
            }
            (squared, _) => {
                let ([from], to) = block.read_write([v], w);
                let (from, to) = (&from[..all * width], &mut to[..all * width]);
                match (squared, network.layer(0).as_dense()) {
                    (Some(squared), Some(dense)) => product(
                        isa,
                        (all, dense.outputs, dense.outputs),
                        Left {
                            data: from,
                            row: dense.outputs,
                            column: 1,
                        },
                        // It is its own transpose, which is read faster.
                        Right::transpose_of(&squared.weights, dense.outputs),
                        Start::Zero,
                        to,
                        dense.outputs,
                    ),
                    _ => to.copy_from_slice(from),
                }
            }
        }
        let lists = self.units.as_ref().map_or(self.count, |units| units.slab);
        let ([v, w, counts, lists], values) =
            block.read_write([v, w, self.count, lists], self.value);
        let mut at = 0;
        for (row, (value, &count)) in values.iter_mut().zip(counts).enumerate() {
            let numbers = match &self.units {
                Some(units) => units.of(lists, row).len(),
                None => width,
            };
            let these = at * width..at * width + count as usize * numbers;
            at += count as usize;
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
        if layer < self.first || layer >= self.encoder || !network.layer(layer).is_curved() {
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

    /// What half the gradient of a row's value is multiplied with.
    fn factor(&self, batch: usize) -> f32 {
        (2.0 * f64::from(self.term.weight) * self.term.kind.share(batch)) as f32
    }

    /// After the rows of a batch: the gradient by the first layer's weights, where they are squared.
    pub(crate) fn finish<S: Send>(
        &mut self,
        (team, scratch, memory): (&mut Team, &mut [S], Memory<S>),
        isa: Isa,
        network: &Network,
        p: &Parameters,
        (slabs, cut): (&Slabs, &Bounds),
    ) {
        let places = self.places();
        let size = cut.range(cut.count() - 1).end;
        let factor = self.factor(size);
        let (Some(squared), Some(dense)) = (&mut self.squared, network.layer(0).as_dense()) else {
            return;
        };
        let Dense {
            inputs, outputs, ..
        } = *dense;
        let weights = &network.parameters_of(0, p)[..outputs * inputs];
        match &mut self.counted {
            Some(counted) => {
                let second = network.parameters_of(SECOND, p);
                let team = (&mut *team, &mut *scratch, memory);
                counted.finish(team, isa, second, squared, (slabs, size));
            }
            None => {
                let units = &self.units;
                let u = slabs.rows(self.v + 1, size);
                // It is its own transpose: of each tile of rows only what lies right of its first column is formed.
                team.run(
                    scratch,
                    Parts::new(&mut squared.gradients, &squared.square),
                    |scratch, tile, square| {
                        let rows = tile * TILE..tile * TILE + square.len() / outputs;
                        square.fill(0.0);
                        match units {
                            Some(units) => {
                                let lists = slabs.rows(units.slab, size);
                                places.each_row(slabs, cut, |row, probes| {
                                    let list = units.of(lists, row);
                                    let at = probes.start * outputs;
                                    let u = &u[at..at + probes.len() * list.len()];
                                    let scratch = memory(scratch);
                                    units.add_square(isa, rows.clone(), (list, u), square, scratch);
                                });
                            }
                            None => places.each_range(slabs, cut, |probes| {
                                let u = &u[probes.start * outputs..probes.end * outputs];
                                if u.is_empty() {
                                    return;
                                }
                                let u = &u[rows.start..];
                                let a = Left {
                                    data: u,
                                    row: 1,
                                    column: outputs,
                                };
                                let shape = (rows.len(), outputs - rows.start, probes.len());
                                let b = Right::row_major(u, outputs);
                                let to = &mut square[rows.start..];
                                product(isa, shape, a, b, Start::Accumulate, to, outputs);
                            }),
                        }
                    },
                );
            }
        }
        let square = &squared.gradients;
        team.run(
            scratch,
            Parts::new(&mut squared.gradient, &squared.rows),
            |scratch, tile, gradient| {
                let start = tile * TILE;
                let rows = gradient.len() / inputs;
                let whole = &mut memory(scratch)[..rows * outputs];
                whole.copy_from_slice(&square[start * outputs..(start + rows) * outputs]);
                for (i, to) in whole.chunks_exact_mut(outputs).enumerate() {
                    let column = square[start + i..].iter().step_by(outputs);
                    to[..start]
                        .iter_mut()
                        .zip(column)
                        .for_each(|(to, from)| *to = *from);
                }
                scale(isa, whole, factor);
                product(
                    isa,
                    (rows, inputs, outputs),
                    Left {
                        data: whole,
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
        if let Some(counted) = self.counted.as_ref().filter(|_| layer == SECOND) {
            let factor = self.factor(cut.range(cut.count() - 1).end);
            return counted.add_gradient(place, factor, gradient);
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
                if let Some(dense) = self
                    .dense_below(network)
                    .filter(|_| layer + 2 == self.encoder)
                {
                    return self.add_diagonal_gradient(
                        isa,
                        dense,
                        (place, w),
                        (slabs, cut),
                        gradient,
                    );
                }
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

    /// Adds the term's gradient to that of a tile of the dense layer below the code's activation: each probe has
    /// to do with one output alone.
    fn add_diagonal_gradient(
        &self,
        isa: Isa,
        dense: &Dense,
        (place, w): (Range<usize>, &[f32]),
        (slabs, cut): (&Slabs, &Bounds),
        gradient: &mut [f32],
    ) {
        // Behind the weights lies the bias, which J does not depend on.
        if place.start >= dense.outputs * dense.inputs {
            return;
        }
        let outputs = place.start / dense.inputs..place.end / dense.inputs;
        let slopes = slabs.rows(self.slopes, cut.range(cut.count() - 1).end);
        self.places().each_row(slabs, cut, |row, probes| {
            let slopes = &slopes[row * dense.outputs..(row + 1) * dense.outputs];
            let w = &w[probes.start * dense.inputs..probes.end * dense.inputs];
            let rows = w.chunks_exact(dense.inputs);
            for (w, (j, slope)) in rows.zip(passed(slopes, dense.outputs)) {
                if outputs.contains(&j) {
                    let at = (j - outputs.start) * dense.inputs;
                    add_scaled(isa, &mut gradient[at..at + dense.inputs], slope, w);
                }
            }
        });
    }

    fn places(&self) -> Places {
        Places {
            count: self.count,
            probes: self.probes,
        }
    }

    /// The value over the batch, without its weight.
    pub(crate) fn value(&self, slabs: &Slabs, rows: usize) -> f64 {
        let share = self.term.kind.share(rows);
        if let Some(counted) = &self.counted {
            return counted.value() * share;
        }
        let values = slabs.rows(self.value, rows);
        // Row by row, so that the sum does not depend on the cut.
        values.iter().map(|&v| f64::from(v)).sum::<f64>() * share
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
    /// Calls `f` with each row and where its probes lie.
    fn each_row(&self, slabs: &Slabs, cut: &Bounds, mut f: impl FnMut(usize, Range<usize>)) {
        let counts = slabs.rows(self.count, cut.range(cut.count() - 1).end);
        for block in 0..cut.count() {
            let rows = cut.range(block);
            let mut at = rows.start * self.probes;
            for row in rows {
                let probes = at..at + counts[row] as usize;
                at = probes.end;
                f(row, probes);
            }
        }
    }

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

/// The slopes of all rows that let a probe pass, with their place in the code.
fn passed(slopes: &[f32], code_size: usize) -> impl Iterator<Item = (usize, f32)> {
    let all = slopes.iter().enumerate();
    all.filter(|(_, slope)| **slope != 0.0)
        .map(move |(place, &slope)| (place % code_size, slope))
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
