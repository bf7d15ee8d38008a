//! A graph under construction, and the place of a layer in it.

use super::proto::{self, Attribute, DOUBLE, Dimension, FLOAT, INT64};

/// An input or output: rows of a shape, with a dynamic number of rows.
pub(crate) fn rows(name: &str, shape: &[usize], element: i32) -> proto::ValueInfo {
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
                element: Some(element),
                shape: Some(proto::Shape {
                    dim: [batch].into_iter().chain(sizes).collect(),
                }),
            }),
        }),
    }
}

/// A graph under construction: nodes in the order of computation, and tensors.
#[derive(Debug, Default)]
pub struct Graph {
    pub(crate) nodes: Vec<proto::Node>,
    pub(crate) tensors: Vec<proto::Tensor>,
}

impl Graph {
    /// Adds a node with one output, which also gives the node its name; returns the output. `inputs` are outputs of
    /// other nodes or tensors; tensors of the network have names such as `encoder.0.weight`.
    pub fn node<S: AsRef<str>>(
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

    /// Adds a node with several outputs; the first gives the node its name.
    pub fn node_of(
        &mut self,
        operator: &str,
        inputs: &[&String],
        attributes: &[Attribute],
        outputs: &[&String],
    ) {
        self.nodes.push(proto::Node {
            input: inputs.iter().map(|name| (*name).clone()).collect(),
            output: outputs.iter().map(|name| (*name).clone()).collect(),
            name: outputs.first().map(|name| (*name).clone()),
            op_type: Some(operator.into()),
            attribute: attributes.to_vec(),
        });
    }

    /// The names of its tensors, and of what its nodes make.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let tensors = self
            .tensors
            .iter()
            .filter_map(|tensor| tensor.name.as_deref());
        let outputs = self.nodes.iter().flat_map(|node| &node.output);
        tensors.chain(outputs.map(String::as_str))
    }

    /// Adds all of another graph under other names.
    pub(crate) fn append(&mut self, other: Graph, renamed: &impl Fn(&str) -> String) {
        let Graph { nodes, tensors, .. } = other;
        self.tensors
            .extend(tensors.into_iter().map(|tensor| proto::Tensor {
                name: tensor.name.as_deref().map(renamed),
                ..tensor
            }));
        let all = |names: &[String]| names.iter().map(|name| renamed(name)).collect();
        self.nodes.extend(nodes.into_iter().map(|node| proto::Node {
            input: all(&node.input),
            output: all(&node.output),
            name: node.name.as_deref().map(renamed),
            ..node
        }));
    }

    /// Adds a list of whole numbers; returns its name.
    pub fn integers(&mut self, name: &str, values: &[i64]) -> String {
        self.tensors.push(proto::Tensor {
            dims: vec![values.len() as i64],
            data_type: Some(INT64),
            name: Some(name.into()),
            raw_data: Some(
                values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect(),
            ),
        });
        name.into()
    }

    /// Adds a node that gives rows another shape, with the same number of values.
    pub fn reshape(&mut self, input: &str, shape: &[usize], output: &str) -> String {
        // 0 means the existing size.
        let sizes: Vec<i64> = [0]
            .into_iter()
            .chain(shape.iter().map(|&size| size as i64))
            .collect();
        let target = self.integers(&format!("{output}/shape"), &sizes);
        self.node("Reshape", &[input, &target], &[], output)
    }

    pub(crate) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) {
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

    pub(crate) fn doubles(&mut self, name: &str, shape: &[usize], values: &[f64]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        self.tensors.push(proto::Tensor {
            dims: shape.iter().map(|&size| size as i64).collect(),
            data_type: Some(DOUBLE),
            name: Some(name.into()),
            raw_data: Some(bytes.collect()),
        });
    }

    /// Adds a conversion to another numeric type; returns its output.
    pub(crate) fn cast(&mut self, input: &str, to: i32, output: &str) -> String {
        self.node("Cast", &[input], &[Attribute::int("to", to.into())], output)
    }

    /// Adds a single number; returns its name.
    pub fn number(&mut self, name: &str, value: f32) -> String {
        self.floats(name, &[], &[value]);
        name.into()
    }
}

/// The place of a layer in a graph.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The name of the layer, `encoder.0`, which its last node should have. Names of earlier nodes begin with it and a
    /// slash. Its tensors are `encoder.0.weight` and `encoder.0.bias`.
    pub name: &'a str,
    /// The input of the layer, of shape `[batch, …from]`.
    pub input: &'a str,
    /// The shape of an input row.
    pub from: &'a [usize],
    /// The shape of an output row.
    pub to: &'a [usize],
}

impl Place<'_> {
    /// The name of a node before the last.
    pub fn part(&self, what: &str) -> String {
        format!("{}/{what}", self.name)
    }

    /// The inputs of a product node: an input, the layer's weights, and its bias if it has one.
    pub(crate) fn with_parameters(&self, input: &str, bias: bool) -> Vec<String> {
        let mut all = vec![input.to_string(), format!("{}.weight", self.name)];
        all.extend(bias.then(|| format!("{}.bias", self.name)));
        all
    }

    /// Adds the only node of the layer; returns its output.
    pub fn single(&self, graph: &mut Graph, operator: &str, attributes: &[Attribute]) -> String {
        graph.node(operator, &[self.input], attributes, self.name)
    }
}
