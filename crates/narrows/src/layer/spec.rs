//! What a recipe says of layers: their names, keys and defaults, in one ordered list.

use super::{Activation, Initialization};
use crate::error::{Error, Result};
use crate::settings::{Choice, Key, Section};
use std::ops::RangeInclusive;

/// What a recipe says of one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LayerSpec {
    /// `y = x Wᵀ + b`.
    Dense {
        /// The width of the output; `None` only in the decoder's last layer that has parameters: as
        /// wide as the data.
        outputs: Option<usize>,
        /// Whether there is a bias.
        bias: bool,
    },
    /// Two-dimensional convolution over rows of `[channels, height, width]`, as PyTorch's `Conv2d`;
    /// pairs are `[height, width]`.
    Conv2d {
        /// The channels of the output; `None` only in the decoder's last layer that has parameters: as
        /// many as the data.
        channels: Option<usize>,
        /// The size of the kernel.
        kernel: [usize; 2],
        /// The distance between two positions of the kernel.
        stride: [usize; 2],
        /// The zeros on each side of the input.
        padding: [usize; 2],
        /// Whether there is a bias.
        bias: bool,
    },
    /// Two-dimensional transposed convolution, as PyTorch's `ConvTranspose2d`: the gradient of a
    /// convolution of the same kernel, stride and padding by its input.
    ConvTranspose2d {
        /// As for [`LayerSpec::Conv2d`].
        channels: Option<usize>,
        /// The size of the kernel.
        kernel: [usize; 2],
        /// The distance between two positions of the kernel, in the output.
        stride: [usize; 2],
        /// The rows and columns left out on each side of the output.
        padding: [usize; 2],
        /// The rows and columns added at the bottom and right of the output; less than the stride.
        output_padding: [usize; 2],
        /// Whether there is a bias.
        bias: bool,
    },
    /// Rows as flat rows, `[values]`.
    Flatten,
    /// Rows as images, in the order that they lie in.
    Reshape {
        /// `[channels, height, width]`, of as many values as a row has.
        shape: [usize; 3],
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

/// The largest kernel, stride and padding: the same kind of guard.
const MAX_KERNEL: u64 = 1024;

const BIAS: Key = Key {
    name: "bias",
    value: "true or false",
    default: "true",
    about: "whether there is a bias",
};

const CHANNELS: Key = Key {
    name: "channels",
    value: "1 to 2^24",
    default: "the data's channels, in the decoder's last layer with parameters only",
    about: "the channels that the layer gives",
};

const KERNEL: Key = Key {
    name: "kernel",
    value: "1 to 1024, or [height, width]",
    default: "required",
    about: "the size of the kernel",
};

const STRIDE: Key = Key {
    name: "stride",
    value: "1 to 1024, or [height, width]",
    default: "1",
    about: "the distance between two positions of the kernel",
};

const PADDING: Key = Key {
    name: "padding",
    value: "0 to 1024, or [height, width]",
    default: "0",
    about: "zeros on each side; of a transposed convolution, what each side of the output loses",
};

const OUTPUT_PADDING: Key = Key {
    name: "output_padding",
    value: "0 to stride - 1, or [height, width]",
    default: "0",
    about: "what the output gains at the bottom and right",
};

const SHAPE: Key = Key {
    name: "shape",
    value: "[channels, height, width]",
    default: "required",
    about: "the shape that the layer gives, of as many values as it gets",
};

/// The layers, by name.
pub(crate) const LAYERS: &[Choice<LayerSpec>] = &[
    Choice {
        name: "dense",
        about: "y = x Wᵀ + b, with W of [outputs, inputs]",
        keys: &[
            Key {
                name: "outputs",
                value: "1 to 2^24",
                default: "the data's width, in the decoder's last layer with parameters only",
                about: "the values that the layer gives",
            },
            BIAS,
        ],
        read: read_dense,
    },
    Choice {
        name: "conv2d",
        about: "convolution of [channels, height, width]",
        keys: &[CHANNELS, KERNEL, STRIDE, PADDING, BIAS],
        read: |section| {
            Ok(LayerSpec::Conv2d {
                channels: read_channels(section)?,
                kernel: read_kernel(section)?,
                stride: pair(section, STRIDE, 1..=MAX_KERNEL, 1)?,
                padding: pair(section, PADDING, 0..=MAX_KERNEL, 0)?,
                bias: section.boolean(BIAS.name)?.unwrap_or(true),
            })
        },
    },
    Choice {
        name: "conv-transpose2d",
        about: "transposed convolution of [channels, height, width]",
        keys: &[CHANNELS, KERNEL, STRIDE, PADDING, OUTPUT_PADDING, BIAS],
        read: |section| {
            Ok(LayerSpec::ConvTranspose2d {
                channels: read_channels(section)?,
                kernel: read_kernel(section)?,
                stride: pair(section, STRIDE, 1..=MAX_KERNEL, 1)?,
                padding: pair(section, PADDING, 0..=MAX_KERNEL, 0)?,
                output_padding: pair(section, OUTPUT_PADDING, 0..=MAX_KERNEL, 0)?,
                bias: section.boolean(BIAS.name)?.unwrap_or(true),
            })
        },
    },
    Choice {
        name: "flatten",
        about: "the same values as one flat row",
        keys: &[],
        read: |_| Ok(LayerSpec::Flatten),
    },
    Choice {
        name: "reshape",
        about: "the same values as [channels, height, width]",
        keys: &[SHAPE],
        read: |section| {
            let shape = section.integers(SHAPE.name, 1..=MAX_WIDTH)?;
            let shape: [u64; 3] = shape.ok_or_else(|| missing(section, SHAPE))?;
            Ok(LayerSpec::Reshape {
                shape: shape.map(|n| n as usize),
            })
        },
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
                .number("slope", "a number representable as float32", fits_single)?
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
                section.number("alpha", "a number above 0, representable as float32", |a| {
                    a as f32 > 0.0 && fits_single(a)
                })?;
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

/// The last layer that decides which values a list of layers gives, with its place.
pub(crate) fn last_of_values(layers: &[LayerSpec]) -> Option<(usize, &LayerSpec)> {
    let mut all = layers.iter().enumerate();
    all.rfind(|(_, layer)| !layer.keeps_values())
}

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

fn read_channels(section: &Section<'_>) -> Result<Option<usize>> {
    let channels = section.integer(CHANNELS.name, 1..=MAX_WIDTH)?;
    Ok(channels.map(|channels| channels as usize))
}

fn read_kernel(section: &Section<'_>) -> Result<[usize; 2]> {
    let kernel = section.pair(KERNEL.name, 1..=MAX_KERNEL)?;
    let kernel = kernel.ok_or_else(|| missing(section, KERNEL))?;
    Ok(kernel.map(|n| n as usize))
}

fn pair(
    section: &Section<'_>,
    key: Key,
    range: RangeInclusive<u64>,
    default: u64,
) -> Result<[usize; 2]> {
    let pair = section.pair(key.name, range)?.unwrap_or([default; 2]);
    Ok(pair.map(|n| n as usize))
}

fn missing(section: &Section<'_>, key: Key) -> Error {
    section
        .error(key.name, format!("`{}` is missing", key.name))
        .expected(key.value)
}

/// A pair as TOML: one number where both are the same.
fn written([height, width]: [usize; 2]) -> String {
    if height == width {
        height.to_string()
    } else {
        format!("[{height}, {width}]")
    }
}

impl LayerSpec {
    /// The names that a recipe may give, activations included.
    pub fn names() -> impl Iterator<Item = &'static str> {
        LAYERS.iter().map(|choice| choice.name)
    }

    /// Whether it has parameters.
    pub fn has_parameters(&self) -> bool {
        match self {
            LayerSpec::Dense { .. }
            | LayerSpec::Conv2d { .. }
            | LayerSpec::ConvTranspose2d { .. } => true,
            LayerSpec::Flatten | LayerSpec::Reshape { .. } | LayerSpec::Activation(_) => false,
        }
    }

    /// Whether it gives the values that it gets, though perhaps in another shape.
    fn keeps_values(&self) -> bool {
        matches!(
            self,
            LayerSpec::Flatten
                | LayerSpec::Reshape { .. }
                | LayerSpec::Activation(Activation::Identity)
        )
    }

    /// The key of its width, where it is one that leaves its width to the data.
    pub(crate) fn open_width(&self) -> Option<&'static str> {
        match self {
            LayerSpec::Dense { outputs: None, .. } => Some("outputs"),
            LayerSpec::Conv2d { channels: None, .. }
            | LayerSpec::ConvTranspose2d { channels: None, .. } => Some(CHANNELS.name),
            _ => None,
        }
    }

    /// Gives it the width that it leaves to the data, whose rows have the shape `data`.
    pub(crate) fn fill_width(&mut self, data: &[usize]) {
        match self {
            LayerSpec::Dense { outputs, .. } => {
                outputs.get_or_insert(data.iter().product());
            }
            LayerSpec::Conv2d { channels, .. } | LayerSpec::ConvTranspose2d { channels, .. } => {
                *channels = channels.or(data.first().copied());
            }
            LayerSpec::Flatten | LayerSpec::Reshape { .. } | LayerSpec::Activation(_) => {}
        }
    }

    /// The name of its kind.
    pub fn name(&self) -> &'static str {
        match self {
            LayerSpec::Dense { .. } => "dense",
            LayerSpec::Conv2d { .. } => "conv2d",
            LayerSpec::ConvTranspose2d { .. } => "conv-transpose2d",
            LayerSpec::Flatten => "flatten",
            LayerSpec::Reshape { .. } => "reshape",
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
            LayerSpec::Conv2d {
                channels,
                kernel,
                stride,
                padding,
                bias,
            } => convolution(channels, kernel, stride, padding, None, bias),
            LayerSpec::ConvTranspose2d {
                channels,
                kernel,
                stride,
                padding,
                output_padding,
                bias,
            } => convolution(
                channels,
                kernel,
                stride,
                padding,
                Some(output_padding),
                bias,
            ),
            LayerSpec::Reshape { shape } => vec![(SHAPE.name, format!("{shape:?}"))],
            LayerSpec::Flatten | LayerSpec::Activation(_) => Vec::new(),
        }
    }
}

/// The keys and values of a convolution, as TOML.
fn convolution(
    channels: Option<usize>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    output_padding: Option<[usize; 2]>,
    bias: bool,
) -> Vec<(&'static str, String)> {
    let channels = channels.map(|channels| (CHANNELS.name, channels.to_string()));
    let output_padding = output_padding.map(|pair| (OUTPUT_PADDING.name, written(pair)));
    let window = [
        (KERNEL.name, written(kernel)),
        (STRIDE.name, written(stride)),
        (PADDING.name, written(padding)),
    ];
    let settings = channels.into_iter().chain(window).chain(output_padding);
    settings.chain([(BIAS.name, bias.to_string())]).collect()
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
