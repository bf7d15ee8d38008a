//! Words and numbers as reports write them.

/// A whole number with its thousands apart: `1,234,567`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of something: `1 epoch`, `60,000 rows`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", thousands(number))
}

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
        assert_eq!(counted(1, "epoch"), "1 epoch");
        assert_eq!(counted(1_151_763, "parameter"), "1,151,763 parameters");
        assert_eq!(counted(0, "row"), "0 rows");
        assert_eq!(figures(0.033_123), "0.03312");
        assert_eq!(sentence("λ stays"), "Λ stays");
        assert_eq!(sentence("dense code"), "Dense code");
        assert_eq!(sentence(""), "");
        assert_eq!(unbroken("λ = 5: +94 %"), "λ\u{a0}=\u{a0}5: +94\u{a0}%");
    }
}
