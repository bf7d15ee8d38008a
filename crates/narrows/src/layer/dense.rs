//! The dense layer, `y = x Wᵀ + b`.

use super::spec::MAX_WIDTH;
use super::{LayerPart, LayerSpec, OpenWidth};
use crate::declaration::{Declaration, Key, Kind, Part, Preset, Settings};
use crate::error::Result;
use crate::onnx::{Attribute, Graph, Place};
use crate::program::{Affine, Builder, Var};

/// The dense layer of a recipe.
#[derive(Debug)]
pub(super) struct DensePart;

const OUTPUTS: Key = Key::new(
    "outputs",
    Kind::Whole {
        least: 1,
        most: MAX_WIDTH,
    },
    "the values that the layer gives",
)
.default(Preset::Open(
    "the data's width, in the decoder's last layer with parameters only",
));

pub(super) const BIAS: Key =
    Key::new("bias", Kind::Flag, "whether there is a bias").default(Preset::Flag(true));

const OPEN_OUTPUTS: OpenWidth = OpenWidth {
    key: &OUTPUTS,
    of_data: |data| Ok(data.iter().product()),
};

impl Part for DensePart {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new("dense", "y = x Wᵀ + b, with W of [outputs, inputs]")
                .elsewhere(&["linear", "fully-connected"])
                .keys(&[OUTPUTS, BIAS])
        }
    }
}

impl LayerPart for DensePart {
    fn has_parameters(&self) -> bool {
        true
    }

    fn open_width(&self) -> Option<OpenWidth> {
        Some(OPEN_OUTPUTS)
    }

    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        data: &[usize],
    ) -> Result<Var> {
        let outputs = OPEN_OUTPUTS.of(settings, data)?;
        let affine = Affine {
            inputs: builder.width(x),
            outputs,
            bias: settings.get(&BIAS),
        };
        let tensors = builder.tensors(affine.tensors())?;
        Ok(builder.apply(affine, tensors, x, vec![outputs]))
    }

    fn nodes(&self, settings: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        let flat = match place.from.len() {
            1 => place.input.to_string(),
            _ => {
                let axis = Attribute::int("axis", 1);
                graph.node("Flatten", &[place.input], &[axis], &place.part("flat"))
            }
        };
        let inputs = place.with_parameters(&flat, settings.get(&BIAS));
        let transposed = Attribute::int("transB", 1);
        graph.node("Gemm", &inputs, &[transposed], place.name)
    }
}

/// A dense layer that gives so many values, with a bias. `None` stands for the width of the data, in the decoder's last
/// layer with parameters only.
pub fn dense(outputs: impl Into<Option<usize>>) -> LayerSpec {
    let outputs = outputs.into().map(Into::into);
    LayerSpec::unchecked(&DensePart, &[(&OUTPUTS, outputs)])
}
