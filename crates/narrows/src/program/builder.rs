//! The builder: parts apply operations to values, and it keeps what they applied as a graph.
//!
//! A value is what a sample is at some point of the sentence: `rows` rows (1 but where a part says otherwise) of a shape.
//! Every operation reads values that exist and makes new ones, so that the order in which they were applied is one in
//! which they can run.

use super::function::{self, Kind, Point, RowFunction};
use super::lower::Lower;
use super::scaled::ChannelAffine;
use super::state::{State, StateId, StateSpec};
use super::tensor::{Tensor, TensorId, TensorSpec, Tie};
use crate::error::{Error, ErrorKind, Result};
use crate::rng::{Draws, Purpose};
use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

/// The most parameters of a network: 16 GiB. More are a slip of the finger or a damaged file.
const MAX_PARAMETERS: usize = 1 << 32;

/// A handle to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Var(pub(super) usize);

impl Var {
    /// Its place among the values.
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

/// Which of the three programs of a sentence is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Steps of training, with gradients.
    Training,
    /// Losses and penalties as in training, but nothing is learnt: parts behave as in use.
    Validation,
    /// A trained model in use.
    Inference,
}

/// A value of a sample.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    /// How many rows a sample has.
    pub(crate) rows: usize,
    /// Which node makes it; none for what is given.
    pub(crate) made_by: Option<usize>,
    /// The value whose numbers it has, in another shape.
    same_as: Option<Var>,
}

impl Value {
    /// The numbers that a sample takes.
    pub(crate) fn numbers(&self) -> usize {
        self.rows * self.shape.iter().product::<usize>()
    }
}

/// An operation that was applied.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands in the sentence: `encoder.0`.
    pub(crate) name: String,
    pub(crate) operation: Arc<dyn Operation>,
    /// What it reads.
    pub inputs: Vec<Var>,
    /// What it makes.
    pub outputs: Vec<Var>,
    /// The tensors that it uses.
    pub tensors: Vec<TensorId>,
}

/// What can be applied to values. Most layers are a [`RowFunction`], which becomes one through
/// [`Builder::apply`]; what acts across rows or draws numbers says by itself which operations it consists of.
pub trait Operation: Any + Debug + Send + Sync {
    /// What it is, in a few words.
    fn label(&self) -> String;
    /// The function of one row that it is, if it is one.
    fn function(&self) -> Option<&Arc<dyn RowFunction>> {
        None
    }
    /// The factor and offset of each channel that it is, if it is that.
    fn channel_affine(&self) -> Option<&ChannelAffine> {
        None
    }
    /// At one row what it gives, and the changes `[changes, outputs]` of that with small changes `dx` of the row,
    /// `[changes, inputs]`: measures of a trained model need it where the operation is no [`RowFunction`]. Nothing where
    /// there is no derivative.
    fn push(&self, _at: Point<'_>, _dx: &[f32]) -> Option<[Vec<f32>; 2]> {
        None
    }
    /// Emits what makes its outputs from its inputs.
    ///
    /// # Errors
    ///
    /// When it does not fit where it stands.
    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()>;
    /// Emits what makes the gradients by its inputs and tensors from those by its outputs.
    ///
    /// # Errors
    ///
    /// When it does not fit where it stands.
    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()>;
}

/// A [`RowFunction`] as an operation.
#[derive(Debug)]
struct Function(Arc<dyn RowFunction>);

impl Operation for Function {
    fn label(&self) -> String {
        self.0.label()
    }

    fn function(&self) -> Option<&Arc<dyn RowFunction>> {
        Some(&self.0)
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        function::forward(&self.0, node, lower);
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        function::backward(&self.0, node, lower)
    }
}

/// Where the graph of a sentence is built.
#[derive(Clone, Debug)]
pub struct Builder {
    mode: Mode,
    /// What all numbers that parts draw follow from.
    seed: u64,
    /// The purposes of the parts that draw, in the order of the sentence.
    purposes: Vec<Purpose>,
    pub(crate) values: Vec<Value>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) tensors: Vec<Tensor>,
    pub(crate) ties: Vec<Tie>,
    pub(crate) states: Vec<State>,
    /// Whether in training what a row gives depends on the other rows of its batch.
    pub(crate) couples_rows: bool,
    /// Where in the sentence parts are being built.
    place: String,
    /// Values that are needed whatever reads them: outputs.
    pub(crate) kept: Vec<Var>,
}

impl Builder {
    /// An empty graph. What its parts draw follows from the seed 0.
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
            place: String::new(),
            kept: Vec::new(),
        }
    }

    /// The same with the seed that all numbers that parts draw follow from.
    pub fn with_seed(self, seed: u64) -> Builder {
        Builder { seed, ..self }
    }

    /// Draws for the part that is being built. Each of several parts that draw for one purpose has draws of its own.
    pub fn draws(&mut self, purpose: Purpose) -> Draws {
        let before = self.purposes.iter().filter(|&&other| other == purpose);
        let number = before.count();
        self.purposes.push(purpose);
        Draws::new(self.seed, purpose).of_part(number as u32)
    }

    /// Which program is built.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Where in the sentence the part stands that is being built: `encoder.0`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Says where in the sentence parts are built from now on: `encoder.0`.
    pub fn at(&mut self, place: impl Into<String>) {
        self.place = place.into();
    }

    /// A value that is given: the data.
    pub fn input(&mut self, name: &str, shape: &[usize]) -> Var {
        self.value(name.to_string(), shape.to_vec(), 1, None)
    }

    /// The shape of a row of a value.
    pub fn shape(&self, var: Var) -> &[usize] {
        &self.values[var.0].shape
    }

    /// The numbers of a row of a value.
    pub fn width(&self, var: Var) -> usize {
        self.values[var.0].shape.iter().product()
    }

    /// The same numbers in another shape, of as many.
    ///
    /// # Errors
    ///
    /// When the shape has another number of values.
    pub fn reshape(&mut self, var: Var, shape: &[usize]) -> Result<Var> {
        let (from, width) = (self.shape(var).to_vec(), self.width(var));
        // Sizes of 24 bits each: no product of a few wraps in 128.
        let values = shape.iter().map(|&n| n as u128).product::<u128>();
        if values != width as u128 {
            return Err(Error::new(
                ErrorKind::Recipe,
                "the layer gives another number of values than it gets",
            )
            .expected(format!(
                "a shape of {width} values, for rows of shape {from:?}"
            ))
            .found(format!("{shape:?}")));
        }
        let Value {
            name,
            rows,
            made_by,
            ..
        } = self.values[var.0].clone();
        let reshaped = self.value(name, shape.to_vec(), rows, made_by);
        self.values[reshaped.0].same_as = Some(self.root(var));
        Ok(reshaped)
    }

    /// Which values depend on a tensor.
    pub(crate) fn depends_on_tensors(&self) -> Vec<bool> {
        let mut depends = vec![false; self.values.len()];
        for node in &self.nodes {
            let is_learnt =
                !node.tensors.is_empty() || node.inputs.iter().any(|var| depends[var.0]);
            node.outputs
                .iter()
                .for_each(|var| depends[var.0] = is_learnt);
        }
        depends
    }

    /// The value that holds the numbers of another.
    pub(crate) fn root(&self, var: Var) -> Var {
        self.values[var.0].same_as.unwrap_or(var)
    }

    /// Marks a value as an output: no pass may leave it out.
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
    /// When the network has too many parameters.
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

    /// A state of the part that is being built: numbers that are kept between steps and are no parameters.
    /// [`Lower::state`] gives the buffer that holds them.
    ///
    /// # Errors
    ///
    /// When the network has too many.
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

    /// The numbers of a shape, to stand behind `start` others.
    fn len_of(&self, shape: &[usize], start: usize) -> Result<usize> {
        shape
            .iter()
            .try_fold(1usize, |len, &size| len.checked_mul(size))
            .filter(|&len| len <= MAX_PARAMETERS - start)
            .ok_or_else(|| {
                Error::new(ErrorKind::Recipe, "the network has too many parameters")
                    .at(&self.place)
                    .expected(format!("at most {MAX_PARAMETERS} in all"))
                    .found(format!("a tensor of {shape:?}"))
                    .hint("give the layers fewer outputs")
            })
    }

    /// Says that in training what a row gives depends on the other rows of its batch: a batch of one row then joins the
    /// batch before it.
    pub fn couple_rows(&mut self) {
        self.couples_rows = true;
    }

    /// How many rows a sample has at a value.
    pub fn rows(&self, var: Var) -> usize {
        self.values[var.0].rows
    }

    /// The number of parameters so far.
    pub fn parameters(&self) -> usize {
        self.tensors.last().map_or(0, |tensor| tensor.range.end)
    }

    /// The tensor of a name, for a part that shares it.
    pub fn tensor_named(&self, name: &str) -> Option<TensorId> {
        let place = self.tensors.iter().position(|tensor| tensor.name == name);
        place.map(TensorId)
    }

    /// Uses a tensor of another part transposed, in place of a tensor `name` of the part that is being built.
    pub fn tie(&mut self, tensor: TensorId, name: &str) {
        let name = format!("{}.{name}", self.place);
        self.ties.push(Tie { name, tensor });
    }

    /// The weights of the part at a place, where that part is an affine map.
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
        &self.tensors[tensor.0].shape
    }

    /// Applies a function to each row of a value; what it gives has rows of `shape`.
    pub fn apply(
        &mut self,
        function: impl RowFunction + 'static,
        tensors: Vec<TensorId>,
        input: Var,
        shape: Vec<usize>,
    ) -> Var {
        // What gives back what it gets has nothing to compute.
        if function.kind() == Kind::Activation(narrows_kernels::activation::Activation::Identity) {
            return input;
        }
        let rows = self.rows(input);
        let operation: Arc<dyn Operation> = Arc::new(Function(Arc::new(function)));
        self.node(operation, tensors, vec![input], vec![(shape, rows)])[0]
    }

    /// Applies an operation to values; `outputs` are the shape of a row of each value that it makes, and how many rows a
    /// sample has there.
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
        Var(self.values.len() - 1)
    }
}
