//! From a section of a recipe to the settings of a part.

use super::settings::{missing, suggest_key};
use super::suggest::did_you_mean;
use super::{Alias, Choice, Declaration, Key, Kind, Preset, Settings, Value, suggest};
use crate::document::{Level, Node, Section, Tree, is_now, twice};
use crate::error::Result;

/// The value in a type of keys, if it has one.
fn value_of(tree: &Tree) -> Option<Value> {
    match tree {
        Tree::Text(text) => Some(Value::Text(text.clone())),
        Tree::Integer(number) => Some(Value::Whole(*number)),
        Tree::Float(number) => Some(Value::Number(*number)),
        Tree::Boolean(value) => Some(Value::Flag(*value)),
        Tree::List(items) => {
            let whole = |item: &Node| match item.value {
                Tree::Integer(number) => Some(number),
                _ => None,
            };
            items
                .iter()
                .map(whole)
                .collect::<Option<_>>()
                .map(Value::Wholes)
        }
        Tree::Large(_) | Tree::Table(_) | Tree::Date => None,
    }
}

impl Section<'_> {
    /// The settings of a part from a section that may have only keys of this part.
    ///
    /// # Errors
    ///
    /// If a key is unknown, a value is impossible, or a required key is missing.
    pub fn read(&self, declaration: &Declaration) -> Result<Settings> {
        self.allow(&[declaration.keys], &[], Level::Text)?;
        self.settings(declaration)
    }

    /// The settings of a part from a section that may have other keys too.
    ///
    /// # Errors
    ///
    /// If a value is impossible or a required key is missing.
    pub fn settings(&self, declaration: &Declaration) -> Result<Settings> {
        let mut values = Vec::new();
        // Sections and lists of sections are read by the code that knows their parts.
        let is_value = |key: &&Key| !matches!(key.kind, Kind::Section(_) | Kind::List(_));
        for key in declaration.keys.iter().filter(is_value) {
            let value = match self.value(key)? {
                Some(value) => Some(value),
                None => missing(key).map_err(|error| self.locate(error, key.name))?,
            };
            values.extend(value.map(|value| (key.name, value)));
        }
        let settings = Settings::of(values);
        match declaration.check.map_or(Ok(()), |check| check(&settings)) {
            Ok(()) => Ok(settings),
            Err(conflict) => {
                let error = self.error(conflict.key, "this value is not possible");
                let found = settings.value(conflict.key).map(Value::describe);
                Err(error
                    .expected(conflict.expected)
                    .found(found.unwrap_or_default()))
            }
        }
    }

    /// The value of a key, by its name or an older one, if it is there.
    fn value(&self, key: &Key) -> Result<Option<Value>> {
        let older = key.aliases.iter().map(|alias| (alias.name(), Some(*alias)));
        let mut found: Option<(&str, Option<Alias>, &Node)> = None;
        for (name, alias) in std::iter::once((key.name, None)).chain(older) {
            let Some(node) = self.get(name) else { continue };
            match found {
                // A later value overrides an earlier one, under either name.
                Some((_, _, other)) if other.level > node.level => {}
                Some((other, _, before)) if before.level == node.level => {
                    let what = format!("`{other}` and `{name}` say the same thing twice");
                    return Err(twice(self.error(name, what), key.name));
                }
                _ => found = Some((name, alias, node)),
            }
        }
        let Some((name, alias, node)) = found else {
            return Ok(None);
        };
        let written = value_of(&node.value);
        let wrong = || {
            let error = self.wrong(name, node, &key.kind.expected(written.as_ref()));
            match (&written, key.kind) {
                (Some(Value::Text(text)), Kind::OneOf(words)) => suggest(error, text, words),
                _ => error,
            }
        };
        let value = written.clone().and_then(|value| key.kind.accept(value));
        let value = value.ok_or_else(wrong)?;
        match (alias, value) {
            (Some(Alias::Complement(_)), Value::Number(number)) => {
                self.note(
                    name,
                    &format!("is now given as `{}`, which is 1 less it", key.name),
                );
                // In single precision, so that 1 minus 0.9 is 0.1.
                Ok(Some(Value::from((1.0 - number) as f32)))
            }
            (Some(_), value) => {
                self.note(name, &is_now(key.name));
                Ok(Some(value))
            }
            (None, value) => Ok(Some(value)),
        }
    }

    /// Refuses keys that are in none of the lists. `elsewhere` are keys of other kinds; the error names their kind.
    /// They are ignored if an override of this `level` changed the kind to which they may have belonged.
    fn allow(&self, keys: &[&[Key]], elsewhere: &[(&Key, &str)], level: Level) -> Result<()> {
        for (name, node) in self.entries() {
            let mut known = keys.iter().copied().flatten();
            if known.any(|key| key.is_called(name)) {
                continue;
            }
            let owners = elsewhere.iter().filter(|(key, _)| key.is_called(name));
            let owners: Vec<String> = owners.map(|(_, owner)| format!("`{owner}`")).collect();
            if !owners.is_empty() {
                if node.level < level {
                    continue;
                }
                let what = format!("`{name}` is a key of {}", owners.join(" and "));
                let hint = format!("remove it, or choose {}", owners.join(" or "));
                return Err(self.error(name, what).hint(hint));
            }
            let error = self.error(name, format!("there is no key `{name}` here"));
            return Err(suggest_key(error, name, keys.iter().copied().flatten()));
        }
        Ok(())
    }

    /// The part that the `selector` names in this section, or its default, and the settings of its keys; `common` are
    /// keys that all parts have in addition to their own. Without name, default and section there is none.
    ///
    /// # Errors
    ///
    /// If the name is missing or unknown, a key belongs to another part or to none, or a value is impossible.
    pub fn choose(
        &self,
        selector: &Key,
        common: &[Key],
        parts: &[&Declaration],
    ) -> Result<Option<(usize, Settings)>> {
        let default = match selector.default {
            Preset::Text(name) => Some(name),
            _ => None,
        };
        let known: Vec<&str> = parts.iter().map(|part| part.name).collect();
        let names = || format!("one of {}", known.join(", "));
        let Some(name) = self.text(selector.name)?.or(default) else {
            if self.is_missing() {
                return Ok(None);
            }
            let missing = self.error(selector.name, format!("`{}` is missing", selector.name));
            return Err(missing.expected(names()));
        };
        let Some(chosen) = parts.iter().position(|part| part.is_called(name)) else {
            let what = format!("there is no {} `{name}`", selector.about);
            let error = self.error(selector.name, what).expected(names());
            let meant = parts.iter().find(|part| part.elsewhere.contains(&name));
            return Err(match meant {
                Some(part) => did_you_mean(error, name, part.name),
                None => suggest(error, name, &known),
            });
        };
        let part = parts[chosen];
        if name != part.name {
            self.note_value(selector.name, name, &is_now(part.name));
        }
        let of_part = |other: &&'_ Declaration| {
            let name = other.name;
            other.keys.iter().map(move |key| (key, name))
        };
        let elsewhere: Vec<(&Key, &str)> = parts.iter().flat_map(of_part).collect();
        let level = self.level(selector.name).unwrap_or(Level::Text);
        let own = [std::slice::from_ref(selector), common, part.keys];
        self.allow(&own, &elsewhere, level)?;
        Ok(Some((chosen, self.settings(part)?)))
    }

    /// As [`Section::choose`], for an enum in code.
    pub(crate) fn pick<T>(&self, selector: &Key, choices: &[Choice<T>]) -> Result<Option<T>> {
        self.pick_beside(selector, &[], choices)
    }

    /// The same with keys that all choices have.
    pub(crate) fn pick_beside<T>(
        &self,
        selector: &Key,
        common: &[Key],
        choices: &[Choice<T>],
    ) -> Result<Option<T>> {
        let parts: Vec<&Declaration> = choices.iter().map(|choice| &choice.declaration).collect();
        let chosen = self.choose(selector, common, &parts)?;
        Ok(chosen.map(|(chosen, settings)| (choices[chosen].make)(&settings)))
    }
}
