//! The network: encoder and decoder as one list of layers over one arena of parameters.
//!
//! The arena is cut into tiles, each the work of one thread in the parameter phase; the buffers of
//! a step are planned from the layers and the batch size before the first step.

mod folding;
mod parameters;
mod pass;

pub(crate) use folding::{Folding, StepRows, folded_at_steps};
pub use parameters::{Parameters, Tensor};
pub use pass::{Rows, ScaledRows, forward, map_rows};

use crate::error::{Error, ErrorKind, Result};
use crate::layer::{Layer, LayerSpec};
use narrows_kernels::Isa;
use narrows_kernels::split::{Bounds, RowBlock};
use std::ops::Range;

/// The most parameters of a network: 16 GiB. More are a slip of the finger or a damaged file.
const MAX_PARAMETERS: usize = 1 << 32;

/// Encoder and decoder, their shapes and the layout of their parameters; without the parameters.
#[derive(Debug)]
pub struct Network {
    layers: Vec<Box<dyn Layer>>,
    /// How many of the layers are the encoder's.
    encoder: usize,
    tensors: Vec<Tensor>,
    /// For each layer where its parameters lie.
    places: Vec<Range<usize>>,
    /// For each tile its layer and its number there.
    tiles: Vec<(usize, usize)>,
    parameter_bounds: Bounds,
}

impl Network {
    /// Plans the network for rows of a shape: `[channels, height, width]` of images, `[columns]`.
    ///
    /// # Errors
    ///
    /// When a layer does not fit the one before it, the output does not fit the data, or there are more
    /// than 2³² parameters.
    pub fn new(encoder: &[LayerSpec], decoder: &[LayerSpec], shape: &[usize]) -> Result<Network> {
        let mut network = Network {
            layers: Vec::new(),
            encoder: encoder.len(),
            tensors: Vec::new(),
            places: Vec::new(),
            tiles: Vec::new(),
            parameter_bounds: Bounds::new(vec![0]),
        };
        let mut bounds = vec![0];
        let data = shape;
        let mut shape = data.to_vec();
        for (side, specs) in [("encoder", encoder), ("decoder", decoder)] {
            for (index, spec) in specs.iter().enumerate() {
                let name = format!("{side}.{index}");
                let layer;
                (layer, shape) = spec
                    .plan(&shape, data)
                    .map_err(|error| error.at(format!("{name} ({})", spec.name())))?;
                network.add(layer, &name)?;
            }
        }
        // Only now that all sizes are known to be sound: a wide layer has many tiles.
        for (number, (layer, place)) in network.layers.iter().zip(&network.places).enumerate() {
            let mut at = place.start;
            for (index, len) in layer.tiles().into_iter().enumerate() {
                network.tiles.push((number, index));
                at += len;
                bounds.push(at);
            }
        }
        // What is flat has no shape to get wrong.
        let values = data.iter().product::<usize>();
        if shape != data && shape != [values] {
            return Err(Error::new(
                ErrorKind::Recipe,
                "the decoder does not give back the data's shape",
            )
            .at("decoder")
            .expected(format!("rows of shape {data:?}, {values} values"))
            .found(format!("{shape:?}"))
            .hint(match (shape.len(), data.len()) {
                (1, _) => "leave `outputs` out of the decoder's last dense layer",
                (_, 3) => {
                    "leave `channels` out of the decoder's last convolution, and choose kernels, strides, \
                     padding and output_padding that give the data's height and width, or bring images to a size \
                     that fits, with `--image-size`"
                }
                _ => "put a flatten layer at its end, and a dense one behind it where the number differs",
            }));
        }
        network.parameter_bounds = Bounds::new(bounds);
        Ok(network)
    }

    /// How many parameters a network would have, before anything is laid out for it; see [`Network::new`].
    ///
    /// # Errors
    ///
    /// As [`Network::new`], but for the shape of the output.
    pub(crate) fn count_parameters(
        encoder: &[LayerSpec],
        decoder: &[LayerSpec],
        data: &[usize],
    ) -> Result<u64> {
        let (mut shape, mut count) = (data.to_vec(), 0u64);
        for (side, specs) in [("encoder", encoder), ("decoder", decoder)] {
            for (index, spec) in specs.iter().enumerate() {
                let layer;
                (layer, shape) = spec
                    .plan(&shape, data)
                    .map_err(|error| error.at(format!("{side}.{index} ({})", spec.name())))?;
                for tensor in layer.tensors() {
                    let sizes = tensor.shape.iter().map(|&size| size as u64);
                    count = count.saturating_add(sizes.fold(1, u64::saturating_mul));
                }
            }
        }
        Ok(count)
    }

    fn add(&mut self, layer: Box<dyn Layer>, name: &str) -> Result<()> {
        let start = self.parameter_count();
        let mut end = start;
        for tensor in layer.tensors() {
            let len = tensor
                .shape
                .iter()
                .try_fold(1usize, |len, &size| len.checked_mul(size))
                .filter(|&len| len <= MAX_PARAMETERS - end)
                .ok_or_else(|| {
                    Error::new(ErrorKind::Recipe, "the network has too many parameters")
                        .at(name)
                        .expected(format!("at most {MAX_PARAMETERS} in all"))
                        .found(format!("a tensor of {:?}", tensor.shape))
                        .hint("give the layers fewer outputs")
                })?;
            self.tensors.push(Tensor {
                name: format!("{name}.{}", tensor.name),
                shape: tensor.shape,
                fans: tensor.fans,
                range: end..end + len,
            });
            end += len;
        }
        self.places.push(start..end);
        self.layers.push(layer);
        Ok(())
    }

    /// The number of values in a row of data.
    pub fn inputs(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.inputs())
    }

    /// The number of values in a code.
    pub fn code_size(&self) -> usize {
        self.encoder
            .checked_sub(1)
            .map_or(self.inputs(), |last| self.layers[last].outputs())
    }

    /// The number of parameters.
    pub fn parameter_count(&self) -> usize {
        self.places.last().map_or(0, |place| place.end)
    }

    /// The tensors, in the order in which they lie in the arena, named as in PyTorch's `state_dict`.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The layers of the encoder, as a range for [`forward`].
    pub fn encoder(&self) -> Range<usize> {
        0..self.encoder
    }

    /// The layers of the decoder.
    pub fn decoder(&self) -> Range<usize> {
        self.encoder..self.layers.len()
    }

    /// All the layers.
    pub fn layers(&self) -> Range<usize> {
        0..self.layers.len()
    }

    /// How many numbers of scratch memory a thread needs to run any of the layers.
    pub(crate) fn scratch(&self) -> usize {
        let needs = self.layers.iter().map(|layer| layer.scratch());
        needs.max().unwrap_or(0)
    }

    /// Where tiles begin and end in the arena.
    pub(crate) fn parameter_bounds(&self) -> &Bounds {
        &self.parameter_bounds
    }

    /// One of the layers.
    pub(crate) fn layer(&self, index: usize) -> &dyn Layer {
        &*self.layers[index]
    }

    /// The number of parameters of a layer.
    pub(crate) fn parameters_in(&self, layer: usize) -> usize {
        self.places[layer].len()
    }

    /// The parameters of a layer, tensor after tensor.
    pub(crate) fn parameters_of<'a>(&self, layer: usize, p: &'a Parameters) -> &'a [f32] {
        &p.flat()[self.places[layer].clone()]
    }

    /// The widths of what the layers of a range read and write: the input of the first, then the
    /// output of each.
    pub(crate) fn widths(&self, layers: Range<usize>) -> Vec<usize> {
        let mut widths = Vec::with_capacity(layers.len() + 1);
        widths.extend(self.layers.get(layers.start).map(|first| first.inputs()));
        widths.extend(self.layers[layers].iter().map(|layer| layer.outputs()));
        widths
    }

    /// The gradient by the input of a layer from that by its output. Slab `layer` is the input, the next the
    /// output; slab `gradients + layer` gets the gradient by the input, the next has that by the output.
    pub(crate) fn backward_layer(
        &self,
        isa: Isa,
        p: &Parameters,
        layer: usize,
        gradients: usize,
        block: &mut RowBlock<'_>,
        scratch: &mut [f32],
    ) {
        let ([x, y, dy], dx) =
            block.read_write([layer, layer + 1, gradients + layer + 1], gradients + layer);
        let p = self.parameters_of(layer, p);
        self.layers[layer].backward(isa, p, x, y, dy, dx, scratch);
    }

    /// Which layer a tile belongs to, its number there, and where it lies among the layer's parameters.
    pub(crate) fn tile(&self, tile: usize) -> (usize, usize, Range<usize>) {
        let (layer, part) = self.tiles[tile];
        let Range { start, end } = self.parameter_bounds.range(tile);
        let first = self.places[layer].start;
        (layer, part, start - first..end - first)
    }
}
