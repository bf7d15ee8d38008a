//! Dead units: outputs of layers that are the same for all data.

use crate::error::Result;
use crate::model::Model;
use crate::network::{Pass, Tensor};

/// A unit is alive if it changes by more than this share of the layer's largest output.
const LEAST_CHANGE: f32 = 1e-6;

/// The units of a layer: its outputs after the activation.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerUnits {
    /// The layer, as its tensors are named: `encoder.0`.
    pub layer: String,
    /// The layer's kind and what follows it: `dense, relu`.
    pub kind: String,
    /// Whether the units are the values of the code.
    pub is_code: bool,
    /// The number of units.
    pub units: usize,
    /// The number of dead units: over all rows they never change by more than a millionth of the layer's largest
    /// output.
    pub dead: usize,
}

/// The layers of one set of units: a layer with parameters and the following layers without parameters.
pub(super) struct Group {
    pub(super) pass: Pass,
    name: String,
    kind: String,
    is_code: bool,
    /// Whether its units are inside the network: neither the data's own values nor the output.
    is_inside: bool,
    pub(super) width: usize,
    low: Vec<f32>,
    high: Vec<f32>,
}

/// The layers of a model in groups, in order.
pub(super) fn groups(model: &Model) -> Result<Vec<Group>> {
    let network = model.network();
    let recipe = model.recipe();
    let layers: Vec<(String, &str)> = [("encoder", &recipe.encoder), ("decoder", &recipe.decoder)]
        .into_iter()
        .flat_map(|(side, specs)| {
            let specs = specs.iter().enumerate();
            specs.map(move |(index, spec)| (format!("{side}.{index}"), spec.name()))
        })
        .collect();
    // A tensor with one axis belongs to a normalization, which is grouped with the layer before it.
    let has_parameters = |layer: usize| {
        let name = network.name_of(layer);
        let of_layer = |tensor: &str| {
            tensor
                .rsplit_once('.')
                .is_some_and(|(layer, _)| layer == name)
        };
        let is_matrix = |tensor: &Tensor| tensor.shape.len() > 1 && of_layer(&tensor.name);
        let is_tied = network.ties().iter().any(|tie| of_layer(&tie.name));
        is_tied || network.tensors().iter().any(is_matrix)
    };
    let (code, end) = (network.encoder().end, network.layers().end);
    let mut starts: Vec<usize> = (0..end)
        .filter(|&layer| layer == 0 || layer == code || has_parameters(layer))
        .collect();
    starts.push(end);
    starts
        .windows(2)
        .map(|ends| {
            let range = ends[0]..ends[1];
            let pass = model.pass(range.clone())?;
            let width = pass.outputs();
            let name = layers[range.start].0.clone();
            let kinds: Vec<&str> = layers[range.clone()]
                .iter()
                .map(|(_, kind)| *kind)
                .collect();
            Ok(Group {
                is_code: range.end == code,
                is_inside: has_parameters(range.start) && (range.end < end || range.end == code),
                name,
                kind: kinds.join(", "),
                pass,
                width,
                low: vec![f32::INFINITY; width],
                high: vec![f32::NEG_INFINITY; width],
            })
        })
        .collect()
}

impl Group {
    /// Adds outputs `[rows, width]`.
    pub(super) fn add(&mut self, outputs: &[f32]) {
        for row in outputs.chunks_exact(self.width) {
            let extremes = self.low.iter_mut().zip(&mut self.high);
            for ((low, high), &value) in extremes.zip(row) {
                *low = low.min(value);
                *high = high.max(value);
            }
        }
    }

    /// The result for the group's units, if it has units of its own.
    pub(super) fn units(&self) -> Option<LayerUnits> {
        let scale = self
            .low
            .iter()
            .chain(&self.high)
            .fold(0.0f32, |scale, value| scale.max(value.abs()));
        let units = self.low.iter().zip(&self.high);
        let dead = units.filter(|(low, high)| *high - *low <= LEAST_CHANGE * scale);
        self.is_inside.then(|| LayerUnits {
            layer: self.name.clone(),
            kind: self.kind.clone(),
            is_code: self.is_code,
            units: self.width,
            dead: dead.count(),
        })
    }
}
