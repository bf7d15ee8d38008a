//! Encoder, bottleneck and decoder, their shapes and the layout of their numbers.

use crate::advice::{Setting, setting};
use crate::bottleneck::Bottleneck;
use crate::error::{Error, ErrorKind, Result};
use crate::layer::{LayerSpec, last_of_values};
use crate::program::{
    Builder, Mode, State, StateKind, Tensor, TensorId, TensorSpec, Tie, Var, tiles,
};
use crate::text::count_of;
use narrows_kernels::split::Bounds;
use std::ops::Range;

/// The values of a sentence's layers.
pub(crate) struct Built {
    /// The input of each layer, followed by the output of the last one; the decoder's input is the code.
    pub(crate) values: Vec<Var>,
    /// The encoder's output, before the bottleneck.
    pub(crate) encoded: Var,
    /// The tensors of the reconstruction loss.
    pub(crate) of_loss: Vec<TensorId>,
}

/// Encoder and decoder, their shapes and the layout of their parameters; without the parameters.
#[derive(Clone, Debug)]
pub struct Network {
    layers: Vec<LayerSpec>,
    /// The number of layers of the encoder.
    encoder: usize,
    bottleneck: Bottleneck,
    /// The tensors that the reconstruction loss learns, as a std.
    of_loss: Vec<TensorSpec>,
    /// The shape of a row of data.
    data: Vec<usize>,
    /// The shape of a row before each layer, and after the last.
    shapes: Vec<Vec<usize>>,
    /// The shape of a row that the encoder gives, before the bottleneck.
    encoded: Vec<usize>,
    tensors: Vec<Tensor>,
    ties: Vec<Tie>,
    states: Vec<State>,
    couples_rows: bool,
}

impl Network {
    /// Plans the network for rows of a shape: `[channels, height, width]` for images, `[columns]` for tables.
    ///
    /// # Errors
    ///
    /// If a layer does not fit the layer before it, if the output does not fit the data, or if there are more than 2³²
    /// parameters.
    pub fn new(encoder: &[LayerSpec], decoder: &[LayerSpec], shape: &[usize]) -> Result<Network> {
        Network::with_bottleneck(encoder, &Bottleneck::plain(), decoder, shape, Vec::new())
    }

    /// As [`Network::new`], with something that happens to the code, and with the tensors that the reconstruction loss
    /// learns ([`ReconstructionPart::tensors`](crate::objective::ReconstructionPart::tensors)), called `objective.NAME`.
    ///
    /// # Errors
    ///
    /// As [`Network::new`]; also if the bottleneck cannot work on the code.
    pub fn with_bottleneck(
        encoder: &[LayerSpec],
        bottleneck: &Bottleneck,
        decoder: &[LayerSpec],
        shape: &[usize],
        of_loss: Vec<TensorSpec>,
    ) -> Result<Network> {
        let mut network = Network::unplanned(encoder, bottleneck, decoder, shape, of_loss);
        let mut builder = Builder::new(Mode::Inference);
        let data = builder.input("data", shape);
        let Built {
            values, encoded, ..
        } = network.build(&mut builder, 0, data)?;
        network.encoded = builder.shape(encoded).to_vec();
        for (place, &value) in values.iter().enumerate() {
            let checked = builder.check_one_row(value, "a model in use");
            checked.map_err(|error| error.at(network.place_of(place.saturating_sub(1))))?;
        }
        network.shapes = values
            .iter()
            .map(|&value| builder.shape(value).to_vec())
            .collect();
        network.ties = builder.ties;
        network.couples_rows = builder.couples_rows;
        (network.tensors, network.states) = (builder.tensors, builder.states);
        let given = network.shapes.last().map_or(shape, Vec::as_slice);
        // Flat data have no shape that could be wrong.
        let values = shape.iter().product::<usize>();
        if given != shape && given != [values] {
            return Err(Error::new(
                ErrorKind::Recipe,
                "the decoder does not give back the data's shape",
            )
            .at(network.last_to_shape())
            .expected(format!("rows of shape {shape:?}, {}", count_of(values, "value")))
            .found(format!("{given:?}"))
            .hint(match (given.len(), shape.len()) {
                (1, _) => "leave `outputs` out of the decoder's last dense layer".to_string(),
                (_, 3) => format!(
                    "leave `channels` out of the decoder's last convolution, and choose kernels, strides, \
                     padding and output_padding that give the data's height and width, or bring images to a size \
                     that fits, with {}",
                    setting(Setting::ImageSize)
                ),
                _ => "put a flatten layer at the end of the decoder, and a dense layer behind it where the number of values \
                      differs"
                    .to_string(),
            }));
        }
        Ok(network)
    }

    fn unplanned(
        encoder: &[LayerSpec],
        bottleneck: &Bottleneck,
        decoder: &[LayerSpec],
        data: &[usize],
        of_loss: Vec<TensorSpec>,
    ) -> Network {
        Network {
            layers: encoder.iter().chain(decoder).cloned().collect(),
            encoder: encoder.len(),
            bottleneck: bottleneck.clone(),
            of_loss,
            data: data.to_vec(),
            shapes: Vec::new(),
            encoded: Vec::new(),
            tensors: Vec::new(),
            ties: Vec::new(),
            states: Vec::new(),
            couples_rows: false,
        }
    }

    /// The size of the tensors and states of a network in a file, in bytes, before anything is laid out; see
    /// [`Network::with_bottleneck`].
    ///
    /// # Errors
    ///
    /// As [`Network::new`], except for the shape of the output.
    pub(crate) fn count_bytes(
        encoder: &[LayerSpec],
        bottleneck: &Bottleneck,
        decoder: &[LayerSpec],
        data: &[usize],
        of_loss: Vec<TensorSpec>,
    ) -> Result<u64> {
        let network = Network::unplanned(encoder, bottleneck, decoder, data, of_loss);
        let mut builder = Builder::new(Mode::Inference);
        let input = builder.input("data", data);
        network.build(&mut builder, 0, input)?;
        let numbers = builder.parameters() as u64;
        Ok(4 * numbers + bytes_of(&builder.states))
    }

    /// Applies all layers; those from `first` on continue from `input`.
    ///
    /// # Errors
    ///
    /// If a layer does not fit the layer before it.
    pub(crate) fn build(&self, builder: &mut Builder, first: usize, input: Var) -> Result<Built> {
        let (mut values, mut encoded) = (vec![input], input);
        let mut value = match first {
            0 => input,
            // The layers before are built only to find their tensors.
            _ => builder.input("data", &self.data),
        };
        for (index, layer) in self.layers.iter().enumerate() {
            if index == self.encoder {
                let given = value;
                value = self.through_bottleneck(builder, given)?;
                if let Some(last) = values.last_mut().filter(|_| index > first) {
                    (encoded, *last) = (given, value);
                }
            }
            if index == first {
                value = input;
            }
            let name = self.name_of(index);
            builder.at(&name);
            value = layer
                .build(builder, value, &self.data)
                .map_err(|error| error.at(self.place_of(index)))?;
            if index >= first {
                values.push(value);
            }
        }
        builder.at("objective");
        let of_loss = builder.tensors(self.of_loss.clone())?;
        builder.at("");
        Ok(Built {
            values,
            encoded,
            of_loss,
        })
    }

    fn through_bottleneck(&self, builder: &mut Builder, code: Var) -> Result<Var> {
        let bottleneck = &self.bottleneck;
        builder.at("bottleneck");
        bottleneck
            .build(builder, code)
            .map_err(|error| match error.place() {
                // The error names its own key.
                Some(_) => error,
                None => error.at(format!("bottleneck ({})", bottleneck.name())),
            })
    }

    /// The infimum and supremum of a value of the code.
    pub(crate) fn code_range(&self) -> (f32, f32) {
        let encoder = &self.layers[..self.encoder];
        let last = last_of_values(encoder);
        let all = (f32::NEG_INFINITY, f32::INFINITY);
        let given = last.map_or(all, |(_, layer)| layer.output_range());
        self.bottleneck.output_range(given)
    }

    /// The bottleneck.
    pub(crate) fn bottleneck(&self) -> &Bottleneck {
        &self.bottleneck
    }

    /// The place of a layer: `encoder.0`.
    pub(crate) fn name_of(&self, layer: usize) -> String {
        match layer.checked_sub(self.encoder) {
            None => format!("encoder.{layer}"),
            Some(index) => format!("decoder.{index}"),
        }
    }

    /// The place of the decoder's last layer that sets the shape of the output.
    fn last_to_shape(&self) -> String {
        let decides = |&layer: &usize| {
            self.shapes.get(layer) != self.shapes.get(layer + 1)
                || self.layers.get(layer).is_some_and(LayerSpec::has_width)
        };
        match (self.encoder..self.layers.len()).rev().find(decides) {
            Some(layer) => self.place_of(layer),
            None => "decoder".into(),
        }
    }

    /// The place of a layer, as written in a recipe: `encoder[0] (dense)`.
    fn place_of(&self, layer: usize) -> String {
        let (side, index) = match layer.checked_sub(self.encoder) {
            None => ("encoder", layer),
            Some(index) => ("decoder", index),
        };
        match self.layers.get(layer) {
            Some(spec) => format!("{side}[{index}] ({})", spec.name()),
            None => format!("{side}[{index}]"),
        }
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

    /// The tensors, in the order of the arena, with the names of PyTorch's `state_dict`.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The tensors that a second layer uses transposed, in the order of these layers.
    pub fn ties(&self) -> &[Tie] {
        &self.ties
    }

    /// The states, in the order of [`Parameters::states`](super::Parameters::states), with the names of PyTorch's
    /// `state_dict`.
    pub fn states(&self) -> &[State] {
        &self.states
    }

    /// The number of numbers of all states.
    pub(crate) fn state_count(&self) -> usize {
        self.states.last().map_or(0, |state| state.range.end)
    }

    /// The size of its tensors and states in a file, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        4 * self.parameter_count() as u64 + bytes_of(&self.states)
    }

    /// The shape of a row that the encoder gives, before the bottleneck.
    pub fn encoded_shape(&self) -> &[usize] {
        &self.encoded
    }

    /// The tensors that the reconstruction loss learns, which come last.
    pub(crate) fn of_loss(&self) -> impl Iterator<Item = &Tensor> {
        let layers = self.tensors.len() - self.of_loss.len();
        self.tensors.iter().skip(layers)
    }

    /// Whether in training the output of a row depends on the other rows of its batch.
    pub(crate) fn couples_rows(&self) -> bool {
        self.couples_rows
    }

    /// The layers of the encoder, as a range for [`Pass::new`](super::Pass::new).
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

    /// The bounds of tiles among the parameters.
    pub(crate) fn tile_bounds(&self) -> Bounds {
        tiles(&self.tensors).1
    }

    /// The number of values of a row before a layer, or after the last.
    pub fn width(&self, layer: usize) -> usize {
        self.shape(layer).iter().product()
    }

    /// The shape of a row before a layer, or after the last.
    pub fn shape(&self, layer: usize) -> &[usize] {
        &self.shapes[layer]
    }
}

/// The size of states in a file, in bytes.
fn bytes_of(states: &[State]) -> u64 {
    let bytes = |state: &State| match state.kind {
        StateKind::Number | StateKind::NotNegative => 4 * state.range.len() as u64,
        StateKind::Count => 8 * state.range.len() as u64,
    };
    states.iter().map(bytes).sum()
}
