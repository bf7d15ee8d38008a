//! Two-dimensional convolution, its transpose, and the gradient of the weights, image by image.
//!
//! A transposed convolution maps a convolution's output shape back to its input shape. So one plan serves both layers:
//! the forward pass of one is the input gradient of the other, and the gradient of the weights is the same. In this
//! module, *input* and *output* always mean the input and output of the convolution.
//!
//! All computations are a [`product`] with the weights. The other matrix has a row for each tap (an input channel and a
//! place in the kernel) and a column for each position of the kernel. It is never built as a whole. On each axis, a
//! place of the padded input is `quotient · stride + phase`. The input is split into *planes*, one for each channel and
//! pair of phases; a plane is indexed by the quotients. A tap reads only one plane, and over all positions it reads a
//! contiguous piece of it. These pieces are gathered in the first-level cache, one tile of positions at a time. If the
//! pieces have equal distances, as they do if positions do not overlap, they are used in place as the matrix.
//!
//! ```text
//! forward:     planes = input, padded and split
//!              for each tile of positions:  output = weights · gathered planes
//! transposed:  planes = output, padded
//!              for each pair of phases, for each tile of positions:
//!                  part = (weights of the taps that fall on it)ᵀ · gathered planes
//!              input = the parts, interleaved
//! gradient:    for each image, for each tile of positions:
//!                  sums += gathered planes of the input · outputᵀ
//! ```
//!
//! Positions run through the rows of a plane. These rows are longer than those of the image by the reach of the kernel;
//! the additional results are dropped when a row is stored.
//!
//! Each sum runs over taps, or over images and positions, in one order, so results do not depend on how images or
//! channels are split among threads.

mod geometry;
mod images;
mod plan;
mod rows;

use crate::lanes::Isa;
use crate::product::{Left, Right, Start, product};
use geometry::TILE;
use plan::{Axis, Group, PhasePart, Planes, transposed};
use rows::{Taps, collect, spread};
use std::ops::Range;

pub use geometry::Geometry;

/// The number of values that are gathered at a time: few enough to stay in the first-level cache beside the other
/// operands of a product.
const GATHERED: usize = 4096;

/// The number of columns that are gathered at a time, for a matrix of `taps` rows and `positions` columns.
fn gathered(taps: usize, positions: usize) -> usize {
    let whole = positions.next_multiple_of(TILE);
    (GATHERED / taps / TILE * TILE).clamp(TILE, whole)
}

/// A planned convolution.
#[derive(Debug)]
pub struct Convolution {
    geometry: Geometry,
    axes: [Axis; 2],
    /// The input's planes: channels, then phases of height and width.
    input: Planes,
    /// For each phase of each axis, the quotients that are inside the input and that some tap reads.
    seen: [Vec<Range<usize>>; 2],
    taps: Taps,
    /// The number of positions of the kernel on a plane of the input, from the first to the last.
    positions: usize,
    /// The output's planes: its channels.
    output: Planes,
    groups: Vec<Group>,
    /// By phase of height and width.
    parts: Vec<PhasePart>,
    /// The number of values in a part of one channel.
    part: usize,
}

impl Convolution {
    /// Plans a convolution.
    ///
    /// # Panics
    ///
    /// If a size is 0 or if the kernel leaves the padded input at some position.
    pub fn new(geometry: Geometry) -> Convolution {
        let axes = [0, 1].map(|axis| Axis {
            input: geometry.input[axis + 1],
            output: geometry.output[axis + 1],
            kernel: geometry.kernel[axis],
            stride: geometry.stride[axis],
            padding: geometry.padding[axis],
        });
        assert!(geometry.input[0] > 0 && geometry.output[0] > 0);
        for axis in axes {
            assert!(
                axis.input > 0 && axis.output > 0 && axis.kernel > 0 && axis.stride > 0,
                "no size is 0"
            );
            assert!(
                (axis.output - 1) * axis.stride + axis.kernel <= axis.input + 2 * axis.padding,
                "the kernel stays in the padded input"
            );
        }
        let [y, x] = axes;
        let phases = y.phases() * x.phases();
        let input = Planes {
            count: geometry.input[0] * phases,
            height: y.output + y.reach(),
            width: x.output + x.reach(),
        };
        let seen = [(y, input.height), (x, input.width)].map(|(axis, size)| {
            let phases = (0..axis.phases()).map(|phase| axis.inside(phase));
            let clipped = phases.map(|inside| inside.start.min(size)..inside.end.min(size));
            clipped.collect()
        });
        let mut offsets = Vec::with_capacity(geometry.taps());
        for channel in 0..geometry.input[0] {
            for i in 0..y.kernel {
                for j in 0..x.kernel {
                    let phase = i % y.stride * x.phases() + j % x.stride;
                    let shift = i / y.stride * input.width + j / x.stride;
                    offsets.push((channel * phases + phase) * input.area() + shift);
                }
            }
        }
        let output = Planes {
            count: geometry.output[0],
            height: y.inside(0).end + y.reach(),
            width: x.inside(0).end + x.reach(),
        };
        let (groups, parts) = transposed(&geometry, axes, output);
        Convolution {
            geometry,
            axes,
            input,
            seen,
            taps: Taps::new(offsets),
            positions: (y.output - 1) * input.width + x.output,
            output,
            part: groups.iter().map(|g| g.positions).max().unwrap_or(1),
            groups,
            parts,
        }
    }

    /// The sizes.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The number of scratch values that the methods need.
    pub fn scratch(&self) -> usize {
        let line = |len: usize| len.next_multiple_of(LINE);
        let channels = self.geometry.output[0];
        let taps = self.geometry.taps();
        let forward = line(self.input.len())
            + line(taps * gathered(taps, self.positions))
            + line(channels * self.positions);
        let transposed = line(self.output.len())
            + line(channels * taps)
            + line(self.group_tile())
            + line(self.parts_len());
        let gradient = line(self.input.len())
            + line(taps * gathered(taps, self.positions))
            + line(channels * self.grid())
            + line(channels * taps);
        forward.max(transposed).max(gradient)
    }

    /// The number of positions of a whole output channel on a plane of the input.
    fn grid(&self) -> usize {
        self.axes[0].output * self.input.width
    }

    /// The number of values that are gathered at a time for a product of the transposed convolution.
    fn group_tile(&self) -> usize {
        let tile = |g: &Group| g.weights.len() * gathered(g.weights.len(), g.positions);
        self.groups.iter().map(tile).max().unwrap_or(0)
    }

    fn parts_len(&self) -> usize {
        self.geometry.input[0] * self.parts.len() * self.part
    }

    /// The number of images in two slices.
    fn images<'a>(
        &self,
        input: &'a [f32],
        output: &'a [f32],
    ) -> impl Iterator<Item = (&'a [f32], &'a [f32])> + use<'a> {
        let [inputs, outputs] = self.lengths(input.len(), output.len());
        input.chunks_exact(inputs).zip(output.chunks_exact(outputs))
    }

    /// The lengths of an input and an output.
    fn lengths(&self, input: usize, output: usize) -> [usize; 2] {
        let inputs: usize = self.geometry.input.iter().product();
        let outputs: usize = self.geometry.output.iter().product();
        assert!(
            input.is_multiple_of(inputs) && input / inputs * outputs == output,
            "as many whole inputs as outputs"
        );
        [inputs, outputs]
    }

    fn check_weights(&self, weights: &[f32]) {
        assert_eq!(
            weights.len(),
            self.geometry.output[0] * self.geometry.taps()
        );
    }

    /// `output` of `[images, channels, height, width]` from `input`: the convolution with `weights`
    /// of `[output channels, input channels, height, width]`, plus `bias` of `[output channels]`.
    ///
    /// # Panics
    ///
    /// If the length of a slice does not fit, or if the scratch is too short.
    #[allow(clippy::too_many_arguments)]
    pub fn forward(
        &self,
        isa: Isa,
        weights: &[f32],
        bias: Option<&[f32]>,
        input: &[f32],
        output: &mut [f32],
        mut scratch: &mut [f32],
    ) {
        self.check_weights(weights);
        let (channels, taps) = (self.geometry.output[0], self.geometry.taps());
        let [inputs, outputs] = self.lengths(input.len(), output.len());
        let planes = take(&mut scratch, self.input.len());
        let tile = take(&mut scratch, taps * gathered(taps, self.positions));
        let sums = take(&mut scratch, channels * self.positions);
        planes.fill(0.0);
        let [y, x] = self.axes;
        let images = input.chunks_exact(inputs);
        for (input, output) in images.zip(output.chunks_exact_mut(outputs)) {
            self.split(isa, input, planes);
            let positions = self.positions;
            let columns = (0, positions);
            combine(
                isa, weights, &self.taps, planes, columns, tile, sums, positions,
            );
            let sums = sums.chunks_exact(self.positions);
            let areas = output.chunks_exact_mut(y.output * x.output);
            for (channel, (output, sums)) in areas.zip(sums).enumerate() {
                let bias = bias.map_or(0.0, |bias| bias[channel]);
                let shape = (y.output, x.output);
                let width = self.input.width;
                spread(isa, shape, sums, width, bias, output, (x.output, 1));
            }
        }
    }

    /// `input` of `[images, channels, height, width]` from `output`: the transposed convolution with `weights` of
    /// `[output channels, input channels, height, width]`, plus `bias` of `[input channels]`. Without a bias, it is the
    /// input gradient of [`Convolution::forward`] from the output gradient.
    ///
    /// # Panics
    ///
    /// If the length of a slice does not fit, or if the scratch is too short.
    #[allow(clippy::too_many_arguments)]
    pub fn transposed(
        &self,
        isa: Isa,
        weights: &[f32],
        bias: Option<&[f32]>,
        output: &[f32],
        input: &mut [f32],
        mut scratch: &mut [f32],
    ) {
        self.check_weights(weights);
        let [inputs, outputs] = self.lengths(input.len(), output.len());
        let planes = take(&mut scratch, self.output.len());
        let packed = take(&mut scratch, weights.len());
        let tile = take(&mut scratch, self.group_tile());
        let parts = take(&mut scratch, self.parts_len());
        planes.fill(0.0);
        self.pack(weights, packed);
        let images = output.chunks_exact(outputs);
        for (output, input) in images.zip(input.chunks_exact_mut(inputs)) {
            self.place(isa, output, planes);
            let mut packed = &*packed;
            for group in &self.groups {
                let (weights, rest) = packed.split_at(group.rows * group.weights.len());
                packed = rest;
                let columns = (group.start, group.positions);
                let parts = &mut parts[group.part.0 * self.part..];
                let part_row = group.part.1 * self.part;
                combine(
                    isa,
                    weights,
                    &group.taps,
                    planes,
                    columns,
                    tile,
                    parts,
                    part_row,
                );
            }
            self.interleave(isa, parts, bias, input);
        }
    }

    /// The gradient of the weights of some output channels, `[channels, input channels, height, width]`, from `input`
    /// and the gradient of `output`, summed over images and positions in order.
    ///
    /// # Panics
    ///
    /// If the length of a slice does not fit, or if the scratch is too short.
    pub fn gradient(
        &self,
        isa: Isa,
        channels: Range<usize>,
        input: &[f32],
        output: &[f32],
        gradient: &mut [f32],
        mut scratch: &mut [f32],
    ) {
        let (count, taps) = (channels.len(), self.geometry.taps());
        assert!(channels.end <= self.geometry.output[0] && gradient.len() == count * taps);
        let planes = take(&mut scratch, self.input.len());
        let most = gathered(taps, self.positions);
        let tile = take(&mut scratch, taps * most);
        let grid = take(&mut scratch, count * self.grid());
        let sums = take(&mut scratch, count * taps);
        planes.fill(0.0);
        grid.fill(0.0);
        sums.fill(0.0);
        let [y, x] = self.axes;
        let area = y.output * x.output;
        for (input, output) in self.images(input, output) {
            self.split(isa, input, planes);
            let output = &output[channels.start * area..channels.end * area];
            // Zeros between the rows, so that the content of the planes there does not contribute.
            let output = if x.output == self.input.width {
                output
            } else {
                let (shape, width) = ((count * y.output, x.output), self.input.width);
                collect(isa, shape, output, (x.output, 1), grid, width);
                &*grid
            };
            for at in (0..self.positions).step_by(most) {
                let positions = most.min(self.positions - at);
                let (data, row) = self.taps.matrix(isa, planes, (at, positions), tile);
                product(
                    isa.without_tiles(),
                    (taps, count, positions),
                    Left {
                        data,
                        row,
                        column: 1,
                    },
                    Right::transpose_of(&output[at..], self.grid()),
                    Start::Accumulate,
                    sums,
                    count,
                );
            }
        }
        for (channel, gradient) in gradient.chunks_exact_mut(taps).enumerate() {
            for (to, from) in gradient.iter_mut().zip(sums.chunks_exact(count)) {
                *to = from[channel];
            }
        }
    }

    /// The weights of each group, row by row.
    fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        let mut packed = packed.iter_mut();
        for group in &self.groups {
            for row in 0..group.rows {
                for (&at, to) in group.weights.iter().zip(&mut packed) {
                    *to = weights[at + row * group.step];
                }
            }
        }
    }
}

/// The sums over the taps of `weights`, `[rows, taps]`, times the planes at some positions (the first, and their
/// number), into rows that are `sums_row` apart.
#[allow(clippy::too_many_arguments)]
fn combine(
    isa: Isa,
    weights: &[f32],
    taps: &Taps,
    planes: &[f32],
    (start, positions): (usize, usize),
    tile: &mut [f32],
    sums: &mut [f32],
    sums_row: usize,
) {
    let count = taps.count();
    let most = gathered(count, positions);
    for at in (0..positions).step_by(most) {
        let columns = most.min(positions - at);
        let (data, row) = taps.matrix(isa, planes, (start + at, columns), tile);
        product(
            isa.without_tiles(),
            (weights.len() / count, columns, count),
            Left {
                data: weights,
                row: count,
                column: 1,
            },
            Right::row_major(data, row),
            Start::Zero,
            &mut sums[at..],
            sums_row,
        );
    }
}

/// The numbers in a cache line.
const LINE: usize = 16;

/// The next `len` numbers of the scratch.
fn take<'a>(scratch: &mut &'a mut [f32], len: usize) -> &'a mut [f32] {
    let (taken, rest) = std::mem::take(scratch).split_at_mut(len.next_multiple_of(LINE));
    *scratch = rest;
    &mut taken[..len]
}
