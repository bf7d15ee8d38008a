//! Values: the state of a sample at points of a sentence.

/// A handle to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Var(usize);

impl Var {
    pub(super) fn at(index: usize) -> Var {
        Var(index)
    }

    /// Its place among the values.
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

/// The three programs of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Steps of training, with gradients.
    Training,
    /// Losses and penalties as in training, but without learning: parts behave as in inference.
    Validation,
    /// A trained model.
    Inference,
}

/// A value of a sample.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    /// The number of rows of a sample.
    pub(crate) rows: usize,
    /// The node that makes it; `None` for an input.
    pub(crate) made_by: Option<usize>,
    /// The value whose numbers it has in another shape.
    pub(super) same_as: Option<Var>,
}

impl Value {
    /// The value that holds its numbers; `own` is this value's handle.
    pub(crate) fn root(&self, own: Var) -> Var {
        self.same_as.unwrap_or(own)
    }

    /// The number of values of a sample.
    pub(crate) fn numbers(&self) -> usize {
        self.rows * self.shape.iter().product::<usize>()
    }
}
