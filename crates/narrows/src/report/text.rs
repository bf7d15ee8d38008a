//! Words and numbers as reports write them.

/// An error with four digits that count.
pub(crate) fn figures(value: f64) -> String {
    match value.abs() {
        0.1.. => format!("{value:.4}"),
        0.01.. => format!("{value:.5}"),
        _ => format!("{value:.6}"),
    }
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
        assert_eq!(sentence("λ stays"), "Λ stays");
        assert_eq!(sentence("dense code"), "Dense code");
        assert_eq!(sentence(""), "");
        assert_eq!(unbroken("λ = 5: +94 %"), "λ\u{a0}=\u{a0}5: +94\u{a0}%");
    }
}
