//! The squared norm of vector-Jacobian products, `Σ ‖Jᵀ r‖²` over probes r: its value and its gradient, for any chain of
//! functions that can be differentiated twice.
//!
//! J is the Jacobian of the chain's last value by its first at a row. With a_0 the first value, a_l what function l - 1
//! gives and J_l the derivative of function l:
//!
//! ```text
//! v_E = r,      v_l = J_lᵀ v_{l+1}             back to a_0; the norm is ‖v_0‖²
//! w_0 = 2 v_0,  w_{l+1} = J_l w_l              and forth again: w_l is the gradient by v_l
//! ```
//!
//! The norm depends on a function's tensors and input only through `v_{l+1} · J_l w_l`. So an affine map gets the
//! additional gradient `v_{l+1}ᵀ w_l`, and an activation adds `w_l v_{l+1} f''(a_l)` to the gradient by its input, from
//! where the ordinary way back takes it on.
//!
//! That is the general form, which is right for every chain. A pass chooses cheaper ones of the same value
//! ([`Form`]): [`squared`] weights of a first affine map, units that a first ReLU stops ([`rectified`]), probes that the
//! last activation stops ([`stopped`]), and rows that are only counted ([`counted`]).

mod counted;
mod packed;
mod rectified;
mod rows;
mod squared;
mod stopped;
#[cfg(test)]
mod tests;
mod tiles;
mod ways;

use super::builder::{Builder, Node, Operation, Var};
use super::function::{Derivative, RowFunction};
use super::lower::{Lower, Mean};
use super::tensor::TensorId;
use crate::error::{Error, ErrorKind, Result};
use narrows_kernels::Isa;
use rows::Scaled;
use std::fmt::Debug;
use std::sync::Arc;

/// The vectors r with which a [`JacobianNorm`] is formed.
pub trait Probes: Debug + Send + Sync {
    /// How many a row has, where the last value has `width` numbers.
    fn count(&self, width: usize) -> usize;
    /// Fills the probes of a sample in an epoch, one after the other, `width` numbers each. They may depend on nothing else.
    fn fill(&self, isa: Isa, epoch: u32, sample: u32, width: usize, probes: &mut [f32]);
    /// Whether they are the basis vectors in their order, one for each number of the last value.
    fn is_basis(&self) -> bool {
        false
    }
    /// What the sum over all probes and rows is divided by.
    fn mean(&self) -> Mean;
}

/// A penalty on the Jacobian of one value by another: the mean of `‖Jᵀ r‖²`.
///
/// ```text
/// value     Σ ‖Jᵀ r‖² over the rows of the batch and the probes of each, divided by Probes::mean
/// gradient  that of weight · value, by every tensor and value on the way
/// ```
#[derive(Clone, Debug)]
pub struct JacobianNorm {
    /// Under which name its value is reported.
    pub name: String,
    /// How much it counts in the objective.
    pub weight: f32,
    /// The vectors r.
    pub probes: Arc<dyn Probes>,
}

/// A function of the chain.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) function: Arc<dyn RowFunction>,
    tensors: Vec<TensorId>,
    x: Var,
    y: Var,
}

impl Link {
    fn derivative(&self) -> &dyn Derivative {
        derivative(&self.function)
    }
}

/// The derivative of a function of a chain.
fn derivative(function: &Arc<dyn RowFunction>) -> &dyn Derivative {
    let derivative = function.derivative();
    derivative.expect("a function without a derivative is refused when the norm is applied")
}

/// How the norm is formed. All forms have the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Probes go back and forth.
    Probes(Savings),
    /// Of two affine maps behind ReLU: the open gates of all rows are counted.
    Counted,
}

/// What probes that go back and forth save; the basis vectors alone do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Savings {
    /// The first function is affine with fewer outputs than inputs: its weights are squared.
    pub(super) squares: bool,
    /// It is, and a ReLU follows: the units that it stops are left out.
    pub(super) rectifies: bool,
    /// The last function is an activation: the probes that it stops are left out.
    pub(super) stops: bool,
}

/// The norm as an operation.
#[derive(Clone, Debug)]
pub(super) struct Contraction {
    norm: JacobianNorm,
    /// Functions from the first value to the last.
    pub(super) chain: Vec<Link>,
    /// The numbers of the last.
    width: usize,
    form: Form,
}

impl JacobianNorm {
    /// Applies the penalty to the Jacobian of `to` by `from`.
    ///
    /// # Errors
    ///
    /// When something between the two is no function of one row that can be differentiated twice; the error is at the
    /// layer. When a sample has several rows at one of the two.
    pub fn apply(self, builder: &mut Builder, from: Var, to: Var) -> Result<()> {
        let (from, last) = (builder.root(from), builder.root(to));
        let chain = self.chain(builder, from, last)?;
        let is_of_rows = [from, last]
            .iter()
            .any(|var| builder.values[var.0].rows != 1);
        if is_of_rows {
            return Err(Error::new(
                ErrorKind::Recipe,
                format!(
                    "`{}` penalizes the Jacobian of samples of one row alone",
                    self.name
                ),
            )
            .at(&builder.values[last.0].name)
            .expected("one row a sample")
            .found(builder.values[last.0].rows));
        }
        let values = std::iter::once(from).chain(chain.iter().map(|link| link.y));
        let inputs = values.collect();
        let tensors = chain.iter().flat_map(|link| link.tensors.iter().copied());
        let tensors = tensors.collect();
        let contraction = Contraction {
            width: builder.width(last),
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
            let made_by = builder.values[y.0].made_by;
            let Some(node) = made_by.and_then(|number| builder.nodes.get(number)) else {
                return Err(Error::new(
                    ErrorKind::Recipe,
                    format!("`{}` needs a value that follows from another", self.name),
                )
                .at(&builder.values[to.0].name)
                .expected(format!(
                    "a value that depends on `{}`",
                    builder.values[from.0].name
                ))
                .found("one that does not"));
            };
            let function = node.operation.function();
            let function = function.filter(|function| function.derivative().is_some());
            let (Some(function), &[x]) = (function, &node.inputs[..]) else {
                return Err(Error::new(
                    ErrorKind::Recipe,
                    format!(
                        "the penalty `{}` needs second derivatives, which the layer does not have",
                        self.name
                    ),
                )
                .at(format!("{} ({})", node.name, node.operation.label()))
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
    /// Whether the probes are all basis vectors.
    pub(super) fn is_of_basis(&self) -> bool {
        self.norm.probes.is_basis()
    }

    /// The same norm in another form.
    pub(super) fn formed(&self, form: Form) -> Contraction {
        Contraction {
            form,
            ..self.clone()
        }
    }

    /// What the gradient by a norm is multiplied with.
    fn scale(&self) -> Scaled {
        Scaled {
            weight: self.norm.weight,
            mean: self.norm.probes.mean(),
        }
    }
}

impl Operation for Contraction {
    fn label(&self) -> String {
        let form = match self.form {
            Form::Probes(Savings {
                squares,
                rectifies,
                stops,
            }) => [
                (squares, ", first weights squared"),
                (rectifies, ", active units alone"),
                (stops, ", stopped probes left out"),
            ]
            .into_iter()
            .filter_map(|(is_so, words)| is_so.then_some(words))
            .collect(),
            Form::Counted => String::from(", by counting gates"),
        };
        format!("{}{form}", self.norm.name)
    }

    fn forward(&self, _: &Node, lower: &mut Lower<'_>) -> Result<()> {
        match self.form {
            Form::Probes(savings) => self.lower_probes(savings, lower),
            Form::Counted => self.lower_counted(lower),
        }
        Ok(())
    }

    fn backward(&self, _: &Node, _: &mut Lower<'_>) -> Result<()> {
        Ok(())
    }
}
