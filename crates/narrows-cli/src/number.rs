//! Parsers for the numbers of options. An error says in words what is expected.

use crate::output::thousands;
use std::ops::RangeInclusive;

/// The threads that a command may use.
pub const THREADS: RangeInclusive<u64> = 1..=1024;

/// All whole numbers.
pub const ANY: RangeInclusive<u64> = 0..=u64::MAX;

/// Parses a whole number within a range.
pub fn whole<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        let [low, high] = [*range.start(), *range.end()].map(|end| thousands(end as f64));
        let limit = if *range.end() < u64::MAX {
            format!(" to {high}")
        } else {
            String::new()
        };
        let expected = || format!("expected a whole number from {low}{limit}");
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(expected)
    }
}

/// Parses a number.
pub fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "expected a number".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_outside_of_its_range_is_refused_in_words() {
        assert_eq!(whole::<u16>(THREADS)("1024"), Ok(1024));
        let refused = Err("expected a whole number from 1 to 1,024".to_string());
        for text in ["0", "1025", "-1", "1.5", "two", ""] {
            assert_eq!(whole::<u16>(THREADS)(text), refused);
        }
        assert_eq!(whole::<u64>(ANY)("18446744073709551615"), Ok(u64::MAX));
        let refused = Err("expected a whole number from 0".to_string());
        assert_eq!(whole::<u64>(ANY)("18446744073709551616"), refused);
        assert_eq!(number("one"), Err("expected a number".to_string()));
    }
}
