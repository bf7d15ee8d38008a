//! Functions of one row as operations of a program.

use super::buffer::{Buffer, Uses};
use super::context::{RowContext, TileContext};
use super::function::{Derivative, Point, RowFunction, Tile};
use super::lower::Lower;
use super::node::{Node, Operation};
use super::operation::{Cost, RowOperation, TileOperation};
use super::profile::Part;
use super::tensor::TensorId;
use crate::error::Result;
use std::sync::Arc;

/// A [`RowFunction`] as an operation.
#[derive(Debug)]
pub(super) struct Function(pub(super) Arc<dyn RowFunction>);

impl Operation for Function {
    fn label(&self) -> String {
        self.0.label()
    }

    fn function(&self) -> Option<&Arc<dyn RowFunction>> {
        Some(&self.0)
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        forward(&self.0, node, lower);
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        backward(&self.0, node, lower)
    }
}

/// A function between two buffers.
#[derive(Clone, Debug)]
struct Applied {
    function: Arc<dyn RowFunction>,
    tensors: Vec<TensorId>,
    x: Buffer,
    y: Buffer,
}

impl Applied {
    fn cost(&self, shared: usize) -> Cost {
        let (work, outputs) = (self.function.work(), self.function.outputs());
        let is_panel = self.function.is_panel();
        Cost {
            panel: if is_panel { work } else { 0 },
            products: if is_panel { 0 } else { work },
            elements: if is_panel { 0 } else { outputs },
            shared,
            ..Cost::default()
        }
    }
}

/// Computes `y` from `x`.
#[derive(Debug)]
struct Forward {
    applied: Applied,
    /// The numbers of the tensors.
    parameters: usize,
}

impl RowOperation for Forward {
    fn label(&self) -> String {
        self.applied.function.label()
    }

    fn part(&self) -> Part {
        match self.applied.function.work() {
            0 => Part::ForwardElementwise,
            _ => Part::ForwardProducts,
        }
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.applied.x]).writes([self.applied.y])
    }

    fn cost(&self) -> Cost {
        self.applied.cost(self.parameters)
    }

    fn scratch(&self) -> usize {
        self.applied.function.scratch()
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let Applied {
            function,
            tensors,
            x,
            y,
        } = &self.applied;
        let ([x], y) = context.buffers.read_write([*x], *y);
        let at = Point {
            isa: context.isa,
            tensors: context.tensors.of(tensors),
            x,
            y: &[],
        };
        function.forward(at, y, context.scratch);
    }
}

/// Computes `dx` from `dy`.
#[derive(Debug)]
struct Backward {
    applied: Applied,
    dy: Buffer,
    dx: Buffer,
}

impl RowOperation for Backward {
    fn label(&self) -> String {
        format!("{}, back", self.applied.function.label())
    }

    fn part(&self) -> Part {
        match self.applied.function.work() {
            0 => Part::BackwardElementwise,
            _ => Part::BackwardProducts,
        }
    }

    fn uses(&self) -> Uses {
        let Applied { x, y, .. } = self.applied;
        let uses = Uses::new().reads([self.dy]).writes([self.dx]);
        let is_constant = self.applied.function.derivative();
        if is_constant.is_some_and(|derivative| derivative.is_constant()) {
            uses
        } else {
            uses.reads([x, y])
        }
    }

    fn cost(&self) -> Cost {
        self.applied.cost(0)
    }

    fn scratch(&self) -> usize {
        self.applied.function.scratch()
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let Applied {
            function,
            tensors,
            x,
            y,
        } = &self.applied;
        let tensors = context.tensors.of(tensors);
        let isa = context.isa;
        let is_constant = function.derivative().is_some_and(Derivative::is_constant);
        if is_constant {
            let ([dy], dx) = context.buffers.read_write([self.dy], self.dx);
            let at = Point {
                isa,
                tensors,
                x: &[],
                y: &[],
            };
            return function.backward(at, dy, dx, context.scratch);
        }
        let ([x, y, dy], dx) = context.buffers.read_write([*x, *y, self.dy], self.dx);
        let at = Point { isa, tensors, x, y };
        function.backward(at, dy, dx, context.scratch);
    }
}

/// Computes the gradient of one tensor.
#[derive(Debug)]
struct Gradient {
    function: Arc<dyn RowFunction>,
    tensor: usize,
    x: Buffer,
    dy: Buffer,
    work: usize,
}

impl TileOperation for Gradient {
    fn label(&self) -> String {
        self.function.label()
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.x, self.dy])
    }

    fn work(&self) -> usize {
        self.work
    }

    fn scratch(&self) -> usize {
        self.function.scratch()
    }

    fn run(&self, context: &mut TileContext<'_>, gradient: &mut [f32]) {
        let tile = Tile {
            isa: context.isa,
            tensor: self.tensor,
            place: context.place.clone(),
            adds: context.adds,
        };
        let (x, dy) = (context.get(self.x), context.get(self.dy));
        self.function
            .gradient(&tile, x, dy, gradient, context.scratch);
    }
}

/// Emits a function's forward operation.
fn forward(function: &Arc<dyn RowFunction>, node: &Node, lower: &mut Lower<'_>) {
    let applied = Applied {
        function: Arc::clone(function),
        tensors: node.tensors.clone(),
        x: lower.buffer_of(node.inputs[0]),
        y: lower.buffer_of(node.outputs[0]),
    };
    let parameters = lower.numbers_of(&node.tensors);
    lower.rows(Forward {
        applied,
        parameters,
    });
}

/// Emits a function's backward operation and its contributions to the gradients of its tensors.
fn backward(function: &Arc<dyn RowFunction>, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
    let Some(dy) = lower.gradient_of(node.outputs[0]) else {
        return Ok(());
    };
    let applied = Applied {
        function: Arc::clone(function),
        tensors: node.tensors.clone(),
        x: lower.buffer_of(node.inputs[0]),
        y: lower.buffer_of(node.outputs[0]),
    };
    let x = applied.x;
    lower.contribute(node.inputs[0], |lower, dx| {
        lower.rows(Backward { applied, dy, dx });
    });
    for (index, &tensor) in node.tensors.iter().enumerate() {
        let operation = Gradient {
            function: Arc::clone(function),
            tensor: index,
            x,
            dy,
            // Only the first tensor is part of products.
            work: if index == 0 { function.work() } else { 0 },
        };
        lower.tile(tensor, operation);
    }
    Ok(())
}
