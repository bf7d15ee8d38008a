//! The code as the encoder gives it.

use super::part::{Bottleneck, BottleneckPart};
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::onnx::{Graph, Place};
use crate::program::{Builder, Var};

/// A bottleneck that is nothing but narrow.
#[derive(Debug)]
pub(super) struct Plain;

impl Part for Plain {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("plain", "the code as the encoder gives it") }
    }
}

impl BottleneckPart for Plain {
    fn build(&self, _: &Settings, _: &mut Builder, code: Var) -> Result<Var> {
        Ok(code)
    }

    fn nodes(&self, _: &Settings, _: &mut Graph, place: Place<'_>) -> String {
        place.input.to_string()
    }
}

impl Bottleneck {
    /// The code as the encoder gives it.
    pub fn plain() -> Bottleneck {
        Bottleneck::unchecked(&Plain, &[])
    }
}
