//! Dropout (Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting"): in training,
//! some values of a row become 0, and the others are scaled up so that the mean stays the same.
//!
//! The seed, the epoch, the sample and the layer decide which values are dropped. The programs of validation and of a
//! trained model do not contain the layer: every value stays unchanged.

use super::{LayerPart, LayerSpec};
use crate::declaration::{Declaration, Key, Kind, Part, Range, Settings};
use crate::error::Result;
use crate::onnx::{Graph, Place};
use crate::program::{
    self, Bit, Buffer, Builder, Cost, Element, Lower, Mode, Node, Operation, RowContext,
    RowOperation, Uses, Var,
};
use crate::rng::{Draws, Purpose};
use narrows_kernels::dropout::{WORD, apply, draw_mask, words};
use std::sync::Arc;

/// The dropout of a recipe.
#[derive(Debug)]
pub(super) struct DropoutPart;

const FRACTION: Key = Key::new(
    "fraction",
    Kind::Number(Range::BELOW_1),
    "the fraction of values that become 0 in training",
)
.elsewhere(&["p", "rate", "drop"]);

impl Part for DropoutPart {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "dropout",
                "in training some values become 0 and the others are multiplied by 1/(1 - fraction); a trained model \
                 changes no value",
            )
            .keys(&[FRACTION])
        }
    }
}

impl LayerPart for DropoutPart {
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        _: &[usize],
    ) -> Result<Var> {
        // Drawn for any fraction, so that the draws of other layers do not depend on it.
        let draws = builder.draws(Purpose::Dropout);
        let fraction: f32 = settings.get(&FRACTION);
        if builder.mode() != Mode::Training || fraction == 0.0 {
            return Ok(x);
        }
        let outputs = vec![(builder.shape(x).to_vec(), builder.rows(x))];
        let operation = Arc::new(Dropout { fraction, draws });
        Ok(builder.node(operation, Vec::new(), vec![x], outputs)[0])
    }

    fn nodes(&self, _: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        place.single(graph, "Identity", &[])
    }
}

/// A layer that drops a fraction of the values in training.
pub fn dropout(fraction: f32) -> LayerSpec {
    LayerSpec::unchecked(&DropoutPart, &[(&FRACTION, Some(fraction.into()))])
}

/// `y = x / (1 - fraction)` if a value is kept, otherwise 0.
#[derive(Clone, Copy, Debug)]
struct Dropout {
    fraction: f32,
    draws: Draws,
}

impl Operation for Dropout {
    fn label(&self) -> String {
        format!("dropout {}", self.fraction)
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let width = lower.width_of(node.inputs[0]);
        let mask: Buffer<Bit> = lower.buffer("kept values", width);
        let applied = Applied {
            of: *self,
            mask,
            width,
        };
        let (x, y) = (
            lower.buffer_of(node.inputs[0]),
            lower.buffer_of(node.outputs[0]),
        );
        lower.stash(applied);
        lower.rows(Forward { applied, x, y });
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let Some((dy, applied)) = lower.gradient_of(node.outputs[0]).zip(lower.unstash()) else {
            return Ok(());
        };
        lower.contribute(node.inputs[0], |lower, dx| {
            lower.rows(Backward { applied, dy, dx });
        });
        Ok(())
    }
}

/// A dropout, and the mask that it keeps from the forward pass.
#[derive(Clone, Copy, Debug)]
struct Applied {
    of: Dropout,
    /// Which values of a sample are kept.
    mask: Buffer<Bit>,
    /// The number of values of a sample.
    width: usize,
}

impl Applied {
    /// Applies the mask, sample by sample, to values or to their gradient.
    fn apply(&self, context: &mut RowContext<'_>, from: Buffer, to: Buffer) {
        let reads = [self.mask.memory(), from];
        let ([mask, from], to) = context.buffers.read_write(reads, to);
        let masks = Bit::view(mask).chunks_exact(words(self.width));
        let samples = from.chunks_exact(self.width);
        let samples = samples.zip(to.chunks_exact_mut(self.width));
        for (mask, (from, to)) in masks.zip(samples) {
            apply(context.isa, self.of.fraction, mask, from, to);
        }
    }
}

#[derive(Debug)]
struct Forward {
    applied: Applied,
    x: Buffer,
    y: Buffer,
}

impl RowOperation for Forward {
    fn label(&self) -> String {
        self.applied.of.label()
    }

    fn part(&self) -> program::Part {
        program::Part::ForwardElementwise
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.x]).writes([self.y]);
        uses.writes([self.applied.mask])
    }

    fn cost(&self) -> Cost {
        Cost {
            noise: self.applied.width,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let Applied { of, mask, width } = self.applied;
        let (isa, epoch, samples) = (context.isa, context.batch.epoch, context.samples());
        let masks = Bit::view_mut(context.buffers.get_mut(mask.memory()));
        for (&sample, mask) in samples.iter().zip(masks.chunks_exact_mut(words(width))) {
            let address = of.draws.address(epoch, sample);
            draw_mask(isa, address, of.fraction, width, mask);
        }
        self.applied.apply(context, self.x, self.y);
    }
}

#[derive(Debug)]
struct Backward {
    applied: Applied,
    dy: Buffer,
    dx: Buffer,
}

impl RowOperation for Backward {
    fn label(&self) -> String {
        format!("{}, back", self.applied.of.label())
    }

    fn part(&self) -> program::Part {
        program::Part::BackwardElementwise
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.dy]).writes([self.dx]);
        uses.reads([self.applied.mask])
    }

    fn cost(&self) -> Cost {
        Cost {
            elements: self.applied.width,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        self.applied.apply(context, self.dy, self.dx);
    }
}

// A buffer of bits has the words of a mask.
const _: () = assert!(WORD == 64);
