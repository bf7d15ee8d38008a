//! Two-dimensional transposed convolution, as PyTorch's `ConvTranspose2d`: the gradient, with respect to the input, of
//! a convolution with the same kernel, stride and padding.

use super::conv::Conv;
use super::conv2d::{
    CHANNELS, KERNEL, LOST, OPEN_CHANNELS, OUTPUT_PADDING, STRIDE, attributes, window,
};
use super::dense::BIAS;
use super::{LayerPart, LayerSpec, OpenWidth};
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::onnx::{Attribute, Graph, Place};
use crate::program::{Builder, Var};

/// A transposed convolution.
#[derive(Debug)]
pub struct ConvTranspose2d;

impl Part for ConvTranspose2d {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "conv-transpose2d",
                "transposed convolution of [channels, height, width]",
            )
            .keys(&[CHANNELS, KERNEL, STRIDE, LOST, OUTPUT_PADDING, BIAS])
        }
    }
}

impl LayerPart for ConvTranspose2d {
    fn has_parameters(&self) -> bool {
        true
    }

    fn open_width(&self) -> Option<OpenWidth> {
        Some(OPEN_CHANNELS)
    }

    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        data: &[usize],
    ) -> Result<Var> {
        let channels = OPEN_CHANNELS.of(settings, data)?;
        let (output_padding, bias) = (settings.get(&OUTPUT_PADDING), settings.get(&BIAS));
        let (shape, window) = (builder.shape(x), window(settings));
        Conv::transposed(shape, channels, window, output_padding, bias)?.build(builder, x)
    }

    fn nodes(&self, settings: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        let mut attributes = attributes(settings).to_vec();
        let output_padding: [usize; 2] = settings.get(&OUTPUT_PADDING);
        attributes.push(Attribute::ints("output_padding", &output_padding));
        let inputs = place.with_parameters(place.input, settings.get(&BIAS));
        graph.node("ConvTranspose", &inputs, &attributes, place.name)
    }
}

/// A transposed convolution to `channels` channels, with a kernel of `[height, width]`, stride 1, no padding, and a
/// bias. `None` means the channels of the data, and is allowed only in the decoder's last dense or convolution layer.
pub fn conv_transpose2d(channels: impl Into<Option<usize>>, kernel: [usize; 2]) -> LayerSpec {
    let channels = channels.into().map(Into::into);
    let kernel = Some(kernel.into());
    LayerSpec::unchecked(
        &ConvTranspose2d,
        &[(&CHANNELS, channels), (&KERNEL, kernel)],
    )
}
