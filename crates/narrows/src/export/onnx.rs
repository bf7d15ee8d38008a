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
//! `batch` is left open. The tensors keep the names that they have in the model file. The metadata say what a program
//! that scores rows needs to know beside:
//!
//! | key | what it is |
//! |---|---|
//! | `producer`, `producer_version` | Narrows and its version |
//! | `recipe` | the name of the recipe |
//! | `columns` | the names of the columns in the order of the input, as a JSON list; for tables |
//! | `units` | for each column its unit, or null, as a JSON list; where one has a unit |
//! | `fill` | for each column what stands for a missing value, as a JSON list; where training filled them |
//! | `scaling` | `kind`, `formula`, `offset` and `factor` as JSON, one number for all values or one for each |
//! | `score` | what the score is, and in which units |
//! | `threshold` | `value`, `rule`, `level`, `rows` as JSON, and when a row is unusual; where one was chosen |

mod graph;
mod metadata;
mod proto;

use crate::Model;
use crate::error::{Error, ErrorKind, Result};
use crate::layer::{Activation, LayerSpec};
use crate::network::Network;
use graph::{Graph, rows};
use prost::Message;
use proto::{Attribute, DOUBLE, FLOAT};
use std::f32::consts::FRAC_1_SQRT_2;
use std::ops::Range;

/// The version of ONNX's operators that the graph uses: the oldest that has all of them in their
/// present form, which runtimes since the end of 2020 know.
pub const OPSET: i64 = 13;

/// The version of the file format that came with [`OPSET`].
const IR_VERSION: i64 = 7;

/// The most bytes of tensors: a message of protobuf ends at 2 GiB, and the graph needs some.
const MAX_TENSORS: usize = (1 << 31) - (1 << 24);

/// The graph's input.
pub const INPUT: &str = "input";
/// The output that is [`Model::encode`]'s.
pub const CODE: &str = "code";
/// The output that is [`Model::reconstruct`]'s.
pub const RECONSTRUCTION: &str = "reconstruction";
/// The output that is [`Model::score`]'s.
pub const SCORE: &str = "score";

/// The type of numbers of the graph's input and of its reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// float32, as most runtimes expect it.
    Float,
    /// float64: offsets are subtracted in double precision before values become float32. For columns that lie far
    /// from 0 by their own measure, such as Unix seconds within a day.
    Double,
}

impl Input {
    /// The type that the graph of a model takes: float64 where float32 would blur the training values.
    pub fn of(model: &Model) -> Input {
        match blurs(model) {
            true => Input::Double,
            false => Input::Float,
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

/// The largest step of float32 at a column's offset that is still fine, in scaled units.
const FINE: f64 = 1e-4;

/// Whether float32 would merge distinct values of the training rows, or cannot hold what the scaling reads finely enough
/// for rows between them.
fn blurs(model: &Model) -> bool {
    let scaling = model.scaling();
    let mut pairs = scaling.offset().iter().zip(scaling.factor());
    let step = |(offset, factor): (&f64, &f64)| (offset * factor).abs() * f64::from(f32::EPSILON);
    scaling.is_double() && (model.needs_double() || pairs.any(|pair| step(pair) > FINE))
}

/// The ONNX file of a model; the module says what is in it.
///
/// # Errors
///
/// [`ErrorKind::Data`] when the tensors take more than about 2 GiB, which the format cannot hold.
pub fn bytes(model: &Model) -> Result<Vec<u8>> {
    bytes_with(model, Input::of(model))
}

/// As [`bytes()`], with an input of the given type.
///
/// # Errors
///
/// As [`bytes()`].
pub fn bytes_with(model: &Model, input: Input) -> Result<Vec<u8>> {
    let numbers = model.network().parameter_count() + 4 * model.scaling().offset().len();
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

/// The value that the layers begin with: rows in scaled units, in float32.
pub const SCALED: &str = "scaled";

/// The keys of the metadata of a model's graph.
pub fn metadata_keys(model: &Model) -> Vec<String> {
    let entries = metadata::entries(model).into_iter();
    entries.filter_map(|entry| entry.key).collect()
}

fn graph(model: &Model, input: Input) -> Result<proto::Graph> {
    let shape = model.shape();
    let mut graph = Graph::default();
    for tensor in model.network().tensors() {
        let values = model.parameters().flat().get(tensor.range.clone());
        graph.floats(&tensor.name, &tensor.shape, values.unwrap_or_default());
    }
    scale(&mut graph, model, input);

    let network = model.network();
    let coded = layers(&mut graph, network, network.encoder(), SCALED);
    graph.node("Flatten", &[&coded], &[Attribute::int("axis", 1)], CODE);
    let decoded = layers(&mut graph, network, network.decoder(), &coded);
    let output = graph.reshape(&decoded, shape, "output");

    unscale(&mut graph, &output, input);

    graph.node("Sub", &[&output, SCALED], &[], "score/error");
    let square = ["score/error", "score/error"];
    graph.node("Mul", &square, &[], "score/square");
    let axes: Vec<usize> = (1..=shape.len()).collect();
    let mean = [
        Attribute::ints("axes", &axes),
        Attribute::int("keepdims", 0),
    ];
    graph.node("ReduceMean", &["score/square"], &mean, SCORE);

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

/// Adds the way from the input to scaled values.
fn scale(graph: &mut Graph, model: &Model, input: Input) {
    let scaling = model.scaling();
    // One number for all, or one for each value of a row.
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
    let (centred, factor) = ("scaled/centred", "scaling.factor");
    graph.node("Sub", &[INPUT, "scaling.offset"], &[], centred);
    match input {
        Input::Float => graph.node("Mul", &[centred, factor], &[], SCALED),
        Input::Double => {
            let exact = graph.node("Mul", &[centred, factor], &[], "scaled/double");
            graph.cast(&exact, FLOAT, SCALED)
        }
    };
}

/// Adds the way from the decoder's output back to the data's units.
fn unscale(graph: &mut Graph, output: &str, input: Input) {
    let output = match input {
        Input::Float => output.to_string(),
        Input::Double => graph.cast(output, DOUBLE, "output/double"),
    };
    graph.node("Div", &[&output, "scaling.factor"], &[], "output/spread");
    let undone = ["output/spread", "scaling.offset"];
    graph.node("Add", &undone, &[], RECONSTRUCTION);
}

/// Adds some of the layers, from the value `from`; gives the value that they end with.
fn layers(graph: &mut Graph, network: &Network, range: Range<usize>, from: &str) -> String {
    let mut value = from.to_string();
    for index in range {
        let (spec, name) = (&network.specs()[index], network.name_of(index));
        let (shape, next) = (network.shape(index), network.shape(index + 1));
        value = layer(graph, spec, &name, value, shape, next);
    }
    value
}

/// Adds a layer from rows of one shape to rows of another; gives the value that it makes.
fn layer(
    graph: &mut Graph,
    spec: &LayerSpec,
    name: &str,
    input: String,
    from: &[usize],
    to: &[usize],
) -> String {
    let weight = format!("{name}.weight");
    let bias_name = format!("{name}.bias");
    let with_bias = |x: &str, bias: bool| -> Vec<String> {
        let bias = bias.then(|| bias_name.clone());
        [x.to_string(), weight.clone()]
            .into_iter()
            .chain(bias)
            .collect()
    };
    match *spec {
        LayerSpec::Dense { bias, .. } => {
            let flat = match from.len() {
                1 => input,
                _ => {
                    let flat = format!("{name}/flat");
                    graph.node("Flatten", &[&input], &[Attribute::int("axis", 1)], &flat)
                }
            };
            let transposed = Attribute::int("transB", 1);
            graph.node("Gemm", &with_bias(&flat, bias), &[transposed], name)
        }
        LayerSpec::Conv2d {
            kernel,
            stride,
            padding,
            bias,
            ..
        } => {
            let window = window(kernel, stride, padding);
            graph.node("Conv", &with_bias(&input, bias), &window, name)
        }
        LayerSpec::ConvTranspose2d {
            kernel,
            stride,
            padding,
            output_padding,
            bias,
            ..
        } => {
            let mut window = window(kernel, stride, padding).to_vec();
            window.push(Attribute::ints("output_padding", &output_padding));
            graph.node("ConvTranspose", &with_bias(&input, bias), &window, name)
        }
        LayerSpec::Flatten | LayerSpec::Reshape { .. } => graph.reshape(&input, to, name),
        LayerSpec::Activation(function) => activation(graph, function, name, input),
    }
}

fn window(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> [Attribute; 3] {
    let [height, width] = padding;
    [
        Attribute::ints("kernel_shape", &kernel),
        Attribute::ints("strides", &stride),
        // At the top and left, then at the bottom and right.
        Attribute::ints("pads", &[height, width, height, width]),
    ]
}

/// Adds an activation; gives the value that it makes.
fn activation(graph: &mut Graph, function: Activation, name: &str, x: String) -> String {
    match function {
        Activation::Identity => x,
        Activation::Relu => graph.node("Relu", &[&x], &[], name),
        Activation::LeakyRelu { slope } => graph.node(
            "LeakyRelu",
            &[&x],
            &[Attribute::float("alpha", slope)],
            name,
        ),
        Activation::Elu { alpha } => {
            graph.node("Elu", &[&x], &[Attribute::float("alpha", alpha)], name)
        }
        Activation::Silu => {
            let sigmoid = graph.node("Sigmoid", &[&x], &[], &format!("{name}/sigmoid"));
            graph.node("Mul", &[&x, &sigmoid], &[], name)
        }
        // x · Φ(x) = x/2 · (1 + erf(x/√2))
        Activation::Gelu => {
            let part = |what: &str| format!("{name}/{what}");
            let root = graph.number(&part("1/sqrt2"), FRAC_1_SQRT_2);
            let one = graph.number(&part("one"), 1.0);
            let half = graph.number(&part("half"), 0.5);
            let scaled = graph.node("Mul", &[&x, &root], &[], &part("scaled"));
            let erf = graph.node("Erf", &[&scaled], &[], &part("erf"));
            let sum = graph.node("Add", &[&erf, &one], &[], &part("sum"));
            let halved = graph.node("Mul", &[&x, &half], &[], &part("halved"));
            graph.node("Mul", &[&halved, &sum], &[], name)
        }
        Activation::Tanh => graph.node("Tanh", &[&x], &[], name),
        Activation::Sigmoid => graph.node("Sigmoid", &[&x], &[], name),
        // ln(1 + eˣ) = max(x, 0) + ln(1 + e^-|x|), which does not overflow in a runtime that works it out
        // as it is written.
        Activation::Softplus => {
            let part = |what: &str| format!("{name}/{what}");
            let positive = graph.node("Relu", &[&x], &[], &part("positive"));
            let size = graph.node("Abs", &[&x], &[], &part("size"));
            let negative = graph.node("Neg", &[&size], &[], &part("negative"));
            let rest = graph.node("Softplus", &[&negative], &[], &part("rest"));
            graph.node("Add", &[&positive, &rest], &[], name)
        }
    }
}

#[cfg(test)]
mod tests;
