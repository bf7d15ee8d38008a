//! Scaling: the affine map between the data's own units and what the network sees.
//!
//! It is fitted on training rows only, saved with the model and undone on the way out:
//! `scaled = (value - offset) * factor`, with one offset and one factor for all values or one
//! for each place in a row. Whatever a [`ScalingSpec`] says comes down to these, the division
//! of 8-bit values by 255 included.

mod fitted;
mod lost;
mod spec;

pub use fitted::Scaling;
pub(crate) use lost::lost;
pub use spec::ScalingSpec;
pub(crate) use spec::{KIND, SCALINGS};
