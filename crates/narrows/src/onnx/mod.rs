//! The vocabulary of ONNX graphs: nodes and tensors, in which a layer says what it computes.
//!
//! The module `export::onnx` puts the nodes of a model's layers together into a file.

mod graph;
pub(crate) mod proto;

pub(crate) use graph::rows;
pub use graph::{Graph, Place};
pub use proto::Attribute;
