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

/// A variational code (Kingma & Welling 2014): `z = m + s e` with `s = exp(l / 2)`, l clamped to [-30, 20], and the
/// divergence from the standard normal distribution, at least `free` for each value; `encoded` holds the means m and
/// then the log variances l.
pub fn variational(encoded: &[f64], noise: &[f64], free: f64) -> (Vec<f64>, f64) {
    let (means, logs) = encoded.split_at(noise.len());
    let (mut code, mut divergence) = (Vec::new(), 0.0);
    for ((m, l), e) in means.iter().zip(logs).zip(noise) {
        let l = l.clamp(-30.0, 20.0);
        code.push(m + (l / 2.0).exp() * e);
        divergence += (0.5 * (m * m + l.exp() - 1.0 - l)).max(free);
    }
    (code, divergence)
}

/// The gradient of `Σ dz z + weight · divergence` of [`variational`] by `encoded`.
pub fn variational_gradient(
    encoded: &[f64],
    noise: &[f64],
    dz: &[f64],
    free: f64,
    weight: f64,
) -> Vec<f64> {
    let (means, logs) = encoded.split_at(noise.len());
    let (mut by_means, mut by_logs) = (Vec::new(), Vec::new());
    for (((m, l), e), dz) in means.iter().zip(logs).zip(noise).zip(dz) {
        let clamped = l.clamp(-30.0, 20.0);
        let divergence = 0.5 * (m * m + clamped.exp() - 1.0 - clamped);
        let weight = if divergence < free { 0.0 } else { weight };
        by_means.push(dz + weight * m);
        let by_log = 0.5 * (dz * e * (clamped / 2.0).exp() + weight * (clamped.exp() - 1.0));
        by_logs.push(if clamped == *l { by_log } else { 0.0 });
    }
    [by_means, by_logs].concat()
}

/// The derivative of `|x|`, 0 at 0.
pub fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}
