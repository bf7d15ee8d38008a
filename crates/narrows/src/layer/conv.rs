//! Two-dimensional convolution and transposed convolution, as PyTorch's `Conv2d` and
//! `ConvTranspose2d` compute them.

use super::spec::MAX_WIDTH;
use crate::error::{Error, ErrorKind, Result};
use crate::program::{
    Builder, Derivative, Linear, Point, RowFunction, Scaled, TensorSpec, Tile, Var,
};
use crate::text::count;
use narrows_kernels::conv::{Convolution, Geometry};
use narrows_kernels::product::PANEL;
use narrows_kernels::reduce::{add, column_sums};
use std::sync::{Arc, OnceLock};

/// The number of channels of the weights' first axis in one tile of the parameter phase: the columns of the register
/// tile of the product that sums their gradient.
const TILE: usize = 2 * PANEL;

/// The most numbers that a layer may need for one row: it protects against typing errors.
const MAX_NUMBERS: u128 = 1 << 28;

/// Kernel, stride and padding along height and width.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
}

/// A convolution or transposed convolution over rows of `[channels, height, width]`.
///
/// A transposed convolution runs a convolution backwards: it maps the convolution's output to its input. Weights are
/// `[outputs, inputs, height, width]` for a convolution and `[inputs, outputs, height, width]` for a transposed one, as
/// in PyTorch. For the underlying convolution, both are the same layout.
#[derive(Debug)]
pub(crate) struct Conv {
    geometry: Geometry,
    /// Computed when the layer is first used: it takes a multiple of the weights' memory, and a forged file that only
    /// claims to have such weights must not cause this.
    plan: OnceLock<Convolution>,
    is_transposed: bool,
    bias: bool,
}

impl Conv {
    /// A convolution to `channels` over rows of a shape.
    pub(crate) fn new(
        shape: &[usize],
        channels: usize,
        window: Window,
        bias: bool,
    ) -> Result<Conv> {
        let input = image(shape)?;
        let mut output = [channels, 0, 0];
        for axis in [0, 1] {
            let padded = input[axis + 1] + 2 * window.padding[axis];
            let room = padded.checked_sub(window.kernel[axis]).ok_or_else(|| {
                let name = ["height", "width"][axis];
                refuse(format!(
                    "the kernel's {name} is larger than the padded input's"
                ))
                .expected(format!("at most {padded} for rows of shape {input:?}"))
                .found(window.kernel[axis])
            })?;
            output[axis + 1] = room / window.stride[axis] + 1;
        }
        Conv::check(input, output, window, false, bias)
    }

    /// A transposed convolution to `channels` over rows of a shape.
    pub(crate) fn transposed(
        shape: &[usize],
        channels: usize,
        window: Window,
        output_padding: [usize; 2],
        bias: bool,
    ) -> Result<Conv> {
        let input = image(shape)?;
        let mut output = [channels, 0, 0];
        for axis in [0, 1] {
            let name = ["height", "width"][axis];
            if output_padding[axis] >= window.stride[axis] {
                return Err(
                    refuse(format!("the output padding of the {name} is too large"))
                        .expected(format!("less than the stride of {}", window.stride[axis]))
                        .found(output_padding[axis]),
                );
            }
            let full = (input[axis + 1] - 1) * window.stride[axis]
                + window.kernel[axis]
                + output_padding[axis];
            let padding = 2 * window.padding[axis];
            output[axis + 1] = full
                .checked_sub(padding)
                .filter(|&n| n > 0)
                .ok_or_else(|| {
                    refuse(format!("the padding leaves nothing of the output's {name}"))
                        .expected(format!(
                            "less than half of {full}, the {name} without padding, \
                         for rows of shape {input:?}"
                        ))
                        .found(window.padding[axis])
                })?;
        }
        Conv::check(output, input, window, true, bias)
    }

    fn check(
        input: [usize; 3],
        output: [usize; 3],
        window: Window,
        is_transposed: bool,
        bias: bool,
    ) -> Result<Conv> {
        // All sizes of the plan are small multiples of these.
        let numbers = |[channels, height, width]: [usize; 3]| {
            [
                channels,
                height + 2 * window.padding[0] + window.kernel[0],
                width + 2 * window.padding[1] + window.kernel[1],
            ]
            .map(|n| n as u128)
            .iter()
            .product::<u128>()
        };
        let padded = |[channels, ..]: [usize; 3]| numbers([channels, input[1], input[2]]);
        let weights = [input[0], output[0], window.kernel[0], window.kernel[1]]
            .map(|n| n as u128)
            .iter()
            .product::<u128>();
        let largest = padded(input).max(padded(output)).max(weights);
        if largest > MAX_NUMBERS {
            return Err(refuse("the layer is too large")
                .expected(format!(
                    "at most {} weights, and as many numbers in a padded image",
                    count(MAX_NUMBERS)
                ))
                .found(count(largest)));
        }
        let given = if is_transposed { input } else { output };
        let width = given.iter().product::<usize>();
        if width as u64 > MAX_WIDTH.unsigned_abs() {
            return Err(refuse("the layer's output is too large")
                .expected(format!("at most {MAX_WIDTH} values"))
                .found(format!("shape {given:?}")));
        }
        Ok(Conv {
            geometry: Geometry {
                input,
                output,
                kernel: window.kernel,
                stride: window.stride,
                padding: window.padding,
            },
            plan: OnceLock::new(),
            is_transposed,
            bias,
        })
    }

    /// The plan of the computation.
    fn plan(&self) -> &Convolution {
        self.plan.get_or_init(|| Convolution::new(self.geometry))
    }

    /// The shapes of an input row and of an output row.
    fn shapes(&self) -> [[usize; 3]; 2] {
        let Geometry { input, output, .. } = self.geometry;
        if self.is_transposed {
            [output, input]
        } else {
            [input, output]
        }
    }

    /// The shape of an output row.
    pub(crate) fn output_shape(&self) -> [usize; 3] {
        self.shapes()[1]
    }

    /// The shape of the weights.
    fn weight_shape(&self) -> [usize; 4] {
        let g = &self.geometry;
        [g.output[0], g.input[0], g.kernel[0], g.kernel[1]]
    }

    /// Its tensors: the weights and, optionally, the bias.
    pub(crate) fn tensors(&self) -> Vec<TensorSpec> {
        let shape = self.weight_shape();
        let kernel = shape[2] * shape[3];
        // PyTorch treats the second axis as the inputs, also in a transposed convolution.
        let fans = (shape[1] * kernel, shape[0] * kernel);
        let mut tensors = vec![TensorSpec {
            name: "weight",
            shape: shape.to_vec(),
            fans,
            initial: None,
            tile: TILE * shape[1] * kernel,
        }];
        if self.bias {
            let channels = self.output_shape()[0];
            tensors.push(TensorSpec {
                name: "bias",
                shape: vec![channels],
                fans,
                initial: None,
                tile: channels,
            });
        }
        tensors
    }

    /// Applies it to a value.
    pub(super) fn build(self, builder: &mut Builder, x: Var) -> Result<Var> {
        let tensors = builder.tensors(self.tensors())?;
        let shape = self.output_shape().to_vec();
        Ok(builder.apply(self, tensors, x, shape))
    }

    /// The most numbers of a tile of weights.
    fn tile(&self) -> usize {
        let [channels, inputs, height, width] = self.weight_shape();
        TILE.min(channels) * inputs * height * width
    }
}

fn refuse(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Recipe, what)
}

/// The shape of a row, as the shape of an image.
fn image(shape: &[usize]) -> Result<[usize; 3]> {
    <[usize; 3]>::try_from(shape).map_err(|_| {
        refuse("the layer needs images")
            .expected("rows of shape [channels, height, width]")
            .found(format!("rows of shape {shape:?}"))
            .hint("put a reshape layer with `shape = [channels, height, width]` before it")
    })
}

impl RowFunction for Conv {
    fn label(&self) -> String {
        let [from, to] = self.shapes();
        let [_, _, height, width] = self.weight_shape();
        let name = if self.is_transposed {
            "conv-transpose2d"
        } else {
            "conv2d"
        };
        format!("{name} {from:?} -> {to:?}, kernel {height}x{width}")
    }

    fn inputs(&self) -> usize {
        self.shapes()[0].iter().product()
    }

    fn outputs(&self) -> usize {
        self.shapes()[1].iter().product()
    }

    fn scratch(&self) -> usize {
        // The gradient of the bias first needs one sum for each output place. A tile that is added to the gradient is
        // first computed on its own.
        self.plan().scratch().max(self.outputs()) + self.tile().max(self.output_shape()[0])
    }

    fn work(&self) -> usize {
        let [_, height, width] = self.geometry.output;
        // Taps outside of the image are few, and they are counted too.
        self.weight_shape().iter().product::<usize>() * height * width
    }

    fn forward(&self, at: Point<'_>, y: &mut [f32], scratch: &mut [f32]) {
        let weights = at.tensors.tensor(0);
        let bias = self.bias.then(|| at.tensors.tensor(1));
        if self.is_transposed {
            self.plan()
                .transposed(at.isa, weights, bias, at.x, y, scratch)
        } else {
            self.plan().forward(at.isa, weights, bias, at.x, y, scratch)
        }
    }

    fn backward(&self, at: Point<'_>, dy: &[f32], dx: &mut [f32], scratch: &mut [f32]) {
        let weights = at.tensors.tensor(0);
        if self.is_transposed {
            self.plan().forward(at.isa, weights, None, dy, dx, scratch)
        } else {
            self.plan()
                .transposed(at.isa, weights, None, dy, dx, scratch)
        }
    }

    fn gradient(
        &self,
        tile: &Tile,
        x: &[f32],
        dy: &[f32],
        gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        if tile.adds {
            let (sums, scratch) = scratch.split_at_mut(gradient.len());
            let alone = Tile {
                adds: false,
                ..tile.clone()
            };
            self.gradient(&alone, x, dy, sums, scratch);
            return add(tile.isa, gradient, sums);
        }
        if tile.tensor == 0 {
            let of_channel = self.weight_shape()[1..].iter().product::<usize>();
            let channels = tile.place.start / of_channel..tile.place.end / of_channel;
            let (input, output) = if self.is_transposed { (dy, x) } else { (x, dy) };
            return self
                .plan()
                .gradient(tile.isa, channels, input, output, gradient, scratch);
        }
        let [_, height, width] = self.output_shape();
        let sums = &mut scratch[..self.outputs()];
        column_sums(tile.isa, dy, sums);
        for (gradient, channel) in gradient.iter_mut().zip(sums.chunks_exact(height * width)) {
            *gradient = channel.iter().copied().map(f64::from).sum::<f64>() as f32;
        }
    }

    fn scaled(&self) -> Option<Scaled> {
        let with_bias = Conv {
            geometry: self.geometry,
            plan: OnceLock::new(),
            is_transposed: self.is_transposed,
            bias: true,
        };
        Some(Scaled {
            function: Arc::new(with_bias),
            axis: usize::from(self.is_transposed),
        })
    }

    fn derivative(&self) -> Option<&dyn Derivative> {
        Some(self)
    }
}

impl Linear for Conv {
    fn push(&self, at: Point<'_>, dx: &[f32], dy: &mut [f32], scratch: &mut [f32]) {
        let weights = at.tensors.tensor(0);
        if self.is_transposed {
            self.plan()
                .transposed(at.isa, weights, None, dx, dy, scratch)
        } else {
            self.plan().forward(at.isa, weights, None, dx, dy, scratch)
        }
    }
}
