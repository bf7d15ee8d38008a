//! Dynamic binarization: each scaled value is drawn as 0 or 1, anew in each epoch, with the value as its probability
//! (Salakhutdinov & Murray 2008, "On the quantitative analysis of deep belief networks").

use super::operation::RowNoise;
use super::part::Target;
use crate::program::{Builder, Isa, Var};
use crate::rng::Draws;
use narrows_kernels::noise::{Address, fill_uniform};
use std::sync::Arc;

/// Draws each value of a row, from 0 to 1, as 0 or 1; `scratch` has room for as many numbers.
pub(crate) fn binarize_row(isa: Isa, address: Address, row: &mut [f32], scratch: &mut [f32]) {
    fill_uniform(isa, address, scratch);
    for (value, uniform) in row.iter_mut().zip(scratch) {
        *value = f32::from(u8::from(*uniform < *value));
    }
}

/// Draws the values of a row in a program; `draws` decide.
pub(crate) fn binarize(builder: &mut Builder, values: Var, draws: Draws) -> Var {
    builder.at("scaling");
    let noise = RowNoise {
        label: "draw 0 or 1".into(),
        draws,
        apply: Arc::new(|of: Target<'_>| binarize_row(of.isa, of.address, of.row, of.scratch)),
    };
    noise.build(builder, values)
}
