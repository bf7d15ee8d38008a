//! What a recipe says of layers: their names, keys and defaults, in one ordered list.

use super::{Activation, Initialization};
use crate::error::Result;
use crate::settings::{Choice, Key, Section};

/// What a recipe says of one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LayerSpec {
    /// `y = x Wᵀ + b`.
    Dense {
        /// The width of the output; `None` only in the decoder's last dense layer: as wide as the data.
        outputs: Option<usize>,
        /// Whether there is a bias.
        bias: bool,
    },
    /// An elementwise function.
    Activation(Activation),
}

/// The key that names the kind of a layer.
pub(crate) const LAYER: Key = Key {
    name: "layer",
    value: "a name",
    default: "required",
    about: "layer",
};

/// The widest layer: a guard against slips of the finger, not a limit of the code.
pub(crate) const MAX_WIDTH: u64 = 1 << 24;

/// The layers, by name.
pub(crate) const LAYERS: &[Choice<LayerSpec>] = &[
    Choice {
        name: "dense",
        about: "y = x Wᵀ + b, with W of [outputs, inputs]",
        keys: &[
            Key {
                name: "outputs",
                value: "1 to 2^24",
                default: "the data's width, in the decoder's last dense layer only",
                about: "the values that the layer gives",
            },
            Key {
                name: "bias",
                value: "true or false",
                default: "true",
                about: "whether b is there",
            },
        ],
        read: read_dense,
    },
    Choice {
        name: "identity",
        about: "x",
        keys: &[],
        read: |_| Ok(LayerSpec::Activation(Activation::Identity)),
    },
    Choice {
        name: "relu",
        about: "max(x, 0)",
        keys: &[],
        read: |_| Ok(LayerSpec::Activation(Activation::Relu)),
    },
    Choice {
        name: "leaky-relu",
        about: "x where positive, else slope · x",
        keys: &[Key {
            name: "slope",
            value: "a number",
            default: "0.01",
            about: "the slope of the negative part",
        }],
        read: |section| {
            let slope = section
                .number("slope", "a finite number", fits_single)?
                .unwrap_or(0.01);
            Ok(LayerSpec::Activation(Activation::LeakyRelu {
                slope: slope as f32,
            }))
        },
    },
    Choice {
        name: "elu",
        about: "x where positive, else alpha · (eˣ - 1)",
        keys: &[Key {
            name: "alpha",
            value: "above 0",
            default: "1",
            about: "how far the negative part goes",
        }],
        read: |section| {
            let alpha =
                section.number("alpha", "a number above 0", |a| a > 0.0 && fits_single(a))?;
            Ok(LayerSpec::Activation(Activation::Elu {
                alpha: alpha.unwrap_or(1.0) as f32,
            }))
        },
    },
    Choice {
        name: "silu",
        about: "x · sigmoid(x)",
        keys: &[],
        read: |_| Ok(LayerSpec::Activation(Activation::Silu)),
    },
    Choice {
        name: "gelu",
        about: "x · Φ(x), exactly",
        keys: &[],
        read: |_| Ok(LayerSpec::Activation(Activation::Gelu)),
    },
    Choice {
        name: "tanh",
        about: "tanh(x)",
        keys: &[],
        read: |_| Ok(LayerSpec::Activation(Activation::Tanh)),
    },
    Choice {
        name: "sigmoid",
        about: "1 / (1 + e⁻ˣ)",
        keys: &[],
        read: |_| Ok(LayerSpec::Activation(Activation::Sigmoid)),
    },
    Choice {
        name: "softplus",
        about: "ln(1 + eˣ)",
        keys: &[],
        read: |_| Ok(LayerSpec::Activation(Activation::Softplus)),
    },
];

fn fits_single(number: f64) -> bool {
    (number as f32).is_finite()
}

fn read_dense(section: &Section<'_>) -> Result<LayerSpec> {
    Ok(LayerSpec::Dense {
        outputs: section
            .integer("outputs", 1..=MAX_WIDTH)?
            .map(|outputs| outputs as usize),
        bias: section.boolean("bias")?.unwrap_or(true),
    })
}

impl LayerSpec {
    /// The name of its kind.
    pub fn name(&self) -> &'static str {
        match self {
            LayerSpec::Dense { .. } => "dense",
            LayerSpec::Activation(activation) => match activation {
                Activation::Identity => "identity",
                Activation::Relu => "relu",
                Activation::LeakyRelu { .. } => "leaky-relu",
                Activation::Elu { .. } => "elu",
                Activation::Silu => "silu",
                Activation::Gelu => "gelu",
                Activation::Tanh => "tanh",
                Activation::Sigmoid => "sigmoid",
                Activation::Softplus => "softplus",
            },
        }
    }

    /// Its keys and values, as TOML.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        match *self {
            LayerSpec::Dense { outputs, bias } => {
                let mut settings = vec![("bias", bias.to_string())];
                if let Some(outputs) = outputs {
                    settings.insert(0, ("outputs", outputs.to_string()));
                }
                settings
            }
            LayerSpec::Activation(Activation::LeakyRelu { slope }) => {
                vec![("slope", format!("{slope:?}"))]
            }
            LayerSpec::Activation(Activation::Elu { alpha }) => {
                vec![("alpha", format!("{alpha:?}"))]
            }
            LayerSpec::Activation(_) => Vec::new(),
        }
    }
}

/// The key of the initialisation.
pub(crate) const INITIALIZATION: Key = Key {
    name: "initialization",
    value: "a name",
    default: "\"pytorch\"",
    about: "initialization",
};

/// The initialisations, by name.
pub(crate) const INITIALIZATIONS: &[Choice<Initialization>] = &[
    Choice {
        name: "pytorch",
        about: "PyTorch's default: weights and biases uniform in ±1/√fan_in",
        keys: &[],
        read: |_| Ok(Initialization::Pytorch),
    },
    Choice {
        name: "xavier-uniform",
        about: "uniform in ±√(6/(fan_in + fan_out)), biases 0",
        keys: &[],
        read: |_| Ok(Initialization::XavierUniform),
    },
    Choice {
        name: "xavier-normal",
        about: "normal of variance 2/(fan_in + fan_out), biases 0",
        keys: &[],
        read: |_| Ok(Initialization::XavierNormal),
    },
    Choice {
        name: "he-uniform",
        about: "uniform in ±√(6/fan_in), biases 0",
        keys: &[],
        read: |_| Ok(Initialization::HeUniform),
    },
    Choice {
        name: "he-normal",
        about: "normal of variance 2/fan_in, biases 0",
        keys: &[],
        read: |_| Ok(Initialization::HeNormal),
    },
];

impl Initialization {
    /// Its name in a recipe.
    pub fn name(self) -> &'static str {
        match self {
            Initialization::Pytorch => "pytorch",
            Initialization::XavierUniform => "xavier-uniform",
            Initialization::XavierNormal => "xavier-normal",
            Initialization::HeUniform => "he-uniform",
            Initialization::HeNormal => "he-normal",
        }
    }
}
