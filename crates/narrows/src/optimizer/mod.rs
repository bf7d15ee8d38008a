//! Optimisers, as operations on flat slices of parameters.

/// What a recipe says of the optimiser. Defaults are PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptimizerSpec {
    /// Stochastic gradient descent.
    Sgd {
        /// The step size.
        learning_rate: f32,
        /// The share of the last step that is kept, 0 by default.
        momentum: f32,
        /// L2 weight decay, added to the gradient, 0 by default.
        weight_decay: f32,
    },
    /// Adam (Kingma & Ba 2015).
    Adam {
        /// The step size.
        learning_rate: f32,
        /// Decay of the first moment, 0.9 by default.
        beta1: f32,
        /// Decay of the second moment, 0.999 by default.
        beta2: f32,
        /// Added to the root of the second moment, 1e-8 by default.
        epsilon: f32,
        /// L2 weight decay, added to the gradient, 0 by default.
        weight_decay: f32,
    },
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW {
        /// The step size.
        learning_rate: f32,
        /// Decay of the first moment, 0.9 by default.
        beta1: f32,
        /// Decay of the second moment, 0.999 by default.
        beta2: f32,
        /// Added to the root of the second moment, 1e-8 by default.
        epsilon: f32,
        /// Decoupled weight decay, 0.01 by default.
        weight_decay: f32,
    },
}
