//! Scaling: the affine map between the data's own units and what the network sees.
//!
//! It is fitted on training rows only, saved with the model and undone on the way out.

/// What a recipe says of scaling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScalingSpec {
    /// 8-bit values divided by 255, so that they lie in [0, 1].
    Unit,
    /// `(x - mean) / deviation`; what is not given is fitted on the training rows.
    /// 8-bit values are divided by 255 first, so that a given mean is on the [0, 1] scale.
    Standardize {
        /// The mean, if given.
        mean: Option<f32>,
        /// The standard deviation, if given.
        deviation: Option<f32>,
    },
    /// `(x - min) / (max - min)`, with the extremes of the training rows.
    MinMax,
    /// Values as they are (8-bit ones in 0..=255).
    None,
}
