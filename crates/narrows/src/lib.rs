//! Autoencoders: train them, hold them against PCA, use them, keep each in one file.
//!
//! An autoencoder is one sentence, data → scaling → encoder → decoder → objective, and a
//! [`Recipe`] is that sentence with the settings of its training. [`fit()`] turns a recipe and data
//! into a [`Model`]; [`train::Training`] does the same epoch by epoch, and [`run::run`] with a folder.
//!
//! ```
//! use narrows::{Model, Recipe, data::Source};
//!
//! # fn main() -> narrows::Result<()> {
//! let train = Source::open("mnist")?.train.head(1000)?;
//! let mut recipe = Recipe::named("simple-linear")?;
//! recipe.epochs = 2;
//! let model = narrows::fit(&recipe, &train)?;
//!
//! // Rows go in and come out in the data's own units, here 0..=255.
//! let images = train.head(5)?.to_array();
//! let codes = model.encode(images.view())?;
//! assert_eq!(codes.dim(), (5, 8));
//! assert_eq!(model.decode(codes.view())?.dim(), (5, 784));
//!
//! # let folder = tempfile::tempdir().expect("a folder for temporary files");
//! # let path = folder.path().join("model.safetensors");
//! model.save(&path)?;
//! assert_eq!(Model::load(&path)?.encode(images.view())?, codes);
//! # Ok(()) }
//! ```
//!
//! A result has the same bits for any number of threads.
#![forbid(unsafe_code)]

pub mod apply;
pub mod corruption;
pub mod data;
pub mod error;
pub mod evaluate;
pub mod export;
pub mod figures;
pub mod files;
pub mod layer;
pub mod model;
pub mod network;
pub mod objective;
pub mod optimizer;
pub mod recipe;
pub mod report;
pub mod rng;
pub mod run;
pub mod settings;
pub mod study;
pub mod train;

pub use error::{Error, ErrorKind, Result};
pub use model::Model;
pub use recipe::Recipe;
pub use train::fit;
