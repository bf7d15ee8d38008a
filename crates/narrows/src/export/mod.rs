//! Trained models in other formats, one file per format: bytes that other programs run.

pub mod onnx;
mod sample;

pub use sample::sample_rows;
