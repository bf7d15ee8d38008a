//! Functions of codes: dropout, the k largest values, and penalties that make codes sparse.

use std::cmp::Reverse;

/// A value after dropout, with a uniform `draw` in [0, 1).
pub fn dropout(p: f64, draw: f64, x: f64) -> f64 {
    if draw < p { 0.0 } else { x / (1.0 - p) }
}

/// The indices of the `k` largest values above 0, in ascending order; of equal values, the one with the lower index
/// counts as larger. NaN is larger than every number.
pub fn top_k(x: &[f64], k: usize) -> Vec<usize> {
    let size = |i: usize| {
        if x[i].is_nan() {
            f64::INFINITY.to_bits() + 1
        } else {
            // The bits of numbers above 0 are in the numbers' order.
            x[i].to_bits()
        }
    };
    let mut indices: Vec<usize> = (0..x.len())
        .filter(|&i| x[i] > 0.0 || x[i].is_nan())
        .collect();
    // A stable sort: equal values stay in the order of their indices.
    indices.sort_by_key(|&i| Reverse(size(i)));
    indices.truncate(k);
    indices.sort_unstable();
    indices
}

/// The KL divergence KL(rho ‖ mean) between Bernoulli distributions with the means `rho` and `mean`.
pub fn kl_divergence(rho: f64, mean: f64) -> f64 {
    rho * (rho / mean).ln() + (1.0 - rho) * ((1.0 - rho) / (1.0 - mean)).ln()
}

/// The derivative of [`kl_divergence`] with respect to `mean`.
pub fn kl_derivative(rho: f64, mean: f64) -> f64 {
    (1.0 - rho) / (1.0 - mean) - rho / mean
}

/// The derivative of `|x|`, 0 at 0.
pub fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}
