//! The continuous Bernoulli distribution by its logit.

/// Below it in magnitude, the differences are replaced by their series.
const NEAR: f64 = 1.0;

/// `B₂ₖ / (2k)!` for k from 1 on.
const COEFFICIENTS: [f64; 9] = [
    1.0 / 12.0,
    -1.0 / 720.0,
    1.0 / 30_240.0,
    -1.0 / 1_209_600.0,
    1.0 / 47_900_160.0,
    -691.0 / 1_307_674_368_000.0,
    1.0 / 74_724_249_600.0,
    -3_617.0 / 10_670_622_842_880_000.0,
    43_867.0 / 5_109_094_217_170_944_000.0,
];

/// `Σ cₖ f(2k - 1) x^(2k - 1 - less)`
fn series(x: f64, less: i32, factor: impl Fn(f64) -> f64) -> f64 {
    let terms = COEFFICIENTS.iter().zip((1..).step_by(2));
    let terms = terms.filter(|(_, power)| *power >= less);
    let terms = terms.map(|(c, power)| c * factor(f64::from(power)) * x.powi(power - less));
    terms.sum()
}

/// The mean of the distribution of parameter `sigmoid(x)`: `1 / (1 - e⁻ˣ) - 1/x`.
pub fn continuous_bernoulli_mean(x: f64) -> f64 {
    if x.abs() < NEAR {
        0.5 + series(x, 0, |_| 1.0)
    } else {
        -(-x).exp_m1().recip() - x.recip()
    }
}

/// Its derivative, which is the variance: `1/x² - 1 / (4 sinh²(x/2))`.
pub fn continuous_bernoulli_mean_derivative(x: f64) -> f64 {
    if x.abs() < NEAR {
        series(x, 1, |power| power)
    } else {
        x.powi(-2) - 0.25 * (0.5 * x).sinh().powi(-2)
    }
}

/// Its second derivative: `cosh(x/2) / (4 sinh³(x/2)) - 2/x³`.
pub fn continuous_bernoulli_mean_second_derivative(x: f64) -> f64 {
    if x.abs() < NEAR {
        series(x, 2, |power| power * (power - 1.0))
    } else {
        let half = 0.5 * x;
        0.25 * half.tanh().recip() * half.sinh().powi(-2) - 2.0 * x.powi(-3)
    }
}
