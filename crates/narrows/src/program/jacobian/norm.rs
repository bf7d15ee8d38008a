//! The norm, its chain of functions, and the forms of its computation.

use crate::error::{Error, ErrorKind, Result};
use crate::program::builder::Builder;
use crate::program::function::{Derivative, RowFunction};
use crate::program::loss::Mean;
use crate::program::tensor::TensorId;
use crate::program::value::Var;
use narrows_kernels::Isa;
use std::fmt::Debug;
use std::sync::Arc;

/// The vectors r of a [`JacobianNorm`].
pub trait Probes: Debug + Send + Sync {
    /// The number of probes of a row, if a probe has `width` numbers.
    fn count(&self, width: usize) -> usize;
    /// Fills the probes of a sample in an epoch, one after the other, `width` numbers each. They may depend only on
    /// these arguments.
    fn fill(&self, isa: Isa, epoch: u32, sample: u32, width: usize, probes: &mut [f32]);
    /// Whether they are the basis vectors in order, one for each number of a probe.
    fn is_basis(&self) -> bool {
        false
    }
    /// The divisor of the sum over all probes and rows.
    fn mean(&self) -> Mean;
}

/// A penalty on the Jacobian of one value with respect to another: the mean of `‖Jᵀ r‖²` or of `‖J r‖²`.
///
/// ```text
/// value     Σ ‖Jᵀ r‖² over the rows of the batch and the probes of each, divided by Probes::mean
/// gradient  that of weight · value, by every tensor and value on the way
/// ```
#[derive(Clone, Debug)]
pub struct JacobianNorm {
    /// The name under which its value is reported.
    pub name: String,
    /// Its weight in the objective.
    pub weight: f32,
    /// The vectors r.
    pub probes: Arc<dyn Probes>,
}

/// A function of the chain.
#[derive(Clone, Debug)]
pub(in crate::program) struct Link {
    pub(in crate::program) function: Arc<dyn RowFunction>,
    pub(super) tensors: Vec<TensorId>,
    pub(super) x: Var,
    pub(super) y: Var,
}

impl Link {
    pub(super) fn derivative(&self) -> &dyn Derivative {
        derivative(&self.function)
    }
}

/// The derivative of a function of a chain.
pub(super) fn derivative(function: &Arc<dyn RowFunction>) -> &dyn Derivative {
    let derivative = function.derivative();
    derivative.expect("a function without a derivative is refused when the norm is applied")
}

/// The forms of the computation. All of them give the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::program) enum Form {
    /// Probes go backward and forward through the chain.
    Probes(Savings),
    /// For two affine maps, each followed by ReLU: the open gates of all rows are counted.
    Counted,
}

/// The savings for probes that go through the chain; they are possible only for basis vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::program) struct Savings {
    /// The first function is affine with fewer outputs than inputs: its weights are squared.
    pub(in crate::program) squares: bool,
    /// In addition, a ReLU follows: the units that it stops are skipped.
    pub(in crate::program) rectifies: bool,
    /// The last function is an activation: the probes that it stops are skipped.
    pub(in crate::program) stops: bool,
}

/// Where the probes of a chain begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::program) enum Start {
    /// At the last value: `‖Jᵀ r‖²`.
    Last,
    /// At the first value: `‖J r‖²`.
    First,
}

/// The norm as an operation.
#[derive(Clone, Debug)]
pub(in crate::program) struct Contraction {
    pub(super) norm: JacobianNorm,
    /// Functions from the first value to the last.
    pub(in crate::program) chain: Vec<Link>,
    /// Where probes begin.
    pub(super) start: Start,
    /// The number of values of a probe.
    pub(super) width: usize,
    pub(super) form: Form,
}

impl JacobianNorm {
    /// Applies the penalty to the Jacobian of `to` with respect to `from`: the mean of `‖Jᵀ r‖²`, with probes as wide as
    /// `to`. If they are all basis vectors, it is the squared Frobenius norm of J.
    ///
    /// # Errors
    ///
    /// If an operation between the two is not a function of one row that can be differentiated twice; the error names
    /// the layer. Also if a sample has several rows at one of the two values.
    pub fn apply(self, builder: &mut Builder, from: Var, to: Var) -> Result<()> {
        self.apply_from(builder, [from, to], Start::Last)
    }

    /// Applies the penalty to the same Jacobian with probes as wide as `from`: the mean of `‖J r‖²`. If the probes are all basis
    /// vectors, it is the squared Frobenius norm of J too, and cheaper where `from` is narrower than `to`.
    ///
    /// # Errors
    ///
    /// As [`JacobianNorm::apply`].
    pub fn apply_forward(self, builder: &mut Builder, from: Var, to: Var) -> Result<()> {
        self.apply_from(builder, [from, to], Start::First)
    }

    /// The same with probes from one of the two ends.
    pub(super) fn apply_from(
        self,
        builder: &mut Builder,
        [from, to]: [Var; 2],
        start: Start,
    ) -> Result<()> {
        let (from, last) = (builder.root(from), builder.root(to));
        let chain = self.chain(builder, from, last)?;
        for var in [from, last] {
            let checked = builder.check_one_row(var, &format!("the penalty `{}`", self.name));
            checked.map_err(|error| error.at(&builder.values[var.index()].name))?;
        }
        let values = std::iter::once(from).chain(chain.iter().map(|link| link.y));
        let inputs = values.collect();
        let tensors = chain.iter().flat_map(|link| link.tensors.iter().copied());
        let tensors = tensors.collect();
        let contraction = Contraction {
            start,
            width: builder.width(match start {
                Start::Last => last,
                Start::First => from,
            }),
            norm: self,
            chain,
            form: Form::Probes(Savings::default()),
        };
        builder.node(Arc::new(contraction), tensors, inputs, Vec::new());
        Ok(())
    }

    /// The functions between two values.
    fn chain(&self, builder: &Builder, from: Var, to: Var) -> Result<Vec<Link>> {
        let mut chain = Vec::new();
        let mut y = to;
        while y != from {
            let made_by = builder.values[y.index()].made_by;
            let Some(node) = made_by.and_then(|number| builder.nodes.get(number)) else {
                return Err(Error::new(
                    ErrorKind::Recipe,
                    format!("`{}` needs a value that follows from another", self.name),
                )
                .at(&builder.values[to.index()].name)
                .expected(format!(
                    "a value that depends on `{}`",
                    builder.values[from.index()].name
                ))
                .found("one that does not"));
            };
            let function = node.operation.function();
            let function = function.filter(|function| function.derivative().is_some());
            let (Some(function), &[x]) = (function, &node.inputs[..]) else {
                return Err(Error::new(
                    ErrorKind::Recipe,
                    format!(
                        "the penalty `{}` needs second derivatives, and this layer has none",
                        self.name
                    ),
                )
                .at(node.place())
                .expected(
                    "a layer that works on each row by itself and can be differentiated twice",
                )
                .found(node.operation.label()));
            };
            chain.push(Link {
                function: Arc::clone(function),
                tensors: node.tensors.clone(),
                x,
                y,
            });
            y = x;
        }
        chain.reverse();
        Ok(chain)
    }
}

impl Contraction {
    /// Whether a cheaper form is possible: the probes are all basis vectors of the last value.
    pub(in crate::program) fn has_savings(&self) -> bool {
        self.start == Start::Last && self.norm.probes.is_basis()
    }

    /// The same norm in another form.
    pub(in crate::program) fn formed(&self, form: Form) -> Contraction {
        Contraction {
            form,
            ..self.clone()
        }
    }
}
