//! The same by an estimate: probes are random signs (Hutchinson 1990).

use super::TermKind;
use crate::settings::{Choice, Key};
use narrows_kernels::Isa;
use narrows_kernels::noise::{Address, fill_uniform};

/// More probes than any code has values.
const MAX_PROBES: u64 = 1 << 16;

pub(super) const CHOICE: Choice<TermKind> = Choice {
    name: "hutchinson",
    about: "an unbiased estimate of `jacobian` by random probes",
    keys: &[Key {
        name: "probes",
        value: "1 to 65536",
        default: "1",
        about: "random vectors a row",
    }],
    read: |section| {
        let probes = section.integer("probes", 1..=MAX_PROBES)?.unwrap_or(1) as usize;
        Ok(TermKind::Hutchinson { probes })
    },
};

pub(super) fn fill(isa: Isa, address: Address, probes: &mut [f32]) {
    fill_uniform(isa, address, probes);
    for number in probes {
        *number = if *number < 0.5 { -1.0 } else { 1.0 };
    }
}
