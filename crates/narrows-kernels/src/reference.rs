//! Plain scalar versions of the kernels in float64, written for readability; the tests compare the kernels with them.
//!
//! They are not optimized, and share no code with the kernels. The derivatives are closed forms, which the tests
//! compare with finite differences of the values.

mod code;
mod continuous_bernoulli;
mod normalization;

use crate::activation::Activation;
use crate::conv::Geometry;
use crate::loss::Loss;
pub use code::*;
pub use continuous_bernoulli::*;
pub use normalization::*;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// `start + A · B` of `m` × `n`, row-major, summed over `k`; the matrices are functions of row and
/// column, so that any layout can be described.
pub fn product(
    (m, n, k): (usize, usize, usize),
    a: impl Fn(usize, usize) -> f64,
    b: impl Fn(usize, usize) -> f64,
    start: impl Fn(usize, usize) -> f64,
) -> Vec<f64> {
    let mut c = Vec::with_capacity(m * n);
    for i in 0..m {
        for j in 0..n {
            let mut sum = start(i, j);
            for l in 0..k {
                sum += a(i, l) * b(l, j);
            }
            c.push(sum);
        }
    }
    c
}

/// The sums of the columns of a row-major matrix.
pub fn column_sums(matrix: &[f64], columns: usize) -> Vec<f64> {
    let mut sums = vec![0.0; columns];
    for (i, number) in matrix.iter().enumerate() {
        sums[i % columns] += number;
    }
    sums
}

/// Calls `f` with the places of input, output and weight that a convolution multiplies and adds for one image: all
/// output channels and positions, and for each of them all taps inside the input.
fn each_tap(g: &Geometry, mut f: impl FnMut(usize, usize, usize)) {
    let ([channels, height, width], [outputs, rows, columns]) = (g.input, g.output);
    let [kernel_height, kernel_width] = g.kernel;
    for o in 0..outputs {
        for row in 0..rows {
            for column in 0..columns {
                for c in 0..channels {
                    for k in 0..kernel_height {
                        for l in 0..kernel_width {
                            let y = (row * g.stride[0] + k).checked_sub(g.padding[0]);
                            let x = (column * g.stride[1] + l).checked_sub(g.padding[1]);
                            if let (Some(y), Some(x)) = (y, x)
                                && y < height
                                && x < width
                            {
                                f(
                                    (c * height + y) * width + x,
                                    (o * rows + row) * columns + column,
                                    ((o * channels + c) * kernel_height + k) * kernel_width + l,
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The convolution of one image, without bias.
pub fn convolution(g: &Geometry, weights: &[f64], input: &[f64]) -> Vec<f64> {
    let mut output = vec![0.0; g.output.iter().product()];
    each_tap(g, |i, o, w| output[o] += weights[w] * input[i]);
    output
}

/// The transposed convolution of one image, without bias; the input gradient of [`convolution`] from its output
/// gradient.
pub fn transposed_convolution(g: &Geometry, weights: &[f64], output: &[f64]) -> Vec<f64> {
    let mut input = vec![0.0; g.input.iter().product()];
    each_tap(g, |i, o, w| input[i] += weights[w] * output[o]);
    input
}

/// The gradient of the weights of [`convolution`], from its output gradient.
pub fn convolution_gradient(g: &Geometry, input: &[f64], output: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; g.output[0] * g.input[0] * g.kernel[0] * g.kernel[1]];
    each_tap(g, |i, o, w| gradient[w] += input[i] * output[o]);
    gradient
}

/// The multiply-adds of a convolution of one image that do not touch padding. The number is the same for its forward
/// pass, its transpose, and the gradient of its weights.
pub fn convolution_work(g: &Geometry) -> usize {
    let mut work = 0;
    each_tap(g, |_, _, _| work += 1);
    work
}

/// `1 / (1 + e⁻ˣ)`, without cancellation on either side.
fn sigmoid(x: f64) -> f64 {
    if x > 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        x.exp() / (1.0 + x.exp())
    }
}

/// `ln(1 + eˣ)`
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The standard normal distribution function.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// The standard normal density.
fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// The value of an activation.
pub fn activation(f: Activation, x: f64) -> f64 {
    match f {
        Activation::Identity => x,
        Activation::Relu if x < 0.0 => 0.0,
        Activation::Relu => x,
        Activation::LeakyRelu { slope } if x < 0.0 => f64::from(slope) * x,
        Activation::LeakyRelu { .. } => x,
        Activation::Elu { alpha } if x < 0.0 => f64::from(alpha) * x.exp_m1(),
        Activation::Elu { .. } => x,
        Activation::Silu => x * sigmoid(x),
        Activation::Gelu => x * normal_cdf(x),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => sigmoid(x),
        Activation::Softplus => softplus(x),
        Activation::ContinuousBernoulliMean => continuous_bernoulli_mean(x),
    }
}

/// The derivative of an activation; at a kink the value of the left side, as in PyTorch.
pub fn activation_derivative(f: Activation, x: f64) -> f64 {
    match f {
        Activation::Identity => 1.0,
        Activation::Relu | Activation::LeakyRelu { .. } | Activation::Elu { .. } if x > 0.0 => 1.0,
        Activation::Relu => 0.0,
        Activation::LeakyRelu { slope } => f64::from(slope),
        Activation::Elu { alpha } => f64::from(alpha) * x.exp(),
        Activation::Silu => sigmoid(x) * (1.0 + x * sigmoid(-x)),
        Activation::Gelu => normal_cdf(x) + x * normal_density(x),
        Activation::Tanh => x.cosh().recip().powi(2),
        Activation::Sigmoid => sigmoid(x) * sigmoid(-x),
        Activation::Softplus => sigmoid(x),
        Activation::ContinuousBernoulliMean => continuous_bernoulli_mean_derivative(x),
    }
}

/// The second derivative of an activation, for the gradient of a contractive penalty; at a kink the value of the left
/// side.
pub fn activation_second_derivative(f: Activation, x: f64) -> f64 {
    match f {
        Activation::Identity | Activation::Relu | Activation::LeakyRelu { .. } => 0.0,
        Activation::Elu { .. } if x > 0.0 => 0.0,
        Activation::Elu { alpha } => f64::from(alpha) * x.exp(),
        Activation::Silu => {
            let slope = sigmoid(x) * sigmoid(-x);
            slope * (2.0 + x * (sigmoid(-x) - sigmoid(x)))
        }
        Activation::Gelu => normal_density(x) * (2.0 - x * x),
        Activation::Tanh => -2.0 * x.tanh() * x.cosh().recip().powi(2),
        Activation::Sigmoid => sigmoid(x) * sigmoid(-x) * (sigmoid(-x) - sigmoid(x)),
        Activation::Softplus => sigmoid(x) * sigmoid(-x),
        Activation::ContinuousBernoulliMean => continuous_bernoulli_mean_second_derivative(x),
    }
}

/// The loss of one element: output `y` against target `t`.
pub fn loss(loss: Loss, y: f64, t: f64) -> f64 {
    let d = y - t;
    match loss {
        Loss::Squared => d * d,
        Loss::Absolute => d.abs(),
        Loss::Huber { delta } if d.abs() > f64::from(delta) => {
            f64::from(delta) * (d.abs() - 0.5 * f64::from(delta))
        }
        Loss::Huber { .. } => 0.5 * d * d,
        // softplus(y) - t y
        Loss::CrossEntropyOfLogits => y.max(0.0) - t * y + (-y.abs()).exp().ln_1p(),
        Loss::ContinuousBernoulliOfLogits => {
            self::loss(Loss::CrossEntropyOfLogits, y, t) - continuous_bernoulli_constant(y)
        }
    }
}

/// `ln C(p)` of the continuous Bernoulli distribution for `p = sigmoid(y)`: `C = y / tanh(y / 2)`, which is even in y
/// and 2 at 0.
pub fn continuous_bernoulli_constant(y: f64) -> f64 {
    let y = y.abs();
    if y < 1e-2 {
        std::f64::consts::LN_2 + y.powi(2) / 12.0 - 7.0 * y.powi(4) / 1440.0
    } else {
        // tanh(y / 2) = (1 - u) / (1 + u)
        let u = (-y).exp();
        y.ln() + u.ln_1p() - (-u).ln_1p()
    }
}

/// The gradient of [`loss`] with respect to `y`.
pub fn loss_gradient(loss: Loss, y: f64, t: f64) -> f64 {
    let d = y - t;
    match loss {
        Loss::Squared => 2.0 * d,
        Loss::Absolute if d == 0.0 => 0.0,
        Loss::Absolute => d.signum(),
        Loss::Huber { delta } => d.clamp(-f64::from(delta), f64::from(delta)),
        Loss::CrossEntropyOfLogits => sigmoid(y) - t,
        Loss::ContinuousBernoulliOfLogits if y.abs() < 1e-2 => {
            sigmoid(y) - t - (y / 6.0 - 7.0 * y.powi(3) / 360.0)
        }
        Loss::ContinuousBernoulliOfLogits => {
            // 1 / sinh|y| = 2u / (1 - u²), which does not overflow.
            let u = (-y.abs()).exp();
            let constant = y.abs().recip() - 2.0 * u / ((-u).ln_1p().exp() * (1.0 + u));
            sigmoid(y) - t - constant * y.signum()
        }
    }
}

/// Stochastic gradient descent with momentum, as in PyTorch's documentation.
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    /// The learning rate.
    pub learning_rate: f64,
    /// The fraction of the last velocity that is kept.
    pub momentum: f64,
    /// L2 weight decay, added to the gradient.
    pub weight_decay: f64,
}

impl Sgd {
    /// One step; `velocity` starts at 0.
    pub fn step(&self, parameters: &mut [f64], velocity: &mut [f64], gradient: &[f64]) {
        for ((p, v), g) in parameters.iter_mut().zip(velocity).zip(gradient) {
            *v = without_fading(self.momentum * *v + g + self.weight_decay * *p);
            *p -= self.learning_rate * *v;
        }
    }
}

/// The state of an optimizer becomes 0 below 1e-36, so that it is never a subnormal number in single precision.
fn without_fading(x: f64) -> f64 {
    if x.abs() < 1e-36 { 0.0 } else { x }
}

/// Adam (Kingma & Ba 2015), and AdamW (Loshchilov & Hutter 2019) with the decoupled decay.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// The learning rate.
    pub learning_rate: f64,
    /// The decay of the first moment.
    pub beta1: f64,
    /// The decay of the second moment.
    pub beta2: f64,
    /// Added to the square root of the second moment.
    pub epsilon: f64,
    /// L2 weight decay, added to the gradient (Adam).
    pub weight_decay: f64,
    /// The decay of the parameters themselves, times the learning rate (AdamW).
    pub decoupled_decay: f64,
}

impl Adam {
    /// Step `t`, counted from 1; both moments start at 0.
    pub fn step(
        &self,
        t: i32,
        parameters: &mut [f64],
        first: &mut [f64],
        second: &mut [f64],
        gradient: &[f64],
    ) {
        for (i, p) in parameters.iter_mut().enumerate() {
            let g = gradient[i] + self.weight_decay * *p;
            *p -= self.learning_rate * self.decoupled_decay * *p;
            first[i] = without_fading(self.beta1 * first[i] + (1.0 - self.beta1) * g);
            second[i] = without_fading(self.beta2 * second[i] + (1.0 - self.beta2) * g * g);
            let first = first[i] / (1.0 - self.beta1.powi(t));
            let second = second[i] / (1.0 - self.beta2.powi(t));
            *p -= self.learning_rate * first / (second.sqrt() + self.epsilon);
        }
    }
}
