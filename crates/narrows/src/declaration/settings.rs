//! The checked values of a part's keys.

use super::suggest::did_you_mean;
use super::{FromValue, Key, Preset, Value, suggest};
use crate::document::{Tree, is_now, refuse};
use crate::error::{Error, Result};

/// The declaration of a part: everything that a recipe needs to know about it except its computation.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// Its name in a recipe.
    pub name: &'static str,
    /// Older names, which are read like the name, with a note.
    pub aliases: &'static [&'static str],
    /// Names in other programs: if one of them is written, the error suggests the part.
    pub elsewhere: &'static [&'static str],
    /// A description in one line.
    pub about: &'static str,
    /// Its keys, in the order in which they are written.
    pub keys: &'static [Key],
    /// A check that refuses values which do not fit together, although each alone is allowed.
    pub check: Option<Check>,
}

/// Checks whether values fit together.
pub type Check = fn(&Settings) -> std::result::Result<(), Conflict>;

/// The reason why values do not fit together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The name of the key with the wrong value.
    pub key: &'static str,
    /// The expected value.
    pub expected: String,
}

impl Declaration {
    /// A part without keys.
    pub const fn new(name: &'static str, about: &'static str) -> Declaration {
        Declaration {
            name,
            aliases: &[],
            elsewhere: &[],
            about,
            keys: &[],
            check: None,
        }
    }

    /// The same with keys.
    pub const fn keys(self, keys: &'static [Key]) -> Declaration {
        Declaration { keys, ..self }
    }

    /// The same with names in other programs.
    pub const fn elsewhere(self, elsewhere: &'static [&'static str]) -> Declaration {
        Declaration { elsewhere, ..self }
    }

    /// The same with older names.
    pub const fn aliases(self, aliases: &'static [&'static str]) -> Declaration {
        Declaration { aliases, ..self }
    }

    /// The same with a check of the values together.
    pub const fn check(self, check: Check) -> Declaration {
        Declaration {
            check: Some(check),
            ..self
        }
    }

    /// Whether a name is the part's name or an older one.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// The values of a part's keys, each of its key's type and in its range. A key that is left open has no value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    values: Vec<(&'static str, Value)>,
}

impl Settings {
    /// Values for the keys of a part by their names; defaults for the others.
    ///
    /// # Errors
    ///
    /// If a key is unknown, a value is impossible, or a required key is missing.
    pub fn new(declaration: &Declaration, given: &[(&str, Value)]) -> Result<Settings> {
        let part = declaration.name;
        let mut values = Vec::new();
        for (name, _) in given {
            if !declaration.keys.iter().any(|key| key.name == *name) {
                return Err(unknown(declaration, name).at(part));
            }
        }
        for key in declaration.keys {
            let place = || format!("{part}.{}", key.name);
            // The last value counts, as for overrides.
            let value = given.iter().rfind(|(name, _)| *name == key.name);
            let value = match value {
                Some((_, value)) => key.kind.accept(value.clone()).ok_or_else(|| {
                    refuse("this value is not possible")
                        .at(place())
                        .expected(key.kind.expected(Some(value)))
                        .found(value.describe())
                }),
                None => match missing(key)? {
                    Some(value) => Ok(value),
                    None => continue,
                },
            };
            values.push((key.name, value?));
        }
        let settings = Settings { values };
        match declaration.check.map_or(Ok(()), |check| check(&settings)) {
            Ok(()) => Ok(settings),
            Err(conflict) => {
                let found = settings.value(conflict.key).map(Value::describe);
                Err(refuse("this value is not possible")
                    .at(format!("{part}.{}", conflict.key))
                    .expected(conflict.expected)
                    .found(found.unwrap_or_default()))
            }
        }
    }

    /// The defaults of a part's keys.
    pub(crate) fn presets(declaration: &Declaration) -> Settings {
        let keys = declaration.keys.iter();
        Settings::of(
            keys.filter_map(|key| Some((key.name, key.preset()?)))
                .collect(),
        )
    }

    /// Values that are known to be valid for a part, in the order of its keys.
    pub(super) fn of(values: Vec<(&'static str, Value)>) -> Settings {
        Settings { values }
    }

    /// The value of a key.
    ///
    /// # Panics
    ///
    /// If the part does not have the key, or if its value has another type: a mistake in the part's code. The value of
    /// a key that may be left open is an `Option`.
    pub fn get<T: FromValue>(&self, key: &Key) -> T {
        match T::from_value(self.value(key.name)) {
            Some(value) => value,
            None => panic!("`{}` is read as another type than it has", key.name),
        }
    }

    /// The value of a key by its name; `None` if the part does not have the key, or if it is left open.
    pub fn value(&self, name: &str) -> Option<&Value> {
        let entry = self.values.iter().find(|(key, _)| *key == name);
        entry.map(|(_, value)| value)
    }

    /// All values, in the order of the keys. A value's [`Display`](std::fmt::Display) is TOML.
    pub fn values(&self) -> &[(&'static str, Value)] {
        &self.values
    }

    /// A section of a document: the key that names the part, and the values.
    pub(crate) fn to_tree(&self, selector: &Key, name: &str) -> Tree {
        let own = self.values.iter();
        let own = own.map(|(key, value)| (*key, Tree::from(value.clone())));
        Tree::table(std::iter::once((selector.name, Tree::Text(name.into()))).chain(own))
    }
}

/// The value of a key that is not given; `None` if it is left open.
pub(super) fn missing(key: &Key) -> Result<Option<Value>> {
    match key.default {
        Preset::Required => {
            Err(refuse(format!("`{}` is missing", key.name)).expected(key.kind.expected(None)))
        }
        _ => Ok(key.preset()),
    }
}

/// An error about a key that a part does not have.
fn unknown(declaration: &Declaration, name: &str) -> Error {
    let error = refuse(format!("there is no key `{name}` here"));
    match declaration.keys.iter().find(|key| key.is_called(name)) {
        Some(key) => error.hint(format!("`{name}` {}", is_now(key.name))),
        None => suggest_key(error, name, declaration.keys),
    }
}

/// Adds the key that was probably meant to an error about an unknown key.
pub(super) fn suggest_key<'a>(
    error: Error,
    name: &str,
    keys: impl IntoIterator<Item = &'a Key> + Clone,
) -> Error {
    let mut all = keys.clone().into_iter();
    match all.find(|key| key.elsewhere.contains(&name)) {
        Some(key) => did_you_mean(error, name, key.name),
        None => {
            let known: Vec<&str> = keys.into_iter().map(|key| key.name).collect();
            suggest(error, name, &known)
        }
    }
}
