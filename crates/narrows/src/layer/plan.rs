//! From what a recipe says of a layer to the operations that it consists of.

use super::conv::Window;
use super::{Conv, LayerSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::program::{Affine, Builder, Elementwise, Var};

impl LayerSpec {
    /// Applies the layer to a value. Where the width is left to the data, whose rows have the shape `data`, it is theirs.
    ///
    /// # Errors
    ///
    /// When the layer cannot work on rows of this shape.
    pub(crate) fn build(&self, builder: &mut Builder, x: Var, data: &[usize]) -> Result<Var> {
        let (shape, width) = (builder.shape(x).to_vec(), builder.width(x));
        match *self {
            LayerSpec::Dense { outputs, bias } => {
                let outputs = outputs.unwrap_or(data.iter().product());
                let affine = Affine {
                    inputs: width,
                    outputs,
                    bias,
                };
                let tensors = affine.tensors().into_iter();
                let tensors = tensors.map(|spec| builder.tensor(spec));
                let tensors = tensors.collect::<Result<Vec<_>>>()?;
                Ok(builder.apply(affine, tensors, x, vec![outputs]))
            }
            LayerSpec::Conv2d {
                channels,
                kernel,
                stride,
                padding,
                bias,
            } => {
                let window = Window {
                    kernel,
                    stride,
                    padding,
                };
                let conv = Conv::new(&shape, of_data(channels, data)?, window, bias)?;
                conv.build(builder, x)
            }
            LayerSpec::ConvTranspose2d {
                channels,
                kernel,
                stride,
                padding,
                output_padding,
                bias,
            } => {
                let window = Window {
                    kernel,
                    stride,
                    padding,
                };
                let channels = of_data(channels, data)?;
                Conv::transposed(&shape, channels, window, output_padding, bias)?.build(builder, x)
            }
            LayerSpec::Flatten => builder.reshape(x, &[width]),
            LayerSpec::Reshape { shape: to } => builder.reshape(x, &to),
            LayerSpec::Activation(function) => {
                let elementwise = Elementwise { function, width };
                Ok(builder.apply(elementwise, Vec::new(), x, shape))
            }
        }
    }
}

impl Conv {
    fn build(self, builder: &mut Builder, x: Var) -> Result<Var> {
        let tensors = self.tensors().into_iter();
        let tensors = tensors.map(|spec| builder.tensor(spec));
        let tensors = tensors.collect::<Result<Vec<_>>>()?;
        let shape = self.output_shape().to_vec();
        Ok(builder.apply(self, tensors, x, shape))
    }
}

/// The channels of a layer that may leave them to the data.
fn of_data(channels: Option<usize>, data: &[usize]) -> Result<usize> {
    match (channels, data) {
        (Some(channels), _) | (None, &[channels, _, _]) => Ok(channels),
        (None, _) => Err(
            Error::new(ErrorKind::Recipe, "the data have no channels to go by")
                .expected("`channels`, or data of shape [channels, height, width]")
                .found(format!("data of shape {data:?}")),
        ),
    }
}
