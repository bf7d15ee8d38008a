//! Trained models in other formats, a file per format: bytes that other programs run.

pub mod onnx;
mod sample;

pub use sample::sample_rows;
