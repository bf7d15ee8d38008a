//! Files of weights from other tools, recognized by content. Each is refused with the lines of Python that convert it.

use super::header::format;
use crate::advice::Action;
use crate::error::Error;
use crate::text::python_string;

/// The number of bytes at the start of a file that are needed to recognize it.
pub(super) const BEGINNING: u64 = 4096;

/// The lines for what `torch.save` wrote. The name of a file goes in place of `{}`, and what
/// makes a model of the converted weights in place of `IMPORT`.
const TORCH: &str = "in Python: `import torch, safetensors.torch; w = torch.load({}, map_location=\"cpu\")` and \
                     `safetensors.torch.save_file(w.get(\"state_dict\", w), \"weights.safetensors\")`; if the file \
                     holds the whole model, save_file(w.state_dict(), …); then IMPORT";

/// The lines for Keras, whose weights are transposed.
const KERAS: &str = "in Python: `import keras, numpy as np; from safetensors.numpy import save_file; \
     m = keras.saving.load_model({}); axes = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}` and \
     `save_file({f\"layer{i}.\" + (\"weight\" if w.ndim > 1 else \"bias\"): np.ascontiguousarray(w.transpose(axes[w.ndim])) \
     for i, l in enumerate(m.layers) for w in l.get_weights()}, \"weights.safetensors\")`; then \
     IMPORT. Between a convolution and a dense layer Keras flattens as height, width, \
     channels, PyTorch and Narrows as channels, height, width";

/// The lines for arrays of NumPy.
const NUMPY: &str = "in Python: `import numpy as np; from safetensors.numpy import save_file` and \
     `save_file(dict(np.load({})), \"weights.safetensors\")`, with weights of [outputs, inputs]; then \
     IMPORT";

/// The lines for a graph of ONNX.
const ONNX: &str = "in Python: `import onnx; from onnx import numpy_helper; from safetensors.numpy import save_file` and \
     `save_file({t.name: numpy_helper.to_array(t) for t in onnx.load({}).graph.initializer}, \"weights.safetensors\")`; \
     then IMPORT";

/// The error for a file of another kind, from its first bytes; `name` is the path of the file.
pub(super) fn refuse(beginning: &[u8], name: &str) -> Option<Error> {
    if is_header(beginning) {
        return None;
    }
    let (what, lines) = kind(beginning)?;
    let import = Action::Import {
        weights: Some("weights.safetensors".into()),
    };
    let lines = lines.replace("IMPORT", &import.to_string());
    Some(
        format("not a safetensors file")
            .expected("a .safetensors file")
            .found(what)
            .hint(lines.replace("{}", &python_string(name))),
    )
}

fn kind(beginning: &[u8]) -> Option<(&'static str, &'static str)> {
    let has = |text: &str| {
        let mut windows = beginning.windows(text.len());
        windows.any(|window| window == text.as_bytes())
    };
    Some(match beginning {
        [b'P', b'K', 3, 4, ..] if has("data.pkl") => ("a file of torch.save", TORCH),
        [b'P', b'K', 3, 4, ..]
            if has("config.json") || has("metadata.json") || has(".weights.h5") =>
        {
            ("a .keras file", KERAS)
        }
        [b'P', b'K', 3, 4, ..] if has(".npy") => ("an .npz file of NumPy", NUMPY),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => (
            "a ZIP archive",
            "give the .safetensors file; unpack it if it is in the archive",
        ),
        // The magic number of torch.save, before PyTorch 1.6.
        [0x80, _, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, ..] => ("a pickle of torch.save", TORCH),
        [0x80, 2..=5, ..] if has("torch") => ("a pickle of torch.save", TORCH),
        [0x80, 2..=5, ..] => (
            "a pickle",
            "load it in Python with the library that wrote it, and write its arrays by name with \
             `safetensors.numpy.save_file(arrays, \"weights.safetensors\")`",
        ),
        [0x89, b'H', b'D', b'F', ..] => ("an HDF5 file, as Keras writes it", KERAS),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => (
            "an .npy file, which is one array without a name",
            "write all arrays by name: `safetensors.numpy.save_file(arrays, \"weights.safetensors\")`",
        ),
        // The version of the format, then a text: the name of the writer, or a part of the graph.
        [8, 1..=20, 0x12 | 0x1a | 0x22 | 0x32 | 0x3a, ..] => {
            ("an ONNX file, by its beginning", ONNX)
        }
        [b'G', b'G', b'U', b'F', ..] => (
            "a GGUF file",
            "give the weights as PyTorch has them, as a .safetensors file",
        ),
        _ => return None,
    })
}

/// Whether the file begins like a safetensors file: a length that fits into four bytes, and a JSON object.
fn is_header(beginning: &[u8]) -> bool {
    matches!(beginning, [_, _, _, _, 0, 0, 0, 0, b'{', ..])
}
