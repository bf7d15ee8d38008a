//! What a recipe says of the objective.

use crate::settings::{Choice, Key};

/// The reconstruction loss, averaged over the batch and the inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reconstruction {
    /// Mean squared error.
    Mse,
    /// Mean absolute error.
    L1,
    /// Huber's loss (Huber 1964), as PyTorch's `HuberLoss`: `d²/2` up to `delta`, then `delta · (|d| - delta/2)`.
    Huber {
        /// Where the parabola turns into a line, 1 by default.
        delta: f32,
    },
    /// Binary cross-entropy, worked out from the logits of the sigmoid that the decoder ends in.
    BinaryCrossEntropy,
}

/// The key that names the reconstruction loss.
pub(crate) const RECONSTRUCTION: Key = Key {
    name: "reconstruction",
    value: "a name",
    default: "\"mse\"",
    about: "reconstruction loss",
};

/// The key of the list of terms.
pub(crate) const TERMS: Key = Key {
    name: "terms",
    value: "a list of terms",
    default: "none",
    about: "penalties beside the reconstruction loss",
};

/// The reconstruction losses, by name.
pub(crate) const RECONSTRUCTIONS: &[Choice<Reconstruction>] = &[
    Choice {
        name: "mse",
        about: "mean squared error",
        keys: &[],
        read: |_| Ok(Reconstruction::Mse),
    },
    Choice {
        name: "l1",
        about: "mean absolute error",
        keys: &[],
        read: |_| Ok(Reconstruction::L1),
    },
    Choice {
        name: "huber",
        about: "d²/2 up to delta, then delta · (|d| - delta/2)",
        keys: &[Key {
            name: "delta",
            value: "above 0",
            default: "1",
            about: "where the parabola turns into a line",
        }],
        read: |section| {
            let expected = "a number above 0, representable as float32";
            let delta = section.number("delta", expected, |d| {
                d as f32 > 0.0 && (d as f32).is_finite()
            })?;
            Ok(Reconstruction::Huber {
                delta: delta.unwrap_or(1.0) as f32,
            })
        },
    },
    Choice {
        name: "binary-cross-entropy",
        about: "cross-entropy of pixels as probabilities, for data in [0, 1] and a decoder that ends in sigmoid",
        keys: &[],
        read: |_| Ok(Reconstruction::BinaryCrossEntropy),
    },
];

impl Reconstruction {
    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        match self {
            Reconstruction::Mse => "mse",
            Reconstruction::L1 => "l1",
            Reconstruction::Huber { .. } => "huber",
            Reconstruction::BinaryCrossEntropy => "binary-cross-entropy",
        }
    }

    /// Its keys and values, as TOML.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        match self {
            Reconstruction::Huber { delta } => vec![("delta", format!("{delta:?}"))],
            _ => Vec::new(),
        }
    }
}
