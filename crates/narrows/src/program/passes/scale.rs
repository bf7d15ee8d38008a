//! If a factor and an offset per channel directly follow a function that is linear in its weights, they are multiplied
//! into a copy of the weights. This pass is for fixed parameters.

use super::super::builder::Builder;
use super::super::node::Node;
use super::super::scaled::{ChannelAffine, Multiplied};
use super::super::value::Mode;
use std::sync::Arc;

/// Multiplies the factors of channels into the weights before them.
pub(super) fn scale(graph: &mut Builder) {
    if graph.mode() != Mode::Inference {
        return;
    }
    let mut index = 0;
    while index < graph.nodes.len() {
        match found(graph, index) {
            Some((before, node)) => {
                graph.nodes[before] = node;
                graph.nodes.remove(index);
            }
            None => index += 1,
        }
    }
}

/// The node that replaces a node with factors and the node before it, with the place of the latter.
fn found(graph: &Builder, index: usize) -> Option<(usize, Node)> {
    let factors = &graph.nodes[index];
    let map = factors.operation.downcast::<ChannelAffine>()?;
    let input = *factors.inputs.first()?;
    if graph.kept.contains(&input) || graph.readers(input) != 1 {
        return None;
    }
    let makes = |node: &Node| node.outputs == [input];
    let before = graph.nodes[..index].iter().position(makes)?;
    let function = &graph.nodes[before];
    let operation = Multiplied::of(graph, function, map)?;
    let name = match factors.name.rsplit_once('.') {
        Some((_, end)) => format!("{}-{end}", function.name),
        None => function.name.clone(),
    };
    let node = Node {
        name,
        operation: Arc::new(operation),
        inputs: function.inputs.clone(),
        outputs: factors.outputs.clone(),
        tensors: [&function.tensors[..], &factors.tensors].concat(),
    };
    Some((before, node))
}
