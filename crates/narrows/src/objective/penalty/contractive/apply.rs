//! Probes on the Jacobian of the encoder.

use super::super::part::PenaltyPlace;
use crate::error::Result;
use crate::program::{Builder, JacobianNorm, Probes};
use std::sync::Arc;

/// Applies the penalty of some probes to the encoder, up to the bottleneck.
pub(super) fn apply(
    builder: &mut Builder,
    place: &PenaltyPlace,
    probes: impl Probes + 'static,
) -> Result<()> {
    let norm = JacobianNorm {
        name: place.name.into(),
        weight: place.weight,
        probes: Arc::new(probes),
    };
    norm.apply(builder, place.input, place.encoded)
        .map_err(|error| {
            error.hint(
                "put the layer into the decoder, or choose a penalty on the code: `l1`, `kl-sparsity`",
            )
        })
}
