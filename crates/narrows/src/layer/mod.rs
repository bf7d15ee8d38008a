//! Layers: one file per layer, with its declaration and its operations.
//!
//! A recipe has [`LayerSpec`]s; each kind of layer implements [`LayerPart`].

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
mod mirror;
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
pub(crate) use mirror::mirrored;
pub use reshape::reshape;
pub(crate) use spec::{LAYER, last_of_values};
pub use spec::{LayerPart, LayerSpec, OpenWidth};

/// All layers except the activations, in the order in which they are listed.
const LAYERS: &[&dyn LayerPart] = &[
    &dense::DensePart,
    &conv2d::Conv2d,
    &conv_transpose2d::ConvTranspose2d,
    &batch_norm::BatchNorm,
    &layer_norm::LayerNorm,
    &dropout::DropoutPart,
    &flatten::Flatten,
    &reshape::Reshape,
];

/// All layers, the activations last.
pub(crate) fn layers() -> Vec<&'static dyn LayerPart> {
    let activations = activation::ACTIVATIONS.iter();
    let activations = activations.map(|part| *part as &dyn LayerPart);
    LAYERS.iter().copied().chain(activations).collect()
}

impl LayerSpec {
    /// The names for a recipe, including activations.
    pub fn names() -> impl Iterator<Item = &'static str> {
        layers().into_iter().map(|part| part.declaration().name)
    }
}
