//! The score of a model whose bottleneck draws codes: the evidence lower bound over the draws of scores, which are constants of
//! the graph.

use super::layers::{SCALED, SCORE, layers};
use crate::model::{Bound, Model, SCORE_DRAWS};
use crate::onnx::{Attribute, Graph};
use narrows_kernels::variational::{LEAST_LOG_VARIANCE, MOST_LOG_VARIANCE};
use std::collections::HashSet;

/// What the names of these nodes begin with.
const PREFIX: &str = "score/";

fn named(what: &str) -> String {
    format!("{PREFIX}{what}")
}

/// The mean along some axes, which stay with a size of 1 where they are kept.
fn mean(graph: &mut Graph, of: &str, axes: &[usize], name: &str) -> String {
    let attributes = [Attribute::ints("axes", axes), Attribute::int("keepdims", 0)];
    graph.node("ReduceMean", &[of], &attributes, name)
}

/// Adds the score, from what the encoder gives before the bottleneck.
pub(super) fn score(graph: &mut Graph, model: &Model, bound: &Bound, encoded: &str) {
    let (code, inputs) = (model.code_size(), model.network().inputs());
    let flat = graph.reshape(encoded, &[2 * code], &named("flat"));
    let half = |graph: &mut Graph, what: &str, from: usize| {
        let ends = [from, from + code, 1].map(|place| place as i64);
        let [from, to, axis] = [("from", ends[0]), ("to", ends[1]), ("axis", ends[2])]
            .map(|(end, value)| graph.integers(&named(&format!("{what}/{end}")), &[value]));
        graph.node("Slice", &[&flat, &from, &to, &axis], &[], &named(what))
    };
    let means = half(graph, "means", 0);
    let given = half(graph, "given", code);
    let least = graph.number(&named("least"), LEAST_LOG_VARIANCE);
    let most = graph.number(&named("most"), MOST_LOG_VARIANCE);
    let logs = graph.node("Clip", &[&given, &least, &most], &[], &named("logs"));

    let divergence = divergence(graph, &means, &logs, code);

    let half = graph.number(&named("half"), 0.5);
    let halves = graph.node("Mul", &[&logs, &half], &[], &named("halves"));
    let stds = graph.node("Exp", &[&halves], &[], &named("stds"));
    let [means, stds] = [(&means, "means/wide"), (&stds, "stds/wide")]
        .map(|(value, name)| graph.reshape(value, &[1, code], &named(name)));
    let noise = named("noise");
    graph.floats(&noise, &[1, SCORE_DRAWS, code], bound.noise_of_scores());
    let moved = graph.node("Mul", &[&stds, &noise], &[], &named("moved"));
    let drawn = graph.node("Add", &[&means, &moved], &[], &named("drawn"));

    let decoded = decode(graph, model, bound, &drawn);
    let sizes = graph.integers(
        &named("decoded/sizes"),
        &[-1, SCORE_DRAWS as i64, inputs as i64],
    );
    let outputs = graph.node("Reshape", &[&decoded, &sizes], &[], &named("outputs"));
    let targets = graph.reshape(SCALED, &[1, inputs], &named("targets"));
    let nats = bound
        .likelihood()
        .nodes(graph, &outputs, &targets, &named("nats"));
    let nats = mean(graph, &nats, &[1, 2], &named("nats/mean"));
    let values = graph.number(&named("values"), inputs as f32);
    let nats = graph.node("Mul", &[&nats, &values], &[], &named("nats/sum"));
    graph.node("Add", &[&nats, &divergence], &[], SCORE);
}

/// Adds `Σ (m² + exp(l) - 1 - l) / 2`.
fn divergence(graph: &mut Graph, means: &str, logs: &str, code: usize) -> String {
    let squares = graph.node("Mul", &[means, means], &[], &named("squares"));
    let variances = graph.node("Exp", &[logs], &[], &named("variances"));
    let sums = graph.node("Add", &[&squares, &variances], &[], &named("sums"));
    let rest = graph.node("Sub", &[&sums[..], logs], &[], &named("rest"));
    let rest = mean(graph, &rest, &[1], &named("rest/mean"));
    let one = graph.number(&named("one"), 1.0);
    let rest = graph.node("Sub", &[&rest, &one], &[], &named("rest/less"));
    let halves = graph.number(&named("halves/of"), 0.5 * code as f32);
    graph.node("Mul", &[&rest, &halves], &[], &named("divergence"))
}

/// Adds the decoder once more, up to what the likelihood compares, for the codes `[batch, draws, code]` as one batch. Its
/// tensors are shared.
fn decode(graph: &mut Graph, model: &Model, bound: &Bound, drawn: &str) -> String {
    let network = model.network();
    let shape = network.shape(network.encoder().end);
    let sizes: Vec<i64> = std::iter::once(-1)
        .chain(shape.iter().map(|&size| size as i64))
        .collect();
    let sizes = graph.integers(&named("codes/sizes"), &sizes);
    let codes = graph.node("Reshape", &[drawn, &sizes], &[], &named("codes"));
    let mut again = Graph::default();
    let made = layers(&mut again, network, bound.compared(), &codes);
    let own: HashSet<String> = again.names().map(String::from).collect();
    let renamed = |name: &str| {
        if own.contains(name) {
            named(name)
        } else {
            name.to_string()
        }
    };
    graph.append(again, &renamed);
    renamed(&made)
}
