//! Layers: a file per layer, with its declaration and the operations that it consists of.
//!
//! A recipe has [`LayerSpec`]s; [`LayerPart`] is what a kind of layer says of itself.

pub mod activation;
mod batch_norm;
mod conv;
mod conv2d;
mod conv_transpose2d;
mod dense;
mod dropout;
mod flatten;
pub mod initialization;
mod layer_norm;
mod list;
mod reshape;
mod spec;
mod tied;

pub use activation::{Activation, activation};
pub use batch_norm::batch_norm;
pub use conv_transpose2d::conv_transpose2d;
pub use conv2d::conv2d;
pub use dense::{dense, tied_dense};
pub use dropout::dropout;
pub use flatten::flatten;
pub use initialization::Initialization;
pub(crate) use initialization::{INITIALIZATION, INITIALIZATIONS};
pub use layer_norm::layer_norm;
pub(crate) use list::layers;
pub use reshape::reshape;
pub(crate) use spec::{LAYER, last_of_values};
pub use spec::{LayerPart, LayerSpec, OpenWidth};
