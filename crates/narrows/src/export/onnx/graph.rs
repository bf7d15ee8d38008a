//! A graph as it is put together: nodes in the order of computation, and tensors.

use super::proto::{self, Attribute, DOUBLE, Dimension, FLOAT, INT64};

/// An input or output: rows of a shape, and how many is left open.
pub(super) fn rows(name: &str, shape: &[usize], element: i32) -> proto::ValueInfo {
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

/// Nodes in the order of computation, and tensors.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<proto::Node>,
    pub(super) tensors: Vec<proto::Tensor>,
}

impl Graph {
    /// Adds a node with one output, after which it is named; gives the output.
    pub(super) fn node<S: AsRef<str>>(
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
    pub(super) fn reshape(&mut self, input: &str, shape: &[usize], output: &str) -> String {
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

    pub(super) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) {
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

    pub(super) fn doubles(&mut self, name: &str, shape: &[usize], values: &[f64]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        self.tensors.push(proto::Tensor {
            dims: shape.iter().map(|&size| size as i64).collect(),
            data_type: Some(DOUBLE),
            name: Some(name.into()),
            raw_data: Some(bytes.collect()),
        });
    }

    /// Adds a conversion to another type of numbers; gives its output.
    pub(super) fn cast(&mut self, input: &str, to: i32, output: &str) -> String {
        self.node("Cast", &[input], &[Attribute::int("to", to.into())], output)
    }

    /// Adds a single number; gives its name.
    pub(super) fn number(&mut self, name: &str, value: f32) -> String {
        self.floats(name, &[], &[value]);
        name.into()
    }
}
