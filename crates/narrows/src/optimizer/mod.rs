//! Optimizers, as operations on flat slices of parameters.

mod schedule;
mod spec;
mod state;

pub use schedule::{Plateau, ScheduleSpec};
pub(crate) use schedule::{SCHEDULE, SCHEDULES};
pub use spec::OptimizerSpec;
pub(crate) use spec::{KIND, OPTIMIZERS};
pub use state::Optimizer;
