//! The mean squared error.

/// The mean over the values of a row of the squared error of its reconstruction.
///
/// # Panics
///
/// If the two have different lengths.
pub fn mse(clean: &[f32], reconstructed: &[f32]) -> f64 {
    assert_eq!(clean.len(), reconstructed.len(), "rows of one width");
    let squares = clean.iter().zip(reconstructed).map(|(&clean, &other)| {
        let error = f64::from(clean) - f64::from(other);
        error * error
    });
    squares.sum::<f64>() / clean.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_squared_and_averaged() {
        assert_eq!(mse(&[1.0, 2.0, -3.0, 0.0], &[1.0, 4.0, -2.0, 0.5]), 1.3125);
        assert_eq!(mse(&[0.25, 7.0], &[0.25, 7.0]), 0.0);
    }
}
