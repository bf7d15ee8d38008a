//! Declarations: the keys of a part are declared once.
//!
//! A part (a layer, a noise, a loss, a penalty, …) has a [`Declaration`]: its name and its [`Key`]s, each a constant
//! with its type, range, default, unit and meaning. Reading a recipe, defaults, checks, writing, the errors and the
//! printed reference are derived from it. [`Settings`] are the checked values of a part's keys. A [`Spec`] is a part
//! with its settings; a recipe holds specs. A [`List`] is the place where a recipe looks up parts.

mod choice;
mod key;
mod read;
mod settings;
mod spec;
mod suggest;
mod value;

pub(crate) use choice::{Choice, choice};
pub use key::{Alias, End, Key, Kind, Preset, Range};
pub use settings::{Check, Conflict, Declaration, Settings};
pub use spec::{List, Part, Spec};
pub(crate) use suggest::with_meant;
pub use suggest::{nearest, one_of, suggest};
pub(crate) use value::ToValue;
pub use value::{FromValue, Value};
