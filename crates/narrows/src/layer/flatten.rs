//! Rows as flat rows.

use super::{LayerPart, LayerSpec};
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::onnx::{Graph, Place};
use crate::program::{Builder, Var};

/// The same values, as rows of shape `[values]`.
#[derive(Debug)]
pub struct Flatten;

impl Part for Flatten {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("flatten", "the same values as one flat row") }
    }
}

impl LayerPart for Flatten {
    fn keeps_values(&self) -> bool {
        true
    }

    fn build(&self, _: &Settings, builder: &mut Builder, x: Var, _: &[usize]) -> Result<Var> {
        let width = builder.width(x);
        builder.reshape(x, &[width])
    }

    fn nodes(&self, _: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        graph.reshape(place.input, place.to, place.name)
    }
}

/// A layer that returns the same values as rows of shape `[values]`.
pub fn flatten() -> LayerSpec {
    LayerSpec::unchecked(&Flatten, &[])
}
