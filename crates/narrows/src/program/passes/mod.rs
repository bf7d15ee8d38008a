//! Passes: rewrite the graph of a program into one that gives the same with less work.

use super::builder::Builder;

/// Applies all passes, for batches of up to `batch` rows.
pub(crate) fn optimize(_graph: &mut Builder, _batch: usize) {}
