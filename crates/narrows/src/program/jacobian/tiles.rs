//! The contributions of a norm to the gradients of tensors.

use super::packed::Packed;
use crate::program::{Buffer, Part, RowFunction, Tile, TileContext, TileOperation, Uses};
use narrows_kernels::bits::words;
use std::sync::Arc;

/// The gradient of `Σ v · J w` with respect to a tensor of a function, over the probes of the batch.
#[derive(Debug)]
pub(super) struct ProbeGradient {
    pub(super) function: Arc<dyn RowFunction>,
    pub(super) tensor: usize,
    pub(super) packed: Packed,
    pub(super) w: Buffer,
    pub(super) v: Buffer,
}

impl TileOperation for ProbeGradient {
    fn label(&self) -> String {
        format!("{}, of probes", self.function.label())
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.w, self.v]);
        uses.reads([self.packed.counts])
    }

    fn work(&self) -> usize {
        self.packed.probes * self.function.work()
    }

    fn scratch(&self) -> usize {
        self.function.scratch()
    }

    fn part(&self) -> Part {
        Part::Penalties
    }

    fn run(&self, context: &mut TileContext<'_>, gradient: &mut [f32]) {
        start(context, gradient);
        let tile = Tile {
            isa: context.isa,
            tensor: self.tensor,
            place: context.place.clone(),
            adds: true,
        };
        let counts = words(context.get(self.packed.counts.memory()));
        let (w, v) = (context.get(self.w), context.get(self.v));
        let (inputs, outputs) = (self.function.inputs(), self.function.outputs());
        let scratch = &mut *context.scratch;
        self.packed.each_range(counts, context.blocks, |probes| {
            let w = &w[probes.start * inputs..probes.end * inputs];
            let v = &v[probes.start * outputs..probes.end * outputs];
            self.function.gradient(&tile, w, v, gradient, scratch);
        });
    }
}

/// Clears a gradient to which parts are then added, unless other contributions exist.
pub(super) fn start(context: &TileContext<'_>, gradient: &mut [f32]) {
    if !context.adds {
        gradient.fill(0.0);
    }
}
