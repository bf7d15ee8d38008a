//! Recipes that together cover a whole training step, and rows for them.

pub mod normalized;

use narrows::data::{Dataset, Values};
use ndarray::Array2;

/// Rows of pseudo-random 8-bit values, shaped like small images.
pub fn noise(rows: usize, side: usize) -> Dataset {
    let value = |i: usize| ((i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
    let pixels = Array2::from_shape_fn((rows, side * side), |(r, c)| value(r * 1009 + c));
    Dataset::new("noise", Values::U8(pixels), vec![1, side, side], None).unwrap()
}

/// A network with every activation, odd widths, and several tiles in a layer.
pub const EVERY_ACTIVATION: &str = r#"
name = "every-activation"
about = "all activations, odd widths"
encoder = [
  { layer = "dense", outputs = 131 }, { layer = "relu" },
  { layer = "dense", outputs = 67 }, { layer = "leaky-relu" },
  { layer = "dense", outputs = 33 }, { layer = "elu" },
  { layer = "dense", outputs = 17 }, { layer = "silu" },
  { layer = "dense", outputs = 5 },
]
decoder = [
  { layer = "dense", outputs = 18 }, { layer = "gelu" },
  { layer = "dense", outputs = 35 }, { layer = "tanh" },
  { layer = "dense", outputs = 66, bias = false }, { layer = "softplus" },
  { layer = "dense" }, { layer = "identity" }, { layer = "sigmoid" },
]
[training]
batch_size = 29
epochs = 1
"#;

/// A network with noise on its input and every penalty.
pub const NOISE_AND_PENALTIES: &str = r#"
name = "noise-and-penalties"
encoder = [
  { layer = "dense", outputs = 67 }, { layer = "silu" },
  { layer = "dense", outputs = 9 }, { layer = "relu" },
]
decoder = [{ layer = "dense", outputs = 67 }, { layer = "tanh" }, { layer = "dense" }]
[corruption]
kind = "gaussian"
std = 0.3
[objective]
penalties = [
  { kind = "jacobian", weight = 1e-3 },
  { kind = "hutchinson", weight = 1e-3, probes = 3 },
  { kind = "summed", weight = 1e-4 },
]
[training]
batch_size = 29
epochs = 1
"#;

/// Convolutions with channels in several tiles, strides and kernels that differ by axis, and dense
/// layers between.
pub const CONVOLUTIONS: &str = r#"
name = "convolutions"
about = "all that works on images"
encoder = [
  { layer = "conv2d", channels = 40, kernel = 3, stride = 2, padding = 1 }, { layer = "relu" },
  { layer = "conv2d", channels = 9, kernel = [2, 3], stride = [1, 2], bias = false },
  { layer = "flatten" }, { layer = "dense", outputs = 21 }, { layer = "tanh" },
]
decoder = [
  { layer = "dense", outputs = 108 }, { layer = "reshape", shape = [12, 3, 3] }, { layer = "relu" },
  { layer = "conv-transpose2d", channels = 35, kernel = 2, stride = 2 }, { layer = "relu" },
  { layer = "conv-transpose2d", kernel = 3, stride = 2 }, { layer = "sigmoid" },
]
[training]
batch_size = 29
epochs = 1
"#;

/// Every penalty behind convolutions.
pub const CONVOLUTIONS_AND_PENALTIES: &str = r#"
name = "convolutions-and-penalties"
encoder = [
  { layer = "conv2d", channels = 11, kernel = 3, stride = 2, padding = 1 }, { layer = "silu" },
  { layer = "conv2d", channels = 3, kernel = [2, 3], stride = [3, 2] }, { layer = "relu" },
]
decoder = [{ layer = "dense" }]
[objective]
penalties = [
  { kind = "jacobian", weight = 1e-3 },
  { kind = "hutchinson", weight = 1e-3, probes = 3 },
  { kind = "summed", weight = 1e-4 },
]
[training]
batch_size = 29
epochs = 1
"#;

/// Layers that normalize and drop, and weights that two layers share.
pub const LAYERS_OF_ROWS: &str = r#"
name = "layers-of-rows"
encoder = [
  { layer = "dense", outputs = 131 }, { layer = "layer-norm" }, { layer = "silu" },
  { layer = "dropout", fraction = 0.2 },
  { layer = "dense", outputs = 35 }, { layer = "dropout", fraction = 0.1 }, { layer = "dense", outputs = 9 },
]
decoder = [
  { layer = "dense", tied = "encoder[6]" }, { layer = "layer-norm", epsilon = 1e-3 }, { layer = "tanh" },
  { layer = "dropout", fraction = 0.5 },
  { layer = "dense", tied = "encoder[4]", bias = false }, { layer = "layer-norm" }, { layer = "relu" },
  { layer = "dense", tied = "encoder[0]" },
]
[training]
batch_size = 29
epochs = 1
"#;

/// A bottleneck, and penalties before and behind it.
pub const SPARSE_CODES: &str = r#"
name = "sparse-codes"
encoder = [
  { layer = "dense", outputs = 131 }, { layer = "silu" },
  { layer = "dense", outputs = 71 }, { layer = "sigmoid" },
]
bottleneck = { kind = "top-k", k = 7 }
decoder = [{ layer = "dense", outputs = 67 }, { layer = "tanh" }, { layer = "dense" }]
[objective]
penalties = [
  { kind = "hutchinson", weight = 1e-3 },
  { kind = "l1", weight = 1e-3 },
  { kind = "kl-sparsity", weight = 1e-2 },
]
[training]
batch_size = 29
epochs = 1
"#;

/// Gradients that are added up and cut down before a step.
pub fn whole(text: &str) -> String {
    format!("{text}accumulation = 3\nclip_norm = 0.01\n")
}
