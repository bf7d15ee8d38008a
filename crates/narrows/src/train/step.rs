//! A training step: it runs the program of a sentence on a batch, and applies the optimizer to the gradients.
//!
//! A sum is always computed by one thread, so a step has the same bits for any number of threads. Everything is planned
//! before, so a step allocates nothing.

mod accumulate;
mod look;
mod losses;
mod memory;
mod plan;
mod sentence;
mod stepper;
mod whole;

pub(super) use look::NotFinite;
pub use losses::Losses;
pub use memory::Memory;
pub(crate) use plan::Programs;
pub use plan::{Setting, StepPlan};
pub use stepper::Stepper;
