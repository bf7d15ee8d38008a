//! The target into which the nodes of a graph emit their operations.
//!
//! Gradients follow two rules. First, the first operation that contributes to the gradient of a value overwrites it;
//! additions ([`Lower::add_later`]) come after all contributions of nodes, just before the gradient is used. Second,
//! the contributions to a tensor's gradient are computed in the order of the nodes, and the first overwrites, so a
//! tensor may have any number of uses.

use super::buffer::{Buffer, BufferInfo, Element, Extent, Uses};
use super::loss::{Coupled, Loss, LossValue, Mean};
use super::operation::{ColumnOperation, RowOperation, TileOperation};
use super::plumbing::{AddGradient, ClearGradient, Gather};
use super::state::{State, StateId};
use super::tensor::{Tensor, TensorId};
use super::value::{Mode, Value, Var};
use std::any::Any;
use std::sync::Arc;

/// An operation of a program, before it is assigned to a stage.
#[derive(Debug)]
pub(crate) struct Placed {
    /// The name of the node that emitted it.
    pub(crate) name: String,
    pub(crate) uses: Uses,
    pub(crate) body: Body,
}

/// The kind of an operation.
#[derive(Debug)]
pub(crate) enum Body {
    Rows(Box<dyn RowOperation>),
    Columns(Box<dyn ColumnOperation>),
}

/// A contribution to the gradient of a tensor.
#[derive(Debug)]
pub(crate) struct Contribution {
    /// The node that emitted it.
    node: usize,
    pub(crate) name: String,
    pub(crate) operation: Box<dyn TileOperation>,
}

/// An addition to the gradient of a value that is emitted later.
struct Pending {
    to: Var,
    node: usize,
    operation: Box<dyn FnOnce(Buffer) -> Box<dyn RowOperation>>,
}

/// The properties of the graph whose operations are emitted.
pub(super) struct Known<'g> {
    pub(super) mode: Mode,
    /// What the objective is divided by.
    pub(super) objective_divisor: usize,
    /// The most rows of a batch.
    pub(super) batch: usize,
    pub(super) values: &'g [Value],
    pub(super) tensors: &'g [Tensor],
    pub(super) states: &'g [State],
    /// The names of the nodes.
    pub(super) names: Vec<&'g str>,
    /// For each value, whether something is learned before it.
    pub(super) needs_gradient: Vec<bool>,
}

/// The target into which operations are emitted.
pub struct Lower<'g> {
    known: Known<'g>,
    buffers: Vec<BufferInfo>,
    of_values: Vec<Option<Buffer>>,
    gradients: Vec<Option<Buffer>>,
    operations: Vec<Placed>,
    tiles: Vec<Vec<Contribution>>,
    pending: Vec<Pending>,
    stashed: Vec<(usize, Box<dyn Any>)>,
    losses: Vec<Loss>,
    node: usize,
}

/// The operations of a program, and the buffers that they use.
pub(crate) struct Lowered {
    pub(crate) mode: Mode,
    /// What the objective is divided by.
    pub(crate) objective_divisor: usize,
    /// The most rows of a batch.
    pub(crate) batch: usize,
    pub(crate) buffers: Vec<BufferInfo>,
    pub(crate) operations: Vec<Placed>,
    /// For each tensor the contributions to its gradient, in order.
    pub(crate) tiles: Vec<Vec<Contribution>>,
    pub(crate) losses: Vec<Loss>,
    /// The buffers of the graph's values, if they have one.
    pub(crate) of_values: Vec<Option<Buffer>>,
    /// Buffers that are read after a batch.
    pub(crate) kept: Vec<usize>,
    /// Buffers that are read after a pass of a trained model over rows.
    pub(crate) outputs: Vec<usize>,
}

impl<'g> Lower<'g> {
    pub(super) fn new(known: Known<'g>) -> Lower<'g> {
        Lower {
            buffers: Vec::new(),
            of_values: vec![None; known.values.len()],
            gradients: vec![None; known.values.len()],
            operations: Vec::new(),
            tiles: known.tensors.iter().map(|_| Vec::new()).collect(),
            pending: Vec::new(),
            stashed: Vec::new(),
            losses: Vec::new(),
            node: 0,
            known,
        }
    }

    /// Sets the node that emits the operations that follow.
    pub(super) fn go_to(&mut self, node: usize) {
        self.node = node;
    }

    /// All emitted operations; `outputs` are values that are read after a pass over rows.
    pub(super) fn finish(mut self, outputs: &[Var]) -> Lowered {
        for tile in &mut self.tiles {
            tile.sort_by_key(|contribution| contribution.node);
        }
        let outputs = outputs.iter();
        let outputs = outputs.filter_map(|&var| self.of_values[var.index()].map(Buffer::index));
        Lowered {
            mode: self.known.mode,
            objective_divisor: self.known.objective_divisor,
            batch: self.known.batch,
            kept: Vec::new(),
            outputs: outputs.collect(),
            buffers: self.buffers,
            operations: self.operations,
            tiles: self.tiles,
            losses: self.losses,
            of_values: self.of_values,
        }
    }

    /// The value that holds the numbers of a value.
    fn root(&self, var: Var) -> Var {
        self.known.values[var.index()].root(var)
    }

    /// The program that is being built.
    pub fn mode(&self) -> Mode {
        self.known.mode
    }

    /// The most rows of a batch.
    pub fn batch(&self) -> usize {
        self.known.batch
    }

    /// The buffer of a value. An input is gathered at the first request.
    pub fn buffer_of(&mut self, var: Var) -> Buffer {
        let var = self.root(var);
        if let Some(buffer) = self.of_values[var.index()] {
            return buffer;
        }
        let value = &self.known.values[var.index()];
        let width = value.numbers();
        let buffer = self.buffer(value.name.clone(), width);
        self.of_values[var.index()] = Some(buffer);
        if value.made_by.is_none() {
            let gather = Gather { to: buffer, width };
            self.operations.push(Placed {
                name: value.name.clone(),
                uses: gather.uses(),
                body: Body::Rows(Box::new(gather)),
            });
        }
        buffer
    }

    /// The number of values of a sample at a value.
    pub fn width_of(&self, var: Var) -> usize {
        self.known.values[var.index()].numbers()
    }

    /// A new buffer with a number of elements for each row of the batch.
    pub fn buffer<E: Element>(&mut self, name: impl Into<String>, elements: usize) -> Buffer<E> {
        let words = E::words(elements);
        self.new_buffer(name.into(), Extent::Rows { words }, None)
    }

    /// A new buffer of `[rows, elements]` that does not depend on the rows of the batch.
    pub fn whole<E: Element>(
        &mut self,
        name: impl Into<String>,
        rows: usize,
        elements: usize,
    ) -> Buffer<E> {
        let words = E::words(elements);
        self.new_buffer(name.into(), Extent::Whole { rows, words }, None)
    }

    /// As [`Lower::whole`], with initial numbers, which it keeps between steps.
    pub fn constant(&mut self, name: impl Into<String>, rows: usize, numbers: Vec<f32>) -> Buffer {
        let words = numbers.len() / rows.max(1);
        let extent = Extent::Whole { rows, words };
        self.new_buffer(name.into(), extent, Some(numbers))
    }

    fn new_buffer<E: Element>(
        &mut self,
        name: String,
        extent: Extent,
        constant: Option<Vec<f32>>,
    ) -> Buffer<E> {
        self.buffers.push(BufferInfo {
            name,
            extent,
            element: E::NAME,
            constant,
            state: None,
        });
        Buffer::at(self.buffers.len() - 1)
    }

    /// The buffer of a state, `[numbers, 1]`: of `u32` for a count, otherwise of `f32`.
    pub fn state<E: Element>(&mut self, state: StateId) -> Buffer<E> {
        let known = |info: &BufferInfo| info.state == Some(state.index());
        if let Some(known) = self.buffers.iter().position(known) {
            return Buffer::at(known);
        }
        let info = &self.known.states[state.index()];
        self.buffers.push(BufferInfo {
            name: info.name.clone(),
            extent: info.extent(),
            element: info.element(),
            constant: Some(vec![info.initial; info.range.len()]),
            state: Some(state.index()),
        });
        Buffer::at(self.buffers.len() - 1)
    }

    /// The number of values of some tensors.
    pub fn numbers_of(&self, tensors: &[TensorId]) -> usize {
        let tensors = tensors
            .iter()
            .map(|id| self.known.tensors[id.index()].range.len());
        tensors.sum()
    }

    fn node_name(&self) -> String {
        self.known
            .names
            .get(self.node)
            .copied()
            .unwrap_or_default()
            .to_string()
    }

    /// Emits an operation on rows.
    pub fn rows(&mut self, operation: impl RowOperation + 'static) {
        self.rows_boxed(Box::new(operation));
    }

    fn rows_boxed(&mut self, operation: Box<dyn RowOperation>) {
        let uses = operation.uses();
        self.place(uses, Body::Rows(operation));
    }

    /// Emits an operation over the whole batch.
    pub fn columns(&mut self, operation: impl ColumnOperation + 'static) {
        let uses = operation.uses();
        self.place(uses, Body::Columns(Box::new(operation)));
    }

    fn place(&mut self, uses: Uses, body: Body) {
        self.operations.push(Placed {
            name: self.node_name(),
            uses,
            body,
        });
    }

    /// Emits a contribution to the gradient of a tensor.
    pub fn tile(&mut self, tensor: TensorId, operation: impl TileOperation + 'static) {
        let name = self.node_name();
        self.tiles[tensor.index()].push(Contribution {
            node: self.node,
            name,
            operation: Box::new(operation),
        });
    }

    /// Stores something from a node's forward pass for its backward pass.
    pub fn stash<T: Any>(&mut self, what: T) {
        self.stashed.push((self.node, Box::new(what)));
    }

    /// The value that the node stored with [`Lower::stash`].
    pub fn unstash<T: Any>(&mut self) -> Option<T> {
        let is_own = |(node, what): &(usize, Box<dyn Any>)| *node == self.node && what.is::<T>();
        let place = self.stashed.iter().position(is_own)?;
        let (_, what) = self.stashed.swap_remove(place);
        what.downcast().ok().map(|what| *what)
    }

    /// The gradient of a value, if there is a contribution to it.
    pub fn gradient_of(&self, var: Var) -> Option<Buffer> {
        self.gradients[self.root(var).index()]
    }

    /// Whether the gradient of a value is needed: something is learned before it.
    pub fn needs_gradient(&self, var: Var) -> bool {
        self.mode() == Mode::Training && self.known.needs_gradient[self.root(var).index()]
    }

    /// Contributes to the gradient of a value, if it is needed. `emit` gets a buffer that its operations must overwrite
    /// with the contribution.
    pub fn contribute(&mut self, var: Var, emit: impl FnOnce(&mut Self, Buffer)) {
        let var = self.root(var);
        if !self.needs_gradient(var) {
            return;
        }
        let value = &self.known.values[var.index()];
        let own = self.buffer(format!("d({})", value.name), value.numbers());
        emit(self, own);
        match self.gradients[var.index()] {
            None => self.gradients[var.index()] = Some(own),
            Some(to) => self.rows(AddGradient { from: own, to }),
        }
    }

    /// Adds to the gradient of a value, if it is needed, after all nodes that read the value have contributed.
    /// `operation` is created for the gradient's buffer. Several additions run in the order of their nodes.
    pub fn add_later<O: RowOperation + 'static>(
        &mut self,
        var: Var,
        operation: impl FnOnce(Buffer) -> O + 'static,
    ) {
        let var = self.root(var);
        if !self.needs_gradient(var) {
            return;
        }
        self.pending.push(Pending {
            to: var,
            node: self.node,
            operation: Box::new(move |to| Box::new(operation(to))),
        });
    }

    /// Emits the pending additions to the gradients of some values.
    pub(super) fn flush(&mut self, values: &[Var]) {
        let (mut now, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|pending| values.contains(&pending.to));
        self.pending = later;
        now.sort_by_key(|pending| pending.node);
        for Pending { to, operation, .. } in now {
            let gradient = match self.gradients[to.index()] {
                Some(gradient) => gradient,
                None => {
                    let value = &self.known.values[to.index()];
                    let name = format!("d({})", value.name);
                    let gradient = self.buffer(name, value.numbers());
                    self.rows(ClearGradient(gradient));
                    self.gradients[to.index()] = Some(gradient);
                    gradient
                }
            };
            self.rows_boxed(operation(gradient));
        }
    }

    /// Reports the sum over a buffer as a loss with the weight of its gradient: its weight in the objective, divided by
    /// [`Builder::objective_divisor`](super::Builder::objective_divisor). Its name is `reconstruction`, or
    /// `reconstruction.NAME` for one of several parts of it; otherwise the name of a penalty, or `PENALTY.NAME` for one
    /// of several parts. Each has its own column in the record, so names must be unique.
    pub fn loss(&mut self, name: impl Into<String>, weight: f32, buffer: Buffer, mean: Mean) {
        self.losses.push(Loss {
            name: name.into(),
            weight: self.recorded(weight),
            buffer: buffer.index(),
            value: LossValue::Mean(mean),
        });
    }

    /// The weight of a loss in the objective, from that of its gradient.
    fn recorded(&self, weight: f32) -> f32 {
        (f64::from(weight) * self.known.objective_divisor as f64) as f32
    }

    /// Reports a loss that couples rows, from sums over them.
    pub fn coupled_loss(
        &mut self,
        name: impl Into<String>,
        weight: f32,
        sums: Buffer<f64>,
        value: Arc<dyn Coupled>,
    ) {
        self.losses.push(Loss {
            name: name.into(),
            weight: self.recorded(weight),
            buffer: sums.index(),
            value: LossValue::Coupled(value),
        });
    }
}
