//! The network: encoder and decoder as one list of layers over one arena of parameters.

mod parameters;
mod pass;

pub use crate::program::{State, StateKind, Tensor};
pub use parameters::Parameters;
pub use pass::{Pass, Passed, Rows, ScaledRows};

use crate::error::{Error, ErrorKind, Result};
use crate::layer::LayerSpec;
use crate::program::{Builder, Mode, Var, tiles};
use narrows_kernels::split::Bounds;
use std::ops::Range;

/// Encoder and decoder, their shapes and the layout of their parameters; without the parameters.
#[derive(Clone, Debug)]
pub struct Network {
    layers: Vec<LayerSpec>,
    /// How many of the layers are the encoder's.
    encoder: usize,
    /// The shape of a row of data.
    data: Vec<usize>,
    /// The shape of a row before each layer, and behind the last.
    shapes: Vec<Vec<usize>>,
    tensors: Vec<Tensor>,
    states: Vec<State>,
    couples_rows: bool,
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
            layers: encoder.iter().chain(decoder).cloned().collect(),
            encoder: encoder.len(),
            data: shape.to_vec(),
            shapes: Vec::new(),
            tensors: Vec::new(),
            states: Vec::new(),
            couples_rows: false,
        };
        let mut builder = Builder::new(Mode::Inference);
        let data = builder.input("data", shape);
        let values = network.build(&mut builder, 0, data)?;
        network.shapes = values
            .iter()
            .map(|&value| builder.shape(value).to_vec())
            .collect();
        network.couples_rows = builder.couples_rows;
        (network.tensors, network.states) = (builder.tensors, builder.states);
        let given = network.shapes.last().map_or(shape, Vec::as_slice);
        // What is flat has no shape to get wrong.
        let values = shape.iter().product::<usize>();
        if given != shape && given != [values] {
            return Err(Error::new(
                ErrorKind::Recipe,
                "the decoder does not give back the data's shape",
            )
            .at("decoder")
            .expected(format!("rows of shape {shape:?}, {values} values"))
            .found(format!("{given:?}"))
            .hint(match (given.len(), shape.len()) {
                (1, _) => "leave `outputs` out of the decoder's last dense layer",
                (_, 3) => {
                    "leave `channels` out of the decoder's last convolution, and choose kernels, strides, \
                     padding and output_padding that give the data's height and width, or bring images to a size \
                     that fits, with `--image-size`"
                }
                _ => "put a flatten layer at its end, and a dense one behind it where the number differs",
            }));
        }
        Ok(network)
    }

    /// How many bytes the tensors and states of a network would take in a file, before anything is laid out for it; see
    /// [`Network::new`].
    ///
    /// # Errors
    ///
    /// As [`Network::new`], but for the shape of the output.
    pub(crate) fn count_bytes(
        encoder: &[LayerSpec],
        decoder: &[LayerSpec],
        data: &[usize],
    ) -> Result<u64> {
        let network = Network {
            layers: encoder.iter().chain(decoder).cloned().collect(),
            encoder: encoder.len(),
            data: data.to_vec(),
            shapes: Vec::new(),
            tensors: Vec::new(),
            states: Vec::new(),
            couples_rows: false,
        };
        let mut builder = Builder::new(Mode::Inference);
        let input = builder.input("data", data);
        network.build(&mut builder, 0, input)?;
        let numbers = builder.parameters() as u64;
        Ok(4 * numbers + bytes_of(&builder.states))
    }

    /// Applies all layers, of which those from `first` on follow on `input`: gives the value before each of these, and
    /// the one behind the last.
    ///
    /// # Errors
    ///
    /// When a layer does not fit the one before it.
    pub(crate) fn build(
        &self,
        builder: &mut Builder,
        first: usize,
        input: Var,
    ) -> Result<Vec<Var>> {
        let mut values = vec![input];
        let mut value = match first {
            0 => input,
            // The layers before only say which tensors there are.
            _ => builder.input("data", &self.data),
        };
        for (index, layer) in self.layers.iter().enumerate() {
            if index == first {
                value = input;
            }
            let name = self.name_of(index);
            builder.at(&name);
            value = layer
                .build(builder, value, &self.data)
                .map_err(|error| error.at(format!("{name} ({})", layer.name())))?;
            if index >= first {
                values.push(value);
            }
        }
        builder.at("");
        Ok(values)
    }

    /// Where a layer stands: `encoder.0`.
    pub(crate) fn name_of(&self, layer: usize) -> String {
        match layer.checked_sub(self.encoder) {
            None => format!("encoder.{layer}"),
            Some(index) => format!("decoder.{index}"),
        }
    }

    /// The transposed Jacobian `[inputs, code]` of the code by the input, at a scaled row; nothing where a layer of the
    /// encoder cannot be differentiated.
    pub fn jacobian(&self, parameters: &Parameters, row: &[f32]) -> Option<Vec<f32>> {
        let mut builder = Builder::new(Mode::Inference);
        let data = builder.input("data", &self.data);
        let values = self.build(&mut builder, 0, data).ok()?;
        let ends = [data, values[self.encoder]];
        let (numbers, states) = (parameters.flat(), parameters.states());
        crate::program::jacobian(&builder, ends, numbers, states, row)
    }

    /// The layers, in order.
    pub(crate) fn specs(&self) -> &[LayerSpec] {
        &self.layers
    }

    /// The number of values in a row of data.
    pub fn inputs(&self) -> usize {
        self.data.iter().product()
    }

    /// The number of values in a code.
    pub fn code_size(&self) -> usize {
        self.width(self.encoder)
    }

    /// The number of parameters.
    pub fn parameter_count(&self) -> usize {
        self.tensors.last().map_or(0, |tensor| tensor.range.end)
    }

    /// The tensors, in the order in which they lie in the arena, named as in PyTorch's `state_dict`.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The states, in the order in which they lie among [`Parameters::states`], named as in PyTorch's `state_dict`.
    pub fn states(&self) -> &[State] {
        &self.states
    }

    /// The numbers of all states.
    pub(crate) fn state_count(&self) -> usize {
        self.states.last().map_or(0, |state| state.range.end)
    }

    /// How many bytes its tensors and states take in a file.
    pub(crate) fn bytes(&self) -> u64 {
        4 * self.parameter_count() as u64 + bytes_of(&self.states)
    }

    /// Whether in training what a row gives depends on the other rows of its batch.
    pub(crate) fn couples_rows(&self) -> bool {
        self.couples_rows
    }

    /// The layers of the encoder, as a range for [`Pass::new`].
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

    /// Where tiles begin and end among the parameters.
    pub(crate) fn tile_bounds(&self) -> Bounds {
        tiles(&self.tensors).1
    }

    /// The values of a row before a layer, or behind the last.
    pub fn width(&self, layer: usize) -> usize {
        self.shape(layer).iter().product()
    }

    /// The shape of a row before a layer, or behind the last.
    pub fn shape(&self, layer: usize) -> &[usize] {
        &self.shapes[layer]
    }
}

/// How many bytes states take in a file.
fn bytes_of(states: &[State]) -> u64 {
    let bytes = |state: &State| match state.kind {
        StateKind::Number | StateKind::NotNegative => 4 * state.range.len() as u64,
        StateKind::Count => 8 * state.range.len() as u64,
    };
    states.iter().map(bytes).sum()
}
