//! Huber's loss (Huber 1964), as PyTorch's `HuberLoss`.

use super::part::{Reconstruction, ReconstructionPart, ReconstructionPlace};
use crate::declaration::{Declaration, Key, Kind, Part, Preset, Range, Settings};
use crate::error::Result;
use crate::program::Builder;
use narrows_kernels::loss::Loss;

/// `d²/2` up to `delta`, then `delta · (|d| - delta/2)`.
#[derive(Debug)]
pub(super) struct Huber;

const DELTA: Key = Key::new(
    "delta",
    Kind::Number(Range::ABOVE_0),
    "where the parabola turns into a line",
)
.default(Preset::Number(1.0));

impl Part for Huber {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new("huber", "d²/2 up to delta, then delta · (|d| - delta/2)")
                .elsewhere(&["smooth-l1"])
                .keys(&[DELTA])
        }
    }
}

impl ReconstructionPart for Huber {
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        place: &ReconstructionPlace,
    ) -> Result<()> {
        place.compare(
            builder,
            Loss::Huber {
                delta: settings.get(&DELTA),
            },
        )
    }
}

impl Reconstruction {
    /// Huber's loss (Huber 1964), as PyTorch's `HuberLoss`: `d²/2` up to `delta`, then `delta · (|d| - delta/2)`.
    pub fn huber(delta: f32) -> Reconstruction {
        Reconstruction::unchecked(&Huber, &[(&DELTA, Some(delta.into()))])
    }
}
