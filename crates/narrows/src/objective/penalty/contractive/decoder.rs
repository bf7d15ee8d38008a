//! The Jacobian of the decoder: probes go through it forward from the code, which has fewer values than a row.

use super::super::part::{PenaltyKind, PenaltyPart, PenaltyPlace};
use super::hutchinson::Signs;
use super::jacobian::Basis;
use crate::declaration::{Declaration, Key, Kind, Part, Preset, Settings};
use crate::error::Result;
use crate::program::{Builder, JacobianNorm, Probes};
use std::sync::Arc;

/// The mean over the batch of `‖dx'/dz‖²_F`, with z a code and x' the row that is decoded from it (Ghosh et al. 2020, "From
/// variational to deterministic autoencoders", there called the gradient penalty).
#[derive(Debug)]
pub(in super::super) struct DecoderJacobian;

const PROBES: Key = Key::new(
    "probes",
    Kind::Whole {
        least: 1,
        most: 1 << 16,
    },
    "the number of random vectors per row of an unbiased estimate; each costs a pass through the decoder",
)
.default(Preset::Open("the exact norm, with as many passes as the code has values"));

impl Part for DecoderJacobian {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "decoder-jacobian",
                "mean over the batch of the squared Frobenius norm of the decoder's Jacobian",
            )
            .keys(&[PROBES])
        }
    }
}

impl PenaltyPart for DecoderJacobian {
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        place: &PenaltyPlace,
    ) -> Result<()> {
        builder.check_one_row(place.code, "the penalty `decoder-jacobian`")?;
        let probes: Arc<dyn Probes> = match settings.get::<Option<usize>>(&PROBES) {
            None => Arc::new(Basis),
            Some(count) => Arc::new(Signs {
                count,
                draws: builder.draws(place.purpose),
            }),
        };
        let norm = JacobianNorm {
            name: place.name.into(),
            weight: place.weight,
            probes,
        };
        norm.apply_forward(builder, place.code, place.decoded)
            .map_err(|error| error.hint("put the layer into the encoder, or choose `code-norm`"))
    }
}

impl PenaltyKind {
    /// The mean over the batch of `‖dx'/dz‖²_F` of the decoder (Ghosh et al. 2020): exact, or estimated from a number of random
    /// vectors of signs a row.
    pub fn decoder_jacobian(probes: Option<usize>) -> PenaltyKind {
        PenaltyKind::unchecked(&DecoderJacobian, &[(&PROBES, probes.map(Into::into))])
    }
}
