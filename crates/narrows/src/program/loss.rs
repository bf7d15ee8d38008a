//! Losses: the sums that a step reports, each with its weight in the objective.

use std::fmt::Debug;
use std::sync::Arc;

/// One of the sums that a step reports.
#[derive(Clone, Debug)]
pub(crate) struct Loss {
    /// `reconstruction`, or `reconstruction.NAME` for a part of it; otherwise the name of a penalty.
    pub(crate) name: String,
    /// How much it counts in the objective, before the objective is divided.
    pub(crate) weight: f32,
    /// The buffer whose values are added, in double precision and in order; or the sums of a coupled loss.
    pub(crate) buffer: usize,
    pub(crate) value: LossValue,
}

/// The name of the reconstruction loss, and the prefix of the names of its parts.
const RECONSTRUCTION: &str = "reconstruction";

impl Loss {
    /// Whether it is the reconstruction loss or a part of it.
    pub(crate) fn is_reconstruction(&self) -> bool {
        let rest = self.name.strip_prefix(RECONSTRUCTION);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Whether it has a column in a record in addition to the sum of the reconstruction losses.
    pub(crate) fn has_column(&self) -> bool {
        self.name != RECONSTRUCTION
    }

    /// The name of this column.
    pub(crate) fn column(&self) -> String {
        if self.is_reconstruction() {
            self.name.clone()
        } else {
            format!("penalty.{}", self.name)
        }
    }
}

/// How the value of a loss is computed.
#[derive(Clone, Debug)]
pub(crate) enum LossValue {
    /// The sum over the buffer, divided by a number.
    Mean(Mean),
    /// A function of sums over rows, for a loss that couples rows.
    Coupled(Arc<dyn Coupled>),
}

/// A loss that couples rows: a function of sums over rows. For several batches, the sums are added first.
pub trait Coupled: Debug + Send + Sync {
    /// The unweighted loss of a number of rows, from sums over them.
    fn value(&self, sums: &[f64], rows: usize) -> f64;
}

/// The divisor of the sum of a loss over its buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mean {
    /// This number times the rows of the batch.
    OverRows(usize),
    /// No divisor.
    Sum,
}

impl LossValue {
    /// The function of a buffer's numbers, in words.
    pub(crate) fn describe(&self) -> String {
        match self {
            LossValue::Mean(mean) => mean.describe(),
            LossValue::Coupled(coupled) => format!("{coupled:?}"),
        }
    }
}

impl Mean {
    /// The function of a buffer's numbers, in words.
    fn describe(self) -> String {
        match self {
            Mean::OverRows(1) => "mean over rows".into(),
            Mean::OverRows(values) => format!("mean over rows and {values} values"),
            Mean::Sum => "sum".into(),
        }
    }

    /// The divisor for a batch of a number of rows.
    pub(crate) fn divisor(self, rows: usize) -> f64 {
        match self {
            Mean::OverRows(values) => (rows * values) as f64,
            Mean::Sum => 1.0,
        }
    }
}
