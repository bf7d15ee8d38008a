//! The same by an estimate: probes are random signs (Hutchinson 1990).

use super::super::{PenaltyKind, PenaltyPart, Probes};
use crate::declaration::{Declaration, Key, Kind, Part, Preset, Settings};
use narrows_kernels::noise::fill_uniform;

/// An unbiased estimate of the mean over the batch of `‖J‖²_F`.
#[derive(Debug)]
pub(in super::super) struct Hutchinson;

const PROBES: Key = Key::new(
    "probes",
    Kind::Whole {
        least: 1,
        // More than any code has values.
        most: 1 << 16,
    },
    "random vectors a row",
)
.default(Preset::Whole(1));

impl Part for Hutchinson {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "hutchinson",
                "an unbiased estimate of `jacobian` by random probes",
            )
            .keys(&[PROBES])
        }
    }
}

impl PenaltyPart for Hutchinson {
    fn probes(&self, settings: &Settings, _: usize) -> usize {
        settings.get(&PROBES)
    }

    fn factor(&self, settings: &Settings, batch: usize) -> f64 {
        let probes: usize = settings.get(&PROBES);
        1.0 / (batch * probes) as f64
    }

    fn fill(&self, _: &Settings, probes: Probes<'_>) {
        fill_uniform(probes.isa, probes.address, probes.values);
        for number in probes.values {
            *number = if *number < 0.5 { -1.0 } else { 1.0 };
        }
    }
}

impl PenaltyKind {
    /// An unbiased estimate of [`PenaltyKind::jacobian`] by so many random signs, at the cost of a backward pass for each
    /// (Hutchinson 1990).
    pub fn hutchinson(probes: usize) -> PenaltyKind {
        PenaltyKind::unchecked(&Hutchinson, &[(&PROBES, Some(probes.into()))])
    }
}
