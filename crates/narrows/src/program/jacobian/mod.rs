//! The squared norm of vector-Jacobian products, `Σ ‖Jᵀ r‖²` over probes r: its value and its gradient, for any chain
//! of functions that can be differentiated twice.
//!
//! J is the Jacobian of the chain's last value with respect to its first, at a row. Let a_0 be the first value, a_l the
//! output of function l - 1, and J_l the derivative of function l:
//!
//! ```text
//! v_E = r,      v_l = J_lᵀ v_{l+1}             back to a_0; the norm is ‖v_0‖²
//! w_0 = 2 v_0,  w_{l+1} = J_l w_l              and forth again: w_l is the gradient by v_l
//! ```
//!
//! The norm depends on a function's tensors and input only through `v_{l+1} · J_l w_l`. So an affine map gets the
//! additional gradient `v_{l+1}ᵀ w_l`. An activation adds `w_l v_{l+1} f''(a_l)` to the gradient of its input, from
//! where the ordinary backward pass continues.
//!
//! Probes may also begin at the first value, for `Σ ‖J r‖²`: the same in the other order, with `w_0 = r`, and at the end
//! `v_E = 2 w_E`.
//!
//! This is the general form, which is correct for every chain. A pass chooses cheaper forms with the same value
//! ([`Form`]): [`squared`] weights of a first affine map, units that a first ReLU stops ([`rectified`]), probes that
//! the last activation stops ([`stopped`]), and rows that are only counted ([`counted`]).

mod counted;
mod norm;
mod operation;
mod packed;
mod rectified;
mod rows;
mod squared;
mod stopped;
#[cfg(test)]
mod tests;
mod tiles;
mod ways;

pub(super) use norm::{Contraction, Form, Savings};
pub use norm::{JacobianNorm, Probes};
