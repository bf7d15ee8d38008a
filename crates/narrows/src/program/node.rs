//! Nodes of a graph: operations that were applied to values.

use super::function::{Point, RowFunction};
use super::lower::Lower;
use super::tensor::TensorId;
use super::value::Var;
use crate::error::Result;
use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

/// An operation that was applied.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its place in the sentence: `encoder.0`.
    pub(crate) name: String,
    pub(crate) operation: Arc<dyn Operation>,
    /// Its inputs.
    pub inputs: Vec<Var>,
    /// Its outputs.
    pub outputs: Vec<Var>,
    /// The tensors that it uses.
    pub tensors: Vec<TensorId>,
}

impl Node {
    /// Its place, as written in a recipe: `encoder[0]`.
    pub(crate) fn place(&self) -> String {
        match self.name.rsplit_once('.') {
            Some((side, index)) if index.parse::<usize>().is_ok() => format!("{side}[{index}]"),
            _ => self.name.clone(),
        }
    }
}

/// An operation that can be applied to values. Passes recognize it by its type. Most layers are a [`RowFunction`],
/// which [`Builder::apply`](super::Builder::apply) wraps in an operation. An operation that acts across rows or draws
/// random numbers emits its own row, column and tile operations.
pub trait Operation: Any + Debug + Send + Sync {
    /// A description in a few words.
    fn label(&self) -> String;
    /// Its function of one row, if it has one.
    fn function(&self) -> Option<&Arc<dyn RowFunction>> {
        None
    }
    /// Its output at one row, and the changes `[changes, outputs]` of the output for small changes `dx` of the row,
    /// `[changes, inputs]`. Measures of a trained model need it for operations that are not a [`RowFunction`]. `None`
    /// if there is no derivative.
    fn push(&self, _at: Point<'_>, _dx: &[f32]) -> Option<[Vec<f32>; 2]> {
        None
    }
    /// Emits the operations that compute its outputs from its inputs.
    ///
    /// # Errors
    ///
    /// If it does not fit at its place.
    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()>;
    /// Emits the operations that compute the gradients of its inputs and tensors from the gradients of its outputs.
    ///
    /// # Errors
    ///
    /// If it does not fit at its place.
    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()>;
}

impl dyn Operation {
    /// The operation as its concrete type.
    pub(super) fn downcast<T: Operation>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}
