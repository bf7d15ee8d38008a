//! The savings for basis vectors if the last function is an activation.
//!
//! The derivative of the activation is diagonal, so a basis vector becomes a multiple of itself; the factor is its
//! slope. If the slope is 0, as for half of them after a ReLU, the probe is skipped. If there is an affine map before
//! the activation, the other probes become rows of its weights, times their slopes.

use super::norm::Link;
use super::packed::Packed;
use super::tiles::start;
use crate::program::{
    Buffer, Cost, Lower, Part, Point, RowContext, RowFunction, RowOperation, TensorId, TileContext,
    TileOperation, Uses,
};
use narrows_kernels::bits::{words, words_mut};
use narrows_kernels::reduce::{add_scaled, scale};
use std::sync::Arc;

/// An affine map directly before the last activation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Below {
    weights: TensorId,
    pub(super) inputs: usize,
}

impl Below {
    pub(super) fn of(link: &Link) -> Below {
        Below {
            weights: link.tensors[0],
            inputs: link.function.inputs(),
        }
    }
}

/// The nonzero slopes, with their place in the row.
fn passed(slopes: &[f32], width: usize) -> impl Iterator<Item = (usize, f32)> {
    let all = slopes.iter().enumerate();
    all.filter(|(_, slope)| **slope != 0.0)
        .map(move |(place, &slope)| (place % width, slope))
}

/// Finds the slopes of the last activation, and computes the basis vectors that pass it.
#[derive(Debug)]
pub(super) struct StoppedProbes {
    activation: Arc<dyn RowFunction>,
    /// The activation's input and output.
    x: Buffer,
    y: Buffer,
    packed: Packed,
    pub(super) slopes: Buffer,
    /// The basis vectors themselves, if the activation's curvature needs them.
    pub(super) passed: Option<Buffer>,
    pub(super) below: Option<Below>,
    /// The probes before the activation, or before the affine map below it.
    pub(super) to: Buffer,
}

impl StoppedProbes {
    /// For the last function of a chain; `below` is the affine map before it.
    pub(super) fn new(
        last: &Link,
        below: Option<Below>,
        packed: Packed,
        lower: &mut Lower<'_>,
    ) -> StoppedProbes {
        let width = packed.probes;
        let learns = lower.mode() == crate::program::Mode::Training;
        let is_curved = learns && last.derivative().is_curved();
        let numbers = width * below.map_or(width, |below| below.inputs);
        StoppedProbes {
            activation: Arc::clone(&last.function),
            x: lower.buffer_of(last.x),
            y: lower.buffer_of(last.y),
            packed,
            slopes: lower.buffer("slopes", width),
            passed: is_curved.then(|| lower.buffer("probes", width * width)),
            below,
            to: lower.buffer("probes that pass", numbers),
        }
    }
}

impl RowOperation for StoppedProbes {
    fn label(&self) -> String {
        let width = self.packed.probes;
        format!("{width} probes back through {}", self.activation.label())
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.x, self.y]);
        let uses = uses.writes([self.slopes, self.to]).writes(self.passed);
        uses.writes([self.packed.counts])
    }

    fn cost(&self) -> Cost {
        let width = self.packed.probes;
        Cost {
            // A row of weights, times a slope.
            products: self.below.map_or(0, |below| width * below.inputs),
            elements: width * width,
            ..Cost::default()
        }
    }

    fn scratch(&self) -> usize {
        self.packed.probes + self.activation.scratch()
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let (isa, width) = (context.isa, self.packed.probes);
        let (ones, scratch) = context.scratch.split_at_mut(width);
        ones.fill(1.0);
        let ([x, y], slopes) = context.buffers.read_write([self.x, self.y], self.slopes);
        let values = x.chunks_exact(width).zip(y.chunks_exact(width));
        for ((x, y), slopes) in values.zip(slopes.chunks_exact_mut(width)) {
            let tensors = context.tensors.of(&[]);
            let at = Point { isa, tensors, x, y };
            self.activation.backward(at, ones, slopes, scratch);
        }
        let counts = self.packed.counts.memory();
        let ([slopes], counts) = context.buffers.read_write([self.slopes], counts);
        let mut all = 0;
        for (count, slopes) in words_mut(counts).iter_mut().zip(slopes.chunks_exact(width)) {
            *count = slopes.iter().filter(|&&slope| slope != 0.0).count() as u32;
            all += *count as usize;
        }
        if let Some(probes) = self.passed {
            let ([slopes], to) = context.buffers.read_write([self.slopes], probes);
            to[..all * width].fill(0.0);
            for (to, (j, _)) in to.chunks_exact_mut(width).zip(passed(slopes, width)) {
                to[j] = 1.0;
            }
        }
        let ([slopes], to) = context.buffers.read_write([self.slopes], self.to);
        let Some(Below { weights, inputs }) = self.below else {
            to[..all * width].fill(0.0);
            for (to, (j, slope)) in to.chunks_exact_mut(width).zip(passed(slopes, width)) {
                to[j] = slope;
            }
            return;
        };
        let weights = context.tensors.get(weights);
        for (to, (j, slope)) in to.chunks_exact_mut(inputs).zip(passed(slopes, width)) {
            to.copy_from_slice(&weights[j * inputs..(j + 1) * inputs]);
            if slope != 1.0 {
                scale(isa, to, slope);
            }
        }
    }
}

/// Computes the gradient of the weights of the affine map below the last activation: each probe affects only one
/// output.
#[derive(Debug)]
pub(super) struct DiagonalGradient {
    pub(super) packed: Packed,
    pub(super) below: Below,
    pub(super) slopes: Buffer,
    pub(super) w: Buffer,
}

impl TileOperation for DiagonalGradient {
    fn label(&self) -> String {
        "affine map, of probes with one output each".into()
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.w, self.slopes]);
        uses.reads([self.packed.counts])
    }

    fn work(&self) -> usize {
        self.packed.probes * self.below.inputs
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn run(&self, context: &mut TileContext<'_>, gradient: &mut [f32]) {
        start(context, gradient);
        let (isa, width, inputs) = (context.isa, self.packed.probes, self.below.inputs);
        let outputs = context.place.start / inputs..context.place.end / inputs;
        let (slopes, w) = (context.get(self.slopes), context.get(self.w));
        let counts = words(context.get(self.packed.counts.memory()));
        self.packed.each_row(counts, context.blocks, |row, probes| {
            let slopes = &slopes[row * width..(row + 1) * width];
            let rows = w[probes.start * inputs..probes.end * inputs].chunks_exact(inputs);
            for (w, (j, slope)) in rows.zip(passed(slopes, width)) {
                if outputs.contains(&j) {
                    let at = (j - outputs.start) * inputs;
                    add_scaled(isa, &mut gradient[at..at + inputs], slope, w);
                }
            }
        });
    }
}
