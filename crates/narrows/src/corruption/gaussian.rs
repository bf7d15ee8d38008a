//! Normal noise (Vincent et al. 2010, "Stacked denoising autoencoders").

use super::Corruption;
use crate::settings::{Choice, Key};
use narrows_kernels::Isa;
use narrows_kernels::noise::{Address, add_normal};

pub(super) const CHOICE: Choice<Corruption> = Choice {
    name: "gaussian",
    about: "normal noise is added to each value, in scaled units",
    keys: &[Key {
        name: "deviation",
        value: "above 0",
        default: "required",
        about: "the standard deviation",
    }],
    read: |section| {
        let possible = |d: f64| d > 0.0 && (d as f32).is_finite();
        let deviation = section.number(
            "deviation",
            "a number above 0, representable as float32",
            possible,
        )?;
        let deviation = deviation.ok_or_else(|| {
            section
                .error("deviation", "`deviation` is missing")
                .expected("a number above 0")
        })? as f32;
        Ok(Corruption::Gaussian { deviation })
    },
};

pub(super) fn apply(isa: Isa, address: Address, deviation: f32, row: &mut [f32]) {
    add_normal(isa, address, deviation, row);
}
