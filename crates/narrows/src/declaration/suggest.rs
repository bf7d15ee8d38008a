//! Which name may be meant by one that is unknown.

use crate::error::Error;
use crate::text::first_of;

/// Adds the nearest of the known names to an error where one is near; else all of them.
pub fn suggest(error: Error, name: &str, known: &[&str]) -> Error {
    let nearest = known
        .iter()
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, nearest)) if likeness >= 0.5 => did_you_mean(error, nearest),
        None => error,
        Some(_) => error.hint(format!("there are {}", first_of(known))),
    }
}

/// Adds the name that is meant to an error.
pub(super) fn did_you_mean(error: Error, name: &str) -> Error {
    error.hint(format!("did you mean `{name}`?"))
}
