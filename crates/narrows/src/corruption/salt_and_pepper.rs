//! Salt and pepper: values that are lost, and read as the brightest or the darkest.

use super::Corruption;
use crate::settings::{Choice, Key};
use narrows_kernels::Isa;
use narrows_kernels::noise::{Address, fill_uniform};

pub(super) const CHOICE: Choice<Corruption> = Choice {
    name: "salt-and-pepper",
    about: "some values become 1 and as many 0, in scaled units",
    keys: &[Key {
        name: "level",
        value: "0 to 1",
        default: "required",
        about: "the share of values that are replaced, half of them by each",
    }],
    read: |section| {
        let possible = |level: f64| (0.0..=1.0).contains(&level);
        let level = section.number("level", "a number from 0 to 1", possible)?;
        let level = level.ok_or_else(|| {
            section
                .error("level", "`level` is missing")
                .expected("a number from 0 to 1")
        })? as f32;
        Ok(Corruption::SaltAndPepper { level })
    },
};

pub(super) fn apply(isa: Isa, address: Address, level: f32, row: &mut [f32], drawn: &mut [f32]) {
    fill_uniform(isa, address, drawn);
    for (value, &u) in row.iter_mut().zip(drawn.iter()) {
        let other = if u < 0.5 * level { 1.0 } else { 0.0 };
        *value = if u < level { other } else { *value };
    }
}
