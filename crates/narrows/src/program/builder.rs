//! The builder: parts apply operations to values, and the builder keeps these operations as a graph.
//!
//! A value is the state of a sample at some point of the sentence: `rows` rows of a shape (1 row, unless a part says
//! otherwise). Every operation reads existing values and makes new ones, so the operations can run in the order in
//! which they were applied.

use super::applied::Function;
use super::function::{Kind, RowFunction};
use super::node::{Node, Operation};
use super::state::{State, StateId, StateSpec};
use super::tensor::{Tensor, TensorId, TensorSpec, Tie};
use super::value::{Mode, Value, Var};
use crate::error::{Error, ErrorKind, Result};
use crate::rng::{Draws, Purpose};
use crate::text::{count, count_of};
use std::sync::Arc;

/// The most parameters of a network: 16 GiB. A larger network is a typing error or a damaged file.
const MAX_PARAMETERS: usize = 1 << 32;

/// Builds the graph of a sentence.
#[derive(Clone, Debug)]
pub struct Builder {
    mode: Mode,
    /// The seed of all random numbers of the parts.
    seed: u64,
    /// The purposes of the parts that draw random numbers, in the order of the sentence.
    purposes: Vec<Purpose>,
    pub(crate) values: Vec<Value>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) tensors: Vec<Tensor>,
    pub(crate) ties: Vec<Tie>,
    pub(crate) states: Vec<State>,
    /// Whether in training the output of a row depends on the other rows of its batch.
    pub(crate) couples_rows: bool,
    /// What the objective is divided by.
    objective_divisor: usize,
    /// What the codes of a sample are weighed by, where several are drawn.
    log_ratio: Option<Var>,
    /// The place in the sentence at which parts are built.
    place: String,
    /// Values that must be kept because they are outputs.
    pub(crate) kept: Vec<Var>,
}

impl Builder {
    /// An empty graph. The random numbers of its parts have the seed 0.
    pub fn new(mode: Mode) -> Builder {
        Builder {
            mode,
            seed: 0,
            purposes: Vec::new(),
            values: Vec::new(),
            nodes: Vec::new(),
            tensors: Vec::new(),
            ties: Vec::new(),
            states: Vec::new(),
            couples_rows: false,
            objective_divisor: 1,
            log_ratio: None,
            place: String::new(),
            kept: Vec::new(),
        }
    }

    /// The same with the seed of all random numbers of the parts.
    pub fn with_seed(self, seed: u64) -> Builder {
        Builder { seed, ..self }
    }

    /// Random numbers for the part that is being built. If several parts draw for one purpose, each has its own
    /// numbers.
    pub fn draws(&mut self, purpose: Purpose) -> Draws {
        let before = self.purposes.iter().filter(|&&other| other == purpose);
        let number = before.count();
        self.purposes.push(purpose);
        Draws::new(self.seed, purpose).of_part(number as u32)
    }

    /// Says that the whole objective is a sum over the values of a row, in nats, so that it is divided by their number:
    /// learning rates then mean the same as for a loss that is a mean over values.
    pub(crate) fn divide_objective(&mut self, values: usize) {
        self.objective_divisor = values;
    }

    /// What the objective is divided by, once: the values of a row where it is in nats a row, else 1. The gradient by a loss
    /// of weight w is w divided by this; [`Lower::loss`](super::Lower::loss) is given that weight, and records w.
    pub fn objective_divisor(&self) -> usize {
        self.objective_divisor
    }

    /// Says that the likelihoods at several rows of a sample are to be weighed: `log_ratio` has a number for each of these
    /// rows, the logarithm of what their likelihood is multiplied by. The reconstruction loss then compares all of them with
    /// the target, and is the importance-weighted bound.
    pub fn weigh(&mut self, log_ratio: Var) {
        self.log_ratio = Some(log_ratio);
    }

    /// What the rows of a sample are weighed by, if a bottleneck has said so.
    pub fn log_ratio(&self) -> Option<Var> {
        self.log_ratio
    }

    /// The program that is being built.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The place in the sentence of the part that is being built: `encoder.0`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Sets the place in the sentence for the parts that follow: `encoder.0`.
    pub fn at(&mut self, place: impl Into<String>) {
        self.place = place.into();
    }

    /// An input value: the data.
    pub(crate) fn input(&mut self, name: &str, shape: &[usize]) -> Var {
        self.value(name.to_string(), shape.to_vec(), 1, None)
    }

    /// The shape of a row of a value.
    pub fn shape(&self, var: Var) -> &[usize] {
        &self.values[var.index()].shape
    }

    /// The number of values of a row.
    pub fn width(&self, var: Var) -> usize {
        self.values[var.index()].shape.iter().product()
    }

    /// The same numbers in another shape of the same size.
    ///
    /// # Errors
    ///
    /// If the shape has another number of values.
    pub fn reshape(&mut self, var: Var, shape: &[usize]) -> Result<Var> {
        let (from, width) = (self.shape(var).to_vec(), self.width(var));
        // Sizes have 24 bits each, so a product of a few of them fits into 128 bits.
        let values = shape.iter().map(|&n| n as u128).product::<u128>();
        if values != width as u128 {
            return Err(Error::new(
                ErrorKind::Recipe,
                "the layer would change the number of values",
            )
            .expected(format!(
                "a shape of {}, for rows of shape {from:?}",
                count_of(width, "value")
            ))
            .found(format!("{shape:?}")));
        }
        let Value {
            name,
            rows,
            made_by,
            ..
        } = self.values[var.index()].clone();
        let reshaped = self.value(name, shape.to_vec(), rows, made_by);
        self.values[reshaped.index()].same_as = Some(self.root(var));
        Ok(reshaped)
    }

    /// For each value, whether it depends on a tensor.
    pub(crate) fn depends_on_tensors(&self) -> Vec<bool> {
        let mut depends = vec![false; self.values.len()];
        for node in &self.nodes {
            let is_learnt =
                !node.tensors.is_empty() || node.inputs.iter().any(|var| depends[var.index()]);
            node.outputs
                .iter()
                .for_each(|var| depends[var.index()] = is_learnt);
        }
        depends
    }

    /// The number of nodes that read a value.
    pub(crate) fn readers(&self, var: Var) -> usize {
        let nodes = self.nodes.iter();
        nodes.filter(|node| node.inputs.contains(&var)).count()
    }

    /// The value that holds the numbers of a value.
    pub(crate) fn root(&self, var: Var) -> Var {
        self.values[var.index()].root(var)
    }

    /// Marks a value as an output: no pass may remove it.
    pub fn keep(&mut self, var: Var) {
        let var = self.root(var);
        if !self.kept.contains(&var) {
            self.kept.push(var);
        }
    }

    /// A tensor of the part that is being built.
    ///
    /// # Errors
    ///
    /// If the network has too many parameters.
    pub fn tensor(&mut self, spec: TensorSpec) -> Result<TensorId> {
        let start = self.parameters();
        let len = self.len_of(&spec.shape, start)?;
        self.tensors.push(Tensor {
            name: format!("{}.{}", self.place, spec.name),
            shape: spec.shape,
            fans: spec.fans,
            initial: spec.initial,
            range: start..start + len,
            tile: spec.tile,
        });
        Ok(TensorId(self.tensors.len() - 1))
    }

    /// Tensors of the part that is being built, in this order.
    ///
    /// # Errors
    ///
    /// As [`Builder::tensor`].
    pub fn tensors(&mut self, specs: Vec<TensorSpec>) -> Result<Vec<TensorId>> {
        specs.into_iter().map(|spec| self.tensor(spec)).collect()
    }

    /// A state of the part that is being built: numbers that are kept between steps and are not parameters.
    /// [`Lower::state`](super::Lower::state) returns the buffer that holds them.
    ///
    /// # Errors
    ///
    /// If the network has too many.
    pub fn state(&mut self, spec: StateSpec) -> Result<StateId> {
        let start = self.states.last().map_or(0, |state| state.range.end);
        let len = self.len_of(&spec.shape, start)?;
        self.states.push(State {
            name: format!("{}.{}", self.place, spec.name),
            shape: spec.shape,
            kind: spec.kind,
            initial: spec.initial,
            range: start..start + len,
        });
        Ok(StateId(self.states.len() - 1))
    }

    /// The number of elements of a shape, for a place after `start` others.
    fn len_of(&self, shape: &[usize], start: usize) -> Result<usize> {
        shape
            .iter()
            .try_fold(1usize, |len, &size| len.checked_mul(size))
            .filter(|&len| len <= MAX_PARAMETERS - start)
            .ok_or_else(|| {
                Error::new(ErrorKind::Recipe, "the network has too many parameters")
                    .expected(format!("at most {} in all", count(MAX_PARAMETERS)))
                    .found(format!("a tensor of {shape:?}"))
                    .hint("give the layers fewer outputs")
            })
    }

    /// Declares that in training the output of a row depends on the other rows of its batch. A batch of one row then
    /// joins the batch before it.
    pub fn couple_rows(&mut self) {
        self.couples_rows = true;
    }

    /// The number of rows of a sample at a value.
    pub fn rows(&self, var: Var) -> usize {
        self.values[var.index()].rows
    }

    /// Refuses a value with several rows per sample, for a part that works on one row.
    ///
    /// # Errors
    ///
    /// If a sample has several rows there.
    pub fn check_one_row(&self, var: Var, part: &str) -> Result<()> {
        match self.rows(var) {
            1 => Ok(()),
            rows => Err(
                Error::new(ErrorKind::Recipe, format!("{part} takes one row a sample"))
                    .expected("one row a sample")
                    .found(count_of(rows, "row")),
            ),
        }
    }

    /// The number of parameters so far.
    pub fn parameters(&self) -> usize {
        self.tensors.last().map_or(0, |tensor| tensor.range.end)
    }

    /// The tensor with a name, for a part that shares it.
    pub fn tensor_named(&self, name: &str) -> Option<TensorId> {
        let place = self.tensors.iter().position(|tensor| tensor.name == name);
        place.map(TensorId)
    }

    /// Uses a tensor of another part transposed, in place of a tensor `name` of the part that is being built.
    pub fn tie(&mut self, tensor: TensorId, name: &str) {
        let name = format!("{}.{name}", self.place);
        self.ties.push(Tie { name, tensor });
    }

    /// The weights of the part at a place, if this part is an affine map.
    pub fn affine_weights(&self, place: &str) -> Option<TensorId> {
        let is_affine = |node: &Node| {
            let function = node.operation.function();
            function.is_some_and(|function| function.kind() == Kind::Affine)
        };
        let mut nodes = self.nodes.iter();
        let node = nodes.find(|node| node.name == place && is_affine(node))?;
        node.tensors.first().copied()
    }

    /// The sizes of a tensor.
    pub fn tensor_shape(&self, tensor: TensorId) -> &[usize] {
        &self.tensors[tensor.index()].shape
    }

    /// Applies a function to each row of a value; its output has rows of `shape`.
    pub fn apply(
        &mut self,
        function: impl RowFunction + 'static,
        tensors: Vec<TensorId>,
        input: Var,
        shape: Vec<usize>,
    ) -> Var {
        // A function that returns its input has nothing to compute.
        if function.kind() == Kind::Activation(narrows_kernels::activation::Activation::Identity) {
            return input;
        }
        let rows = self.rows(input);
        let operation: Arc<dyn Operation> = Arc::new(Function(Arc::new(function)));
        self.node(operation, tensors, vec![input], vec![(shape, rows)])[0]
    }

    /// Applies an operation to values; `outputs` has, for each value that it makes, the shape of a row and the number
    /// of rows per sample.
    pub fn node(
        &mut self,
        operation: Arc<dyn Operation>,
        tensors: Vec<TensorId>,
        inputs: Vec<Var>,
        outputs: Vec<(Vec<usize>, usize)>,
    ) -> Vec<Var> {
        let number = self.nodes.len();
        let made: Vec<Var> = outputs
            .into_iter()
            .map(|(shape, rows)| self.value(self.place.clone(), shape, rows, Some(number)))
            .collect();
        self.nodes.push(Node {
            name: self.place.clone(),
            operation,
            inputs: inputs.into_iter().map(|var| self.root(var)).collect(),
            outputs: made.clone(),
            tensors,
        });
        made
    }

    fn value(
        &mut self,
        name: String,
        shape: Vec<usize>,
        rows: usize,
        made_by: Option<usize>,
    ) -> Var {
        self.values.push(Value {
            name,
            shape,
            rows,
            made_by,
            same_as: None,
        });
        Var::at(self.values.len() - 1)
    }
}
