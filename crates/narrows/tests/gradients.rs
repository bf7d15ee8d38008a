//! The gradient of a whole network against central differences of a float64 forward pass.

use narrows::data::scaling::{Scaling, ScalingSpec};
use narrows::data::{Dataset, Values};
use narrows::layer::{Activation, Initialization, LayerSpec};
use narrows::network::{Network, Parameters};
use narrows::objective::{Objective, Reconstruction};
use narrows::optimizer::{Optimizer, OptimizerSpec};
use narrows::train::{Setting, Stepper};
use narrows_kernels::reference;
use ndarray::Array2;

const INPUTS: usize = 11;
const ROWS: usize = 5;

fn dense(outputs: usize) -> LayerSpec {
    LayerSpec::Dense {
        outputs: Some(outputs),
        bias: true,
    }
}

/// The objective in float64, from the definition of each layer.
fn objective(
    layers: &[LayerSpec],
    reconstruction: Reconstruction,
    parameters: &[f64],
    rows: &[Vec<f64>],
) -> f64 {
    let mut sum = 0.0;
    for row in rows {
        let mut x = row.clone();
        let mut at = 0;
        for (index, layer) in layers.iter().enumerate() {
            x = match *layer {
                LayerSpec::Dense { outputs, .. } => {
                    let outputs = outputs.unwrap_or(INPUTS);
                    let weights = &parameters[at..at + outputs * x.len()];
                    let bias = &parameters[at + weights.len()..at + weights.len() + outputs];
                    at += weights.len() + outputs;
                    (0..outputs)
                        .map(|o| {
                            let w = &weights[o * x.len()..(o + 1) * x.len()];
                            bias[o] + w.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>()
                        })
                        .collect()
                }
                // Cross-entropy starts from the logits.
                LayerSpec::Activation(Activation::Sigmoid)
                    if index + 1 == layers.len()
                        && reconstruction == Reconstruction::BinaryCrossEntropy =>
                {
                    x
                }
                LayerSpec::Activation(f) => {
                    x.iter().map(|&x| reference::activation(f, x)).collect()
                }
            };
        }
        let loss = match reconstruction {
            Reconstruction::Mse => narrows_kernels::loss::Loss::Squared,
            Reconstruction::L1 => narrows_kernels::loss::Loss::Absolute,
            Reconstruction::Huber { delta } => narrows_kernels::loss::Loss::Huber { delta },
            Reconstruction::BinaryCrossEntropy => narrows_kernels::loss::Loss::CrossEntropyOfLogits,
        };
        sum += x
            .iter()
            .zip(row)
            .map(|(&y, &t)| reference::loss(loss, y, t))
            .sum::<f64>();
    }
    sum / (rows.len() * INPUTS) as f64
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
        Reconstruction::Mse,
        Reconstruction::L1,
        Reconstruction::Huber { delta: 0.3 },
        Reconstruction::BinaryCrossEntropy,
    ];
    for activation in activations {
        for reconstruction in losses {
            check(activation, reconstruction);
        }
    }
}

fn check(activation: Activation, reconstruction: Reconstruction) {
    let encoder = [dense(7), LayerSpec::Activation(activation), dense(3)];
    let decoder = [
        LayerSpec::Activation(activation),
        dense(INPUTS),
        LayerSpec::Activation(Activation::Sigmoid),
    ];
    let network = Network::new(&encoder, &decoder, INPUTS).unwrap();
    let pixels = Array2::from_shape_fn((ROWS, INPUTS), |(r, c)| ((r * 37 + c * 101) % 256) as u8);
    let data = Dataset::new("pattern", Values::U8(pixels.clone()), vec![INPUTS], None).unwrap();
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let parameters = Parameters::initial(&network, Initialization::XavierUniform, 5);
    let flat: Vec<f64> = parameters.flat().iter().map(|&p| f64::from(p)).collect();
    let sgd = OptimizerSpec::Sgd {
        learning_rate: 0.0,
        momentum: 0.0,
        weight_decay: 0.0,
    };
    let optimizer = Optimizer::new(sgd, &network);
    let goal = Objective::new(reconstruction, &decoder).unwrap();
    let setting = Setting {
        network,
        parameters,
        corruption: None,
        objective: goal,
        terms: Vec::new(),
        optimizer,
        seed: 0,
    };
    let mut stepper = Stepper::new(setting, ROWS, 2);
    let order: Vec<u32> = (0..ROWS as u32).collect();
    let (losses, gradient) = stepper.loss_and_gradient(&data, &scaling, 0, &order);
    let loss = losses.total;

    let rows: Vec<Vec<f64>> = pixels
        .rows()
        .into_iter()
        .map(|row| row.iter().map(|&v| f64::from(v) / 255.0).collect())
        .collect();
    let layers = [&encoder[..], &decoder[..]].concat();
    let at = |p: &[f64]| objective(&layers, reconstruction, p, &rows);
    let name = format!("{activation:?}, {reconstruction:?}");
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
