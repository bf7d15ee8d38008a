//! Batch normalization: gradients against central differences of a float64 forward pass over the whole batch, running
//! statistics against their definition, and what a run promises with state that is no parameter.

use crate::networks::normalized::BATCH_NORM;
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
        objective: Objective::new(&Reconstruction::mse(), decoder).unwrap(),
        network,
        corruption: None,
        penalties: Vec::new(),
        seed: 0,
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

#[track_caller]
fn check(encoder: &[LayerSpec], decoder: &[LayerSpec], shape: &[usize]) {
    check_planned(encoder, decoder, shape, ROWS);
}

/// Checks the gradient over [`ROWS`] rows of a step that is planned for so many.
#[track_caller]
fn check_planned(encoder: &[LayerSpec], decoder: &[LayerSpec], shape: &[usize], planned: usize) {
    let data = pixels(ROWS, shape);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let setting = setting(encoder, decoder, shape, 0.0);
    let flat: Vec<f64> = setting
        .parameters
        .flat()
        .iter()
        .map(|&p| p.into())
        .collect();
    let mut stepper = Stepper::new(setting, planned, 2).unwrap();
    let order: Vec<u32> = (0..ROWS as u32).collect();
    let (losses, gradient) = stepper.loss_and_gradient(&data, &scaling, 0, &order);
    let (layers, rows) = ([encoder, decoder].concat(), rows_of(&data));
    let at = |p: &[f64]| objective(&layers, p, &rows, shape).0;
    let expected = at(&flat);
    let loss = losses.total;
    assert!(
        (loss - expected).abs() < 2e-6 * expected,
        "{loss}, not {expected}"
    );
    let largest = gradient.iter().fold(0.0f32, |a, g| a.max(g.abs()));
    assert!(largest > 1e-3, "a gradient to compare");
    let step = 1e-5;
    for i in 0..flat.len() {
        let mut moved = flat.clone();
        moved[i] = flat[i] + step;
        let above = at(&moved);
        moved[i] = flat[i] - step;
        let difference = (above - at(&moved)) / (2.0 * step);
        let error = (f64::from(gradient[i]) - difference).abs();
        assert!(
            error < 4e-6 * f64::from(largest).max(0.1),
            "parameter {i} has {}, differences give {difference}",
            gradient[i]
        );
    }
}

fn tanh() -> LayerSpec {
    activation(Activation::Tanh)
}

fn silu() -> LayerSpec {
    activation(Activation::Silu)
}

fn conv(channels: usize, kernel: [usize; 2], stride: [usize; 2], bias: bool) -> LayerSpec {
    let layer = layer::conv2d(channels, kernel).with("stride", stride);
    layer.and_then(|layer| layer.with("bias", bias)).unwrap()
}

fn transposed(channels: usize, kernel: [usize; 2], stride: [usize; 2], bias: bool) -> LayerSpec {
    let layer = layer::conv_transpose2d(channels, kernel).with("stride", stride);
    layer.and_then(|layer| layer.with("bias", bias)).unwrap()
}

fn unbiased(outputs: usize) -> LayerSpec {
    dense(outputs).with("bias", false).unwrap()
}

#[test]
fn gradients_behind_dense_layers_meet_central_differences() {
    let epsilon = |epsilon: f64| batch_norm().with("epsilon", epsilon).unwrap();
    // Behind and before activations, of more channels than a thread takes at a time, as the code and behind it.
    check(
        &[dense(21), batch_norm(), tanh(), dense(3)],
        &[dense(9), silu(), epsilon(0.1), dense(11)],
        &[11],
    );
    check(
        &[
            batch_norm(),
            unbiased(17),
            batch_norm(),
            silu(),
            dense(3),
            batch_norm(),
        ],
        &[batch_norm(), unbiased(5), tanh(), dense(11), batch_norm()],
        &[11],
    );
}

#[test]
fn gradients_between_folded_linear_layers_meet_central_differences() {
    // So many rows are worth folding linear layers for, however small.
    check_planned(
        &[dense(9), dense(7), dense(3), batch_norm()],
        &[batch_norm(), dense(5), dense(9), dense(11)],
        &[11],
        20_000,
    );
}

#[test]
fn gradients_behind_convolutions_meet_central_differences() {
    // [2, 7, 6] → [5, 3, 5] → [4]; [4] → [3, 2, 2] → [6, 3, 4] → 84 values
    check(
        &[
            conv(5, [3, 2], [2, 1], false),
            batch_norm(),
            silu(),
            dense(4),
            batch_norm(),
        ],
        &[
            dense(12),
            layer::reshape([3, 2, 2]),
            batch_norm(),
            transposed(6, [2, 3], [1, 1], true),
            batch_norm(),
            tanh(),
            dense(84),
        ],
        &[2, 7, 6],
    );
}

#[test]
fn each_batch_of_a_step_has_its_own_statistics() {
    let (encoder, decoder) = ([dense(7), batch_norm(), tanh(), dense(2)], [dense(11)]);
    let data = pixels(2 * ROWS, &[11]);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let order: Vec<u32> = (0..2 * ROWS as u32).collect();
    let mut stepper = Stepper::new(setting(&encoder, &decoder, &[11], 1.0), ROWS, 2).unwrap();
    let before = stepper.parameters().flat().to_vec();
    let of = |stepper: &mut Stepper, rows| stepper.loss_and_gradient(&data, &scaling, 0, rows).1;
    let first = of(&mut stepper, &order[..ROWS]);
    let second = of(&mut stepper, &order[ROWS..]);
    let mut both = Stepper::new(
        Setting {
            accumulation: 2,
            ..setting(&encoder, &decoder, &[11], 1.0)
        },
        ROWS,
        2,
    )
    .unwrap();
    both.step(&data, &scaling, 0, &order, 1.0);
    let largest = first.iter().fold(0.0f32, |a, g| a.max(g.abs()));
    for (i, after) in both.parameters().flat().iter().enumerate() {
        let expected = before[i] - (first[i] + second[i]) / 2.0;
        assert!(
            (after - expected).abs() < 1e-6 * largest.max(1.0),
            "{after} {expected}"
        );
    }
    // Two batches were met.
    assert_eq!(both.parameters().states()[14].to_bits(), 2);
    // Forming a gradient alone changes no state.
    assert_eq!(stepper.parameters().states()[14].to_bits(), 0);
}

#[test]
fn running_statistics_are_pytorch_s() {
    let momentum = 0.3;
    let second = batch_norm().with("momentum", momentum).unwrap();
    let encoder = [
        conv(3, [2, 2], [1, 1], true),
        batch_norm(),
        dense(5),
        second,
    ];
    let decoder = [dense(12)];
    let data = pixels(3 * ROWS, &[1, 3, 4]);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let setting = setting(&encoder, &decoder, &[1, 3, 4], 0.0);
    let names: Vec<(&str, &[usize])> = setting
        .network
        .states()
        .iter()
        .map(|state| (&*state.name, &*state.shape))
        .collect();
    assert_eq!(
        names,
        [
            ("encoder.1.running_mean", &[3][..]),
            ("encoder.1.running_var", &[3]),
            ("encoder.1.num_batches_tracked", &[]),
            ("encoder.3.running_mean", &[5]),
            ("encoder.3.running_var", &[5]),
            ("encoder.3.num_batches_tracked", &[]),
        ]
    );
    let flat: Vec<f64> = setting
        .parameters
        .flat()
        .iter()
        .map(|&p| p.into())
        .collect();
    let (layers, rows) = ([&encoder[..], &decoder].concat(), rows_of(&data));
    let mut stepper = Stepper::new(setting, ROWS, 2).unwrap();
    let mut expected = [vec![(0.0, 1.0); 3], vec![(0.0, 1.0); 5]];
    for batch in 0..3 {
        let order: Vec<u32> = (batch * ROWS as u32..(batch + 1) * ROWS as u32).collect();
        stepper.step(&data, &scaling, 0, &order, 1.0);
        let these = &rows[batch as usize * ROWS..][..ROWS];
        let met = objective(&layers, &flat, these, &[1, 3, 4]).1;
        // [1, 3, 4] → [3, 2, 3]
        for ((running, met), (area, momentum)) in
            expected.iter_mut().zip(met).zip([(6, 0.1), (1, momentum)])
        {
            let n = (ROWS * area) as f64;
            for ((mean, variance), (of_mean, of_variance)) in running.iter_mut().zip(met) {
                *mean += momentum * (of_mean - *mean);
                *variance += momentum * (of_variance * n / (n - 1.0) - *variance);
            }
        }
    }
    let states = stepper.parameters().states();
    for (expected, states) in expected.iter().zip([&states[..7], &states[7..]]) {
        let channels = expected.len();
        for (c, (mean, variance)) in expected.iter().enumerate() {
            let found = [states[c], states[channels + c]].map(f64::from);
            assert!((found[0] - mean).abs() < 1e-6, "{found:?} {mean}");
            assert!((found[1] - variance).abs() < 1e-6, "{found:?} {variance}");
        }
        assert_eq!(states[2 * channels].to_bits(), 3);
    }
}

/// What running statistics of a model with these numbers of channels are, and as they lie among the states.
fn running(channels: &[usize]) -> (Vec<Vec<(f64, f64)>>, Vec<f32>) {
    let (mut all, mut states) = (Vec::new(), Vec::new());
    for (layer, &channels) in channels.iter().enumerate() {
        let of = |c: usize| {
            let i = 100 * layer + c;
            let pair = (number(i) as f32 - 0.5, 0.1 + number(5 * i) as f32);
            (f64::from(pair.0), f64::from(pair.1))
        };
        let pairs: Vec<(f64, f64)> = (0..channels).map(of).collect();
        states.extend(pairs.iter().map(|pair| pair.0 as f32));
        states.extend(pairs.iter().map(|pair| pair.1 as f32));
        states.push(f32::from_bits(70_000 + layer as u32));
        all.push(pairs);
    }
    (all, states)
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

#[test]
fn a_model_in_use_normalizes_by_running_statistics_wherever_the_layer_stands() {
    // Behind dense layers and convolutions, with and without a bias; first, behind an activation, as the code, behind
    // it, and behind layers that are folded themselves.
    let sides = [
        (
            vec![
                batch_norm(),
                dense(9),
                batch_norm(),
                tanh(),
                batch_norm(),
                unbiased(3),
                batch_norm(),
            ],
            vec![
                batch_norm(),
                unbiased(40),
                unbiased(40),
                batch_norm(),
                tanh(),
                dense(24),
                batch_norm(),
            ],
            vec![24, 9, 9, 3, 3, 40, 24],
            vec![24],
        ),
        (
            vec![
                conv(5, [3, 2], [1, 1], true),
                batch_norm(),
                silu(),
                conv(2, [2, 2], [1, 1], false),
                batch_norm(),
            ],
            vec![
                transposed(3, [2, 2], [1, 1], false),
                batch_norm(),
                transposed(2, [3, 2], [1, 1], true),
                batch_norm(),
                layer::flatten(),
                batch_norm(),
            ],
            vec![5, 2, 3, 2, 24],
            vec![2, 4, 3],
        ),
        // A channel of the normalization has several outputs of the dense layer.
        (
            vec![dense(4), tanh()],
            vec![dense(24), layer::reshape([2, 4, 3]), batch_norm()],
            vec![2],
            vec![2, 4, 3],
        ),
    ];
    for (encoder, decoder, channels, shape) in sides {
        let (running, states) = running(&channels);
        let model = model(&encoder, &decoder, &shape, &states);
        let parameters: Vec<f64> = model
            .parameters()
            .flat()
            .iter()
            .map(|&p| p.into())
            .collect();
        let data = pixels(ROWS, &shape);
        let mut forward = Forward {
            parameters: &parameters,
            data: &shape,
            running: Some(running),
            met: Vec::new(),
        };
        let layers = [encoder, decoder].concat();
        let expected = forward.layers(&layers, rows_of(&data));
        let found = model.reconstruct(data.to_array().view()).unwrap();
        let largest = expected
            .iter()
            .flatten()
            .fold(0.0f64, |a, x| a.max(x.abs()));
        for (found, expected) in found.iter().zip(expected.iter().flatten()) {
            let error = (f64::from(*found) / 255.0 - expected).abs();
            assert!(error < 1e-5 * largest, "{layers:?}: {found} {expected}");
        }
        // The parts are the whole.
        let codes = model.encode(data.to_array().view()).unwrap();
        let decoded = model.decode(codes.view()).unwrap();
        for (found, expected) in decoded.iter().zip(&found) {
            assert!((found - expected).abs() < 1e-4 * 255.0 * largest as f32);
        }
        // And the file keeps all of it.
        let file = tempfile::NamedTempFile::new().unwrap();
        model.save(file.path()).unwrap();
        let again = Model::load(file.path()).unwrap();
        let bits = |model: &Model| -> Vec<u32> {
            model
                .parameters()
                .states()
                .iter()
                .map(|x| x.to_bits())
                .collect()
        };
        assert_eq!(bits(&again), bits(&model));
        assert_eq!(again.parameters().flat(), model.parameters().flat());
        assert_eq!(again.reconstruct(data.to_array().view()).unwrap(), found);
    }
}

#[test]
fn a_tied_layer_before_the_normalization_gives_what_weights_of_its_own_give() {
    let (_, states) = running(&[24]);
    let of = |decoder: LayerSpec| {
        let decoder = [decoder, batch_norm()];
        model(&[dense(5), tanh()], &decoder, &[24], &states)
    };
    let (tied, own) = (of(layer::tied_dense(0)), of(dense(24)));
    let numbers = |name: &str| {
        let mut tensors = tied.network().tensors().iter();
        let tensor = tensors.find(|tensor| tensor.name == name)?;
        Some(&tied.parameters().flat()[tensor.range.clone()])
    };
    let weights = numbers("encoder.0.weight").unwrap();
    let transposed = || (0..24).flat_map(|i| (0..5).map(move |o| weights[o * 24 + i]));
    let flat: Vec<f32> = own
        .network()
        .tensors()
        .iter()
        .flat_map(|tensor| {
            numbers(&tensor.name).map_or_else(|| transposed().collect(), <[f32]>::to_vec)
        })
        .collect();
    let (recipe, scaling) = (own.recipe().clone(), own.scaling().clone());
    let own = Model::with_states(recipe, scaling, &[24], &flat, &states).unwrap();
    let rows = pixels(ROWS, &[24]).to_array();
    let [found, expected] = [&tied, &own].map(|model| model.reconstruct(rows.view()).unwrap());
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-2, "{found} {expected}");
    }
}

/// All numbers of a run: parameters and states, now and of the best epoch.
fn bits(training: &Training<'_>) -> Vec<Vec<u32>> {
    let state = training.state();
    let model = training.model().unwrap();
    let all = [
        &state.parameters[..],
        &state.states,
        &state.best.parameters,
        &state.best.states,
        model.parameters().flat(),
        model.parameters().states(),
    ];
    all.iter()
        .map(|numbers| numbers.iter().map(|x| x.to_bits()).collect())
        .collect()
}

#[test]
fn a_run_has_the_same_bits_for_any_number_of_threads() {
    // The last row of an epoch joins the batch before it.
    let (data, validation) = (noise(29 * 8 + 1, 13), noise(29 + 1, 13));
    for text in [BATCH_NORM.to_string(), whole(BATCH_NORM)] {
        let mut recipe = Recipe::parse(&text, "test").unwrap();
        recipe.epochs = 3;
        let run = |threads| {
            let training = Training::new(&recipe, &data, threads).unwrap();
            let mut training = training.with_validation(&validation).unwrap();
            while !training.is_finished() {
                training.epoch(|_| ()).unwrap();
            }
            bits(&training)
        };
        let alone = run(1);
        assert!(alone.iter().all(|numbers| !numbers.is_empty()));
        for threads in [2, 3, 5] {
            assert!(alone == run(threads), "{threads} threads give other bits");
        }
    }
}

#[test]
fn a_run_that_goes_on_has_the_same_bits() {
    let (data, validation) = (noise(29 * 6 + 1, 13), noise(50, 13));
    let mut recipe = Recipe::parse(&whole(BATCH_NORM), "test").unwrap();
    recipe.accumulation = 2;
    recipe.epochs = 4;
    let begin = |threads| {
        let training = Training::new(&recipe, &data, threads).unwrap();
        training.with_validation(&validation).unwrap()
    };
    let mut whole = begin(2);
    let mut losses = Vec::new();
    while !whole.is_finished() {
        losses.push(whole.epoch(|_| ()).unwrap().validation_loss);
    }
    // Broken off after every step, the last of an epoch too, which then lacks its validation.
    let (mut found, mut training, mut breaks) = (Vec::new(), begin(1), 0);
    while !training.is_finished() {
        let mut calls = 0;
        let record = training.epoch_while(|_, _| {
            calls += 1;
            breaks += 1;
            ControlFlow::Break(())
        });
        if let Some(record) = record.unwrap() {
            found.push(record.validation_loss);
        }
        assert!(calls <= 1);
        let mut next = begin(1 + breaks % 3);
        // The validation of 50 rows has two batches, and could never end where each is broken off.
        next.restore(training.state()).unwrap();
        training = next;
        if training.position().1 == data.rows() {
            found.push(training.epoch(|_| ()).unwrap().validation_loss);
        }
    }
    assert!(breaks >= 12, "{breaks}");
    assert_eq!(found, losses);
    assert!(bits(&training) == bits(&whole));
}

#[test]
fn states_that_do_not_fit_are_refused() {
    let data = noise(29 * 3, 13);
    let recipe = Recipe::parse(BATCH_NORM, "test").unwrap();
    let mut training = Training::new(&recipe, &data, 1).unwrap();
    let state = training.state();
    assert!(!state.states.is_empty());
    let mut fewer = state.clone();
    fewer.states.pop();
    assert_eq!(
        training.restore(fewer).unwrap_err().kind(),
        ErrorKind::Format
    );
    training.restore(state).unwrap();
}

#[test]
fn the_last_row_of_an_epoch_joins_the_batch_before_it_and_that_is_said() {
    let data = noise(29 * 3 + 1, 13);
    let recipe = Recipe::parse(BATCH_NORM, "test").unwrap();
    let mut training = Training::new(&recipe, &data, 2).unwrap();
    let joins = Warning::LastRowJoins {
        rows: 88,
        batch: 29,
    };
    assert_eq!(training.warnings(), std::slice::from_ref(&joins));
    assert_eq!(
        joins.to_string(),
        "88 rows in batches of 29 leave a last batch of one row, which has no variance to normalize by: it joins the \
         batch before it, which has 30 rows; choose another training.batch_size for batches of one size"
    );
    let mut seen = Vec::new();
    training.epoch(|progress| seen.push(progress.rows)).unwrap();
    assert_eq!(seen, [29, 58, 88]);
    // Of two batches a step the last step has one of 30 rows.
    let mut recipe = recipe;
    recipe.accumulation = 2;
    let mut training = Training::new(&recipe, &data, 2).unwrap();
    let mut seen = Vec::new();
    training.epoch(|progress| seen.push(progress.rows)).unwrap();
    assert_eq!(seen, [58, 88]);
    let count = training.state().states.last().unwrap().to_bits();
    assert_eq!(count, 3, "three batches of statistics");
    // Where no batch has one row, nothing is said.
    let data = noise(29 * 3 + 2, 13);
    assert!(
        Training::new(&recipe, &data, 2)
            .unwrap()
            .warnings()
            .is_empty()
    );
}

#[test]
fn batches_of_one_row_are_refused_where_a_channel_has_one_value() {
    let data = noise(20, 13);
    let mut recipe = Recipe::parse(BATCH_NORM, "test").unwrap();
    recipe.batch_size = 1;
    let error = Training::new(&recipe, &data, 1).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Recipe);
    for part in ["encoder.4", "at least 2 rows", "training.batch_size"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    // A channel of an image has a variance.
    let images = "name = 'a'\nencoder = [{ layer = 'conv2d', channels = 2, kernel = 3 }, { layer = 'batch-norm' }]\n\
                  decoder = [{ layer = 'dense' }]\ntraining.batch_size = 1\ntraining.epochs = 1";
    let recipe = Recipe::parse(images, "test").unwrap();
    let mut training = Training::new(&recipe, &data, 1).unwrap();
    training.epoch(|_| ()).unwrap();
    assert_eq!(training.state().states.last().unwrap().to_bits(), 20);
}

#[test]
fn validation_measures_the_model_as_it_is_used() {
    let (data, validation) = (noise(29 * 5, 13), noise(77, 13));
    let mut recipe = Recipe::parse(BATCH_NORM, "test").unwrap();
    recipe.epochs = 2;
    let training = Training::new(&recipe, &data, 2).unwrap();
    let mut training = training.with_validation(&validation).unwrap();
    while !training.is_finished() {
        training.epoch(|_| ()).unwrap();
    }
    let model = training.model().unwrap();
    let (loss, error) = (
        training.best_validation_loss().unwrap(),
        model.mse(&validation).unwrap(),
    );
    assert!((loss - error).abs() < 1e-5 * error, "{loss} {error}");
    // Another run can begin with it, its statistics among the rest.
    let mut next = Training::new(&recipe, &data, 1).unwrap();
    next.init_from(&model).unwrap();
    assert_eq!(next.state().states, model.parameters().states());
}

#[test]
fn rows_of_other_shapes_are_refused() {
    let error = Network::new(
        &[batch_norm(), layer::flatten(), dense(2)],
        &[dense(12)],
        &[3, 4],
    );
    let error = error.err().unwrap().to_string();
    for part in [
        "encoder.0 (batch-norm)",
        "[channels, height, width]",
        "flatten",
    ] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_contractive_penalty_over_the_layer_is_refused_and_one_before_it_is_not() {
    let data = pixels(30, &[11]);
    let text = |encoder: &str, decoder: &str, kind: &str| {
        format!(
            "name = 'a'\nencoder = [{{ layer = 'dense', outputs = 5 }}{encoder}, {{ layer = 'tanh' }}]\n\
             decoder = [{{ layer = 'dense', outputs = 7 }}{decoder}, {{ layer = 'dense' }}]\n\
             objective = {{ penalties = [{{ kind = '{kind}', weight = 0.1 }}] }}\ntraining.batch_size = 10\n\
             training.epochs = 1"
        )
    };
    let norm = ", { layer = 'batch-norm' }";
    for kind in ["jacobian", "summed", "hutchinson"] {
        let recipe = Recipe::parse(&text(norm, "", kind), "test").unwrap();
        let error = Training::new(&recipe, &data, 1).err().unwrap();
        assert!(error.to_string().contains("encoder.1"), "{error}");
        let recipe = Recipe::parse(&text("", norm, kind), "test").unwrap();
        let mut training = Training::new(&recipe, &data, 2).unwrap();
        let record = training.epoch(|_| ()).unwrap();
        assert!(record.columns[0].1 > 0.0);
        let states = training.state().states;
        assert_eq!(states.last().unwrap().to_bits(), 3);
    }
}

#[test]
fn the_jacobian_of_a_model_in_use_goes_through_running_statistics() {
    let encoder = [
        batch_norm(),
        conv(3, [2, 2], [1, 1], true),
        batch_norm(),
        tanh(),
        dense(2),
        batch_norm(),
    ];
    let (running, states) = running(&[1, 3, 2]);
    let model = model(&encoder, &[dense(12)], &[1, 3, 4], &states);
    let parameters: Vec<f64> = model
        .parameters()
        .flat()
        .iter()
        .map(|&p| p.into())
        .collect();
    let of_encoder: usize = model
        .network()
        .tensors()
        .iter()
        .filter(|tensor| tensor.name.starts_with("encoder"))
        .map(|tensor| tensor.range.len())
        .sum();
    let row: Vec<f64> = (0..12).map(number).collect();
    let code = |row: &[f64]| {
        let mut forward = Forward {
            parameters: &parameters[..of_encoder],
            data: &[1, 3, 4],
            running: Some(running.clone()),
            met: Vec::new(),
        };
        forward.layers(&encoder, vec![row.to_vec()]).remove(0)
    };
    let single: Vec<f32> = row.iter().map(|&x| x as f32).collect();
    let found = model
        .network()
        .jacobian(model.parameters(), &single)
        .unwrap();
    for input in 0..12 {
        let step = 1e-5;
        let moved = |by: f64| {
            let mut moved = row.clone();
            moved[input] += by;
            code(&moved)
        };
        let (above, below) = (moved(step), moved(-step));
        for (output, (above, below)) in above.iter().zip(&below).enumerate() {
            let expected = (above - below) / (2.0 * step);
            let found = f64::from(found[2 * input + output]);
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}

/// A tensor of a file: type, shape and bytes.
type Stored = (Dtype, Vec<usize>, Vec<u8>);

/// A PyTorch `state_dict` of two dense layers with a BatchNorm behind the first, under other names.
fn state_dict(change: impl FnOnce(&mut BTreeMap<String, Stored>)) -> tempfile::NamedTempFile {
    let floats = |start: usize, count: usize| -> Vec<u8> {
        let numbers = (start..start + count).map(|i| number(i) as f32);
        numbers.flat_map(f32::to_le_bytes).collect()
    };
    let float = |name: &str, shape: &[usize], start| {
        let count = shape.iter().product();
        (
            name.to_string(),
            (Dtype::F32, shape.to_vec(), floats(start, count)),
        )
    };
    let mut all = BTreeMap::from([
        float("fc1.weight", &[3, 6], 0),
        float("fc1.bias", &[3], 20),
        float("norm.weight", &[3], 30),
        float("norm.bias", &[3], 40),
        float("norm.running_mean", &[3], 50),
        float("norm.running_var", &[3], 60),
        float("out.weight", &[6, 3], 70),
        float("out.bias", &[6], 90),
    ]);
    let count = (Dtype::I64, vec![], 1234i64.to_le_bytes().to_vec());
    all.insert("norm.num_batches_tracked".into(), count);
    change(&mut all);
    let views = all.iter().map(|(name, (kind, shape, bytes))| {
        (name, TensorView::new(*kind, shape.clone(), bytes).unwrap())
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), safetensors::serialize(views, None).unwrap()).unwrap();
    file
}

fn import(change: impl FnOnce(&mut BTreeMap<String, Stored>)) -> Result<Model, Error> {
    let text = "name = 'a'\nscaling.kind = 'none'\n\
                encoder = [{ layer = 'dense', outputs = 3 }, { layer = 'batch-norm' }, { layer = 'tanh' }]\n\
                decoder = [{ layer = 'dense' }]";
    let recipe = Recipe::parse(text, "test").unwrap();
    let imported = Model::import(
        state_dict(change).path(),
        &recipe,
        &ImportOptions::default(),
    );
    imported.map(|imported| imported.model)
}

#[test]
fn pytorch_s_running_statistics_are_imported() {
    let model = import(|_| ()).unwrap();
    let single = |start: usize, count: usize| (start..start + count).map(|i| number(i) as f32);
    let expected: Vec<f32> = single(50, 3).chain(single(60, 3)).collect();
    assert_eq!(model.parameters().states()[..6], expected);
    assert_eq!(model.parameters().states()[6].to_bits(), 1234);
    // A whole file that was converted has counts in other types.
    for (kind, bytes) in [
        (Dtype::F32, 1234f32.to_le_bytes().to_vec()),
        (Dtype::F64, 1234f64.to_le_bytes().to_vec()),
    ] {
        let converted = import(|all| {
            all.insert("norm.num_batches_tracked".into(), (kind, vec![], bytes));
        });
        assert_eq!(converted.unwrap().parameters().states()[6].to_bits(), 1234);
    }
    // The file of the model is itself one that PyTorch loads: names, types and shapes.
    let file = tempfile::NamedTempFile::new().unwrap();
    model.save(file.path()).unwrap();
    let bytes = std::fs::read(file.path()).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let count = tensors.tensor("encoder.1.num_batches_tracked").unwrap();
    assert_eq!((count.dtype(), count.shape()), (Dtype::I64, &[][..]));
    assert_eq!(count.data(), 1234i64.to_le_bytes());
    assert_eq!(
        tensors.tensor("encoder.1.running_var").unwrap().shape(),
        [3]
    );
    assert_eq!(tensors.len(), 9);
}

#[test]
fn impossible_statistics_are_refused_by_name() {
    type Change = fn(&mut BTreeMap<String, Stored>);
    let changes: [(Change, &[&str]); 4] = [
        (
            |all| {
                all.get_mut("norm.running_var").unwrap().2[4..8]
                    .copy_from_slice(&(-0.5f32).to_le_bytes())
            },
            &["norm.running_var", "from 0 on", "-0.5"],
        ),
        (
            |all| {
                all.get_mut("norm.running_mean").unwrap().2[..4]
                    .copy_from_slice(&f32::NAN.to_le_bytes())
            },
            &["norm.running_mean", "finite"],
        ),
        (
            |all| {
                all.get_mut("norm.num_batches_tracked").unwrap().2 = (-1i64).to_le_bytes().to_vec()
            },
            &["norm.num_batches_tracked", "whole number", "-1"],
        ),
        // Without running statistics there is nothing to use the layer with.
        (
            |all| all.retain(|name, _| !name.contains("running") && !name.contains("num_")),
            &["encoder.1.running_mean [3]", "encoder.1.running_var [3]"],
        ),
    ];
    for (change, parts) in changes {
        let error = import(change).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format, "{error}");
        for part in parts {
            assert!(
                error.to_string().contains(part),
                "`{part}` is missing in: {error}"
            );
        }
    }
}
