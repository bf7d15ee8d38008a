//! Evaluation: what a trained autoencoder is worth, and against what.

mod pca;

pub use pca::Pca;
