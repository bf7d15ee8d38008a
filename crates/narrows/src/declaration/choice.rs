//! Kinds of an enum in code, each with its declaration.

use super::{Declaration, Key, Preset, Settings, Value};

/// A kind of an enum in code; see [`choice`].
#[derive(Debug)]
pub(crate) struct Choice<T: 'static> {
    pub(crate) declaration: Declaration,
    /// Makes the enum's value from settings.
    pub(crate) make: fn(&Settings) -> T,
    /// The values of its keys, in order; `None` if the enum's value is of another kind.
    pub(crate) values: fn(&T) -> Option<Vec<Option<Value>>>,
}

/// A [`Choice`]: a variant, the key of each of its fields, and the rest of its declaration.
macro_rules! choice {
    ($kind:ident :: $variant:ident { $($field:ident: $key:ident),* $(,)? }, $declaration:expr $(,)?) => {
        $crate::declaration::Choice {
            declaration: $declaration.keys(&[$($key),*]),
            make: |_settings| $kind::$variant { $($field: _settings.get(&$key)),* },
            values: |value| match value {
                $kind::$variant { $($field),* } => Some(vec![
                    $($crate::declaration::ToValue::to_value($field)),*
                ]),
                _ => None,
            },
        }
    };
}
pub(crate) use choice;

impl<T> Choice<T> {
    /// The name of a value's kind, and the settings of its keys.
    pub(crate) fn settings_of(choices: &[Choice<T>], value: &T) -> (&'static str, Settings) {
        let of = |choice: &Choice<T>| {
            let values = (choice.values)(value)?;
            let keys = choice.declaration.keys.iter().zip(values);
            let values = keys.filter_map(|(key, value)| Some((key.name, value?)));
            Some((choice.declaration.name, Settings::of(values.collect())))
        };
        // A variant that is missing in the list is a mistake in the code, which every test of it finds.
        let found = choices.iter().find_map(of);
        found.unwrap_or_else(|| panic!("a kind is missing in its list"))
    }

    /// The value of a recipe without one: the default of the key that names the kind, with the defaults of its keys.
    pub(crate) fn preset(selector: &Key, choices: &[Choice<T>]) -> T {
        let is_default =
            |choice: &&Choice<T>| selector.default == Preset::Text(choice.declaration.name);
        let chosen = choices.iter().find(is_default);
        let chosen = chosen.unwrap_or_else(|| panic!("`{}` names none by itself", selector.name));
        (chosen.make)(&Settings::presets(&chosen.declaration))
    }
}
