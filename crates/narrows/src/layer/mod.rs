//! Layers: forward and backward side by side, a file per layer.

pub mod activation;
pub mod initialization;

pub use activation::Activation;
pub use initialization::Initialization;

/// What a recipe says of one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LayerSpec {
    /// `y = x Wᵀ + b`.
    Dense {
        /// The width of the output; `None` only in the decoder's last dense layer: as wide as the data.
        outputs: Option<usize>,
        /// Whether there is a bias.
        bias: bool,
    },
    /// An elementwise function.
    Activation(Activation),
}
