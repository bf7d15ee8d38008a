//! An activation, value by value.

use super::function::{Derivative, Kind, Point, RowFunction, Tile};
use narrows_kernels::activation::Activation;

/// `y = f(x)`, value by value; both of `[rows, width]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elementwise {
    /// The activation.
    pub function: Activation,
    /// The number of values of a row.
    pub width: usize,
}

impl RowFunction for Elementwise {
    fn label(&self) -> String {
        match self.function {
            Activation::Identity => "identity".into(),
            Activation::Relu => "relu".into(),
            Activation::LeakyRelu { slope } => format!("leaky-relu {slope}"),
            Activation::Elu { alpha } => format!("elu {alpha}"),
            Activation::Silu => "silu".into(),
            Activation::Gelu => "gelu".into(),
            Activation::Tanh => "tanh".into(),
            Activation::Sigmoid => "sigmoid".into(),
            Activation::Softplus => "softplus".into(),
            Activation::ContinuousBernoulliMean => "continuous-bernoulli-mean".into(),
        }
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn outputs(&self) -> usize {
        self.width
    }

    fn kind(&self) -> Kind {
        Kind::Activation(self.function)
    }

    fn forward(&self, at: Point<'_>, y: &mut [f32], _: &mut [f32]) {
        self.function.forward(at.isa, at.x, y);
    }

    fn backward(&self, at: Point<'_>, dy: &[f32], dx: &mut [f32], _: &mut [f32]) {
        self.function.backward(at.isa, at.x, at.y, dy, dx);
    }

    fn gradient(&self, _: &Tile, _: &[f32], _: &[f32], _: &mut [f32], _: &mut [f32]) {}

    fn derivative(&self) -> Option<&dyn Derivative> {
        Some(self)
    }
}

impl Derivative for Elementwise {
    fn is_constant(&self) -> bool {
        self.function == Activation::Identity
    }

    fn is_curved(&self) -> bool {
        !matches!(
            self.function,
            Activation::Identity | Activation::Relu | Activation::LeakyRelu { .. }
        )
    }

    fn depends_on(&self, _: usize) -> bool {
        false
    }

    fn push(&self, at: Point<'_>, dx: &[f32], dy: &mut [f32], _: &mut [f32]) {
        // The derivative is diagonal.
        self.function.backward(at.isa, at.x, at.y, dx, dy);
    }

    fn add_curvature(&self, at: Point<'_>, w: &[f32], v: &[f32], dx: &mut [f32]) {
        self.function.add_curvature(at.isa, at.x, at.y, w, v, dx);
    }
}
