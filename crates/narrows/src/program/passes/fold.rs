//! Folds linear layers that follow each other, if it saves enough time.

use super::super::builder::Builder;
use super::super::folded::{Folded, Layer};
use super::super::function::Kind;
use super::super::node::Node;
use super::super::value::Mode;
use std::ops::Range;
use std::sync::Arc;

/// The multiply-adds that folding must save, beyond one half of them, to compensate for more phases.
const WORTH: usize = 500_000;

/// Multiply-adds that take only a fraction of a second.
const MOMENT: usize = 1 << 30;

/// The sizes of a run.
struct Run {
    /// The number of all its weights.
    weights: usize,
    /// The widths of its narrow end and of its wide end.
    rank: usize,
    wide: usize,
    /// Whether nothing is learned before it.
    is_first: bool,
}

impl Run {
    /// Whether folding pays with fixed parameters.
    fn is_worth_it_at_rows(&self) -> bool {
        let Run {
            weights,
            rank,
            wide,
            ..
        } = *self;
        weights >= 2 * rank * wide && weights.saturating_mul(rank) <= MOMENT
    }

    /// Whether folding pays for steps of `batch` rows.
    fn is_worth_it_at_steps(&self, batch: usize) -> bool {
        let Run {
            weights,
            rank,
            wide,
            is_first,
        } = *self;
        let passes = if is_first { 2 } else { 3 };
        let plain = batch.saturating_mul(passes * weights);
        let folded = batch.saturating_mul(passes * rank * wide) + 3 * (rank + 1) * weights;
        plain >= folded.saturating_mul(2).saturating_add(WORTH)
    }
}

/// Folds the runs of affine maps for which this pays, for batches of `batch` rows.
pub(super) fn fold(graph: &mut Builder, batch: usize) {
    let learned = graph.depends_on_tensors();
    let chosen: Vec<Range<usize>> = runs(graph)
        .into_iter()
        .filter(|run| {
            let layers: Vec<Layer> = graph.nodes[run.clone()].iter().filter_map(affine).collect();
            let ends = (layers[0].inputs, layers[layers.len() - 1].outputs);
            let first = &graph.nodes[run.start];
            let sizes = Run {
                weights: layers.iter().map(|l| l.inputs * l.outputs).sum(),
                rank: ends.0.min(ends.1),
                wide: ends.0.max(ends.1),
                is_first: !learned[first.inputs[0].index()],
            };
            match graph.mode() {
                Mode::Inference => sizes.is_worth_it_at_rows(),
                Mode::Training | Mode::Validation => sizes.is_worth_it_at_steps(batch),
            }
        })
        .collect();
    for run in chosen.into_iter().rev() {
        let nodes: Vec<Node> = graph.nodes.drain(run.clone()).collect();
        let layers: Vec<Layer> = nodes.iter().filter_map(affine).collect();
        let (first, last) = (&nodes[0], &nodes[nodes.len() - 1]);
        let folded = Node {
            name: match first.name.rsplit_once('.').zip(last.name.rsplit_once('.')) {
                Some((_, (_, end))) => format!("{}-{end}", first.name),
                None => first.name.clone(),
            },
            operation: Arc::new(Folded::new(layers)),
            inputs: first.inputs.clone(),
            outputs: last.outputs.clone(),
            tensors: nodes.iter().flat_map(|node| node.tensors.clone()).collect(),
        };
        graph.nodes.insert(run.start, folded);
    }
}

/// The affine map of a node, if it is one.
fn affine(node: &Node) -> Option<Layer> {
    let function = node.operation.function()?;
    if function.kind() != Kind::Affine {
        return None;
    }
    Some(Layer {
        inputs: function.inputs(),
        outputs: function.outputs(),
        weights: *node.tensors.first()?,
        bias: node.tensors.get(1).copied(),
    })
}

/// Consecutive nodes that are affine maps of each other's outputs, if nothing else reads these outputs.
fn runs(graph: &Builder) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        if affine(node).is_none() || graph.rows(node.inputs[0]) != 1 {
            continue;
        }
        let input = node.inputs[0];
        match runs.last_mut() {
            Some(run)
                if run.end == index
                    && graph.nodes[index - 1].outputs == [input]
                    && !graph.kept.contains(&input)
                    && graph.readers(input) == 1 =>
            {
                run.end += 1;
            }
            _ => runs.push(index..index + 1),
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}
