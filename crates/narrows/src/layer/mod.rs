//! Layers: what a recipe says of them, and the operations that they consist of.

pub mod activation;
mod conv;
pub mod initialization;
mod plan;
mod spec;

pub use activation::Activation;
pub(crate) use activation::output_range;
pub(crate) use conv::Conv;
pub use initialization::Initialization;
pub use spec::LayerSpec;
pub(crate) use spec::{INITIALIZATION, INITIALIZATIONS, LAYER, LAYERS, last_of_values};
