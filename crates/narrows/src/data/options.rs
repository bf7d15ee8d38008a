//! The options for reading: columns, missing values, the syntax of text, the size of images.

mod choices;
mod key;
mod keys;
mod refused;
mod values;

pub use choices::{Fit, Layout, Missing, OnBad};
pub use key::{ReadingKey, ReadingScope};
pub use keys::READING_KEYS;
pub use values::{ReadOptions, TextOptions, list_of_names};
