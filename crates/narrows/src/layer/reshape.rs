//! Rows as images.

use super::spec::MAX_WIDTH;
use super::{LayerPart, LayerSpec};
use crate::declaration::{Declaration, Key, Kind, Part, Settings};
use crate::error::Result;
use crate::onnx::{Graph, Place};
use crate::program::{Builder, Var};

/// The same values as `[channels, height, width]`, in the same order.
#[derive(Debug)]
pub struct Reshape;

const SHAPE: Key = Key::new(
    "shape",
    Kind::Triple {
        least: 1,
        most: MAX_WIDTH,
    },
    "the shape of the output; it has as many values as the input",
);

impl Part for Reshape {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new("reshape", "the same values as [channels, height, width]")
                .keys(&[SHAPE])
        }
    }
}

impl LayerPart for Reshape {
    fn keeps_values(&self) -> bool {
        true
    }

    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        _: &[usize],
    ) -> Result<Var> {
        let shape: [usize; 3] = settings.get(&SHAPE);
        builder.reshape(x, &shape)
    }

    fn nodes(&self, _: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        graph.reshape(place.input, place.to, place.name)
    }
}

/// A layer that returns the same values as `[channels, height, width]`.
pub fn reshape(shape: [usize; 3]) -> LayerSpec {
    LayerSpec::unchecked(&Reshape, &[(&SHAPE, Some(shape.into()))])
}
