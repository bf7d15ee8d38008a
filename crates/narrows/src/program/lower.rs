//! From the graph to operations in the order in which they could run: forward first, then back, each node saying which.
//!
//! Gradients follow two rules. The first operation that contributes to the gradient by a value overwrites it; what is added
//! later ([`Lower::add_later`]) comes after all that go through nodes, just before the gradient is used. And the
//! contributions to a tensor's gradient are formed in the order of the nodes, the first overwriting, so that a
//! tensor may have any number of uses.

use super::buffer::{Buffer, BufferInfo, Element, Extent, Uses};
use super::builder::{Builder, Mode, Var};
use super::context::RowContext;
use super::operation::{ColumnOperation, Cost, RowOperation, TileOperation};
use super::profile::Part;
use super::state::StateId;
use super::tensor::TensorId;
use crate::error::Result;
use narrows_kernels::reduce::add;
use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

/// An operation of a program, before it has a stage.
#[derive(Debug)]
pub(crate) struct Placed {
    /// The name of the node that emitted it.
    pub(crate) name: String,
    pub(crate) uses: Uses,
    pub(crate) body: Body,
}

/// What an operation is.
#[derive(Debug)]
pub(crate) enum Body {
    Rows(Box<dyn RowOperation>),
    Columns(Box<dyn ColumnOperation>),
}

/// A contribution to the gradient by a tensor.
#[derive(Debug)]
pub(crate) struct Contribution {
    /// The node that emitted it.
    node: usize,
    pub(crate) name: String,
    pub(crate) operation: Box<dyn TileOperation>,
}

/// One of the sums that a step reports.
#[derive(Clone, Debug)]
pub(crate) struct Loss {
    /// `reconstruction`, or the name of a penalty.
    pub(crate) name: String,
    /// How much it counts in the objective.
    pub(crate) weight: f32,
    /// What is added up, in double precision and in order; or sums of a coupled loss.
    pub(crate) buffer: usize,
    pub(crate) value: LossValue,
}

/// What the value of a loss is.
#[derive(Clone, Debug)]
pub(crate) enum LossValue {
    /// The sum over the buffer, divided.
    Mean(Mean),
    /// What a function makes of sums over rows: rows count together.
    Coupled(Arc<dyn Coupled>),
}

/// A loss that couples rows: a function of sums over them. Of several batches the sums are added up first.
pub trait Coupled: Debug + Send + Sync {
    /// The loss of so many rows, without its weight, from sums over them.
    fn value(&self, sums: &[f64], rows: usize) -> f64;
}

/// What the sum of a loss over its buffer is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mean {
    /// So many times the rows of the batch.
    OverRows(usize),
    /// Nothing.
    Sum,
}

impl LossValue {
    /// What it is of a buffer's numbers, in words.
    pub(crate) fn describe(&self) -> String {
        match self {
            LossValue::Mean(mean) => mean.describe(),
            LossValue::Coupled(coupled) => format!("{coupled:?}"),
        }
    }
}

impl Mean {
    /// What it is of a buffer's numbers, in words.
    fn describe(self) -> String {
        match self {
            Mean::OverRows(1) => "mean over rows".into(),
            Mean::OverRows(values) => format!("mean over rows and {values} values"),
            Mean::Sum => "sum".into(),
        }
    }

    /// The divisor for a batch of so many rows.
    pub(crate) fn divisor(self, rows: usize) -> f64 {
        match self {
            Mean::OverRows(values) => (rows * values) as f64,
            Mean::Sum => 1.0,
        }
    }
}

/// An addition to the gradient by a value that waits for its turn.
struct Pending {
    to: Var,
    node: usize,
    operation: Box<dyn FnOnce(Buffer) -> Box<dyn RowOperation>>,
}

/// What operations are emitted into.
pub struct Lower<'g> {
    graph: &'g Builder,
    batch: usize,
    buffers: Vec<BufferInfo>,
    of_values: Vec<Option<Buffer>>,
    gradients: Vec<Option<Buffer>>,
    needs_gradient: Vec<bool>,
    operations: Vec<Placed>,
    tiles: Vec<Vec<Contribution>>,
    pending: Vec<Pending>,
    stashed: Vec<(usize, Box<dyn Any>)>,
    losses: Vec<Loss>,
    node: usize,
}

/// The operations of a program, and what they use.
pub(crate) struct Lowered {
    pub(crate) mode: Mode,
    /// The most rows of a batch.
    pub(crate) batch: usize,
    pub(crate) buffers: Vec<BufferInfo>,
    pub(crate) operations: Vec<Placed>,
    /// For each tensor what its gradient is made of, in order.
    pub(crate) tiles: Vec<Vec<Contribution>>,
    pub(crate) losses: Vec<Loss>,
    /// The buffers of the graph's values, where they have one.
    pub(crate) of_values: Vec<Option<Buffer>>,
    /// Buffers that are read after a batch.
    pub(crate) kept: Vec<usize>,
    /// Buffers that are read after a pass over rows of a model in use.
    pub(crate) outputs: Vec<usize>,
}

/// Copies rows from where a batch comes from.
#[derive(Debug)]
struct Gather {
    to: Buffer,
    width: usize,
}

impl RowOperation for Gather {
    fn label(&self) -> String {
        "gather and scale".into()
    }

    fn part(&self) -> Part {
        Part::Gather
    }

    fn uses(&self) -> Uses {
        Uses::new().writes([self.to])
    }

    fn cost(&self) -> Cost {
        Cost {
            inputs: self.width,
            ..Cost::default()
        }
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let rows = context.buffers.rows();
        let to = context.buffers.get_mut(self.to);
        context.batch.input.write(rows, to);
    }
}

/// Adds one gradient by a value to another.
#[derive(Debug)]
struct AddGradient {
    from: Buffer,
    to: Buffer,
}

impl RowOperation for AddGradient {
    fn label(&self) -> String {
        "add gradients".into()
    }

    fn part(&self) -> Part {
        Part::BackwardElementwise
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.from]).adds([self.to])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let ([from], to) = context.buffers.read_write([self.from], self.to);
        add(context.isa, to, from);
    }
}

/// Begins a gradient to which others only add.
#[derive(Debug)]
struct ClearGradient(Buffer);

impl RowOperation for ClearGradient {
    fn label(&self) -> String {
        "clear a gradient".into()
    }

    fn part(&self) -> Part {
        Part::BackwardElementwise
    }

    fn uses(&self) -> Uses {
        Uses::new().writes([self.0])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        context.buffers.get_mut(self.0).fill(0.0);
    }
}

/// Emits the operations of a graph, for batches of up to `batch` rows.
///
/// # Errors
///
/// When an operation does not fit where it stands.
pub(crate) fn lower(graph: &Builder, batch: usize) -> Result<Lowered> {
    let is_needed = needed(graph);
    let mut lower = Lower {
        graph,
        batch,
        buffers: Vec::new(),
        of_values: vec![None; graph.values.len()],
        gradients: vec![None; graph.values.len()],
        needs_gradient: graph.depends_on_tensors(),
        operations: Vec::new(),
        tiles: graph.tensors.iter().map(|_| Vec::new()).collect(),
        pending: Vec::new(),
        stashed: Vec::new(),
        losses: Vec::new(),
        node: 0,
    };
    for (index, node) in graph.nodes.iter().enumerate() {
        lower.node = index;
        if is_needed[index] {
            node.operation.forward(node, &mut lower)?;
        }
    }
    if graph.mode() == Mode::Inference {
        // What is given may be all there is.
        graph.kept.iter().for_each(|&var| {
            lower.buffer_of(var);
        });
    }
    if graph.mode() == Mode::Training {
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            lower.node = index;
            if is_needed[index] {
                lower.flush(&node.outputs);
                node.operation.backward(node, &mut lower)?;
            }
        }
    }
    for tile in &mut lower.tiles {
        tile.sort_by_key(|contribution| contribution.node);
    }
    let is_read = graph.mode() == Mode::Inference;
    let outputs = graph.kept.iter().filter(|_| is_read);
    let outputs = outputs.filter_map(|&var| lower.of_values[var.0].map(Buffer::index));
    Ok(Lowered {
        mode: graph.mode(),
        batch,
        kept: Vec::new(),
        outputs: outputs.collect(),
        buffers: lower.buffers,
        operations: lower.operations,
        tiles: lower.tiles,
        losses: lower.losses,
        of_values: lower.of_values,
    })
}

/// Which nodes something depends on: those that lead to what is kept, or that make no value, as losses do.
fn needed(graph: &Builder) -> Vec<bool> {
    let mut is_read = vec![false; graph.values.len()];
    for &var in &graph.kept {
        is_read[var.0] = true;
    }
    let mut is_needed = vec![false; graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        let is_used = node.outputs.is_empty() || node.outputs.iter().any(|var| is_read[var.0]);
        if is_used {
            is_needed[index] = true;
            node.inputs.iter().for_each(|var| is_read[var.0] = true);
        }
    }
    is_needed
}

impl Lower<'_> {
    /// Which program is built.
    pub fn mode(&self) -> Mode {
        self.graph.mode()
    }

    /// The most rows of a batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The graph.
    pub(crate) fn graph(&self) -> &Builder {
        self.graph
    }

    /// The buffer of a value. What is given is gathered when it is first asked for.
    pub fn buffer_of(&mut self, var: Var) -> Buffer {
        let var = self.graph.root(var);
        if let Some(buffer) = self.of_values[var.0] {
            return buffer;
        }
        let value = &self.graph.values[var.0];
        let width = value.numbers();
        let buffer = self.buffer(value.name.clone(), width);
        self.of_values[var.0] = Some(buffer);
        if value.made_by.is_none() {
            self.rows(Gather { to: buffer, width });
        }
        buffer
    }

    /// The numbers of a sample of a value.
    pub fn width_of(&self, var: Var) -> usize {
        self.graph.values[var.0].numbers()
    }

    /// A new buffer with so many elements for each row of the batch.
    pub fn buffer<E: Element>(&mut self, name: impl Into<String>, elements: usize) -> Buffer<E> {
        let words = E::words(elements);
        self.new_buffer(name.into(), Extent::Rows { words }, None)
    }

    /// A new buffer of `[rows, elements]` that has nothing to do with rows of the batch.
    pub fn whole<E: Element>(
        &mut self,
        name: impl Into<String>,
        rows: usize,
        elements: usize,
    ) -> Buffer<E> {
        let words = E::words(elements);
        self.new_buffer(name.into(), Extent::Whole { rows, words }, None)
    }

    /// As [`Lower::whole`], with numbers that it holds from the beginning, and that it keeps between steps.
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

    /// The buffer of a state, `[numbers, 1]`: of `u32` for a count, else of `f32`.
    pub fn state<E: Element>(&mut self, state: StateId) -> Buffer<E> {
        let known = |info: &BufferInfo| info.state == Some(state.index());
        if let Some(known) = self.buffers.iter().position(known) {
            return Buffer::at(known);
        }
        let info = &self.graph.states[state.index()];
        self.buffers.push(BufferInfo {
            name: info.name.clone(),
            extent: info.extent(),
            element: info.element(),
            constant: Some(vec![info.initial; info.range.len()]),
            state: Some(state.index()),
        });
        Buffer::at(self.buffers.len() - 1)
    }

    /// The numbers of some tensors.
    pub fn numbers_of(&self, tensors: &[TensorId]) -> usize {
        let tensors = tensors
            .iter()
            .map(|id| self.graph.tensors[id.0].range.len());
        tensors.sum()
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
        let nodes = &self.graph.nodes;
        self.operations.push(Placed {
            name: nodes
                .get(self.node)
                .map_or("", |node| &node.name)
                .to_string(),
            uses,
            body,
        });
    }

    /// Emits a contribution to the gradient by a tensor.
    pub fn tile(&mut self, tensor: TensorId, operation: impl TileOperation + 'static) {
        self.tiles[tensor.0].push(Contribution {
            node: self.node,
            name: self.graph.nodes[self.node].name.clone(),
            operation: Box::new(operation),
        });
    }

    /// Keeps something of a node's way forth for its way back.
    pub fn stash<T: Any>(&mut self, what: T) {
        self.stashed.push((self.node, Box::new(what)));
    }

    /// What the node kept with [`Lower::stash`].
    pub fn unstash<T: Any>(&mut self) -> Option<T> {
        let is_own = |(node, what): &(usize, Box<dyn Any>)| *node == self.node && what.is::<T>();
        let place = self.stashed.iter().position(is_own)?;
        let (_, what) = self.stashed.swap_remove(place);
        what.downcast().ok().map(|what| *what)
    }

    /// The gradient by a value, if anything has contributed to it.
    pub fn gradient_of(&self, var: Var) -> Option<Buffer> {
        self.gradients[self.graph.root(var).0]
    }

    /// Whether the gradient by a value is of use: whether something is learnt before it.
    pub fn needs_gradient(&self, var: Var) -> bool {
        self.mode() == Mode::Training && self.needs_gradient[self.graph.root(var).0]
    }

    /// Contributes to the gradient by a value, if that is of use: `emit` is given a buffer that its operations are to
    /// overwrite with the contribution.
    pub fn contribute(&mut self, var: Var, emit: impl FnOnce(&mut Self, Buffer)) {
        let var = self.graph.root(var);
        if !self.needs_gradient(var) {
            return;
        }
        let value = &self.graph.values[var.0];
        let own = self.buffer(format!("d({})", value.name), value.numbers());
        emit(self, own);
        match self.gradients[var.0] {
            None => self.gradients[var.0] = Some(own),
            Some(to) => self.rows(AddGradient { from: own, to }),
        }
    }

    /// Adds to the gradient by a value, if that is of use, after all nodes that read the value have contributed:
    /// `operation` is made for the gradient's buffer. Of several additions that of the first node comes first.
    pub fn add_later<O: RowOperation + 'static>(
        &mut self,
        var: Var,
        operation: impl FnOnce(Buffer) -> O + 'static,
    ) {
        let var = self.graph.root(var);
        if !self.needs_gradient(var) {
            return;
        }
        self.pending.push(Pending {
            to: var,
            node: self.node,
            operation: Box::new(move |to| Box::new(operation(to))),
        });
    }

    /// Emits what is to be added to the gradients by some values.
    fn flush(&mut self, values: &[Var]) {
        let (mut now, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|pending| values.contains(&pending.to));
        self.pending = later;
        now.sort_by_key(|pending| pending.node);
        for Pending { to, operation, .. } in now {
            let gradient = match self.gradients[to.0] {
                Some(gradient) => gradient,
                None => {
                    let value = &self.graph.values[to.0];
                    let name = format!("d({})", value.name);
                    let gradient = self.buffer(name, value.numbers());
                    self.rows(ClearGradient(gradient));
                    self.gradients[to.0] = Some(gradient);
                    gradient
                }
            };
            self.rows_boxed(operation(gradient));
        }
    }

    /// Reports the sum over a buffer as a loss: `reconstruction`, or the name of a penalty, with its weight in the
    /// objective.
    pub fn loss(&mut self, name: impl Into<String>, weight: f32, buffer: Buffer, mean: Mean) {
        self.losses.push(Loss {
            name: name.into(),
            weight,
            buffer: buffer.index(),
            value: LossValue::Mean(mean),
        });
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
            weight,
            buffer: sums.index(),
            value: LossValue::Coupled(value),
        });
    }
}
