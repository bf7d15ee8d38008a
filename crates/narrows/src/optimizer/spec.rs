//! What a recipe says of the optimiser.

use crate::error::Result;
use crate::settings::{Choice, Key, Section};

/// What a recipe says of the optimiser. Defaults are PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptimizerSpec {
    /// Stochastic gradient descent.
    Sgd {
        /// The step size.
        learning_rate: f64,
        /// The share of the last step that is kept, 0 by default.
        momentum: f64,
        /// L2 weight decay, added to the gradient, 0 by default.
        weight_decay: f64,
    },
    /// Adam (Kingma & Ba 2015).
    Adam {
        /// The step size.
        learning_rate: f64,
        /// Decay of the first moment, 0.9 by default.
        beta1: f64,
        /// Decay of the second moment, 0.999 by default.
        beta2: f64,
        /// Added to the root of the second moment, 1e-8 by default.
        epsilon: f64,
        /// L2 weight decay, added to the gradient, 0 by default.
        weight_decay: f64,
    },
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW {
        /// The step size.
        learning_rate: f64,
        /// Decay of the first moment, 0.9 by default.
        beta1: f64,
        /// Decay of the second moment, 0.999 by default.
        beta2: f64,
        /// Added to the root of the second moment, 1e-8 by default.
        epsilon: f64,
        /// Decoupled weight decay, 0.01 by default.
        weight_decay: f64,
    },
}

/// The key that names the optimiser.
pub(crate) const KIND: Key = Key {
    name: "kind",
    value: "a name",
    default: "\"adam\"",
    about: "optimizer",
};

/// The key that all optimisers have.
pub(crate) const LEARNING_RATE: Key = Key {
    name: "learning_rate",
    value: "above 0",
    default: "0.001",
    about: "the step size",
};

const WEIGHT_DECAY: Key = Key {
    name: "weight_decay",
    value: "0 or more",
    default: "0",
    about: "L2 decay, added to the gradient",
};

const BETA1: Key = Key {
    name: "beta1",
    value: "0 to below 1",
    default: "0.9",
    about: "decay of the first moment",
};

const BETA2: Key = Key {
    name: "beta2",
    value: "0 to below 1",
    default: "0.999",
    about: "decay of the second moment",
};

const EPSILON: Key = Key {
    name: "epsilon",
    value: "above 0",
    default: "1e-8",
    about: "added to the root of the second moment",
};

/// The optimisers, by name.
pub(crate) const OPTIMIZERS: &[Choice<OptimizerSpec>] = &[
    Choice {
        name: "adam",
        about: "Adam (Kingma & Ba 2015)",
        keys: &[BETA1, BETA2, EPSILON, WEIGHT_DECAY],
        read: |section| {
            let (beta1, beta2, epsilon) = moments(section)?;
            Ok(OptimizerSpec::Adam {
                learning_rate: learning_rate(section)?,
                beta1,
                beta2,
                epsilon,
                weight_decay: weight_decay(section, 0.0)?,
            })
        },
    },
    Choice {
        name: "adamw",
        about: "Adam with decoupled weight decay (Loshchilov & Hutter 2019)",
        keys: &[
            BETA1,
            BETA2,
            EPSILON,
            Key {
                default: "0.01",
                about: "decoupled decay: each step takes learning_rate · weight_decay of a parameter",
                ..WEIGHT_DECAY
            },
        ],
        read: |section| {
            let (beta1, beta2, epsilon) = moments(section)?;
            Ok(OptimizerSpec::AdamW {
                learning_rate: learning_rate(section)?,
                beta1,
                beta2,
                epsilon,
                weight_decay: weight_decay(section, 0.01)?,
            })
        },
    },
    Choice {
        name: "sgd",
        about: "stochastic gradient descent with momentum",
        keys: &[
            Key {
                name: "momentum",
                value: "0 to below 1",
                default: "0",
                about: "the share of the last step that is kept",
            },
            WEIGHT_DECAY,
        ],
        read: |section| {
            Ok(OptimizerSpec::Sgd {
                learning_rate: learning_rate(section)?,
                momentum: share(section, "momentum", 0.0)?,
                weight_decay: weight_decay(section, 0.0)?,
            })
        },
    },
];

/// What [`is_positive`] takes.
const POSITIVE: &str = "a number above 0, representable as float32";

/// Numbers that are used in single precision, and must not vanish or overflow there.
fn is_positive(number: f64) -> bool {
    number as f32 > 0.0 && (number as f32).is_finite()
}

fn learning_rate(section: &Section<'_>) -> Result<f64> {
    Ok(section
        .number("learning_rate", POSITIVE, is_positive)?
        .unwrap_or(1e-3))
}

fn share(section: &Section<'_>, key: &str, default: f64) -> Result<f64> {
    let share = section.number(key, "a number from 0 to below 1", |b| {
        (0.0..1.0).contains(&b)
    })?;
    Ok(share.unwrap_or(default))
}

fn weight_decay(section: &Section<'_>, default: f64) -> Result<f64> {
    let expected = "0, or a number above it that is representable as float32";
    let decay = section.number("weight_decay", expected, |d| d == 0.0 || is_positive(d))?;
    Ok(decay.unwrap_or(default))
}

fn moments(section: &Section<'_>) -> Result<(f64, f64, f64)> {
    let epsilon = section.number("epsilon", POSITIVE, is_positive)?;
    Ok((
        share(section, "beta1", 0.9)?,
        share(section, "beta2", 0.999)?,
        epsilon.unwrap_or(1e-8),
    ))
}

impl OptimizerSpec {
    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        match self {
            OptimizerSpec::Sgd { .. } => "sgd",
            OptimizerSpec::Adam { .. } => "adam",
            OptimizerSpec::AdamW { .. } => "adamw",
        }
    }

    /// The step size.
    pub fn learning_rate(&self) -> f64 {
        match *self {
            OptimizerSpec::Sgd { learning_rate, .. }
            | OptimizerSpec::Adam { learning_rate, .. }
            | OptimizerSpec::AdamW { learning_rate, .. } => learning_rate,
        }
    }

    /// How many numbers it remembers of each parameter.
    pub(crate) fn numbers_remembered(&self) -> usize {
        match self {
            OptimizerSpec::Sgd { .. } => 1,
            OptimizerSpec::Adam { .. } | OptimizerSpec::AdamW { .. } => 2,
        }
    }

    /// Its keys and values, as TOML.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let number = |x: f64| format!("{x:?}");
        match *self {
            OptimizerSpec::Sgd {
                learning_rate,
                momentum,
                weight_decay,
            } => vec![
                ("learning_rate", number(learning_rate)),
                ("momentum", number(momentum)),
                ("weight_decay", number(weight_decay)),
            ],
            OptimizerSpec::Adam {
                learning_rate,
                beta1,
                beta2,
                epsilon,
                weight_decay,
            }
            | OptimizerSpec::AdamW {
                learning_rate,
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } => vec![
                ("learning_rate", number(learning_rate)),
                ("beta1", number(beta1)),
                ("beta2", number(beta2)),
                ("epsilon", number(epsilon)),
                ("weight_decay", number(weight_decay)),
            ],
        }
    }
}
