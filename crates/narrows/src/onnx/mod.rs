//! The vocabulary of ONNX graphs: nodes and tensors, with which a layer describes its computation.
//!
//! The module `export::onnx` assembles the nodes of a model's layers to a file.

mod graph;
pub(crate) mod proto;

pub(crate) use graph::rows;
pub use graph::{Graph, Place};
pub use proto::Attribute;
