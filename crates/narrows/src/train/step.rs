//! A training step: the program of a sentence, run on a batch, and what the optimizer makes of its gradients.
//!
//! No sum is formed by two threads, so a step has the same bits for any number of them; and everything is planned
//! beforehand, so a step allocates nothing.

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
