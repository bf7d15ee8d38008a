//! A recipe whose layers keep running statistics.

/// Batch normalization behind a convolution, a dense layer and an activation.
pub const BATCH_NORM: &str = r#"
name = "batch-norm"
about = "statistics of the batch"
encoder = [
  { layer = "conv2d", channels = 19, kernel = 3, stride = 2, padding = 1, bias = false }, { layer = "batch-norm" },
  { layer = "relu" },
  { layer = "dense", outputs = 37 }, { layer = "batch-norm", momentum = 0.2 }, { layer = "silu" },
  { layer = "dense", outputs = 5 },
]
decoder = [
  { layer = "dense", outputs = 33 }, { layer = "tanh" }, { layer = "batch-norm", epsilon = 1e-3 },
  { layer = "dense" }, { layer = "sigmoid" },
]
[scaling]
kind = "unit"
[training]
batch_size = 29
epochs = 1
"#;
