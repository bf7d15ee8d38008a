//! From what a recipe says of a layer to the layer, for rows of a shape.

use super::conv::Window;
use super::{Activation, Conv, Dense, Elementwise, Layer, LayerSpec};
use crate::error::{Error, ErrorKind, Result};

impl LayerSpec {
    /// The layer for rows of `shape`, and the shape that it gives. Where the width is left to the
    /// data, whose rows have the shape `data`, it is theirs.
    ///
    /// # Errors
    ///
    /// When the layer cannot work on rows of this shape.
    pub(crate) fn plan(
        &self,
        shape: &[usize],
        data: &[usize],
    ) -> Result<(Box<dyn Layer>, Vec<usize>)> {
        let width = shape.iter().product();
        let same = |shape: Vec<usize>| -> (Box<dyn Layer>, Vec<usize>) {
            let function = Activation::Identity;
            (Box::new(Elementwise { function, width }), shape)
        };
        Ok(match *self {
            LayerSpec::Dense { outputs, bias } => {
                let outputs = outputs.unwrap_or(data.iter().product());
                let inputs = width;
                let dense = Dense {
                    inputs,
                    outputs,
                    bias,
                };
                (Box::new(dense), vec![outputs])
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
                let conv = Conv::new(shape, of_data(channels, data)?, window, bias)?;
                let shape = conv.output_shape().to_vec();
                (Box::new(conv), shape)
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
                let conv = Conv::transposed(shape, channels, window, output_padding, bias)?;
                let shape = conv.output_shape().to_vec();
                (Box::new(conv), shape)
            }
            LayerSpec::Flatten => same(vec![width]),
            LayerSpec::Reshape { shape: to } => {
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
                same(to.to_vec())
            }
            LayerSpec::Activation(function) => {
                (Box::new(Elementwise { function, width }), shape.to_vec())
            }
        })
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
