//! Masking: values that are set to 0 (Vincent et al. 2008, "Extracting and composing robust features").

use super::part::{Corruption, CorruptionPart, Target};
use crate::declaration::{Alias, Declaration, Key, Kind, Part, Range, Settings};
use narrows_kernels::noise::fill_uniform;

/// Some values become 0.
#[derive(Debug)]
pub(super) struct Masking;

const FRACTION: Key = Key::new(
    "fraction",
    Kind::Number(Range::FRACTION),
    "the fraction of values that become 0",
)
.aliases(&[Alias::Renamed("drop"), Alias::Complement("keep")]);

impl Part for Masking {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new("masking", "some values become 0, in scaled units")
                .elsewhere(&["dropout"])
                .keys(&[FRACTION])
        }
    }
}

impl CorruptionPart for Masking {
    fn measure(&self) -> &'static str {
        "fraction of the values that are dropped"
    }

    fn apply(&self, settings: &Settings, target: Target<'_>) {
        let fraction: f32 = settings.get(&FRACTION);
        fill_uniform(target.isa, target.address, target.scratch);
        for (value, &u) in target.row.iter_mut().zip(target.scratch.iter()) {
            *value = if u < fraction { 0.0 } else { *value };
        }
    }
}

impl Corruption {
    /// A fraction of the values becomes 0.
    pub fn masking(fraction: f32) -> Corruption {
        Corruption::unchecked(&Masking, &[(&FRACTION, Some(fraction.into()))])
    }
}
