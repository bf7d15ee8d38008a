//! Training: the loop over epochs and steps, and the record of it.

mod batches;
mod describe;
mod divergence;
mod epochs;
mod fit;
mod keep;
mod memory;
mod record;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod training;
mod warnings;

pub use crate::program::{PartOfStep, Profile};
pub use describe::{Described, describe};
pub(crate) use fit::steps_memory;
pub use fit::{FitProgress, fit, fit_with};
pub use record::{EpochRecord, Progress};
pub use state::{Best, State, Sums};
pub use step::{Losses, Memory, Setting, StepPlan, Stepper};
pub use training::Training;
pub use warnings::Warning;
