//! A model as an ONNX file: one graph from rows in the data's own units to codes, reconstructions and
//! scores, with the scaling inside.
//!
//! | name | type and shape | what it is |
//! |---|---|---|
//! | `input` | float32, `[batch, …shape]` | rows in the data's own units |
//! | `code` | float32, `[batch, code size]` | as [`Model::encode`] |
//! | `reconstruction` | float32, `[batch, …shape]` | as [`Model::reconstruct`] |
//! | `score` | float32, `[batch]` | as [`Model::score`] |
//!
//! `batch` is left open. The tensors keep the names that they have in the model file.

mod proto;

use crate::error::{Error, ErrorKind, Result};
use crate::layer::{Activation, LayerSpec};
use crate::{Model, Recipe};
use prost::Message;
use proto::{Attribute, Dimension, Entry, FLOAT, INT64};
use std::f32::consts::FRAC_1_SQRT_2;

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

/// The ONNX file of a model; the module says what is in it.
///
/// # Errors
///
/// [`ErrorKind::Data`] when the tensors take more than about 2 GiB, which the format cannot hold.
pub fn bytes(model: &Model) -> Result<Vec<u8>> {
    let numbers = model.network().parameter_count() + 2 * model.scaling().offset().len();
    if numbers > MAX_TENSORS / 4 {
        return Err(
            Error::new(ErrorKind::Data, "the model is too large for an ONNX file")
                .expected(format!("at most {} parameters", MAX_TENSORS / 4))
                .found(numbers),
        );
    }
    let recipe = model.recipe();
    let entry = |key: &str, value: &str| Entry {
        key: Some(key.into()),
        value: Some(value.into()),
    };
    let message = proto::Model {
        ir_version: Some(IR_VERSION),
        producer_name: Some("narrows".into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        doc_string: Some(recipe.about.clone()),
        graph: Some(graph(model)?),
        opset_import: vec![proto::OperatorSet {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        metadata_props: vec![
            entry("producer", "narrows"),
            entry("producer_version", env!("CARGO_PKG_VERSION")),
            entry("recipe", &recipe.name),
        ],
    };
    Ok(message.encode_to_vec())
}

fn graph(model: &Model) -> Result<proto::Graph> {
    let (shape, scaling) = (model.shape(), model.scaling());
    let mut graph = Graph::default();
    for tensor in model.network().tensors() {
        let values = model.parameters().flat().get(tensor.range.clone());
        graph.floats(&tensor.name, &tensor.shape, values.unwrap_or_default());
    }
    // One number for all, or one for each value of a row.
    let places = match scaling.offset().len() {
        1 => &[1],
        _ => shape,
    };
    let single = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<_>>();
    graph.floats("scaling.offset", places, &single(scaling.offset()));
    graph.floats("scaling.factor", places, &single(scaling.factor()));
    graph.node("Sub", &[INPUT, "scaling.offset"], &[], "scaled/centred");
    graph.node("Mul", &["scaled/centred", "scaling.factor"], &[], "scaled");

    let (coded, code_shape) = layers(
        &mut graph,
        model.recipe(),
        "encoder",
        "scaled",
        shape,
        shape,
    )?;
    graph.node("Flatten", &[&coded], &[Attribute::int("axis", 1)], CODE);
    let (decoded, _) = layers(
        &mut graph,
        model.recipe(),
        "decoder",
        &coded,
        &code_shape,
        shape,
    )?;
    let output = graph.reshape(&decoded, shape, "output");

    graph.node("Div", &[&output, "scaling.factor"], &[], "output/spread");
    let undone = ["output/spread", "scaling.offset"];
    graph.node("Add", &undone, &[], RECONSTRUCTION);

    graph.node("Sub", &[&output, "scaled"], &[], "score/error");
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
        input: vec![rows(INPUT, shape)],
        output: vec![
            rows(CODE, &[model.code_size()]),
            rows(RECONSTRUCTION, shape),
            rows(SCORE, &[]),
        ],
    })
}

/// Adds one side of the network, from the value `from` of `[batch, …shape]`; gives the value that it
/// ends with and the shape of its rows. `data` is the shape of a row of the data.
fn layers(
    graph: &mut Graph,
    recipe: &Recipe,
    side: &str,
    from: &str,
    shape: &[usize],
    data: &[usize],
) -> Result<(String, Vec<usize>)> {
    let specs = match side {
        "encoder" => &recipe.encoder,
        _ => &recipe.decoder,
    };
    let (mut value, mut shape) = (from.to_string(), shape.to_vec());
    for (index, spec) in specs.iter().enumerate() {
        let (_, next) = spec.plan(&shape, data)?;
        value = layer(
            graph,
            spec,
            &format!("{side}.{index}"),
            value,
            &shape,
            &next,
        );
        shape = next;
    }
    Ok((value, shape))
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

/// An input or output: rows of a shape, and how many is left open.
fn rows(name: &str, shape: &[usize]) -> proto::ValueInfo {
    let batch = Dimension {
        size: None,
        name: Some("batch".into()),
    };
    let sizes = shape.iter().map(|&size| Dimension {
        size: Some(size as i64),
        name: None,
    });
    proto::ValueInfo {
        name: Some(name.into()),
        of: Some(proto::Type {
            tensor: Some(proto::TensorType {
                element: Some(FLOAT),
                shape: Some(proto::Shape {
                    dim: [batch].into_iter().chain(sizes).collect(),
                }),
            }),
        }),
    }
}

/// Nodes in the order of computation, and tensors.
#[derive(Default)]
struct Graph {
    nodes: Vec<proto::Node>,
    tensors: Vec<proto::Tensor>,
}

impl Graph {
    /// Adds a node with one output, after which it is named; gives the output.
    fn node<S: AsRef<str>>(
        &mut self,
        operator: &str,
        inputs: &[S],
        attributes: &[Attribute],
        output: &str,
    ) -> String {
        self.nodes.push(proto::Node {
            input: inputs.iter().map(|name| name.as_ref().into()).collect(),
            output: vec![output.into()],
            name: Some(output.into()),
            op_type: Some(operator.into()),
            attribute: attributes.to_vec(),
        });
        output.into()
    }

    /// Adds a node that gives rows another shape, of as many values.
    fn reshape(&mut self, input: &str, shape: &[usize], output: &str) -> String {
        // 0 stands for the size that is there.
        let sizes: Vec<i64> = [0]
            .into_iter()
            .chain(shape.iter().map(|&size| size as i64))
            .collect();
        let target = format!("{output}/shape");
        self.tensors.push(proto::Tensor {
            dims: vec![sizes.len() as i64],
            data_type: Some(INT64),
            name: Some(target.clone()),
            raw_data: Some(sizes.iter().flat_map(|size| size.to_le_bytes()).collect()),
        });
        self.node("Reshape", &[input, &target], &[], output)
    }

    fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        self.tensors.push(proto::Tensor {
            dims: shape.iter().map(|&size| size as i64).collect(),
            data_type: Some(FLOAT),
            name: Some(name.into()),
            raw_data: Some(
                values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect(),
            ),
        });
    }

    /// Adds a single number; gives its name.
    fn number(&mut self, name: &str, value: f32) -> String {
        self.floats(name, &[], &[value]);
        name.into()
    }
}
