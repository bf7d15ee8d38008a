//! Words and numbers as reports write them.

/// A number with four significant digits, as errors and losses need: `0.03312`, `1.254e-5`.
pub fn figures(number: f64) -> String {
    match decimals(number) {
        _ if number == 0.0 => "0".into(),
        Some(decimals) => format!("{number:.decimals$}"),
        None => format!("{number:.3e}"),
    }
}

/// A mean and the standard deviation around it, to the mean's last decimal: `0.03376 ± 0.00016`.
pub(crate) fn mean_and_deviation(mean: f64, deviation: f64) -> String {
    let deviation = match decimals(mean) {
        _ if deviation == 0.0 => "0".into(),
        // A deviation of which something is left there.
        Some(decimals) if deviation >= 0.5 * 0.1f64.powi(decimals as i32) => {
            format!("{deviation:.decimals$}")
        }
        _ => format!("{deviation:.0e}"),
    };
    format!("{} ± {deviation}", figures(mean))
}

/// The decimals that make four significant digits, where that is not too many.
fn decimals(number: f64) -> Option<usize> {
    let is_plain = (1e-4..1e5).contains(&number.abs());
    is_plain.then(|| (3 - number.abs().log10().floor() as i32).max(0) as usize)
}

/// The text with a capital at its beginning.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// The text with no-break spaces in what is read as one: `λ = 5`, `12 %`.
pub(crate) fn unbroken(text: &str) -> String {
    text.replace(" = ", "\u{a0}=\u{a0}")
        .replace(" %", "\u{a0}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sentences_read_well() {
        assert_eq!(figures(0.033_123), "0.03312");
        assert_eq!(figures(0.6), "0.6000");
        assert_eq!(figures(12.345_67), "12.35");
        assert_eq!(figures(-12.345_67), "-12.35");
        assert_eq!(figures(1.254e-5), "1.254e-5");
        assert_eq!(figures(0.0), "0");
        assert_eq!(figures(f64::NAN), "NaN");
        assert_eq!(mean_and_deviation(0.033_76, 1.563e-4), "0.03376 ± 0.00016");
        assert_eq!(mean_and_deviation(0.8428, 1.325e-3), "0.8428 ± 0.0013");
        assert_eq!(mean_and_deviation(0.8428, 3e-7), "0.8428 ± 3e-7");
        assert_eq!(mean_and_deviation(0.8428, 0.0), "0.8428 ± 0");
        assert_eq!(mean_and_deviation(21_300.0, 7.4), "21300 ± 7");
        assert_eq!(mean_and_deviation(2e-6, 3e-7), "2.000e-6 ± 3e-7");
        assert_eq!(sentence("λ stays"), "Λ stays");
        assert_eq!(sentence("dense code"), "Dense code");
        assert_eq!(sentence(""), "");
        assert_eq!(unbroken("λ = 5: +94 %"), "λ\u{a0}=\u{a0}5: +94\u{a0}%");
    }
}
