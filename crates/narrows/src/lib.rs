//! Autoencoders.
#![forbid(unsafe_code)]

pub mod data;
pub mod error;
pub mod layer;
pub mod objective;
pub mod optimizer;

pub use error::{Error, ErrorKind, Result};
