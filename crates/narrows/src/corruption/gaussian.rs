//! Normal noise (Vincent et al. 2010, "Stacked denoising autoencoders").

use super::part::{Corruption, CorruptionPart, Target};
use crate::declaration::{Alias, Declaration, Key, Kind, Part, Range, Settings};
use narrows_kernels::noise::add_normal;

/// Normal noise is added to each value.
#[derive(Debug)]
pub(super) struct Gaussian;

const STD: Key = Key::new(
    "std",
    Kind::Number(Range::ABOVE_0),
    "the standard deviation",
)
.unit("scaled units")
.aliases(&[Alias::Renamed("deviation")]);

impl Part for Gaussian {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "gaussian",
                "normal noise is added to each value, in scaled units",
            )
            .keys(&[STD])
        }
    }
}

impl CorruptionPart for Gaussian {
    fn measure(&self) -> &'static str {
        "standard deviation, in scaled units"
    }

    fn apply(&self, settings: &Settings, target: Target<'_>) {
        add_normal(target.isa, target.address, settings.get(&STD), target.row);
    }
}

impl Corruption {
    /// Normal noise of a standard deviation, in scaled units.
    pub fn gaussian(std: f32) -> Corruption {
        Corruption::unchecked(&Gaussian, &[(&STD, Some(std.into()))])
    }
}
