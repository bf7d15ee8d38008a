//! The layers of a network as nodes, and the names of values that they meet.

use crate::network::Network;
use crate::onnx::{Graph, Place};
use std::ops::Range;

/// The input of the layers: rows in scaled units, in float32.
pub const SCALED: &str = "scaled";

/// The output that corresponds to [`Model::score`](crate::Model::score).
pub const SCORE: &str = "score";

/// Adds some of the layers, from the value `from`; returns the name of their result.
pub(super) fn layers(
    graph: &mut Graph,
    network: &Network,
    range: Range<usize>,
    from: &str,
) -> String {
    let mut value = from.to_string();
    for index in range {
        let (spec, name) = (&network.specs()[index], network.name_of(index));
        let (shape, next) = (network.shape(index), network.shape(index + 1));
        let place = Place {
            name: &name,
            input: &value,
            from: shape,
            to: next,
        };
        value = spec.nodes(graph, place);
    }
    value
}
