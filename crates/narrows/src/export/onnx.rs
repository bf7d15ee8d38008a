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
//! | `scaling` | `kind`, `formula`, `offset` and `factor` as JSON, one number for all values or one for each |
//! | `score` | the definition of the score, and its units |
//! | `threshold` | `value`, `rule`, `level`, `rows` as JSON, and when a row is unusual; present if there is one |

mod bound;
mod layers;
mod metadata;

pub use layers::{SCALED, SCORE};

use crate::Model;
use crate::error::{Error, ErrorKind, Result};
use crate::network::StateKind;
use crate::onnx::proto::{self, DOUBLE, FLOAT};
use crate::onnx::{Attribute, Graph, Place, rows};
use layers::layers;
use prost::Message;

/// The opset of the graph: the oldest one in which all of its operators have their present form. Runtimes since the end
/// of 2020 support it.
pub const OPSET: i64 = 13;

/// The version of the file format that came with [`OPSET`].
const IR_VERSION: i64 = 7;

/// The most bytes of tensors: a protobuf message is limited to 2 GiB, and the graph needs some of them.
const MAX_TENSORS: usize = (1 << 31) - (1 << 24);

/// The graph's input.
pub const INPUT: &str = "input";
/// The output that corresponds to [`Model::encode`].
pub const CODE: &str = "code";
/// The output that corresponds to [`Model::reconstruct`].
pub const RECONSTRUCTION: &str = "reconstruction";

/// The type of numbers of the graph's input and of its reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// float32, as most runtimes expect it.
    Float,
    /// float64: offsets are subtracted in double precision before values become float32. It is for columns that are far
    /// from 0 relative to their spread, such as Unix seconds within a day.
    Double,
}

impl Input {
    /// The input type for a model: float64 if float32 would merge or blur the training values.
    pub fn of(model: &Model) -> Input {
        if blurs(model) {
            Input::Double
        } else {
            Input::Float
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Input::Float => "float32",
            Input::Double => "float64",
        }
    }

    fn element(self) -> i32 {
        match self {
            Input::Float => FLOAT,
            Input::Double => DOUBLE,
        }
    }
}

/// The largest acceptable spacing of float32 at a column's offset, in scaled units.
const FINE: f64 = 1e-4;

/// Whether float32 would merge distinct values of the training rows, or is too coarse for rows between them.
fn blurs(model: &Model) -> bool {
    let scaling = model.scaling();
    let mut pairs = scaling.offset().iter().zip(scaling.factor());
    let step = |(offset, factor): (&f64, &f64)| (offset * factor).abs() * f64::from(f32::EPSILON);
    scaling.is_double() && (model.needs_double() || pairs.any(|pair| step(pair) > FINE))
}

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
        network.parameter_count() + network.state_count() + 4 * model.scaling().offset().len();
    if numbers > MAX_TENSORS / 4 {
        return Err(
            Error::new(ErrorKind::Data, "the model is too large for an ONNX file")
                .expected(format!("at most {} parameters", MAX_TENSORS / 4))
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
    scale(&mut graph, model, input);

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

    unscale(&mut graph, &output, input);

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

/// Adds the nodes from the input to scaled values.
fn scale(graph: &mut Graph, model: &Model, input: Input) {
    let scaling = model.scaling();
    // One number for all values, or one for each value of a row.
    let places = match scaling.offset().len() {
        1 => &[1],
        _ => model.shape(),
    };
    let tensors = [
        ("scaling.offset", scaling.offset()),
        ("scaling.factor", scaling.factor()),
    ];
    for (name, values) in tensors {
        match input {
            Input::Double => graph.doubles(name, places, values),
            Input::Float => {
                let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
                graph.floats(name, places, &values);
            }
        }
    }
    let (centered, factor) = ("scaled/centered", "scaling.factor");
    graph.node("Sub", &[INPUT, "scaling.offset"], &[], centered);
    match input {
        Input::Float => graph.node("Mul", &[centered, factor], &[], SCALED),
        Input::Double => {
            let exact = graph.node("Mul", &[centered, factor], &[], "scaled/double");
            graph.cast(&exact, FLOAT, SCALED)
        }
    };
}

/// Adds the nodes from the decoder's output back to the data's units.
fn unscale(graph: &mut Graph, output: &str, input: Input) {
    let output = match input {
        Input::Float => output.to_string(),
        Input::Double => graph.cast(output, DOUBLE, "output/double"),
    };
    graph.node("Div", &[&output, "scaling.factor"], &[], "output/spread");
    let undone = ["output/spread", "scaling.offset"];
    graph.node("Add", &undone, &[], RECONSTRUCTION);
}

#[cfg(test)]
mod tests;
