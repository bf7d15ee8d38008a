//! Elementwise activations.

/// An elementwise function between layers, as PyTorch defines it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `x`
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `x` where positive, else `slope · x`.
    LeakyRelu {
        /// The slope of the negative part, 0.01 by default.
        slope: f32,
    },
    /// `x` where positive, else `alpha · (eˣ - 1)`.
    Elu {
        /// The limit of the negative part, 1 by default.
        alpha: f32,
    },
    /// `x · sigmoid(x)`
    Silu,
    /// `x · Φ(x)`, by the error function, not its tanh approximation.
    Gelu,
    /// `tanh(x)`
    Tanh,
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `ln(1 + eˣ)`
    Softplus,
}
