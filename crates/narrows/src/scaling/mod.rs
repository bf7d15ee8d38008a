//! Scaling: the map between the data's own units and the units of the network.
//!
//! It is fitted on training rows only, stored in the model and undone for outputs:
//! `scaled = (value - offset) * factor`, with one offset and one factor for all values, or one for each place in a row.
//! Every [`ScalingSpec`] is converted to this form, including the division of 8-bit values by 255. `quantile` has a
//! curve for each place in addition: `scaled = curve((value - offset) * factor)`.

mod curve;
mod fitted;
mod lost;
mod spec;

pub(crate) use curve::{Curve, Segment};
pub use fitted::Scaling;
pub(crate) use fitted::without_iqr;
pub(crate) use lost::lost;
pub use spec::ScalingSpec;
pub(crate) use spec::{BERNOULLI, COMMON, DRAW, KIND, SCALINGS};
