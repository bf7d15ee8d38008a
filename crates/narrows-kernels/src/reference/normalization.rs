//! Layer and batch normalization: both normalize a group of values (a row, or a channel of a batch).

/// Mean and biased variance of a group.
pub fn mean_and_variance(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (mean, variance)
}

/// `(x - mean) / √(variance + eps)` of a group.
pub fn normalize(x: &[f64], eps: f64) -> Vec<f64> {
    let (mean, variance) = mean_and_variance(x);
    let std = (variance + eps).sqrt();
    x.iter().map(|x| (x - mean) / std).collect()
}

/// The gradient of `x` from the gradient of [`normalize`] of `x`; mean and variance are functions of `x` too:
/// `(g - mean(g) - xhat · mean(g · xhat)) / √(variance + eps)`.
pub fn normalize_gradient(x: &[f64], gradient: &[f64], eps: f64) -> Vec<f64> {
    let n = x.len() as f64;
    let (_, variance) = mean_and_variance(x);
    let std = (variance + eps).sqrt();
    let normalized = normalize(x, eps);
    let pairs = || gradient.iter().zip(&normalized);
    let mean = gradient.iter().sum::<f64>() / n;
    let along = pairs().map(|(g, xhat)| g * xhat).sum::<f64>() / n;
    let of_value = |(g, xhat): (&f64, &f64)| (g - mean - xhat * along) / std;
    pairs().map(of_value).collect()
}

/// A running statistic after another batch, with PyTorch's definition of `momentum`.
pub fn running(momentum: f64, before: f64, of_batch: f64) -> f64 {
    (1.0 - momentum) * before + momentum * of_batch
}

/// The unbiased variance of `count` values from their biased variance.
pub fn unbiased(variance: f64, count: usize) -> f64 {
    variance * count as f64 / (count as f64 - 1.0)
}
