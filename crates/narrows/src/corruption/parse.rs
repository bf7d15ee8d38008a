//! Parses a noise from the words of a command's option.

use super::CORRUPTIONS;
use super::part::{Corruption, CorruptionPart, KIND};
use crate::declaration::{List, Spec, nearest, suggest};
use crate::document::Document;
use crate::error::{Error, ErrorKind, Result};

impl Spec<dyn CorruptionPart> {
    /// Reads a noise from `NAME=STRENGTH`, as in `gaussian=0.8`, or from `NAME-KEY=VALUE` with a key of the noise, as
    /// in `masking-fraction=0.2`. Also returns notes about older names.
    ///
    /// # Errors
    ///
    /// If there is no such noise, or if the strength is impossible.
    pub fn parse(text: &str) -> Result<(Corruption, Vec<String>)> {
        Corruption::parse_of(&List::of(CORRUPTIONS), text)
    }

    /// As [`Corruption::parse`], for the noises of a list.
    ///
    /// # Errors
    ///
    /// As [`Corruption::parse`].
    pub fn parse_of(
        parts: &List<dyn CorruptionPart>,
        text: &str,
    ) -> Result<(Corruption, Vec<String>)> {
        let first = |part: &dyn CorruptionPart| {
            let declaration = part.declaration();
            declaration
                .keys
                .first()
                .map(|key| (declaration.name, key.name))
        };
        let refuse = |what| {
            let known = parts.iter().filter_map(first);
            let known: Vec<String> = known
                .map(|(name, key)| format!("{name}={}", key.to_uppercase()))
                .collect();
            Error::new(ErrorKind::Recipe, what)
                .expected(known.join(", "))
                .found(format!("`{text}`"))
                .hint("an example: gaussian=0.8")
        };
        let (form, strength) = text
            .split_once('=')
            .ok_or_else(|| refuse("the corruption needs a strength"))?;
        // The name alone means its first key; keys have the same older names as in recipes.
        let key_of = |part: &'static dyn CorruptionPart| {
            let (name, first) = first(part)?;
            let rest = form.strip_prefix(name)?;
            let keys = part.declaration().keys.iter();
            let mut names = keys.flat_map(|key| {
                key.aliases
                    .iter()
                    .map(|alias| alias.name())
                    .chain([key.name])
            });
            match rest.strip_prefix('-') {
                Some(key) => Some((name, names.find(|known| *known == key)?)),
                None => rest.is_empty().then_some((name, first)),
            }
        };
        let (name, key) = parts.iter().find_map(key_of).ok_or_else(|| {
            let names: Vec<&str> = parts.iter().map(|part| part.declaration().name).collect();
            let error = refuse("there is no such corruption");
            match nearest(form, names.iter().copied()) {
                Some(meant) => suggest(error, form, &[meant]),
                None => error,
            }
        })?;
        let toml = format!("kind = \"{name}\"\n{key} = {strength}");
        let document = Document::parse(&toml, &format!("corruption `{text}`"))?;
        // Everything is on one line, the second line of a document that does not exist as a file.
        let place = format!("corruption `{text}`, line 2: ");
        let own = format!("corruption `{text}`: ");
        let corruption = parts
            .read(&document.root(), &KIND, &[])
            .map_err(|error| error.map_text(|part| part.replace(&place, &own)))?;
        let corruption = corruption.ok_or_else(|| refuse("there is no such corruption"))?;
        let shortened = |note: String| note.replace(&place, &own);
        let notes = document.notes().into_iter().map(shortened).collect();
        Ok((corruption, notes))
    }
}
