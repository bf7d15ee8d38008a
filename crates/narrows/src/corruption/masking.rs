//! Masking: values that are dropped (Vincent et al. 2008, "Extracting and composing robust features").

use super::Corruption;
use crate::settings::{Choice, Key};
use narrows_kernels::Isa;
use narrows_kernels::noise::{Address, fill_uniform};

pub(super) const CHOICE: Choice<Corruption> = Choice {
    name: "masking",
    about: "some values become 0, in scaled units",
    keys: &[
        Key {
            name: "drop",
            value: "0 to 1",
            default: "1 - keep",
            about: "the share of values that are dropped",
        },
        Key {
            name: "keep",
            value: "0 to 1",
            default: "1 - drop",
            about: "the share of values that are kept; one of the two keys is required",
        },
    ],
    read: |section| {
        let possible = |share: f64| (0.0..=1.0).contains(&share);
        let share = |key| section.number(key, "a number from 0 to 1", possible);
        let drop = match (share("drop")?, share("keep")?) {
            (Some(drop), None) => drop,
            (None, Some(keep)) => 1.0 - keep,
            (None, None) => {
                return Err(section
                    .error("drop", "`drop` is missing")
                    .expected("a number from 0 to 1, or `keep`"));
            }
            // What was set goes over what the recipe says in the other way.
            (Some(drop), Some(_)) if section.level("drop") > section.level("keep") => drop,
            (Some(_), Some(keep)) if section.level("keep") > section.level("drop") => 1.0 - keep,
            (Some(_), Some(_)) => {
                return Err(section
                    .error("keep", "`drop` and `keep` say the same thing twice")
                    .expected("one of the two"));
            }
        };
        Ok(Corruption::Masking { drop: drop as f32 })
    },
};

pub(super) fn apply(isa: Isa, address: Address, drop: f32, row: &mut [f32], drawn: &mut [f32]) {
    fill_uniform(isa, address, drawn);
    for (value, &u) in row.iter_mut().zip(drawn.iter()) {
        *value = if u < drop { 0.0 } else { *value };
    }
}
