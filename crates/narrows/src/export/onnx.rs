//! A model as an ONNX file: one graph from rows in the data's own units to codes, reconstructions and
//! scores, with the scaling inside.
//!
//! | name | type and shape | what it is |
//! |---|---|---|
//! | `input` | [`Input`], `[batch, …shape]` | rows in the data's own units |
//! | `code` | float32, `[batch, code size]` | as [`Model::encode`] |
//! | `reconstruction` | as the input, `[batch, …shape]` | as [`Model::reconstruct`] |
//! | `score` | float32, `[batch]` | as [`Model::score`] |
//!
//! `batch` is dynamic. The tensors have the same names as in the model file. The metadata hold everything else that a
//! program needs to score rows:
//!
//! | key | what it is |
//! |---|---|
//! | `producer`, `producer_version` | Narrows and its version |
//! | `recipe` | the name of the recipe |
//! | `columns` | the names of the columns in the order of the input, as a JSON list; for tables |
//! | `units` | for each column its unit, or null, as a JSON list; present if a column has a unit |
//! | `fill` | for each column the value for a missing cell, as a JSON list; present if training filled missing cells |
//! | `scaling` | `kind`, `formula`, `offset` and `factor` as JSON, one number for all values or one for each; with the scaling `quantile` also the `quantiles` of each column |
//! | `score` | the definition of the score, and its units |
//! | `threshold` | `value`, `rule`, `level`, `rows` as JSON, and when a row is unusual; present if there is one |

mod bound;
mod input;
mod layers;
mod metadata;
mod scaling;

pub use input::{INPUT, Input, RECONSTRUCTION};
pub use layers::{SCALED, SCORE};

use crate::Model;
use crate::error::{Error, ErrorKind, Result};
use crate::network::StateKind;
use crate::onnx::proto::{self, FLOAT};
use crate::onnx::{Attribute, Graph, Place, rows};
use crate::text::count_of;
use layers::layers;
use prost::Message;

/// The opset of the graph: the oldest one in which all of its operators have their present form. Runtimes since the end
/// of 2020 support it.
pub const OPSET: i64 = 13;

/// The version of the file format that came with [`OPSET`].
const IR_VERSION: i64 = 7;

/// The most bytes of tensors: a protobuf message is limited to 2 GiB, and the graph needs some of them.
const MAX_TENSORS: usize = (1 << 31) - (1 << 24);

/// The output that corresponds to [`Model::encode`].
pub const CODE: &str = "code";

/// The ONNX file of a model; its content is described in the module documentation.
///
/// # Errors
///
/// [`ErrorKind::Data`] if the tensors take more than about 2 GiB, the limit of the format.
pub fn bytes(model: &Model) -> Result<Vec<u8>> {
    bytes_with(model, Input::of(model))
}

/// As [`bytes()`], with an input of the given type.
///
/// # Errors
///
/// As [`bytes()`].
pub fn bytes_with(model: &Model, input: Input) -> Result<Vec<u8>> {
    let network = model.network();
    let numbers =
        network.parameter_count() + network.state_count() + scaling::numbers(model.scaling());
    if numbers > MAX_TENSORS / 4 {
        return Err(
            Error::new(ErrorKind::Data, "the model is too large for an ONNX file")
                .expected(format!(
                    "at most {}",
                    count_of(MAX_TENSORS / 4, "parameter")
                ))
                .found(numbers),
        );
    }
    let message = proto::Model {
        ir_version: Some(IR_VERSION),
        producer_name: Some("narrows".into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        doc_string: Some(model.recipe().about.clone()),
        graph: Some(graph(model, input)?),
        opset_import: vec![proto::OperatorSet {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        metadata_props: metadata::entries(model),
    };
    Ok(message.encode_to_vec())
}

/// The keys of the metadata of a model's graph.
pub fn metadata_keys(model: &Model) -> Vec<String> {
    let entries = metadata::entries(model).into_iter();
    entries.filter_map(|entry| entry.key).collect()
}

fn graph(model: &Model, input: Input) -> Result<proto::Graph> {
    let shape = model.shape();
    let mut graph = Graph::default();
    let of_loss = model.network().of_loss().count();
    let tensors = model.network().tensors();
    // What the loss has learned stands in the score as constants.
    for tensor in tensors.iter().take(tensors.len() - of_loss) {
        let values = model.parameters().flat().get(tensor.range.clone());
        graph.floats(&tensor.name, &tensor.shape, values.unwrap_or_default());
    }
    for state in model.network().states() {
        // The graph does not need a count.
        if state.kind != StateKind::Count {
            let values = model.parameters().states().get(state.range.clone());
            graph.floats(&state.name, &state.shape, values.unwrap_or_default());
        }
    }
    scaling::scale(&mut graph, model, input);

    let network = model.network();
    let encoded = layers(&mut graph, network, network.encoder(), SCALED);
    let code_shape = network.shape(network.encoder().end);
    let place = Place {
        name: "bottleneck",
        input: &encoded,
        from: code_shape,
        to: code_shape,
    };
    let coded = network.bottleneck().nodes(&mut graph, place);
    graph.node("Flatten", &[&coded], &[Attribute::int("axis", 1)], CODE);
    let decoded = layers(&mut graph, network, network.decoder(), &coded);
    let output = graph.reshape(&decoded, shape, "output");

    scaling::unscale(&mut graph, &output, model, input);

    match model.bound() {
        None => squared_error(&mut graph, &output, shape),
        Some(bound) => bound::score(&mut graph, model, bound, &encoded),
    }

    Ok(proto::Graph {
        node: graph.nodes,
        name: Some(model.recipe().name.clone()),
        initializer: graph.tensors,
        input: vec![rows(INPUT, shape, input.element())],
        output: vec![
            rows(CODE, &[model.code_size()], FLOAT),
            rows(RECONSTRUCTION, shape, input.element()),
            rows(SCORE, &[], FLOAT),
        ],
    })
}

/// Adds the score as the mean squared error.
fn squared_error(graph: &mut Graph, output: &str, shape: &[usize]) {
    graph.node("Sub", &[output, SCALED], &[], "score/error");
    let square = ["score/error", "score/error"];
    graph.node("Mul", &square, &[], "score/square");
    let axes: Vec<usize> = (1..=shape.len()).collect();
    let mean = [
        Attribute::ints("axes", &axes),
        Attribute::int("keepdims", 0),
    ];
    graph.node("ReduceMean", &["score/square"], &mean, SCORE);
}

#[cfg(test)]
mod tests;
