//! Passes: rewrite the graph of a program into one that gives the same with less work.

mod jacobian;

use super::builder::Builder;

/// Applies all passes, for batches of up to `batch` rows.
pub(crate) fn optimize(graph: &mut Builder, batch: usize) {
    jacobian::choose(graph, batch);
}
