//! Suggests a name for an unknown one.

use crate::error::{Detail, Error};
use crate::text::first_of;

/// Adds the nearest of the known names to an error if it is near; otherwise adds all of them.
pub fn suggest(error: Error, name: &str, known: &[&str]) -> Error {
    let nearest = known
        .iter()
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, nearest)) if likeness >= 0.5 => did_you_mean(error, name, nearest),
        None => unknown(error, name, None),
        // Every name is listed once.
        Some(_) if error.what_was_expected().is_some() => unknown(error, name, None),
        Some(_) => {
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
