//! The same by an estimate: probes are random signs (Hutchinson 1990).

use super::super::part::{PenaltyKind, PenaltyPart, PenaltyPlace};
use super::apply::apply;
use crate::declaration::{Declaration, Key, Kind, Part, Preset, Settings};
use crate::error::Result;
use crate::program::{Builder, Mean, Probes};
use crate::rng::Draws;
use narrows_kernels::Isa;
use narrows_kernels::noise::fill_uniform;

/// An unbiased estimate of the mean over the batch of `‖J‖²_F`.
#[derive(Debug)]
pub(in super::super) struct Hutchinson;

const PROBES: Key = Key::new(
    "probes",
    Kind::Whole {
        least: 1,
        // More than the values of any code.
        most: 1 << 16,
    },
    "the number of random vectors per row",
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
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        place: &PenaltyPlace,
    ) -> Result<()> {
        let signs = Signs {
            count: settings.get(&PROBES),
            draws: builder.draws(place.purpose),
        };
        apply(builder, place, signs)
    }
}

impl PenaltyKind {
    /// An unbiased estimate of [`PenaltyKind::jacobian`] with a number of random vectors of signs; each costs a
    /// backward pass (Hutchinson 1990).
    pub fn hutchinson(probes: usize) -> PenaltyKind {
        PenaltyKind::unchecked(&Hutchinson, &[(&PROBES, Some(probes.into()))])
    }
}

/// Random signs.
#[derive(Debug)]
pub(super) struct Signs {
    pub(super) count: usize,
    pub(super) draws: Draws,
}

impl Probes for Signs {
    fn count(&self, _: usize) -> usize {
        self.count
    }

    fn fill(&self, isa: Isa, epoch: u32, sample: u32, _: usize, probes: &mut [f32]) {
        fill_uniform(isa, self.draws.address(epoch, sample), probes);
        for number in probes {
            *number = if *number < 0.5 { -1.0 } else { 1.0 };
        }
    }

    fn mean(&self) -> Mean {
        Mean::OverRows(self.count)
    }
}
