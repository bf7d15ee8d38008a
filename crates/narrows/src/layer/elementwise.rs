//! An activation as a layer.

use super::{Activation, Layer, TensorSpec};
use narrows_kernels::Isa;

/// `y = f(x)`, element by element; both of `[batch, width]`.
#[derive(Debug)]
pub(crate) struct Elementwise {
    pub(crate) function: Activation,
    pub(crate) width: usize,
}

impl Layer for Elementwise {
    fn inputs(&self) -> usize {
        self.width
    }

    fn outputs(&self) -> usize {
        self.width
    }

    fn tensors(&self) -> Vec<TensorSpec> {
        Vec::new()
    }

    fn tiles(&self) -> Vec<usize> {
        Vec::new()
    }

    fn forward(&self, isa: Isa, _: &[f32], x: &[f32], y: &mut [f32], _: &mut [f32]) {
        self.function.forward(isa, x, y);
    }

    fn backward(
        &self,
        isa: Isa,
        _: &[f32],
        x: &[f32],
        y: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        _: &mut [f32],
    ) {
        if self.is_linear() {
            return dx.copy_from_slice(dy);
        }
        self.function.backward(isa, x, y, dy, dx);
    }

    fn gradient(&self, _: Isa, _: usize, _: &[f32], _: &[f32], _: &mut [f32], _: &mut [f32]) {}

    fn is_linear(&self) -> bool {
        self.function == Activation::Identity
    }

    fn is_curved(&self) -> bool {
        !matches!(
            self.function,
            Activation::Identity | Activation::Relu | Activation::LeakyRelu { .. }
        )
    }

    fn is_rectifier(&self) -> bool {
        self.function == Activation::Relu
    }

    fn tangent(
        &self,
        isa: Isa,
        _: &[f32],
        x: &[f32],
        y: &[f32],
        dx: &[f32],
        dy: &mut [f32],
        _: &mut [f32],
    ) {
        // The derivative is diagonal.
        if self.is_linear() {
            return dy.copy_from_slice(dx);
        }
        self.function.backward(isa, x, y, dx, dy);
    }

    fn add_tangent_gradient(
        &self,
        _: Isa,
        _: usize,
        _: &[f32],
        _: &[f32],
        _: &mut [f32],
        _: &mut [f32],
    ) {
    }

    fn add_curvature(&self, isa: Isa, x: &[f32], y: &[f32], w: &[f32], v: &[f32], dx: &mut [f32]) {
        self.function.add_curvature(isa, x, y, w, v, dx);
    }
}
