//! Probes that go backward and forward: operations on rows.

use super::norm::{Link, Probes, derivative};
use super::packed::{Packed, all, of_rows};
use crate::program::{
    Buffer, Cost, Lower, Mean, Part, Point, RowContext, RowFunction, RowOperation, TensorId, Uses,
};
use narrows_kernels::Isa;
use narrows_kernels::bits::{words, words_mut};
use narrows_kernels::reduce::{dot, scale};
use std::sync::Arc;

/// The weight of a norm, and the divisor of its sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scaled {
    pub(super) weight: f32,
    pub(super) mean: Mean,
}

impl Scaled {
    /// The factor of half the gradient of the norm of a row, in a batch of a number of rows.
    pub(super) fn factor(self, rows: usize) -> f32 {
        (2.0 * f64::from(self.weight) * (1.0 / self.mean.divisor(rows))) as f32
    }
}

/// Fills the probes of rows.
#[derive(Debug)]
pub(super) struct Fill {
    pub(super) probes: Arc<dyn Probes>,
    pub(super) packed: Packed,
    /// The number of values of a probe.
    pub(super) width: usize,
    pub(super) to: Buffer,
}

impl RowOperation for Fill {
    fn label(&self) -> String {
        match self.packed.probes {
            1 => "1 probe".into(),
            probes => format!("{probes} probes"),
        }
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().writes([self.to]).writes([self.packed.counts])
    }

    fn cost(&self) -> Cost {
        Cost {
            elements: self.packed.probes * self.width,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let (isa, epoch, samples) = (context.isa, context.batch.epoch, context.samples());
        let Packed { probes, counts } = self.packed;
        let ([], [to, counts]) = context.buffers.access([], [self.to, counts.memory()]);
        words_mut(counts).fill(probes as u32);
        for (to, &sample) in to.chunks_exact_mut(probes * self.width).zip(samples) {
            self.probes.fill(isa, epoch, sample, self.width, to);
        }
    }
}

/// A function of the chain, at the rows of a batch.
#[derive(Clone, Debug)]
pub(super) struct ChainPlace {
    function: Arc<dyn RowFunction>,
    tensors: Vec<TensorId>,
    x: Buffer,
    y: Buffer,
    packed: Packed,
}

impl ChainPlace {
    pub(super) fn new(link: &Link, packed: Packed, lower: &mut Lower<'_>) -> ChainPlace {
        ChainPlace {
            function: Arc::clone(&link.function),
            tensors: link.tensors.clone(),
            x: lower.buffer_of(link.x),
            y: lower.buffer_of(link.y),
            packed,
        }
    }

    /// The buffers that its derivative reads.
    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.packed.counts]);
        if derivative(&self.function).is_constant() {
            uses
        } else {
            uses.reads([self.x, self.y])
        }
    }
}

/// The direction of probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProbeWay {
    /// `v_l = J_lᵀ v_{l+1}`
    Back,
    /// `w_{l+1} = J_l w_l`
    Forth,
}

/// Takes probes through a function of the chain.
#[derive(Debug)]
pub(super) struct Through {
    pub(super) way: ProbeWay,
    pub(super) place: ChainPlace,
    pub(super) from: Buffer,
    pub(super) to: Buffer,
}

impl Through {
    fn apply(&self, at: Point<'_>, from: &[f32], to: &mut [f32], scratch: &mut [f32]) {
        let function = &self.place.function;
        match self.way {
            ProbeWay::Back => function.backward(at, from, to, scratch),
            ProbeWay::Forth => derivative(function).push(at, from, to, scratch),
        }
    }
}

impl RowOperation for Through {
    fn label(&self) -> String {
        let way = match self.way {
            ProbeWay::Back => "back",
            ProbeWay::Forth => "forth",
        };
        format!("probes {way} through {}", self.place.function.label())
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        self.place.uses().reads([self.from]).writes([self.to])
    }

    fn cost(&self) -> Cost {
        let ChainPlace {
            function, packed, ..
        } = &self.place;
        let work = function.work();
        Cost {
            products: packed.probes * work,
            elements: match work {
                0 => packed.probes * function.outputs(),
                _ => 0,
            },
            ..Cost::default()
        }
    }

    fn scratch(&self) -> usize {
        self.place.function.scratch()
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let ChainPlace {
            function,
            tensors,
            x,
            y,
            packed,
        } = &self.place;
        let (isa, tensors) = (context.isa, context.tensors.of(tensors));
        let (inputs, outputs) = (function.inputs(), function.outputs());
        let (width, to_width) = match self.way {
            ProbeWay::Back => (outputs, inputs),
            ProbeWay::Forth => (inputs, outputs),
        };
        let counts = packed.counts.memory();
        if derivative(function).is_constant() {
            let ([counts, from], to) = context.buffers.read_write([counts, self.from], self.to);
            let all = all(words(counts));
            let at = Point {
                isa,
                tensors,
                x: &[],
                y: &[],
            };
            let (from, to) = (&from[..all * width], &mut to[..all * to_width]);
            return self.apply(at, from, to, context.scratch);
        }
        let reads = [counts, *x, *y, self.from];
        let ([counts, x, y, from], to) = context.buffers.read_write(reads, self.to);
        let mut pairs = from.chunks_exact(width).zip(to.chunks_exact_mut(to_width));
        let values = x.chunks_exact(inputs).zip(y.chunks_exact(outputs));
        for (&count, (x, y)) in words(counts).iter().zip(values) {
            for (from, to) in pairs.by_ref().take(count as usize) {
                let at = Point { isa, tensors, x, y };
                self.apply(at, from, to, context.scratch);
            }
        }
    }
}

/// Computes the norms of rows, and the probes times the factor of the gradient.
#[derive(Debug)]
pub(super) struct RowNorms {
    pub(super) packed: Packed,
    /// The number of values of a probe.
    pub(super) width: usize,
    pub(super) from: Buffer,
    /// The buffer for these probes times the factor, if something depends on them.
    pub(super) to: Option<Buffer>,
    pub(super) scaled: Scaled,
    pub(super) norms: Buffer,
}

impl RowOperation for RowNorms {
    fn label(&self) -> String {
        "squared norms".into()
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.packed.counts]).reads([self.from]);
        uses.writes([self.norms]).writes(self.to)
    }

    fn cost(&self) -> Cost {
        Cost {
            elements: self.packed.probes * self.width,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let (isa, factor) = (context.isa, self.scaled.factor(context.batch.rows()));
        let reads = [self.packed.counts.memory(), self.from];
        let ([counts, from], norms) = context.buffers.read_write(reads, self.norms);
        sum_products(isa, words(counts), [from, from], self.width, norms);
        let all = all(words(counts)) * self.width;
        if let Some(to) = self.to {
            let ([from], to) = context.buffers.read_write([self.from], to);
            let to = &mut to[..all];
            to.copy_from_slice(&from[..all]);
            scale(isa, to, factor);
        }
    }
}

/// For each row, the sum over its probes of the products of v and w, `width` numbers per probe.
pub(super) fn sum_products(
    isa: Isa,
    counts: &[u32],
    [v, w]: [&[f32]; 2],
    width: usize,
    sums: &mut [f32],
) {
    for (sum, probes) in sums.iter_mut().zip(of_rows(counts)) {
        let numbers = probes.start * width..probes.end * width;
        *sum = dot(isa, &v[numbers.clone()], &w[numbers]);
    }
}

/// Adds the effect of a function's curvature to the gradient of its input.
#[derive(Debug)]
pub(super) struct Curvature {
    pub(super) place: ChainPlace,
    pub(super) w: Buffer,
    pub(super) v: Buffer,
    pub(super) dx: Buffer,
}

impl RowOperation for Curvature {
    fn label(&self) -> String {
        format!("curvature of {}", self.place.function.label())
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        let ChainPlace { x, y, packed, .. } = &self.place;
        let uses = Uses::new().reads([packed.counts]);
        uses.reads([*x, *y, self.w, self.v]).adds([self.dx])
    }

    fn cost(&self) -> Cost {
        Cost {
            elements: self.place.packed.probes * self.place.function.outputs(),
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let ChainPlace {
            function,
            tensors,
            x,
            y,
            packed,
        } = &self.place;
        let (isa, tensors) = (context.isa, context.tensors.of(tensors));
        let reads = [packed.counts.memory(), *x, *y, self.w, self.v];
        let ([counts, x, y, w, v], dx) = context.buffers.read_write(reads, self.dx);
        let (inputs, outputs) = (function.inputs(), function.outputs());
        let values = x.chunks_exact(inputs).zip(y.chunks_exact(outputs));
        let rows = values.zip(dx.chunks_exact_mut(inputs));
        let mut probes = w.chunks_exact(inputs).zip(v.chunks_exact(outputs));
        for (&count, ((x, y), dx)) in words(counts).iter().zip(rows) {
            for (w, v) in probes.by_ref().take(count as usize) {
                let at = Point { isa, tensors, x, y };
                derivative(function).add_curvature(at, w, v, dx);
            }
        }
    }
}
