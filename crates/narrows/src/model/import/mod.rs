//! Weights that another program trained: a PyTorch `state_dict` as `.safetensors`. The file is not trusted, like any
//! model file.

mod names;
mod numbers;
mod order;
mod ties;
mod weights;

pub use weights::{ImportOptions, Imported};
