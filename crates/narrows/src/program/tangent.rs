//! The Jacobian of one value with respect to another at one row, column by column, for measures of a trained model.

use super::builder::Builder;
use super::context::Tensors;
use super::function::{Kind, Point, RowFunction};
use super::node::Operation;
use super::scaled::ChannelAffine;
use super::state::States;
use super::value::Var;
use narrows_kernels::Isa;
use narrows_kernels::batch_norm::affine;

/// A row at some value of a graph, with its tangents.
struct At<'a> {
    isa: Isa,
    tensors: Tensors<'a>,
    states: States<'a>,
    inputs: usize,
    x: Vec<f32>,
    /// `[inputs, x.len()]`; `None` while they are unit vectors.
    tangents: Option<Vec<f32>>,
}

/// The transposed Jacobian `[inputs, outputs]` of a value with respect to the input of the nodes from there on, at a
/// row. `None` if an operation between the two is not a differentiable function of one row.
pub(crate) fn jacobian(
    graph: &Builder,
    [from, to]: [Var; 2],
    parameters: &[f32],
    states: &[f32],
    row: &[f32],
) -> Option<Vec<f32>> {
    let [from, to] = [from, to].map(|var| graph.root(var));
    let mut at = At {
        isa: Isa::best(),
        tensors: Tensors {
            numbers: parameters,
            all: &graph.tensors,
        },
        states: States {
            numbers: states,
            all: &graph.states,
        },
        inputs: row.len(),
        x: row.to_vec(),
        tangents: None,
    };
    let mut value = from;
    while value != to {
        let node = graph.nodes.iter().find(|node| node.inputs == [value])?;
        let operation = &node.operation;
        match (operation.function(), operation.downcast::<ChannelAffine>()) {
            (Some(function), _) => at.pass(&**function, &node.tensors)?,
            (None, Some(map)) => at.multiply(map),
            (None, None) => at.pass_operation(&**operation, &node.tensors)?,
        }
        value = *node.outputs.first()?;
    }
    let inputs = at.inputs;
    Some(at.tangents.unwrap_or_else(|| unit(inputs)))
}

/// Unit vectors, one after the other.
fn unit(width: usize) -> Vec<f32> {
    let mut unit = vec![0.0; width * width];
    unit.iter_mut().step_by(width + 1).for_each(|x| *x = 1.0);
    unit
}

impl At<'_> {
    /// Goes through an operation that is not a function of a row.
    fn pass_operation(&mut self, operation: &dyn Operation, ids: &[super::TensorId]) -> Option<()> {
        let tangents = self.tangents.take().unwrap_or_else(|| unit(self.inputs));
        let at = Point {
            isa: self.isa,
            tensors: self.tensors.of(ids),
            x: &self.x,
            y: &[],
        };
        let [y, tangents] = operation.push(at, &tangents)?;
        (self.x, self.tangents) = (y, Some(tangents));
        Some(())
    }

    /// Goes through factors and offsets of channels.
    fn multiply(&mut self, map: &ChannelAffine) {
        let (isa, area) = (self.isa, map.area);
        let [factors, offsets] = map.factors.values(self.tensors, self.states);
        let mut y = vec![0.0; self.x.len()];
        affine(isa, area, &factors, &offsets, &self.x, &mut y);
        let from = self.tangents.take().unwrap_or_else(|| unit(self.inputs));
        let mut next = vec![0.0; from.len()];
        let none = vec![0.0; offsets.len()];
        affine(isa, area, &factors, &none, &from, &mut next);
        (self.x, self.tangents) = (y, Some(next));
    }

    /// Goes through a function.
    fn pass(&mut self, function: &dyn RowFunction, ids: &[super::TensorId]) -> Option<()> {
        let derivative = function.derivative()?;
        let tensors = self.tensors.of(ids);
        let mut scratch = vec![0.0; function.scratch()];
        let (inputs, outputs) = (self.inputs, function.outputs());
        let mut y = vec![0.0; outputs];
        let at = |x, y| Point {
            isa: self.isa,
            tensors,
            x,
            y,
        };
        function.forward(at(&self.x, &[]), &mut y, &mut scratch);
        let mut next = vec![0.0; inputs * outputs];
        if self.tangents.is_none() && function.kind() == Kind::Affine {
            // The first tangents are the unit vectors, so the results are the columns of the weights.
            let rows = tensors.tensor(0).chunks_exact(inputs);
            for (column, weights) in rows.enumerate() {
                let to = next[column..].iter_mut().step_by(outputs);
                to.zip(weights).for_each(|(to, weight)| *to = *weight);
            }
        } else {
            let from = self.tangents.take().unwrap_or_else(|| unit(inputs));
            if derivative.is_constant() {
                derivative.push(at(&[], &[]), &from, &mut next, &mut scratch);
            } else {
                let pairs = from.chunks_exact(self.x.len());
                for (from, to) in pairs.zip(next.chunks_exact_mut(outputs)) {
                    derivative.push(at(&self.x, &y), from, to, &mut scratch);
                }
            }
        }
        (self.x, self.tangents) = (y, Some(next));
        Some(())
    }
}
