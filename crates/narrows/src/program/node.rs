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

impl Node {
    /// Where it stands, as a recipe writes it: `encoder[0]`.
    pub(crate) fn place(&self) -> String {
        match self.name.rsplit_once('.') {
            Some((side, index)) if index.parse::<usize>().is_ok() => format!("{side}[{index}]"),
            _ => self.name.clone(),
        }
    }
}

/// What can be applied to values. Passes know one again by its type. Most layers are a [`RowFunction`], which becomes one through
/// [`Builder::apply`](super::Builder::apply); what acts across rows or draws numbers says by itself which operations it consists of.
pub trait Operation: Any + Debug + Send + Sync {
    /// What it is, in a few words.
    fn label(&self) -> String;
    /// The function of one row that it is, if it is one.
    fn function(&self) -> Option<&Arc<dyn RowFunction>> {
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

impl dyn Operation {
    /// The operation as what it is.
    pub(super) fn downcast<T: Operation>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}
