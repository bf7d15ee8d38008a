//! The encoder's output as the code.

use super::part::{Bottleneck, BottleneckPart};
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::onnx::{Graph, Place};
use crate::program::{Builder, Var};

/// The bottleneck that changes nothing.
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
    /// The encoder's output as the code.
    pub fn plain() -> Bottleneck {
        Bottleneck::unchecked(&Plain, &[])
    }
}
