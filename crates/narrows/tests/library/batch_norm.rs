//! Batch normalization. Compares gradients with central differences of a float64 forward pass over the whole batch, and
//! running statistics with their definition. Tests the guarantees of a run that has state besides its parameters.

mod gradients;
mod imported;
mod running;
mod runs;

use crate::networks::normalized::BATCH_NORM;
use narrows::bottleneck::Bottleneck;
use narrows::data::{Dataset, Values};
use narrows::layer::{self, Activation, LayerSpec, activation, batch_norm, dense};
use narrows::model::ImportOptions;
use narrows::network::{Network, Parameters};
use narrows::objective::{Objective, Reconstruction};
use narrows::optimizer::{Optimizer, OptimizerSpec};
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::train::{Setting, Stepper, Training, Warning};
use narrows::{Error, ErrorKind, Model, Recipe};
use narrows_kernels::conv::Geometry;
use narrows_kernels::reference;
use ndarray::Array2;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

const ROWS: usize = 6;

/// Whole numbers that look drawn.
fn number(i: usize) -> f64 {
    ((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / f64::from(1 << 24)
}

/// Rows of 8-bit values of a shape.
fn pixels(rows: usize, shape: &[usize]) -> Dataset {
    let inputs = shape.iter().product();
    let values = Array2::from_shape_fn((rows, inputs), |(r, c)| {
        (255.0 * number(r * inputs + c)) as u8
    });
    Dataset::new("pattern", Values::U8(values), shape.to_vec(), None).unwrap()
}

/// Square images of one channel.
fn noise(rows: usize, side: usize) -> Dataset {
    pixels(rows, &[1, side, side])
}

/// Gradients that are added up and cut down before a step.
fn whole(text: &str) -> String {
    format!("{text}accumulation = 3\nclip_norm = 0.01\n")
}

/// Parameters of which those of normalizations differ from 1 and 0 too.
fn drawn(network: &Network) -> Vec<f32> {
    let of = |tensor: &narrows::network::Tensor| {
        let is_scale = tensor.shape.len() == 1 && tensor.name.ends_with("weight");
        let size = match tensor.shape.len() {
            1 => 0.3,
            _ => (3.0 / tensor.fans.0 as f64).sqrt(),
        };
        let numbers = tensor
            .range
            .clone()
            .map(move |i| size * (2.0 * number(7 * i + 3) - 1.0));
        let numbers = numbers.map(move |x| if is_scale { 1.0 + x } else { x });
        numbers.map(|x| x as f32).collect::<Vec<f32>>()
    };
    network.tensors().iter().flat_map(of).collect()
}

fn setting(encoder: &[LayerSpec], decoder: &[LayerSpec], shape: &[usize], rate: f64) -> Setting {
    let network = Network::new(encoder, decoder, shape).unwrap();
    let sgd = OptimizerSpec::Sgd {
        learning_rate: rate,
        momentum: 0.0,
        weight_decay: 0.0,
    };
    Setting {
        parameters: Parameters::new(&network, &drawn(&network)),
        optimizer: Optimizer::new(sgd, &network),
        objective: Objective::new(&Reconstruction::mse(), &Bottleneck::plain(), decoder).unwrap(),
        network,
        corruption: None,
        penalties: Vec::new(),
        seed: 0,
        binarize: false,
        clip_norm: 0.0,
        accumulation: 1,
    }
}

/// Mean and biased variance of each channel over a batch of rows of `[channels, area]`.
fn statistics(batch: &[Vec<f64>], channels: usize) -> Vec<(f64, f64)> {
    let area = batch[0].len() / channels;
    let of = |channel: usize| {
        let values = || {
            batch
                .iter()
                .flat_map(|row| &row[channel * area..(channel + 1) * area])
        };
        let count = (batch.len() * area) as f64;
        let mean = values().sum::<f64>() / count;
        let variance = values().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        (mean, variance)
    };
    (0..channels).map(of).collect()
}

/// A forward pass in float64.
struct Forward<'a> {
    parameters: &'a [f64],
    data: &'a [usize],
    /// Normalize by these, mean and variance of each layer, and not by the batch.
    running: Option<Vec<Vec<(f64, f64)>>>,
    /// What the layers normalized by, layer by layer.
    met: Vec<Vec<(f64, f64)>>,
}

impl<'a> Forward<'a> {
    fn next(&mut self, count: usize) -> &'a [f64] {
        let (these, rest) = self.parameters.split_at(count);
        self.parameters = rest;
        these
    }

    /// What a layer makes of a batch of rows of a shape.
    fn layer(
        &mut self,
        layer: &LayerSpec,
        batch: Vec<Vec<f64>>,
        shape: &mut Vec<usize>,
    ) -> Vec<Vec<f64>> {
        let pair = |key: &str| layer.get::<[usize; 2]>(key).unwrap();
        let inputs = batch[0].len();
        match layer.name() {
            "dense" => {
                let outputs = layer.get("outputs").unwrap_or(self.data.iter().product());
                *shape = vec![outputs];
                let weights = self.next(outputs * inputs);
                let bias = if layer.get("bias").unwrap() {
                    self.next(outputs).to_vec()
                } else {
                    vec![0.0; outputs]
                };
                let row = |x: &Vec<f64>| {
                    let rows = weights.chunks_exact(inputs).zip(&bias);
                    rows.map(|(w, b)| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + b)
                        .collect()
                };
                batch.iter().map(row).collect()
            }
            name @ ("conv2d" | "conv-transpose2d") => {
                let (kernel, stride, padding) = (pair("kernel"), pair("stride"), pair("padding"));
                let channels: usize = layer.get("channels").unwrap();
                let from = [shape[0], shape[1], shape[2]];
                let is_transposed = name == "conv-transpose2d";
                let size = |axis: usize| {
                    if is_transposed {
                        (from[axis + 1] - 1) * stride[axis] + kernel[axis] - 2 * padding[axis]
                    } else {
                        (from[axis + 1] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1
                    }
                };
                let to = [channels, size(0), size(1)];
                *shape = to.to_vec();
                let (input, output) = if is_transposed {
                    (to, from)
                } else {
                    (from, to)
                };
                let geometry = Geometry {
                    input,
                    output,
                    kernel,
                    stride,
                    padding,
                };
                let weights = self.next(channels * from[0] * kernel[0] * kernel[1]);
                let bias = if layer.get("bias").unwrap() {
                    self.next(channels).to_vec()
                } else {
                    vec![0.0; channels]
                };
                let row = |x: &Vec<f64>| {
                    let mut y = if is_transposed {
                        reference::transposed_convolution(&geometry, weights, x)
                    } else {
                        reference::convolution(&geometry, weights, x)
                    };
                    let planes = y.chunks_exact_mut(to[1] * to[2]).zip(&bias);
                    planes.for_each(|(plane, b)| plane.iter_mut().for_each(|y| *y += b));
                    y
                };
                batch.iter().map(row).collect()
            }
            "batch-norm" => {
                let channels = shape[0];
                let area = inputs / channels;
                let (weight, bias) = (self.next(channels), self.next(channels));
                let epsilon: f64 = layer.get("epsilon").unwrap();
                let by = match &self.running {
                    Some(running) => running[self.met.len()].clone(),
                    None => statistics(&batch, channels),
                };
                let row = |x: &Vec<f64>| {
                    let value = |(i, x): (usize, &f64)| {
                        let (c, (mean, variance)) = (i / area, by[i / area]);
                        (x - mean) / (variance + epsilon).sqrt() * weight[c] + bias[c]
                    };
                    x.iter().enumerate().map(value).collect()
                };
                let normalized = batch.iter().map(row).collect();
                self.met.push(by);
                normalized
            }
            "flatten" => {
                *shape = vec![inputs];
                batch
            }
            "reshape" => {
                *shape = layer.get::<[usize; 3]>("shape").unwrap().to_vec();
                batch
            }
            name => {
                let function = match name {
                    "tanh" => Activation::Tanh,
                    "silu" => Activation::Silu,
                    "sigmoid" => Activation::Sigmoid,
                    _ => panic!("{name} has no formula here"),
                };
                let row = |x: Vec<f64>| {
                    x.iter()
                        .map(|&x| reference::activation(function, x))
                        .collect()
                };
                batch.into_iter().map(row).collect()
            }
        }
    }

    fn layers(&mut self, layers: &[LayerSpec], mut batch: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
        let mut shape = self.data.to_vec();
        for layer in layers {
            batch = self.layer(layer, batch, &mut shape);
        }
        batch
    }
}

fn rows_of(data: &Dataset) -> Vec<Vec<f64>> {
    let rows = data.to_array();
    let row =
        |row: ndarray::ArrayView1<'_, f32>| row.iter().map(|&x| f64::from(x) / 255.0).collect();
    rows.rows().into_iter().map(row).collect()
}

fn tanh() -> LayerSpec {
    activation(Activation::Tanh)
}

fn silu() -> LayerSpec {
    activation(Activation::Silu)
}

fn unbiased(outputs: usize) -> LayerSpec {
    dense(outputs).with("bias", false).unwrap()
}

/// A model of some layers with statistics as [`running`] has them.
fn model(encoder: &[LayerSpec], decoder: &[LayerSpec], shape: &[usize], states: &[f32]) -> Model {
    let mut recipe = Recipe::named("table").unwrap();
    recipe.scaling = Some(ScalingSpec::Unit);
    (recipe.encoder, recipe.decoder) = (encoder.to_vec(), decoder.to_vec());
    let scaling = Scaling::fit(&ScalingSpec::Unit, &pixels(ROWS, shape)).unwrap();
    let network = Network::new(encoder, decoder, shape).unwrap();
    Model::with_states(recipe, scaling, shape, &drawn(&network), states).unwrap()
}

/// The mean squared error of a batch in float64, and what its layers normalized by.
fn objective(
    layers: &[LayerSpec],
    parameters: &[f64],
    rows: &[Vec<f64>],
    data: &[usize],
) -> (f64, Vec<Vec<(f64, f64)>>) {
    let mut forward = Forward {
        parameters,
        data,
        running: None,
        met: Vec::new(),
    };
    let made = forward.layers(layers, rows.to_vec());
    assert!(forward.parameters.is_empty(), "every parameter has a layer");
    let errors = made.iter().flatten().zip(rows.iter().flatten());
    let sum: f64 = errors.map(|(y, t)| (y - t).powi(2)).sum();
    (sum / (rows.len() * rows[0].len()) as f64, forward.met)
}

fn conv(channels: usize, kernel: [usize; 2], stride: [usize; 2], bias: bool) -> LayerSpec {
    let layer = layer::conv2d(channels, kernel).with("stride", stride);
    layer.and_then(|layer| layer.with("bias", bias)).unwrap()
}

fn transposed(channels: usize, kernel: [usize; 2], stride: [usize; 2], bias: bool) -> LayerSpec {
    let layer = layer::conv_transpose2d(channels, kernel).with("stride", stride);
    layer.and_then(|layer| layer.with("bias", bias)).unwrap()
}
