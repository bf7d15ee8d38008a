//! The peak signal-to-noise ratio.

/// The peak signal-to-noise ratio in decibels, `10 · log₁₀(range² / mse)`, of a mean squared error. `data_range` is the
/// range of the values, in the same units. The result is infinite if there is no error.
pub fn psnr(mse: f64, data_range: f64) -> f64 {
    10.0 * (data_range * data_range / mse).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_the_range_is_twenty_decibels() {
        assert!((psnr(0.01, 1.0) - 20.0).abs() < 1e-12);
        assert!((psnr(25.5 * 25.5, 255.0) - 20.0).abs() < 1e-12);
        assert_eq!(psnr(0.0, 1.0), f64::INFINITY);
    }
}
