//! Layer normalization (Ba et al. 2016, "Layer normalization"): each row is normalized to mean 0 and variance 1, then
//! multiplied by a weight, and a bias is added.
//!
//! It is an operation of its own and not a function of a row, because its backward pass needs two numbers of each row
//! from the forward pass: the mean, and rstd, which is 1 over the std.

use super::{LayerPart, LayerSpec};
use crate::declaration::{Declaration, Key, Kind, Part, Preset, Range, Settings};
use crate::error::Result;
use crate::onnx::{Attribute, Graph, Place};
use crate::program::{
    self, Buffer, Builder, Cost, Lower, Node, Operation, Point, RowContext, RowOperation, TensorId,
    TensorSpec, TileContext, TileOperation, Uses, Var,
};
use narrows_kernels::layer_norm::{Affine, KEPT, backward, forward, weight_gradient};
use narrows_kernels::reduce::{add, column_sums};
use std::sync::Arc;

/// The normalization of a recipe.
#[derive(Debug)]
pub(super) struct LayerNorm;

const EPSILON: Key = Key::new(
    "epsilon",
    Kind::Number(Range::ABOVE_0),
    "the number that is added to the variance of a row",
)
.elsewhere(&["eps"])
.default(Preset::Number(1e-5));

impl Part for LayerNorm {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "layer-norm",
                "y = (x - mean) / √(variance + epsilon) · weight + bias, with mean and variance over all values of a row",
            )
            .elsewhere(&["layernorm", "layer-normalization"])
            .keys(&[EPSILON])
        }
    }
}

impl LayerPart for LayerNorm {
    fn has_parameters(&self) -> bool {
        true
    }

    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        _: &[usize],
    ) -> Result<Var> {
        let (shape, width) = (builder.shape(x).to_vec(), builder.width(x));
        let tensor = |name, initial| TensorSpec {
            name,
            shape: shape.clone(),
            fans: (width, width),
            initial: Some(initial),
            tile: width,
        };
        let tensors = builder.tensors(vec![tensor("weight", 1.0), tensor("bias", 0.0)])?;
        let operation = Normalization {
            width,
            epsilon: settings.get(&EPSILON),
        };
        let outputs = vec![(shape, builder.rows(x))];
        Ok(builder.node(Arc::new(operation), tensors, vec![x], outputs)[0])
    }

    fn nodes(&self, settings: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        let axes: Vec<usize> = (1..=place.from.len()).collect();
        let axes = [Attribute::ints("axes", &axes)];
        let mean = graph.node("ReduceMean", &[place.input], &axes, &place.part("mean"));
        let centered = graph.node("Sub", &[place.input, &mean], &[], &place.part("centered"));
        let squares = [&centered, &centered];
        let squares = graph.node("Mul", &squares, &[], &place.part("squares"));
        let variance = graph.node("ReduceMean", &[squares], &axes, &place.part("variance"));
        let epsilon = graph.number(&place.part("epsilon"), settings.get(&EPSILON));
        let sum = graph.node("Add", &[variance, epsilon], &[], &place.part("sum"));
        let std = graph.node("Sqrt", &[sum], &[], &place.part("std"));
        let normal = graph.node("Div", &[centered, std], &[], &place.part("normal"));
        let inputs = place.with_parameters(&normal, true);
        let scaled = graph.node("Mul", &inputs[..2], &[], &place.part("scaled"));
        graph.node("Add", &[&scaled, &inputs[2]], &[], place.name)
    }
}

/// A layer that normalizes each row over all of its values, with a weight and a bias for each value, like PyTorch's
/// `LayerNorm` with the shape of a row.
pub fn layer_norm() -> LayerSpec {
    LayerSpec::unchecked(&LayerNorm, &[])
}

/// `y = (x - mean) rstd · weight + bias`, with `x` and `y` of `[rows, width]`.
#[derive(Clone, Copy, Debug)]
struct Normalization {
    width: usize,
    epsilon: f64,
}

/// The buffers of a normalization, and its tensors.
#[derive(Clone, Copy, Debug)]
struct Applied {
    of: Normalization,
    weight: TensorId,
    bias: TensorId,
    x: Buffer,
    /// Mean and rstd of each row, `[rows, 2]`.
    kept: Buffer,
    /// The number of values of a sample.
    numbers: usize,
}

impl Operation for Normalization {
    fn label(&self) -> String {
        format!("layer-norm {}", self.width)
    }

    fn push(&self, at: Point<'_>, dx: &[f32]) -> Option<[Vec<f32>; 2]> {
        let affine = Affine {
            weight: at.tensors.tensor(0),
            bias: at.tensors.tensor(1),
        };
        let (mut y, mut kept) = (vec![0.0; self.width], [0.0; KEPT]);
        forward(at.isa, self.epsilon, affine, at.x, &mut y, &mut kept);
        // The derivative of the normalization is symmetric, so a change is pushed forward in the same way as a gradient
        // is pulled back.
        let (ones, mut dy) = (vec![1.0; self.width], vec![0.0; dx.len()]);
        let changes = dx.chunks_exact(self.width);
        for (dx, dy) in changes.zip(dy.chunks_exact_mut(self.width)) {
            backward(at.isa, &ones, at.x, &kept, dx, dy);
            let factors = dy.iter_mut().zip(affine.weight);
            factors.for_each(|(dy, weight)| *dy *= weight);
        }
        Some([y, dy])
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let numbers = lower.width_of(node.inputs[0]);
        let applied = Applied {
            of: *self,
            weight: node.tensors[0],
            bias: node.tensors[1],
            x: lower.buffer_of(node.inputs[0]),
            kept: lower.buffer("mean and rstd", KEPT * (numbers / self.width)),
            numbers,
        };
        let y = lower.buffer_of(node.outputs[0]);
        lower.stash(applied);
        lower.rows(Forward { applied, y });
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let Some((dy, applied)) = lower.gradient_of(node.outputs[0]).zip(lower.unstash()) else {
            return Ok(());
        };
        let applied: Applied = applied;
        lower.contribute(node.inputs[0], |lower, dx| {
            lower.rows(Backward { applied, dy, dx });
        });
        lower.tile(applied.weight, WeightGradient { applied, dy });
        lower.tile(applied.bias, BiasGradient { applied, dy });
        Ok(())
    }
}

#[derive(Debug)]
struct Forward {
    applied: Applied,
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
        let writes = [self.y, self.applied.kept];
        Uses::new().reads([self.applied.x]).writes(writes)
    }

    fn cost(&self) -> Cost {
        self.applied.cost()
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let Applied {
            of,
            weight,
            bias,
            x,
            kept,
            ..
        } = self.applied;
        let affine = Affine {
            weight: context.tensors.get(weight),
            bias: context.tensors.get(bias),
        };
        let ([x], [y, kept]) = context.buffers.access([x], [self.y, kept]);
        forward(context.isa, of.epsilon, affine, x, y, kept);
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
        let Applied { x, kept, .. } = self.applied;
        Uses::new().reads([x, kept, self.dy]).writes([self.dx])
    }

    fn cost(&self) -> Cost {
        self.applied.cost()
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let Applied {
            weight, x, kept, ..
        } = self.applied;
        let weight = context.tensors.get(weight);
        let ([x, kept, dy], dx) = context.buffers.read_write([x, kept, self.dy], self.dx);
        backward(context.isa, weight, x, kept, dy, dx);
    }
}

impl Applied {
    fn cost(&self) -> Cost {
        Cost {
            elements: self.numbers,
            shared: 2 * self.of.width,
            ..Cost::default()
        }
    }
}

#[derive(Debug)]
struct WeightGradient {
    applied: Applied,
    dy: Buffer,
}

impl TileOperation for WeightGradient {
    fn label(&self) -> String {
        self.applied.of.label()
    }

    fn uses(&self) -> Uses {
        let Applied { x, kept, .. } = self.applied;
        Uses::new().reads([x, kept, self.dy])
    }

    fn work(&self) -> usize {
        self.applied.numbers
    }

    fn scratch(&self) -> usize {
        self.applied.of.width
    }

    fn run(&self, context: &mut TileContext<'_>, gradient: &mut [f32]) {
        let Applied { of, x, kept, .. } = self.applied;
        let [x, kept, dy] = [x, kept, self.dy].map(|buffer| context.get(buffer));
        let sums = &mut context.scratch[..of.width];
        weight_gradient(context.isa, x, kept, dy, sums);
        give(context.isa, context.adds, sums, gradient);
    }
}

#[derive(Debug)]
struct BiasGradient {
    applied: Applied,
    dy: Buffer,
}

impl TileOperation for BiasGradient {
    fn label(&self) -> String {
        self.applied.of.label()
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.dy])
    }

    fn work(&self) -> usize {
        0
    }

    fn scratch(&self) -> usize {
        self.applied.of.width
    }

    fn run(&self, context: &mut TileContext<'_>, gradient: &mut [f32]) {
        let dy = context.get(self.dy);
        let sums = &mut context.scratch[..self.applied.of.width];
        column_sums(context.isa, dy, sums);
        give(context.isa, context.adds, sums, gradient);
    }
}

/// Overwrites a gradient with sums, or adds the sums to it.
fn give(isa: narrows_kernels::Isa, adds: bool, sums: &[f32], gradient: &mut [f32]) {
    if adds {
        add(isa, gradient, sums)
    } else {
        gradient.copy_from_slice(sums)
    }
}
