//! The dense layer, `y = x Wᵀ + b`. In the decoder, its weights may be the transpose of an encoder layer's (tied
//! weights).

use super::spec::MAX_WIDTH;
use super::tied::Tied;
use super::{LayerPart, LayerSpec, OpenWidth};
use crate::declaration::{Conflict, Declaration, Key, Kind, Part, Preset, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::onnx::{Attribute, Graph, Place};
use crate::program::{Affine, Builder, Var};
use crate::text::count_of;

/// The dense layer of a recipe.
#[derive(Debug)]
pub(super) struct DensePart;

pub(super) const OUTPUTS: Key = Key::new(
    "outputs",
    Kind::Whole {
        least: 1,
        most: MAX_WIDTH,
    },
    "the number of values of the output",
)
.default(Preset::Open(
    "for the decoder's last dense or convolution layer the width of the data; for tied weights the input width of the \
     other layer; else required",
));

pub(super) const BIAS: Key =
    Key::new("bias", Kind::Flag, "whether there is a bias").default(Preset::Flag(true));

const TIED: Key = Key::new(
    "tied",
    Kind::Text,
    "a dense layer of the encoder, as in `encoder[0]`: this layer of the decoder uses the transpose of its weights",
)
.default(Preset::Open("weights of its own"));

const OPEN_OUTPUTS: OpenWidth = OpenWidth {
    key: &OUTPUTS,
    of_data: |data| Ok(data.iter().product()),
};

impl Part for DensePart {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new("dense", "y = x Wᵀ + b, with W of [outputs, inputs]")
                .elsewhere(&["linear", "fully-connected"])
                .keys(&[OUTPUTS, BIAS, TIED])
                .check(check_tie)
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

    fn follows(&self, settings: &Settings) -> bool {
        tie(settings).is_some()
    }

    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        data: &[usize],
    ) -> Result<Var> {
        if let Some(tie) = tie(settings) {
            return build_tied(settings, &tie, builder, x);
        }
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
        let mut inputs = place.with_parameters(&flat, settings.get(&BIAS));
        let other = tie(settings).and_then(|tie| place_of(&tie));
        let transposed = Attribute::int("transB", other.is_none().into());
        if let Some(other) = other {
            inputs[1] = format!("{other}.weight");
        }
        graph.node("Gemm", &inputs, &[transposed], place.name)
    }
}

/// The layer whose weights are used, as written in the recipe: `encoder[0]`.
fn tie(settings: &Settings) -> Option<String> {
    settings.get(&TIED)
}

/// The place of the layer `encoder[0]` of a recipe: `encoder.0`.
fn place_of(tie: &str) -> Option<String> {
    let index = tie.strip_prefix("encoder[")?.strip_suffix(']')?;
    // Other spellings, such as `+1` or `01`, are other names.
    let number: usize = index.parse().ok()?;
    (number.to_string() == index).then(|| format!("encoder.{number}"))
}

fn check_tie(settings: &Settings) -> std::result::Result<(), Conflict> {
    let is_wrong = tie(settings).is_some_and(|tie| place_of(&tie).is_none());
    if is_wrong {
        Err(Conflict {
            key: TIED.name,
            expected: "a layer of the encoder, counted from 0, as in `encoder[0]`".into(),
        })
    } else {
        Ok(())
    }
}

/// Applies a layer with the transposed weights of another layer.
fn build_tied(settings: &Settings, tie: &str, builder: &mut Builder, x: Var) -> Result<Var> {
    let refuse = |what: &str| Error::new(ErrorKind::Recipe, what);
    if builder.place().starts_with("encoder") {
        return Err(refuse("`tied` is for layers of the decoder")
            .expected("weights of its own in the encoder")
            .found(format!("`tied = \"{tie}\"`")));
    }
    let weights = place_of(tie).and_then(|place| builder.affine_weights(&place));
    let sizes = weights.map(|weights| builder.tensor_shape(weights).to_vec());
    let (Some(weights), Some(&[code, width])) = (weights, sizes.as_deref()) else {
        return Err(refuse("`tied` does not name a dense layer of the encoder")
            .expected("a dense layer, as in `encoder[0]`; activations count too")
            .found(format!("`tied = \"{tie}\"`")));
    };
    let inputs = builder.width(x);
    if inputs != code {
        return Err(refuse("the tied weights do not fit what the layer reads")
            .expected(format!(
                "rows of {}, which `{tie}` gives",
                count_of(code, "value")
            ))
            .found(format!("rows of {}", count_of(inputs, "value")))
            .hint("tie the layers of the decoder to the layers of the encoder in reverse order"));
    }
    let outputs: Option<usize> = settings.get(&OUTPUTS);
    if let Some(outputs) = outputs.filter(|&outputs| outputs != width) {
        return Err(refuse("`outputs` does not fit the tied weights")
            .expected(format!("{width}, the values that `{tie}` reads"))
            .found(outputs)
            .hint("leave `outputs` out: it follows from `tied`"));
    }
    let tied = Tied {
        inputs,
        outputs: width,
        bias: settings.get(&BIAS),
    };
    builder.tie(weights, "weight");
    let mut tensors = vec![weights];
    if tied.bias {
        tensors.push(builder.tensor(tied.bias_tensor())?);
    }
    Ok(builder.apply(tied, tensors, x, vec![width]))
}

/// A dense layer with `outputs` outputs and a bias. `None` means the width of the data, and is allowed only in the
/// decoder's last layer with parameters.
pub fn dense(outputs: impl Into<Option<usize>>) -> LayerSpec {
    let outputs = outputs.into().map(Into::into);
    LayerSpec::unchecked(&DensePart, &[(&OUTPUTS, outputs)])
}

/// A dense layer of the decoder that uses the transposed weights of a dense layer of the encoder, with its own bias.
/// The encoder's layers are counted from 0, including activations. It has as many outputs as the other layer has
/// inputs.
pub fn tied_dense(encoder_layer: usize) -> LayerSpec {
    let tie = format!("encoder[{encoder_layer}]");
    LayerSpec::unchecked(&DensePart, &[(&TIED, Some(tie.as_str().into()))])
}
