//! Train autoencoders, compare them with PCA, use them, and save each of them in one file.
//!
//! An autoencoder is one chain of parts, data → scaling → encoder → decoder → objective. A [`Recipe`] describes this
//! chain and the settings of its training. [`fit()`] trains a recipe on data and returns a [`Model`];
//! [`train::Training`] does the same epoch by epoch, and [`run::run`] also writes a run folder.
//!
//! ```
//! use narrows::{Model, Recipe, data::Dataset};
//! use ndarray::{Array2, s};
//!
//! fn main() -> narrows::Result<()> {
//!     // An array of f32, f64 or integers; each row is an example, in units of your own.
//!     let rows = Array2::from_shape_fn((500, 6), |(i, j)| 20.0 + (i as f32 * (j + 1) as f32 / 50.0).sin());
//!     let mut recipe = Recipe::named("table")?; // a code of 4 values
//!     recipe.epochs = 5;
//!     recipe.validation = Some(0.1); // a tenth of the rows decides which epoch is kept
//!     let model = narrows::fit(&recipe, &Dataset::from_array(rows.view())?)?;
//!
//!     let new = rows.slice(s![..20, ..]); // a view; outputs are in the units of the data
//!     let codes = model.encode(new)?; // [20, 4]
//!     let decoded = model.decode(codes.view())?; // [20, 6]
//!     let again = model.reconstruct(new)?; // [20, 6], encode and decode in one call
//!     let scores = model.score(new)?; // [20], high for rows unlike the training rows
//!     assert_eq!((codes.dim(), decoded.dim(), again.dim(), scores.len()), ((20, 4), (20, 6), (20, 6), 20));
//!
//!     let path = std::env::temp_dir().join("model.safetensors");
//!     model.save(&path)?;
//!     assert_eq!(Model::load(&path)?.encode(new)?, codes);
//!     Ok(())
//! }
//! ```
//!
//! [`data::Source`] reads files, folders and the built-in MNIST. [`Recipe::builder`] makes a recipe of your own.
//! [`fit_with`] calls a function after every epoch. Functions that take rows accept slices and arrays
//! ([`data::IntoRows`]).
//!
//! Readers of formats, the report and the export are features of the crate: `csv`, `parquet`, `images`, `report` (with
//! measures, runs and comparisons), `onnx` and `mnist`. By default all of them are on.
//!
//! Results have the same bits for any number of threads.
#![forbid(unsafe_code)]
// Code that only a feature uses stays in the source without the feature; the compiler leaves it out.
#![cfg_attr(
    not(all(
        feature = "csv",
        feature = "parquet",
        feature = "images",
        feature = "report",
        feature = "onnx",
        feature = "mnist"
    )),
    allow(dead_code, unused_imports)
)]

/// The page about this library: its code blocks run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/library.md")]
struct LibraryPage;

pub mod advice;
pub mod apply;
pub mod bottleneck;
pub mod corruption;
pub mod data;
pub mod declaration;
pub mod document;
pub mod error;
#[cfg(feature = "report")]
pub mod evaluate;
#[cfg(feature = "onnx")]
pub mod export;
#[cfg(feature = "report")]
pub mod figures;
pub mod files;
pub mod isa;
pub mod layer;
pub mod memory;
pub mod model;
pub mod network;
pub mod objective;
pub mod onnx;
pub mod optimizer;
pub mod parts;
pub mod plain;
pub mod program;
pub mod recipe;
#[cfg(feature = "report")]
pub mod report;
pub mod rng;
#[cfg(feature = "report")]
pub mod run;
pub mod scaling;
#[cfg(feature = "report")]
pub mod study;
pub mod text;
pub mod threads;
pub mod train;

pub use error::{Detail, Error, ErrorKind, Result};
pub use model::Model;
/// The array crate of this interface, in the version that the interface uses.
pub use ndarray;
pub use recipe::Recipe;
pub use train::{fit, fit_with};
