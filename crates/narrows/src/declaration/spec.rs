//! A part with its settings, and lists of parts.

use super::{Declaration, FromValue, Key, Preset, Settings, Value};
use crate::document::{Section, Tree, refuse};
use crate::error::Result;
use std::fmt;

/// The trait of all parts.
pub trait Part: fmt::Debug + Send + Sync {
    /// Its declaration.
    fn declaration(&self) -> &Declaration;
}

/// A part with the values of its keys, as in a recipe.
pub struct Spec<P: ?Sized + 'static> {
    part: &'static P,
    settings: Settings,
}

impl<P: ?Sized> Clone for Spec<P> {
    fn clone(&self) -> Self {
        Spec {
            part: self.part,
            settings: self.settings.clone(),
        }
    }
}

/// Parts are equal if their names are equal.
impl<P: Part + ?Sized> PartialEq for Spec<P> {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.settings == other.settings
    }
}

impl<P: Part + ?Sized> fmt::Debug for Spec<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct(self.name());
        for (key, value) in self.settings.values() {
            text.field(key, value);
        }
        text.finish()
    }
}

impl<P: Part + ?Sized> Spec<P> {
    /// A part with values for some of its keys, by their names, and defaults for the others.
    ///
    /// # Errors
    ///
    /// If a key is unknown, a value is impossible, or a required key is missing.
    pub fn new(part: &'static P, values: &[(&str, Value)]) -> Result<Spec<P>> {
        let settings = Settings::new(part.declaration(), values)?;
        Ok(Spec { part, settings })
    }

    /// The part of a recipe that names none: the default of the key that names it, with the defaults of its keys.
    ///
    /// # Panics
    ///
    /// If the default is not one of the parts: a mistake in the code.
    pub(crate) fn preset(selector: &Key, parts: &[&'static P]) -> Spec<P> {
        let is_default = |part: &&P| selector.default == Preset::Text(part.declaration().name);
        let part = parts.iter().copied().find(is_default);
        let part = part.unwrap_or_else(|| panic!("`{}` names no part by itself", selector.name));
        Spec {
            settings: Settings::presets(part.declaration()),
            part,
        }
    }

    /// A part with values of the right types; the recipe checks their ranges later.
    pub(crate) fn unchecked(part: &'static P, values: &[(&Key, Option<Value>)]) -> Spec<P> {
        let value = |key: &Key| {
            let given = values.iter().find(|(given, _)| given.name == key.name);
            let value = match given {
                Some((_, value)) => value.clone(),
                None => key.preset(),
            };
            value.map(|value| (key.name, value))
        };
        let keys = part.declaration().keys.iter();
        Spec {
            settings: Settings::of(keys.filter_map(value).collect()),
            part,
        }
    }

    /// The same with another value for a key.
    ///
    /// # Errors
    ///
    /// If the part does not have the key, or if the value is impossible.
    pub fn with(self, key: &str, value: impl Into<Value>) -> Result<Spec<P>> {
        let mut values: Vec<(&str, Value)> = self.settings.values().to_vec();
        values.push((key, value.into()));
        Spec::new(self.part, &values)
    }

    /// Sets the value of a key, which must be of the key's type; `None` leaves it open.
    pub(crate) fn set(&mut self, key: &Key, value: impl Into<Option<Value>>) {
        let value = value.into();
        let of = |other: &Key| {
            if other.name == key.name {
                Some((other.name, value.clone()?))
            } else {
                Some((other.name, self.settings.value(other.name)?.clone()))
            }
        };
        let keys = self.part.declaration().keys.iter();
        self.settings = Settings::of(keys.filter_map(of).collect());
    }

    /// The part.
    pub fn part(&self) -> &'static P {
        self.part
    }

    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        self.part.declaration().name
    }

    /// The values of its keys.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A section of a document; `selector` is the key that names the part.
    pub(crate) fn to_tree(&self, selector: &Key) -> Tree {
        self.settings.to_tree(selector, self.name())
    }

    /// The value of a key by its name; `None` if there is no such key, if it is left open, or if its value has another
    /// type.
    pub fn get<T: FromValue>(&self, key: &str) -> Option<T> {
        T::from_value(Some(self.settings.value(key)?))
    }
}

/// Parts of one sort, in the order in which they are listed.
pub struct List<P: ?Sized + 'static>(Vec<&'static P>);

impl<P: ?Sized> Clone for List<P> {
    fn clone(&self) -> Self {
        List(self.0.clone())
    }
}

impl<P: Part + ?Sized> fmt::Debug for List<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|part| part.declaration().name))
            .finish()
    }
}

impl<P: Part + ?Sized> List<P> {
    /// A list of parts; their names must be different.
    pub(crate) fn of(parts: &[&'static P]) -> List<P> {
        List(parts.to_vec())
    }

    /// The parts.
    pub fn iter(&self) -> impl Iterator<Item = &'static P> {
        self.0.iter().copied()
    }

    /// Adds a part.
    ///
    /// # Errors
    ///
    /// If there is already a part with its name, or with an older name of it.
    pub fn add(&mut self, part: &'static P) -> Result<()> {
        let new = part.declaration();
        let names = std::iter::once(new.name).chain(new.aliases.iter().copied());
        for name in names {
            if self.has(name) {
                return Err(refuse(format!("there is a part `{name}` already"))
                    .expected("another name for the new part"));
            }
        }
        self.0.push(part);
        Ok(())
    }

    /// Whether it has a part of a name.
    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|part| part.declaration().is_called(name))
    }

    /// Reads a part and the values of its keys from a section, as [`Section::choose`] does.
    ///
    /// # Errors
    ///
    /// As [`Section::choose`].
    pub fn read(
        &self,
        section: &Section<'_>,
        selector: &Key,
        common: &[Key],
    ) -> Result<Option<Spec<P>>> {
        let declarations: Vec<&Declaration> = self.iter().map(Part::declaration).collect();
        let chosen = section.choose(selector, common, &declarations)?;
        Ok(chosen.map(|(chosen, settings)| Spec {
            part: self.0[chosen],
            settings,
        }))
    }
}
