//! Recipes: an autoencoder as one chain of parts (data, scaling, encoder, decoder, objective) with the settings of its
//! training, as TOML.
//!
//! The named autoencoders are recipes that ship with Narrows, not types in code. Each part reads its own keys, next to
//! its code; this file puts them together. A recipe converts to a document ([`Recipe::to_toml`] prints it). Values are
//! checked in one place only, where a document is read: [`Recipe::check`] reads the document of a recipe made in code.

mod builder;
mod default;
mod describe;
mod exchange;
mod file;
mod keys;
mod read;
mod reference;
mod shipped;
mod structure;
mod write;

pub use builder::RecipeBuilder;
pub use reference::{ReferenceChoice, ReferenceKey, ReferenceSection};
pub use shipped::Purpose;
pub(crate) use structure::MAX_LAYERS;
pub use structure::{Notes, Override, Recipe};

#[cfg(test)]
mod tests;
