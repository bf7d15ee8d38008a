//! Labels: numbered words, and words that are numbers.

use crate::data::element::whole;
use std::collections::HashMap;

fn has_leading_zero(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Numbered words, in the order of their first occurrence.
#[derive(Default)]
pub(super) struct LabelWords {
    numbers: HashMap<String, usize>,
    words: Vec<String>,
    rows: Vec<u32>,
}

impl LabelWords {
    pub(super) fn push(&mut self, word: &str) {
        let number = match self.numbers.get(word) {
            Some(&number) => number,
            None => {
                let number = self.words.len();
                self.numbers.insert(word.to_string(), number);
                self.words.push(word.to_string());
                number
            }
        };
        self.rows.push(number as u32);
    }

    /// The words as whole numbers, if all of them are numbers.
    fn as_numbers(&self) -> Option<Vec<i64>> {
        self.words.iter().map(|word| number_of(word)).collect()
    }

    /// A note if a word with leading zeros has the same class as another word.
    pub(super) fn same_class(&self) -> Option<String> {
        let numbers = self.as_numbers()?;
        let all = self.words.iter().zip(&numbers);
        let (zero, class) = all.clone().find(|(word, _)| has_leading_zero(word))?;
        let (other, _) = all
            .into_iter()
            .find(|(word, number)| *number == class && *word != zero)?;
        Some(format!(
            "labels are whole numbers: `{zero}` becomes class {class}, the same class as `{other}`"
        ))
    }

    /// The labels and their names; whole numbers are their own labels.
    pub(super) fn labels(self) -> (Vec<i64>, Vec<String>) {
        if let Some(numbers) = self.as_numbers() {
            let label = |&row: &u32| numbers.get(row as usize).copied().unwrap_or_default();
            return (self.rows.iter().map(label).collect(), Vec::new());
        }
        let mut names = self.words.clone();
        names.sort();
        let place = |word| names.binary_search(word).unwrap_or_default() as i64;
        let places: Vec<i64> = self.words.iter().map(place).collect();
        let label = |&row: &u32| places.get(row as usize).copied().unwrap_or_default();
        (self.rows.iter().map(label).collect(), names)
    }
}

/// A word as a whole number. A decimal point is accepted, because pandas writes integers of a column that had missing
/// cells in this form.
fn number_of(word: &str) -> Option<i64> {
    word.parse().ok().or_else(|| whole(word.parse().ok()?))
}

/// The usual form of a word that is a whole number, for writing labels.
pub(super) fn as_number(word: &str) -> String {
    number_of(word).map_or_else(|| word.to_string(), |number| number.to_string())
}
