//! The k largest values of a code (Makhzani & Frey 2014, "k-sparse autoencoders"; after ReLU as Gao et al. 2024, "Scaling
//! and evaluating sparse autoencoders").

use super::part::{Bottleneck, BottleneckPart};
use crate::declaration::{Declaration, Key, Kind, Part, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::onnx::{Attribute, Graph, Place};
use crate::program::{
    Buffer, Builder, Element, Lower, Mode, Node, Operation, Part as StepPart, Point, RowContext,
    RowOperation, Uses, Var,
};
use narrows_kernels::top_k::TopK as Kernel;
use std::sync::Arc;

/// Keeps the k largest values after ReLU and sets all others to 0. Of equal values, the one with the lower index counts
/// as larger.
#[derive(Debug)]
pub(super) struct TopK;

const K: Key = Key::new(
    "k",
    Kind::Whole {
        least: 1,
        most: 1 << 24,
    },
    "the number of values of a code that may be other than 0; at most the size of the code",
);

impl Bottleneck {
    /// Keeps the `k` largest values of each code after ReLU and sets all others to 0.
    pub fn top_k(k: usize) -> Bottleneck {
        Bottleneck::unchecked(&TopK, &[(&K, Some(k.into()))])
    }
}

impl Part for TopK {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "top-k",
                "the k largest values after ReLU; all others become 0",
            )
            .keys(&[K])
        }
    }
}

impl BottleneckPart for TopK {
    fn build(&self, settings: &Settings, builder: &mut Builder, code: Var) -> Result<Var> {
        let (k, width): (usize, _) = (settings.get(&K), builder.width(code));
        if k > width {
            return Err(Error::new(ErrorKind::Recipe, "`k` is larger than the code")
                .at("bottleneck.k")
                .expected(format!("at most {width}, the number of values of a code"))
                .found(k));
        }
        builder.check_one_row(code, "the bottleneck `top-k`")?;
        let shape = builder.shape(code).to_vec();
        let operation = Arc::new(Choice { k, width });
        Ok(builder.node(operation, Vec::new(), vec![code], vec![(shape, 1)])[0])
    }

    fn output_range(&self, _: &Settings, (_, most): (f32, f32)) -> (f32, f32) {
        (0.0, most.max(0.0))
    }

    fn most_active(&self, settings: &Settings, code: usize) -> usize {
        settings.get::<usize>(&K).min(code)
    }

    fn nodes(&self, settings: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        let k: usize = settings.get(&K);
        let width: usize = place.to.iter().product();
        let part = |what: &str| place.part(what);
        let flat = graph.reshape(place.input, &[width], &part("flat"));
        let positive = graph.node("Relu", &[&flat], &[], &part("positive"));
        let count = graph.integers(&part("k"), &[k as i64]);
        let axis = Attribute::int("axis", 1);
        let (values, indices) = (part("values"), part("indices"));
        graph.node_of(
            "TopK",
            &[&positive, &count],
            std::slice::from_ref(&axis),
            &[&values, &indices],
        );
        let zero = graph.number(&part("zero"), 0.0);
        let empty = graph.node("Mul", &[&positive, &zero], &[], &part("empty"));
        let spread = [&empty, &indices, &values];
        let chosen = graph.node("ScatterElements", &spread, &[axis], &part("chosen"));
        graph.reshape(&chosen, place.to, place.name)
    }
}

/// The selection as an operation. It has no second derivative: penalties on derivatives end before it.
#[derive(Clone, Copy, Debug)]
struct Choice {
    k: usize,
    width: usize,
}

impl Choice {
    fn kernel(self) -> Kernel {
        Kernel {
            width: self.width,
            k: self.k,
        }
    }
}

impl Operation for Choice {
    fn label(&self) -> String {
        format!("top {} of {}", self.k, self.width)
    }

    fn push(&self, at: Point<'_>, dx: &[f32]) -> Option<[Vec<f32>; 2]> {
        let (mut y, mut chosen) = (vec![0.0; self.width], vec![0; self.k]);
        self.kernel().forward(at.isa, at.x, &mut y, &mut chosen);
        // The derivative is diagonal, so a change is pushed forward in the same way as a gradient is pulled back.
        let mut dy = vec![0.0; dx.len()];
        let changes = dx.chunks_exact(self.width);
        for (dx, dy) in changes.zip(dy.chunks_exact_mut(self.width)) {
            self.kernel().backward(&chosen, dx, dy);
        }
        Some([y, dy])
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let chosen = lower.buffer::<u32>("chosen values", self.k);
        let (x, y) = (
            lower.buffer_of(node.inputs[0]),
            lower.buffer_of(node.outputs[0]),
        );
        lower.rows(Choose {
            choice: *self,
            x,
            y,
            chosen,
        });
        if lower.mode() == Mode::Training {
            lower.stash(chosen);
        }
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let (Some(dy), Some(chosen)) = (lower.gradient_of(node.outputs[0]), lower.unstash()) else {
            return Ok(());
        };
        lower.contribute(node.inputs[0], |lower, dx| {
            lower.rows(Spread {
                choice: *self,
                chosen,
                dy,
                dx,
            });
        });
        Ok(())
    }
}

#[derive(Debug)]
struct Choose {
    choice: Choice,
    x: Buffer,
    y: Buffer,
    chosen: Buffer<u32>,
}

impl RowOperation for Choose {
    fn label(&self) -> String {
        self.choice.label()
    }

    fn part(&self) -> StepPart {
        StepPart::ForwardElementwise
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.x]).writes([self.y]);
        uses.writes([self.chosen])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let writes = [self.y, self.chosen.memory()];
        let ([x], [y, chosen]) = context.buffers.access([self.x], writes);
        let chosen = u32::view_mut(chosen);
        self.choice.kernel().forward(context.isa, x, y, chosen);
    }
}

#[derive(Debug)]
struct Spread {
    choice: Choice,
    chosen: Buffer<u32>,
    dy: Buffer,
    dx: Buffer,
}

impl RowOperation for Spread {
    fn label(&self) -> String {
        format!("{}, back", self.choice.label())
    }

    fn part(&self) -> StepPart {
        StepPart::BackwardElementwise
    }

    fn uses(&self) -> Uses {
        let uses = Uses::new().reads([self.dy]).reads([self.chosen]);
        uses.writes([self.dx])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let reads = [self.chosen.memory(), self.dy];
        let ([chosen, dy], dx) = context.buffers.read_write(reads, self.dx);
        self.choice.kernel().backward(u32::view(chosen), dy, dx);
    }
}
