//! Suggests a name for an unknown one.

use crate::error::{Detail, Error};
use crate::text::first_of;

/// The name that was probably meant: the nearest of the known names, if it is near. Upper and lower case are the same.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Half of the letters are the same.
    const NEAR: f64 = 0.5;
    let name = name.to_lowercase();
    let likeness =
        |known: &str| strsim::normalized_damerau_levenshtein(&name, &known.to_lowercase());
    let all = known.into_iter().map(|known| (likeness(known), known));
    let (likeness, nearest) = all.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= NEAR).then_some(nearest)
}

/// Adds the nearest of the known names to an error if it is near; otherwise adds all of them.
pub fn suggest(error: Error, name: &str, known: &[&str]) -> Error {
    match nearest(name, known.iter().copied()) {
        Some(nearest) => did_you_mean(error, name, nearest),
        // Every name is listed once.
        None if known.is_empty() || error.what_was_expected().is_some() => {
            unknown(error, name, None)
        }
        None => {
            let hint = match known {
                [one] => format!("there is only {one}"),
                _ => format!("there are {}", first_of(known)),
            };
            unknown(error.hint(hint), name, None)
        }
    }
}

/// Adds the name that was probably meant to an error about an unknown name.
pub(super) fn did_you_mean(error: Error, name: &str, meant: &str) -> Error {
    let error = error.hint(format!("did you mean `{meant}`?"));
    unknown(error, name, Some(meant))
}

fn unknown(error: Error, name: &str, suggestion: Option<&str>) -> Error {
    error.with(Detail::UnknownName {
        name: name.to_string(),
        suggestion: suggestion.map(String::from),
    })
}

/// The value of a word that stands for one of a few values, as an option of a command does.
///
/// # Errors
///
/// What was expected: all words, and the word that was probably meant.
///
/// ```
/// use narrows::declaration::one_of;
/// let named = |word: &str| ["no", "yes"].iter().position(|known| *known == word);
/// assert_eq!(one_of("yes", named, &["no", "yes"]), Ok(1));
/// let expected = one_of("yess", named, &["no", "yes"]).unwrap_err();
/// assert_eq!(expected, "expected one of no, yes (did you mean `yes`?)");
/// ```
pub fn one_of<T>(
    word: &str,
    named: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<T, String> {
    named(word).ok_or_else(|| {
        let expected = format!("expected one of {}", known.join(", "));
        with_meant(expected, word, known)
    })
}

/// A text about an unknown word, with the word that was probably meant.
pub(crate) fn with_meant(text: String, word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(meant) => format!("{text} (did you mean `{meant}`?)"),
        None => text,
    }
}
