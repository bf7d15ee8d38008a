//! Autoencoders.
#![forbid(unsafe_code)]

pub mod data;
pub mod error;
pub mod evaluate;
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
pub mod train;

pub use error::{Error, ErrorKind, Result};
pub use model::Model;
pub use recipe::Recipe;
pub use train::fit;
