//! Values: what a sample is at some point of a sentence.

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

/// Which of the three programs of a sentence is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Steps of training, with gradients.
    Training,
    /// Losses and penalties as in training, but nothing is learned: parts behave as in use.
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
    pub(super) same_as: Option<Var>,
}

impl Value {
    /// The value that holds its numbers; `own` is itself.
    pub(crate) fn root(&self, own: Var) -> Var {
        self.same_as.unwrap_or(own)
    }

    /// The numbers that a sample takes.
    pub(crate) fn numbers(&self) -> usize {
        self.rows * self.shape.iter().product::<usize>()
    }
}
