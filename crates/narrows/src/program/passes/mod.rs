//! Passes: they rewrite the graph of a program into a graph with the same results and less work. They see operations,
//! not the parts of a sentence that applied them.

mod fold;
mod scale;

mod jacobian;

use super::builder::Builder;

/// Applies all passes, for batches of up to `batch` rows.
pub(crate) fn optimize(graph: &mut Builder, batch: usize) {
    // First, because it saves more.
    fold::fold(graph, batch);
    jacobian::choose(graph, batch);
    scale::scale(graph);
}
