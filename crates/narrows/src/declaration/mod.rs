//! Declarations: what a part's keys are, said once.
//!
//! A part (a layer, a noise, a loss, a penalty, …) has a [`Declaration`]: its name and its [`Key`]s, each a constant with
//! its type, range, default, unit and meaning. Reading a recipe, defaults, checks, writing, the errors and the printed
//! reference follow from it. [`Settings`] are the checked values of a part's keys; a [`Spec`] is a part with its
//! settings, which is what a recipe holds; a [`List`] is where a recipe looks parts up.

mod key;
mod read;
mod settings;
mod spec;
mod suggest;
mod value;

pub use key::{Alias, End, Key, Kind, Preset, Range};
pub(crate) use read::Choice;
pub use settings::Settings;
pub use spec::{List, Part, Spec};
pub use suggest::suggest;
pub use value::{FromValue, Value};

/// What is said of a part: everything that a recipe needs to know of it but what it computes.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// Its name in a recipe.
    pub name: &'static str,
    /// Older names, which are read as the name, with a note.
    pub aliases: &'static [&'static str],
    /// Names that other programs have for it: an error suggests the part to who writes one.
    pub elsewhere: &'static [&'static str],
    /// What it is, in one line.
    pub about: &'static str,
    /// Its keys, in the order in which they are written.
    pub keys: &'static [Key],
    /// Refuses values that do not go together, though each is possible by itself.
    pub check: Option<Check>,
}

/// Looks whether values go together.
pub type Check = fn(&Settings) -> std::result::Result<(), Conflict>;

/// Why values do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The name of the key whose value is to blame.
    pub key: &'static str,
    /// What its value should be.
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

    /// The same with names that other programs have for it.
    pub const fn elsewhere(self, elsewhere: &'static [&'static str]) -> Declaration {
        Declaration { elsewhere, ..self }
    }

    /// The same with older names.
    pub const fn aliases(self, aliases: &'static [&'static str]) -> Declaration {
        Declaration { aliases, ..self }
    }

    /// The same with a check of the values against each other.
    pub const fn check(self, check: Check) -> Declaration {
        Declaration {
            check: Some(check),
            ..self
        }
    }

    /// Whether a name is the part's, or an older one.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}
