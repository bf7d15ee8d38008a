//! Salt and pepper: lost values that are read as the brightest or the darkest.

use super::part::{Corruption, CorruptionPart, Target};
use crate::declaration::{Alias, Declaration, Key, Kind, Part, Range, Settings};
use narrows_kernels::noise::fill_uniform;

/// Some values become 1, and equally many become 0.
#[derive(Debug)]
pub(super) struct SaltAndPepper;

const FRACTION: Key = Key::new(
    "fraction",
    Kind::Number(Range::FRACTION),
    "the fraction of values that are replaced: half of them by 1, half by 0",
)
.aliases(&[Alias::Renamed("level")]);

impl Part for SaltAndPepper {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "salt-and-pepper",
                "some values become 1 and as many become 0, in scaled units",
            )
            .keys(&[FRACTION])
        }
    }
}

impl CorruptionPart for SaltAndPepper {
    fn measure(&self) -> &'static str {
        "fraction of the values that are replaced"
    }

    fn apply(&self, settings: &Settings, target: Target<'_>) {
        let fraction: f32 = settings.get(&FRACTION);
        fill_uniform(target.isa, target.address, target.scratch);
        for (value, &u) in target.row.iter_mut().zip(target.scratch.iter()) {
            let other = if u < 0.5 * fraction { 1.0 } else { 0.0 };
            *value = if u < fraction { other } else { *value };
        }
    }
}

impl Corruption {
    /// A fraction of the values is replaced, half of them by 1 and half by 0.
    pub fn salt_and_pepper(fraction: f32) -> Corruption {
        Corruption::unchecked(&SaltAndPepper, &[(&FRACTION, Some(fraction.into()))])
    }
}
