//! Losses: the sums that a step reports, each with its weight in the objective.

use std::fmt::Debug;
use std::sync::Arc;

/// One of the sums that a step reports.
#[derive(Clone, Debug)]
pub(crate) struct Loss {
    /// `reconstruction`, or `reconstruction.NAME` for a part of it; else the name of a penalty.
    pub(crate) name: String,
    /// How much it counts in the objective, before the objective is divided.
    pub(crate) weight: f32,
    /// What is added up, in double precision and in order; or sums of a coupled loss.
    pub(crate) buffer: usize,
    pub(crate) value: LossValue,
}

/// The name of the reconstruction loss, and of what its parts begin with.
const RECONSTRUCTION: &str = "reconstruction";

impl Loss {
    /// Whether it is the reconstruction loss or a part of it.
    pub(crate) fn is_reconstruction(&self) -> bool {
        let rest = self.name.strip_prefix(RECONSTRUCTION);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Whether it has a column in a record beside the sum of the reconstruction losses.
    pub(crate) fn has_column(&self) -> bool {
        self.name != RECONSTRUCTION
    }

    /// The name of that column.
    pub(crate) fn column(&self) -> String {
        if self.is_reconstruction() {
            self.name.clone()
        } else {
            format!("penalty.{}", self.name)
        }
    }
}

/// What the value of a loss is.
#[derive(Clone, Debug)]
pub(crate) enum LossValue {
    /// The sum over the buffer, divided.
    Mean(Mean),
    /// What a function makes of sums over rows: rows count together.
    Coupled(Arc<dyn Coupled>),
}

/// A loss that couples rows: a function of sums over them. Of several batches the sums are added up first.
pub trait Coupled: Debug + Send + Sync {
    /// The loss of so many rows, without its weight, from sums over them.
    fn value(&self, sums: &[f64], rows: usize) -> f64;
}

/// What the sum of a loss over its buffer is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mean {
    /// So many times the rows of the batch.
    OverRows(usize),
    /// Nothing.
    Sum,
}

impl LossValue {
    /// What it is of a buffer's numbers, in words.
    pub(crate) fn describe(&self) -> String {
        match self {
            LossValue::Mean(mean) => mean.describe(),
            LossValue::Coupled(coupled) => format!("{coupled:?}"),
        }
    }
}

impl Mean {
    /// What it is of a buffer's numbers, in words.
    fn describe(self) -> String {
        match self {
            Mean::OverRows(1) => "mean over rows".into(),
            Mean::OverRows(values) => format!("mean over rows and {values} values"),
            Mean::Sum => "sum".into(),
        }
    }

    /// The divisor for a batch of so many rows.
    pub(crate) fn divisor(self, rows: usize) -> f64 {
        match self {
            Mean::OverRows(values) => (rows * values) as f64,
            Mean::Sum => 1.0,
        }
    }
}
