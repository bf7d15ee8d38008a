//! How parameters start.

/// The distribution that weights and biases are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initialization {
    /// PyTorch's default for linear and convolutional layers: weights and biases uniform in ±1/√fan_in.
    Pytorch,
    /// Xavier (Glorot & Bengio 2010), uniform in ±√(6/(fan_in + fan_out)); biases zero.
    XavierUniform,
    /// Xavier, normal with variance 2/(fan_in + fan_out); biases zero.
    XavierNormal,
    /// He (He et al. 2015), uniform in ±√(6/fan_in); biases zero.
    HeUniform,
    /// He, normal with variance 2/fan_in; biases zero.
    HeNormal,
}
