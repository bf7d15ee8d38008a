//! The layers.

use super::activation::ACTIVATIONS;
use super::batch_norm::BatchNorm;
use super::conv_transpose2d::ConvTranspose2d;
use super::conv2d::Conv2d;
use super::dense::DensePart;
use super::dropout::DropoutPart;
use super::flatten::Flatten;
use super::layer_norm::LayerNorm;
use super::reshape::Reshape;
use super::spec::{LayerPart, LayerSpec};

/// The layers, in the order in which they are listed.
pub(crate) fn layers() -> Vec<&'static dyn LayerPart> {
    let mut all: Vec<&'static dyn LayerPart> = vec![
        &DensePart,
        &Conv2d,
        &ConvTranspose2d,
        &BatchNorm,
        &LayerNorm,
        &DropoutPart,
        &Flatten,
        &Reshape,
    ];
    for part in ACTIVATIONS {
        all.push(*part);
    }
    all
}

impl LayerSpec {
    /// The names that a recipe may give, activations included.
    pub fn names() -> impl Iterator<Item = &'static str> {
        layers().into_iter().map(|part| part.declaration().name)
    }
}
