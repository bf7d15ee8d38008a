//! Elementwise activations.

pub use narrows_kernels::activation::Activation;
