//! Compares the gradient of a whole network with central differences of a float64 forward pass, for layers whose
//! formula is written here. `differences.rs` checks every layer of the list without a formula.

mod convolutions;

use narrows::bottleneck::Bottleneck;
use narrows::data::{Dataset, Values};
use narrows::layer::{self, Activation, Initialization, LayerSpec, activation};
use narrows::network::{Network, Parameters};
use narrows::objective::{Objective, Reconstruction};
use narrows::optimizer::{Optimizer, OptimizerSpec};
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::train::{Setting, Stepper};
use narrows_kernels::conv::Geometry;
use narrows_kernels::loss::Loss;
use narrows_kernels::reference;
use ndarray::Array2;

const ROWS: usize = 5;

fn dense(outputs: usize) -> LayerSpec {
    layer::dense(outputs)
}

/// The parameters that come next in the arena.
fn next<'a>(parameters: &mut &'a [f64], count: usize) -> &'a [f64] {
    let (these, rest) = parameters.split_at(count);
    *parameters = rest;
    these
}

/// A bias for each of the channels of an image.
fn add_bias(image: &mut [f64], bias: &[f64]) {
    let area = image.len() / bias.len();
    for (channel, bias) in image.chunks_exact_mut(area).zip(bias) {
        channel.iter_mut().for_each(|x| *x += bias);
    }
}

/// What a layer makes of one row `x` of a shape, in float64, from its definition.
fn row_of(
    layer: &LayerSpec,
    x: Vec<f64>,
    shape: &mut Vec<usize>,
    data: &[usize],
    parameters: &mut &[f64],
) -> Vec<f64> {
    let pair = |key: &str| layer.get::<[usize; 2]>(key).unwrap();
    let bias = |y: &mut [f64], parameters: &mut &[f64], outputs| {
        if layer.get("bias").unwrap() {
            add_bias(y, next(parameters, outputs));
        }
    };
    match layer.name() {
        "dense" => {
            let outputs = layer.get("outputs").unwrap_or(data.iter().product());
            *shape = vec![outputs];
            let weights = next(parameters, outputs * x.len());
            let mut y: Vec<f64> = weights
                .chunks_exact(x.len())
                .map(|w| w.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>())
                .collect();
            bias(&mut y, parameters, outputs);
            y
        }
        "conv2d" => {
            let (kernel, stride, padding) = (pair("kernel"), pair("stride"), pair("padding"));
            let channels = layer.get("channels").unwrap_or(data[0]);
            let input = [shape[0], shape[1], shape[2]];
            let size = |axis: usize| {
                (input[axis + 1] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1
            };
            let output = [channels, size(0), size(1)];
            *shape = output.to_vec();
            let geometry = Geometry {
                input,
                output,
                kernel,
                stride,
                padding,
            };
            let weights = next(parameters, channels * input[0] * kernel[0] * kernel[1]);
            let mut y = reference::convolution(&geometry, weights, &x);
            bias(&mut y, parameters, channels);
            y
        }
        "conv-transpose2d" => {
            let (kernel, stride, padding) = (pair("kernel"), pair("stride"), pair("padding"));
            let output_padding = pair("output_padding");
            let channels = layer.get("channels").unwrap_or(data[0]);
            let input = [shape[0], shape[1], shape[2]];
            let size = |axis: usize| {
                (input[axis + 1] - 1) * stride[axis] + kernel[axis] + output_padding[axis]
                    - 2 * padding[axis]
            };
            let output = [channels, size(0), size(1)];
            *shape = output.to_vec();
            let geometry = Geometry {
                input: output,
                output: input,
                kernel,
                stride,
                padding,
            };
            let weights = next(parameters, channels * input[0] * kernel[0] * kernel[1]);
            let mut y = reference::transposed_convolution(&geometry, weights, &x);
            bias(&mut y, parameters, channels);
            y
        }
        "flatten" => {
            *shape = vec![x.len()];
            x
        }
        "reshape" => {
            *shape = layer.get::<[usize; 3]>("shape").unwrap().to_vec();
            x
        }
        _ => {
            let f = function(layer).expect("this layer has its formula here");
            x.iter().map(|&x| reference::activation(f, x)).collect()
        }
    }
}

/// The function that a layer applies, if it is an activation.
fn function(layer: &LayerSpec) -> Option<Activation> {
    Some(match layer.name() {
        "identity" => Activation::Identity,
        "relu" => Activation::Relu,
        "leaky-relu" => Activation::LeakyRelu {
            slope: layer.get("slope")?,
        },
        "elu" => Activation::Elu {
            alpha: layer.get("alpha")?,
        },
        "silu" => Activation::Silu,
        "gelu" => Activation::Gelu,
        "tanh" => Activation::Tanh,
        "sigmoid" => Activation::Sigmoid,
        "softplus" => Activation::Softplus,
        _ => return None,
    })
}

/// The objective in float64.
fn objective(
    layers: &[LayerSpec],
    reconstruction: &Reconstruction,
    mut parameters: &[f64],
    rows: &[Vec<f64>],
    data: &[usize],
) -> f64 {
    let loss = match reconstruction.name() {
        "mse" => Loss::Squared,
        "l1" => Loss::Absolute,
        "huber" => Loss::Huber {
            delta: reconstruction.get("delta").unwrap(),
        },
        "binary-cross-entropy" => Loss::CrossEntropyOfLogits,
        other => panic!("the loss {other} has its formula here"),
    };
    // Cross-entropy starts from the logits.
    let layers = match loss {
        Loss::CrossEntropyOfLogits => {
            let sigmoid = activation(Activation::Sigmoid);
            &layers[..layers.iter().rposition(|layer| *layer == sigmoid).unwrap()]
        }
        _ => layers,
    };
    let all = parameters;
    let mut sum = 0.0;
    for row in rows {
        parameters = all;
        let (mut x, mut shape) = (row.clone(), data.to_vec());
        for spec in layers {
            x = row_of(spec, x, &mut shape, data, &mut parameters);
        }
        assert!(parameters.is_empty(), "every parameter has a part");
        assert_eq!(x.len(), row.len());
        sum += x
            .iter()
            .zip(row)
            .map(|(&y, &t)| reference::loss(loss, y, t))
            .sum::<f64>();
    }
    sum / (rows.len() * rows[0].len()) as f64
}

#[test]
fn every_gradient_meets_central_differences_for_every_activation_and_loss() {
    let activations = [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu { slope: 0.1 },
        Activation::Elu { alpha: 0.7 },
        Activation::Silu,
        Activation::Gelu,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Softplus,
    ];
    let losses = [
        Reconstruction::mse(),
        Reconstruction::l1(),
        Reconstruction::huber(0.3),
        Reconstruction::binary_cross_entropy(),
    ];
    for function in activations {
        for reconstruction in &losses {
            let encoder = [dense(7), activation(function), dense(3)];
            let decoder = [
                activation(function),
                dense(11),
                activation(Activation::Sigmoid),
            ];
            check(&encoder, &decoder, &[11], reconstruction);
        }
    }
}

#[test]
fn cross_entropy_finds_its_logits_before_layers_that_keep_the_values() {
    let decoder = [
        dense(12),
        activation(Activation::Sigmoid),
        activation(Activation::Identity),
        layer::reshape([1, 3, 4]),
    ];
    let entropy = &Reconstruction::binary_cross_entropy();
    check(&[dense(3)], &decoder, &[1, 3, 4], entropy);
    let flat = [&decoder[..2], &[layer::flatten()]].concat();
    check(&[dense(3)], &flat, &[1, 3, 4], entropy);
}

#[test]
fn gradients_of_folded_linear_layers_meet_central_differences() {
    let tanh = || activation(Activation::Tanh);
    let sigmoid = || activation(Activation::Sigmoid);
    let unbiased = |outputs| dense(outputs).with("bias", false).unwrap();
    let mse = &Reconstruction::mse();
    let check = |encoder: &[LayerSpec], decoder: &[LayerSpec], reconstruction: &Reconstruction| {
        check_planned(encoder, decoder, &[11], reconstruction, FOLDED);
    };
    // The whole encoder and the whole decoder.
    let encoder = [dense(9), dense(5), dense(2)];
    let decoder = [dense(5), dense(9), dense(11), sigmoid()];
    check(&encoder, &decoder, mse);
    check(&encoder, &decoder, &Reconstruction::binary_cross_entropy());
    let encoder = [dense(9), unbiased(5), dense(4), unbiased(1)];
    let decoder = [unbiased(4), dense(9), unbiased(11)];
    check(&encoder, &decoder, mse);
    // Behind other layers and before them, so that gradients pass.
    let encoder = [dense(10), tanh(), dense(8), unbiased(3), dense(2)];
    let decoder = [dense(6), dense(9), tanh(), dense(11)];
    check(&encoder, &decoder, mse);
    // An encoder's run that widens, and a decoder's that narrows.
    let encoder = [dense(2), tanh(), dense(7), dense(12), tanh(), dense(3)];
    let decoder = [dense(12), tanh(), dense(6), dense(3), tanh(), dense(11)];
    check(&encoder, &decoder, mse);
}

#[test]
fn exchanged_parameters_count_at_once_where_layers_are_folded() {
    let recipe = narrows::Recipe::named("simple-linear").unwrap();
    let pixels = Array2::from_shape_fn((64, 784), |(r, c)| ((r * 37 + c * 101) % 256) as u8);
    let data = Dataset::new("pattern", Values::U8(pixels), vec![784], None).unwrap();
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let rows: Vec<u32> = (0..64).collect();
    let stepper = |seed| {
        let network = recipe.network(&[784]).unwrap();
        let setting = Setting {
            parameters: Parameters::initial(&network, Initialization::Pytorch, seed),
            optimizer: Optimizer::new(recipe.optimizer, &network),
            network,
            corruption: None,
            objective: Objective::new(&recipe.reconstruction, &recipe.bottleneck, &recipe.decoder)
                .unwrap(),
            penalties: Vec::new(),
            seed,
            binarize: false,
            clip_norm: 0.0,
            accumulation: 1,
        };
        Stepper::new(setting, 64, 1).unwrap()
    };
    let (mut one, mut other) = (stepper(1), stepper(2));
    let before = one.losses(&data, &scaling, &rows).clone();
    let expected = other.losses(&data, &scaling, &rows).clone();
    assert_ne!(before, expected);
    one.set_parameters(other.parameters().flat()).unwrap();
    assert_eq!(one.losses(&data, &scaling, &rows), expected);
    // And after a step.
    one.step(&data, &scaling, 0, &rows, 1.0);
    other.step(&data, &scaling, 0, &rows, 1.0);
    let after = one.losses(&data, &scaling, &rows).clone();
    assert_eq!(after, other.losses(&data, &scaling, &rows));
    assert_ne!(after, expected);
}

fn check(
    encoder: &[LayerSpec],
    decoder: &[LayerSpec],
    shape: &[usize],
    reconstruction: &Reconstruction,
) {
    check_planned(encoder, decoder, shape, reconstruction, ROWS);
}

/// So many rows are worth folding linear layers for, however small.
const FOLDED: usize = 20_000;

/// Checks the gradient over [`ROWS`] rows of a step that is planned for `planned`.
fn check_planned(
    encoder: &[LayerSpec],
    decoder: &[LayerSpec],
    shape: &[usize],
    reconstruction: &Reconstruction,
    planned: usize,
) {
    let inputs = shape.iter().product();
    let name = format!("{encoder:?}, {decoder:?}, {reconstruction:?}");
    let network = Network::new(encoder, decoder, shape).unwrap();
    let pixels = Array2::from_shape_fn((ROWS, inputs), |(r, c)| ((r * 37 + c * 101) % 256) as u8);
    let data = Dataset::new("pattern", Values::U8(pixels.clone()), shape.to_vec(), None).unwrap();
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let parameters = Parameters::initial(&network, Initialization::XavierUniform, 5);
    let flat: Vec<f64> = parameters.flat().iter().map(|&p| f64::from(p)).collect();
    let sgd = OptimizerSpec::Sgd {
        learning_rate: 0.0,
        momentum: 0.0,
        weight_decay: 0.0,
    };
    let optimizer = Optimizer::new(sgd, &network);
    let goal = Objective::new(reconstruction, &Bottleneck::plain(), decoder).unwrap();
    let setting = Setting {
        network,
        parameters,
        corruption: None,
        objective: goal,
        penalties: Vec::new(),
        optimizer,
        seed: 0,
        binarize: false,
        clip_norm: 0.0,
        accumulation: 1,
    };
    let mut stepper = Stepper::new(setting, planned, 2).unwrap();
    if planned == FOLDED {
        // What lies between folded layers is not formed, neither forward nor backward.
        let mut values = inputs;
        for side in [encoder, decoder] {
            let mut width = 0;
            for (index, layer) in side.iter().enumerate() {
                if layer.name() == "dense" {
                    width = layer.get("outputs").unwrap_or(inputs);
                } else if index == 0 {
                    panic!("sides begin with a dense layer here");
                }
                let is_inner = side.len() > index + 1
                    && side[index..index + 2].iter().all(|l| l.name() == "dense");
                values += if is_inner { 0 } else { 2 * width };
            }
        }
        // The loss, and the narrow ends of two runs with a 1; the least that lies between is 12.
        let most = (values + 1 + 2 * 4) * planned * size_of::<f32>();
        assert!(
            stepper.memory().activations < most + planned,
            "{name}: not folded"
        );
    }
    let order: Vec<u32> = (0..ROWS as u32).collect();
    let (losses, gradient) = stepper.loss_and_gradient(&data, &scaling, 0, &order);
    let loss = losses.total;

    let rows: Vec<Vec<f64>> = pixels
        .rows()
        .into_iter()
        .map(|row| row.iter().map(|&v| f64::from(v) / 255.0).collect())
        .collect();
    let layers = [encoder, decoder].concat();
    let at = |p: &[f64]| objective(&layers, reconstruction, p, &rows, shape);
    let expected = at(&flat);
    assert!(
        (loss - expected).abs() < 1e-6 * expected.abs(),
        "{name}: {loss}, not {expected}"
    );

    let largest = gradient.iter().fold(0.0f32, |a, g| a.max(g.abs()));
    assert!(largest > 1e-4, "{name}: a gradient to compare");
    let step = 1e-5;
    for i in 0..flat.len() {
        let mut moved = flat.clone();
        moved[i] = flat[i] + step;
        let above = at(&moved);
        moved[i] = flat[i] - step;
        let difference = (above - at(&moved)) / (2.0 * step);
        let error = (f64::from(gradient[i]) - difference).abs();
        assert!(
            error < 2e-6 * f64::from(largest).max(0.1),
            "{name}: parameter {i} has {}, differences give {difference}",
            gradient[i]
        );
    }
}
