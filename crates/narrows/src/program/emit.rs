//! From the graph to operations in an order in which they can run: forward first, then backward.

use super::builder::Builder;
use super::lower::{Known, Lower, Lowered};
use super::value::Mode;
use crate::error::Result;

/// Emits the operations of a graph, for batches of up to `batch` rows.
///
/// # Errors
///
/// If an operation does not fit at its place.
pub(crate) fn lower(graph: &Builder, batch: usize) -> Result<Lowered> {
    let is_needed = needed(graph);
    let known = Known {
        mode: graph.mode(),
        objective_divisor: graph.objective_divisor(),
        batch,
        values: &graph.values,
        tensors: &graph.tensors,
        states: &graph.states,
        names: graph.nodes.iter().map(|node| &*node.name).collect(),
        needs_gradient: graph.depends_on_tensors(),
    };
    let mut lower = Lower::new(known);
    for (index, node) in graph.nodes.iter().enumerate() {
        lower.go_to(index);
        if is_needed[index] {
            node.operation.forward(node, &mut lower)?;
        }
    }
    if graph.mode() == Mode::Inference {
        // The input may be the only value.
        graph.kept.iter().for_each(|&var| {
            lower.buffer_of(var);
        });
    }
    if graph.mode() == Mode::Training {
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            lower.go_to(index);
            if is_needed[index] {
                lower.flush(&node.outputs);
                node.operation.backward(node, &mut lower)?;
            }
        }
    }
    let is_read = graph.mode() == Mode::Inference;
    Ok(lower.finish(if is_read { &graph.kept } else { &[] }))
}

/// For each node, whether something depends on it: it leads to a kept value, or makes no value, as a loss.
fn needed(graph: &Builder) -> Vec<bool> {
    let mut is_read = vec![false; graph.values.len()];
    for &var in &graph.kept {
        is_read[var.index()] = true;
    }
    let mut is_needed = vec![false; graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        let is_used =
            node.outputs.is_empty() || node.outputs.iter().any(|var| is_read[var.index()]);
        if is_used {
            is_needed[index] = true;
            node.inputs
                .iter()
                .for_each(|var| is_read[var.index()] = true);
        }
    }
    is_needed
}
