//! The optimizer of a recipe.

use crate::declaration::{Choice, Declaration, Key, Kind, Preset, Range, Settings, choice};

/// The optimizer of a recipe. Defaults are PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptimizerSpec {
    /// Stochastic gradient descent.
    Sgd {
        /// The learning rate.
        learning_rate: f64,
        /// The momentum: the fraction of the last step that is kept, 0 by default.
        momentum: f64,
        /// L2 weight decay, added to the gradient, 0 by default.
        weight_decay: f64,
    },
    /// Adam (Kingma & Ba 2015).
    Adam {
        /// The learning rate.
        learning_rate: f64,
        /// Decay of the first moment, 0.9 by default.
        beta1: f64,
        /// Decay of the second moment, 0.999 by default.
        beta2: f64,
        /// Added to the square root of the second moment, 1e-8 by default.
        epsilon: f64,
        /// L2 weight decay, added to the gradient, 0 by default.
        weight_decay: f64,
    },
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW {
        /// The learning rate.
        learning_rate: f64,
        /// Decay of the first moment, 0.9 by default.
        beta1: f64,
        /// Decay of the second moment, 0.999 by default.
        beta2: f64,
        /// Added to the square root of the second moment, 1e-8 by default.
        epsilon: f64,
        /// Decoupled weight decay, 0.01 by default.
        weight_decay: f64,
    },
}

/// The key that names the optimizer.
pub(crate) const KIND: Key =
    Key::new("kind", Kind::Name, "optimizer").default(Preset::Text("adam"));

const LEARNING_RATE: Key = Key::new(
    "learning_rate",
    Kind::Number(Range::ABOVE_0),
    "the step size",
)
.default(Preset::Number(1e-3))
.elsewhere(&["lr"]);

const WEIGHT_DECAY: Key = Key::new(
    "weight_decay",
    Kind::Number(Range::FROM_0),
    "L2 decay, added to the gradient",
)
.default(Preset::Number(0.0));

const DECOUPLED_DECAY: Key = Key::new(
    "weight_decay",
    Kind::Number(Range::FROM_0),
    "decoupled decay: each step reduces a parameter by the fraction learning_rate · weight_decay",
)
.default(Preset::Number(0.01));

const BETA1: Key = Key::new(
    "beta1",
    Kind::Number(Range::BELOW_1),
    "decay of the first moment",
)
.default(Preset::Number(0.9));

const BETA2: Key = Key::new(
    "beta2",
    Kind::Number(Range::BELOW_1),
    "decay of the second moment",
)
.default(Preset::Number(0.999));

const EPSILON: Key = Key::new(
    "epsilon",
    Kind::Number(Range::ABOVE_0),
    "the number that is added to the root of the second moment",
)
.default(Preset::Number(1e-8));

const MOMENTUM: Key = Key::new(
    "momentum",
    Kind::Number(Range::BELOW_1),
    "the fraction of the last step that is kept",
)
.default(Preset::Number(0.0));

/// The optimizers, by name.
pub(crate) const OPTIMIZERS: &[Choice<OptimizerSpec>] = &[
    choice!(
        OptimizerSpec::Adam {
            learning_rate: LEARNING_RATE,
            beta1: BETA1,
            beta2: BETA2,
            epsilon: EPSILON,
            weight_decay: WEIGHT_DECAY,
        },
        Declaration::new("adam", "Adam (Kingma & Ba 2015)"),
    ),
    choice!(
        OptimizerSpec::AdamW {
            learning_rate: LEARNING_RATE,
            beta1: BETA1,
            beta2: BETA2,
            epsilon: EPSILON,
            weight_decay: DECOUPLED_DECAY,
        },
        Declaration::new(
            "adamw",
            "Adam with decoupled weight decay (Loshchilov & Hutter 2019)",
        ),
    ),
    choice!(
        OptimizerSpec::Sgd {
            learning_rate: LEARNING_RATE,
            momentum: MOMENTUM,
            weight_decay: WEIGHT_DECAY,
        },
        Declaration::new("sgd", "stochastic gradient descent with momentum"),
    ),
];

/// The optimizer of a recipe that names none.
impl Default for OptimizerSpec {
    fn default() -> Self {
        Choice::preset(&KIND, OPTIMIZERS)
    }
}

impl OptimizerSpec {
    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        Choice::settings_of(OPTIMIZERS, self).0
    }

    /// The values of its keys.
    pub fn settings(&self) -> Settings {
        Choice::settings_of(OPTIMIZERS, self).1
    }

    /// The learning rate.
    pub fn learning_rate(&self) -> f64 {
        match *self {
            OptimizerSpec::Sgd { learning_rate, .. }
            | OptimizerSpec::Adam { learning_rate, .. }
            | OptimizerSpec::AdamW { learning_rate, .. } => learning_rate,
        }
    }

    /// The number of values that it stores per parameter.
    pub(crate) fn numbers_remembered(&self) -> usize {
        match self {
            OptimizerSpec::Sgd { .. } => 1,
            OptimizerSpec::Adam { .. } | OptimizerSpec::AdamW { .. } => 2,
        }
    }
}
