//! Finds the line of a recipe that causes an error which only the data reveal.
//!
//! A [`Recipe`] does not know the lines that it was read from. Most faults are found while the lines are known. A layer
//! that does not fit the rows is found later; then the text of the recipe is read again to find its line.

use crate::document::{Document, Section};
use crate::error::{Error, ErrorKind};
use crate::recipe::Recipe;

/// Adds the recipe to an error about it, as a name or a file like in [`Recipe::load`]. Also adds the line if it is
/// known: only if the recipe is `as_written`, without overrides. Errors of another kind stay unchanged.
#[must_use]
pub fn blame_recipe(error: Error, name_or_path: &str, as_written: bool) -> Error {
    if error.kind() != ErrorKind::Recipe {
        return error;
    }
    let place = error.place().filter(|_| as_written);
    let line = place.and_then(|place| line_of(name_or_path, place));
    error.at(line.unwrap_or_else(|| name_or_path.to_string()))
}

/// The line of a place such as `encoder[2] (dense)` or `bottleneck.k`.
fn line_of(name_or_path: &str, place: &str) -> Option<String> {
    let path = place.rsplit(": ").next()?.split(' ').next()?;
    let variant = name_or_path.rsplit_once(':').map(|(name, _)| name);
    let candidates = [Some(name_or_path), variant];
    let mut texts = candidates.into_iter().flatten().filter_map(|name| {
        let shipped = Recipe::text(name).map(str::to_string);
        shipped.ok().or_else(|| std::fs::read_to_string(name).ok())
    });
    let document = Document::parse(&texts.next()?, name_or_path).ok()?;
    line_in(document.root(), path)
}

fn line_in(root: Section<'_>, path: &str) -> Option<String> {
    let mut section = root;
    let mut keys = path.split('.').peekable();
    while let Some(key) = keys.next() {
        let (key, index) = match key.split_once('[') {
            Some((key, index)) => (key, Some(index.strip_suffix(']')?.parse::<usize>().ok()?)),
            None => (key, None),
        };
        if !section.has(key) {
            return None;
        }
        match index {
            Some(index) => section = section.sections(key).ok()?.into_iter().nth(index)?,
            None if keys.peek().is_some() => section = section.section(key).ok()?,
            None => return Some(section.place(key).to_string()),
        }
    }
    let first = section.keys().next()?;
    Some(section.place(first).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
name = \"t\"
encoder = [
    { layer = \"dense\", outputs = 2 },
    { layer = \"relu\" },
]
[[decoder]]
layer = \"dense\"
outputs = 5
[bottleneck]
k = 3
";

    #[test]
    fn a_place_has_the_line_of_its_layer_or_key() {
        let document = Document::parse(TEXT, "t.toml").unwrap();
        for (path, line) in [
            ("encoder[0]", Some("t.toml, line 3")),
            ("encoder[1]", Some("t.toml, line 4")),
            ("encoder[2]", None),
            ("decoder[0]", Some("t.toml, line 7")),
            ("bottleneck.k", Some("t.toml, line 10")),
            ("bottleneck.kind", None),
            ("table.csv", None),
        ] {
            assert_eq!(line_in(document.root(), path).as_deref(), line, "{path}");
        }
    }
}
