//! Values that a comparison tries for keys of its recipes.

use crate::advice::{Setting, place, set};
use crate::error::{Error, ErrorKind, Result};
use crate::recipe::Override;
use crate::text::count;

/// The most variations of a recipe.
const MOST: usize = 1000;

/// The overrides of a recipe for one of its variations, in the order of the keys.
pub type Variation = Vec<Override>;

/// All variations. `KEY=VALUE,VALUE,…` has one for each value; several such texts have one for each combination.
/// Without texts there is a single variation that changes nothing. Commas within brackets or quotes are part of a
/// value.
///
/// ```
/// let variations = narrows::study::variations(&["encoder[0].outputs=8,16".into(), "training.epochs=1,2".into()])?;
/// assert_eq!(variations.len(), 4);
/// assert_eq!(variations[1][1].assignment, "training.epochs=2");
/// # Ok::<(), narrows::Error>(())
/// ```
///
/// # Errors
///
/// If a text has no `=`, fewer than two values, or a key twice, or if there are more than 1,000 combinations.
pub fn variations(texts: &[String]) -> Result<Vec<Variation>> {
    let mut all: Vec<Variation> = vec![Vec::new()];
    for text in texts {
        let origin = place(Setting::Variations, text);
        let refuse = |what: &str| Error::new(ErrorKind::Recipe, what).at(&origin);
        let Some((key, values)) = text.split_once('=') else {
            return Err(
                refuse("a variation needs a key and its values").expected(format!(
                    "KEY=VALUE,VALUE,…, for example {}",
                    set(Setting::Variations, "encoder[0].outputs=8,16,32")
                )),
            );
        };
        let values = values_of(values);
        if values.len() < 2 || values.iter().any(|value| value.is_empty()) {
            return Err(refuse("a variation needs at least two values")
                .expected(format!("{key}=VALUE,VALUE,…"))
                .found(text));
        }
        let mut distinct = values.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < values.len() {
            return Err(refuse("a value is there twice")
                .expected("each value once")
                .found(text));
        }
        let key = key.trim();
        let has_key = |set: &Override| set.assignment.split('=').next() == Some(key);
        if all[0].iter().any(has_key) {
            return Err(refuse("the key is varied twice")
                .expected(format!("all values of {key} in one list")));
        }
        if all.len() * values.len() > MOST {
            return Err(refuse("there are too many combinations")
                .expected(format!("at most {}", count(MOST)))
                .found(count(all.len() * values.len())));
        }
        let with = |before: &Variation, value: &&str| {
            let mut variation = before.clone();
            variation.push(Override {
                assignment: format!("{key}={value}"),
                origin: origin.clone(),
            });
            variation
        };
        all = all
            .iter()
            .flat_map(|before| {
                values
                    .iter()
                    .map(|value| with(before, value))
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    Ok(all)
}

/// The values between commas.
fn values_of(text: &str) -> Vec<&str> {
    let (mut depth, mut is_quoted, mut start) = (0usize, false, 0);
    let mut values = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            '"' | '\'' => is_quoted = !is_quoted,
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 && !is_quoted => {
                values.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    values.push(text[start..].trim());
    values
}

/// The name of a variation: `encoder[0].outputs=8, training.epochs=1`.
pub(super) fn called(variation: &Variation) -> String {
    let set: Vec<&str> = variation.iter().map(|set| &set.assignment[..]).collect();
    set.join(", ")
}

/// The key and value of a variation of one key, if the value is a number.
pub(super) fn number_of(variation: &Variation) -> Option<(&str, f64)> {
    let [set] = &variation[..] else { return None };
    let (key, value) = set.assignment.split_once('=')?;
    Some((key, value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_within_brackets_and_quotes_stay() {
        let found = variations(&["a.b=[1, 2],[3, 4],\"x,y\"".into()]).unwrap();
        let found: Vec<String> = found.iter().map(called).collect();
        assert_eq!(found, ["a.b=[1, 2]", "a.b=[3, 4]", "a.b=\"x,y\""]);
    }

    #[test]
    fn every_combination_is_tried_in_order() {
        let found = variations(&["a=1,2".into(), "b=x,y".into()]).unwrap();
        let found: Vec<String> = found.iter().map(called).collect();
        assert_eq!(found, ["a=1, b=x", "a=1, b=y", "a=2, b=x", "a=2, b=y"]);
        assert_eq!(variations(&[]).unwrap(), [Vec::new()]);
    }

    #[test]
    fn what_varies_nothing_is_refused() {
        let many = format!("a={}", vec!["1"; 1001].join(","));
        for texts in [
            &["a"][..],
            &["a=1"],
            &["a=1,"],
            &["a=1,1"],
            &["a=1,2", "a=3,4"],
            &[&many],
        ] {
            let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
            let error = variations(&texts).unwrap_err().to_string();
            let is_named = error.starts_with('a') && error.contains(" in variations: ");
            assert!(is_named, "{error}");
        }
    }

    #[test]
    fn one_key_of_numbers_has_values_for_an_axis() {
        let of = |text: &str| variations(&[text.into()]).unwrap();
        assert_eq!(number_of(&of("a=1e-3,2")[0]), Some(("a", 1e-3)));
        assert_eq!(number_of(&of("a=\"adam\",\"sgd\"")[0]), None);
    }
}
