//! Rows as images.

use super::spec::MAX_WIDTH;
use super::{Activation, LayerPart, LayerSpec, Planned};
use crate::declaration::{Declaration, Key, Kind, Part, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::onnx::{Graph, Place};

/// The same values as `[channels, height, width]`, in the order that they lie in.
#[derive(Debug)]
pub struct Reshape;

const SHAPE: Key = Key::new(
    "shape",
    Kind::Triple {
        least: 1,
        most: MAX_WIDTH,
    },
    "the shape that the layer gives, of as many values as it gets",
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

    fn plan(&self, settings: &Settings, shape: &[usize], _: &[usize]) -> Result<Planned> {
        let to: [usize; 3] = settings.get(&SHAPE);
        let width: usize = shape.iter().product();
        // Three sizes of 24 bits each: no product wraps in 128.
        if to.map(|n| n as u128).iter().product::<u128>() != width as u128 {
            return Err(Error::new(
                ErrorKind::Recipe,
                "the layer gives another number of values than it gets",
            )
            .expected(format!(
                "a shape of {width} values, for rows of shape {shape:?}"
            ))
            .found(format!("{to:?}")));
        }
        Ok(Planned::elementwise(Activation::Identity, &to))
    }

    fn nodes(&self, _: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        graph.reshape(place.input, place.to, place.name)
    }
}

/// A layer that gives the same values as `[channels, height, width]`.
pub fn reshape(shape: [usize; 3]) -> LayerSpec {
    LayerSpec::unchecked(&Reshape, &[(&SHAPE, Some(shape.into()))])
}
