//! A factor and an offset per channel, `y = x · factor + offset`. Directly after a function that is linear in its
//! weights, they are multiplied into a copy of the weights, once for all rows.

use super::buffer::{Buffer, Uses};
use super::builder::Builder;
use super::context::{ColumnContext, Given, RowContext, Tensors};
use super::function::{Kind, Point, RowFunction};
use super::lower::Lower;
use super::node::{Node, Operation};
use super::operation::{ColumnOperation, ColumnPart, Cost, RowOperation};
use super::profile::Part;
use super::state::States;
use super::tensor::TensorId;
use super::value::Var;
use crate::error::{Error, ErrorKind, Result};
use narrows_kernels::batch_norm::affine;
use std::fmt::Debug;
use std::sync::Arc;

/// The source of the factor and the offset of each channel.
pub trait Factors: Debug + Send + Sync {
    /// The source in a few words.
    fn label(&self) -> String;
    /// Emits the operations that compute them only from parameters and states; returns factors and offsets, both
    /// `[channels, 1]`.
    fn emit(&self, lower: &mut Lower<'_>) -> [Buffer; 2];
    /// The same factors and offsets computed directly, each of `[channels]`.
    fn values(&self, tensors: Tensors<'_>, states: States<'_>) -> [Vec<f32>; 2];
}

/// `y = x · factor + offset`, channel by channel; both of `[rows, channels, area]`. It is for validation and inference,
/// and has no backward pass.
#[derive(Clone, Debug)]
pub struct ChannelAffine {
    /// The number of channels of a row.
    pub channels: usize,
    /// The number of values of a channel in a row.
    pub area: usize,
    /// The source of factors and offsets.
    pub factors: Arc<dyn Factors>,
}

impl ChannelAffine {
    /// Applies it to a value; the factors are computed from `tensors`.
    pub fn build(self, builder: &mut Builder, tensors: Vec<TensorId>, x: Var) -> Var {
        let output = (builder.shape(x).to_vec(), builder.rows(x));
        builder.node(Arc::new(self), tensors, vec![x], vec![output])[0]
    }
}

impl Operation for ChannelAffine {
    fn label(&self) -> String {
        format!("{}, a factor and an offset a channel", self.factors.label())
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let [factors, offsets] = self.factors.emit(lower);
        let (x, y) = (
            lower.buffer_of(node.inputs[0]),
            lower.buffer_of(node.outputs[0]),
        );
        lower.rows(MultiplyAdd {
            map: self.clone(),
            x,
            y,
            factors,
            offsets,
        });
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        match lower.gradient_of(node.outputs[0]) {
            None => Ok(()),
            Some(_) => Err(Error::new(
                ErrorKind::Recipe,
                "factors of running statistics have no gradient",
            )
            .at(&node.name)),
        }
    }
}

#[derive(Debug)]
struct MultiplyAdd {
    map: ChannelAffine,
    x: Buffer,
    y: Buffer,
    factors: Buffer,
    offsets: Buffer,
}

impl RowOperation for MultiplyAdd {
    fn label(&self) -> String {
        self.map.label()
    }

    fn part(&self) -> Part {
        Part::ForwardElementwise
    }

    fn uses(&self) -> Uses {
        let reads = [self.x, self.factors, self.offsets];
        Uses::new().reads(reads).writes([self.y])
    }

    fn cost(&self) -> Cost {
        Cost {
            elements: self.map.channels * self.map.area,
            shared: 2 * self.map.channels,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let reads = [self.x, self.factors, self.offsets];
        let ([x, factors, offsets], y) = context.buffers.read_write(reads, self.y);
        affine(context.isa, self.map.area, factors, offsets, x, y);
    }
}

/// A function with weights and bias that factors and offsets are multiplied into.
#[derive(Debug)]
pub(super) struct Multiplied {
    /// The function, with a bias.
    function: Arc<dyn RowFunction>,
    weights: TensorId,
    /// The bias of the original layer.
    bias: Option<TensorId>,
    /// The shape of the weights, and the axis of their channels.
    shape: Vec<usize>,
    axis: usize,
    map: ChannelAffine,
}

impl Multiplied {
    /// The node that applies `map` to a function's output in one step; `None` if the two do not fit together.
    pub(super) fn of(graph: &Builder, function: &Node, map: &ChannelAffine) -> Option<Multiplied> {
        let scaled = function.operation.function()?.scaled()?;
        let weights = *function.tensors.first()?;
        let shape = graph.tensor_shape(weights).to_vec();
        // If the channels had another shape, one channel of the function would have several factors.
        if shape.get(scaled.axis) != Some(&map.channels)
            || scaled.function.outputs() != map.channels * map.area
        {
            return None;
        }
        Some(Multiplied {
            function: scaled.function,
            weights,
            bias: function.tensors.get(1).copied(),
            shape,
            axis: scaled.axis,
            map: map.clone(),
        })
    }
}

impl Operation for Multiplied {
    fn label(&self) -> String {
        format!("{}, {}", self.function.label(), self.map.factors.label())
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let [factors, offsets] = self.map.factors.emit(lower);
        let numbers = self.shape.iter().product();
        let weights = lower.whole("weights with factors", 1, numbers);
        let bias = lower.whole("bias with offsets", 1, self.map.channels);
        lower.columns(Multiply {
            of: [self.weights].into_iter().chain(self.bias).collect(),
            lengths: [numbers, self.map.channels],
            // The number of values of a channel that follow each other.
            inner: self.shape[self.axis + 1..].iter().product(),
            from: [factors, offsets],
            to: [weights, bias],
        });
        let (x, y) = (
            lower.buffer_of(node.inputs[0]),
            lower.buffer_of(node.outputs[0]),
        );
        lower.rows(Forward {
            function: Arc::clone(&self.function),
            label: self.label(),
            x,
            y,
            weights,
            bias,
        });
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        self.map.backward(node, lower)
    }
}

/// Multiplies factors and offsets into copies of weights and bias.
#[derive(Debug)]
struct Multiply {
    /// Weights and, optionally, bias.
    of: Vec<TensorId>,
    /// The numbers of values of weights and bias.
    lengths: [usize; 2],
    inner: usize,
    /// Factors and offsets.
    from: [Buffer; 2],
    /// Weights and bias.
    to: [Buffer; 2],
}

impl ColumnOperation for Multiply {
    fn label(&self) -> String {
        "factors into weights".into()
    }

    fn part(&self) -> Part {
        Part::Folding
    }

    fn uses(&self) -> Uses {
        Uses::new().reads(self.from).writes(self.to)
    }

    fn parts(&self) -> Vec<ColumnPart> {
        let rects = self.to.iter().zip(self.lengths);
        let rects = rects.map(|(to, len)| to.rect(0..1, 0..len));
        vec![ColumnPart {
            writes: rects.collect(),
            work: self.lengths[0],
            read: self.lengths[0],
        }]
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let tensors = context.tensors;
        let rows = context.rows();
        let reads = self.from.map(Buffer::index);
        let ([factors, offsets], [weights, bias]) = context.buffers.access(reads, rows);
        let given = tensors.get(self.of[0]).chunks_exact(self.inner);
        let runs = weights.chunks_exact_mut(self.inner).zip(given);
        for ((to, from), factor) in runs.zip(factors.iter().cycle()) {
            let pairs = to.iter_mut().zip(from);
            pairs.for_each(|(to, from)| *to = from * factor);
        }
        bias.copy_from_slice(offsets);
        if let Some(&given) = self.of.get(1) {
            let factors = factors.iter().zip(tensors.get(given));
            for (to, (&factor, &given)) in bias.iter_mut().zip(factors) {
                *to = (f64::from(*to) + f64::from(given) * f64::from(factor)) as f32;
            }
        }
    }
}

/// Computes `y` of the function from `x`.
#[derive(Debug)]
struct Forward {
    function: Arc<dyn RowFunction>,
    label: String,
    x: Buffer,
    y: Buffer,
    weights: Buffer,
    bias: Buffer,
}

impl RowOperation for Forward {
    fn label(&self) -> String {
        self.label.clone()
    }

    fn part(&self) -> Part {
        Part::ForwardProducts
    }

    fn uses(&self) -> Uses {
        let reads = [self.x, self.weights, self.bias];
        Uses::new().reads(reads).writes([self.y])
    }

    fn cost(&self) -> Cost {
        let work = self.function.work();
        let is_panel = self.function.kind() == Kind::Affine;
        Cost {
            panel: if is_panel { work } else { 0 },
            products: if is_panel { 0 } else { work },
            ..Cost::default()
        }
    }

    fn scratch(&self) -> usize {
        self.function.scratch()
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let reads = [self.x, self.weights, self.bias];
        let ([x, weights, bias], y) = context.buffers.read_write(reads, self.y);
        let copies = [weights, bias];
        let at = Point {
            isa: context.isa,
            tensors: Given::copies(&copies),
            x,
            y: &[],
        };
        self.function.forward(at, y, context.scratch);
    }
}
