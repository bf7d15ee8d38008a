//! The network: encoder, bottleneck and decoder over one arena of parameters.

mod parameters;
mod pass;
mod plan;
mod tangent;
mod workers;

pub use crate::program::{State, StateKind, Tensor, Tie};
pub use parameters::Parameters;
pub(crate) use pass::PlannedPass;
pub use pass::{Pass, Passed, Rows, ScaledRows};
pub(crate) use plan::Built;
pub use plan::Network;
pub use workers::Workers;
#[cfg(test)]
pub(crate) use workers::counted;
