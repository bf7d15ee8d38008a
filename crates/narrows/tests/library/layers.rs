//! Layer normalization, dropout and tied weights: alone, together, and with everything that a step does with a
//! gradient.

mod contraction;
mod differences;
mod rules;

use narrows::bottleneck::Bottleneck;
use narrows::data::{Dataset, Values};
use narrows::layer::{
    self, Activation, Initialization, LayerSpec, activation, batch_norm, dense, dropout,
    layer_norm, tied_dense,
};
use narrows::network::{Network, Parameters};
use narrows::objective::{Objective, Penalty, PenaltyKind, Reconstruction};
use narrows::optimizer::{Optimizer, OptimizerSpec};
use narrows::rng::{Draws, Purpose};
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::train::{Setting, Stepper};
use narrows::{ErrorKind, Model, Recipe};
use narrows_kernels::Isa;
use narrows_kernels::conv::Geometry;
use narrows_kernels::dropout::{draw_mask, words};
use narrows_kernels::reference;
use ndarray::Array2;

const SEED: u64 = 0x5eed_0000_0005;
const EPOCH: u32 = 3;

/// So many rows are worth folding linear layers for, however small.
const FOLDED: usize = 20_000;

/// A network of layers on rows of a shape.
struct Case {
    encoder: Vec<LayerSpec>,
    decoder: Vec<LayerSpec>,
    shape: Vec<usize>,
    reconstruction: Reconstruction,
    /// The weight of the squared norm of the encoder's Jacobian.
    contraction: f32,
}

/// How a step is planned, and what becomes of its gradient.
#[derive(Clone, Copy)]
struct Plan {
    batch: usize,
    accumulation: usize,
    clip_norm: f64,
    learning_rate: f64,
}

/// One batch, whose gradient is looked at.
const PLAIN: Plan = Plan {
    batch: 10,
    accumulation: 1,
    clip_norm: 0.0,
    learning_rate: 0.0,
};

fn f(function: Activation) -> LayerSpec {
    activation(function)
}

fn tanh() -> LayerSpec {
    f(Activation::Tanh)
}

fn without_bias(layer: LayerSpec) -> LayerSpec {
    layer.with("bias", false).unwrap()
}

fn case(encoder: &[LayerSpec], decoder: &[LayerSpec], shape: &[usize]) -> Case {
    Case {
        encoder: encoder.to_vec(),
        decoder: decoder.to_vec(),
        shape: shape.to_vec(),
        reconstruction: Reconstruction::mse(),
        contraction: 0.0,
    }
}

/// Rows that a step takes together.
#[derive(Clone, Copy)]
struct Batch {
    /// The number of the first row in the data: what is drawn follows from it.
    first: u32,
    is_training: bool,
}

impl Case {
    fn network(&self) -> Network {
        Network::new(&self.encoder, &self.decoder, &self.shape).unwrap()
    }

    fn inputs(&self) -> usize {
        self.shape.iter().product()
    }

    fn data(&self, rows: usize) -> Dataset {
        let byte = |(r, c): (usize, usize)| ((r * 37 + c * 101 + r * c * 13) % 256) as u8;
        let pixels = Array2::from_shape_fn((rows, self.inputs()), byte);
        Dataset::new("pattern", Values::U8(pixels), self.shape.clone(), None).unwrap()
    }

    /// The parameters to start from: drawn ones, and what a normalization multiplies with and adds near 1 and 0.
    fn parameters(&self) -> Parameters {
        let network = self.network();
        let drawn = Parameters::initial(&network, Initialization::XavierUniform, 5);
        let bend = |(i, p): (usize, &f32)| p + 0.1 * ((i * 31 % 17) as f32 / 8.0 - 1.0);
        let flat: Vec<f32> = drawn.flat().iter().enumerate().map(bend).collect();
        Parameters::new(&network, &flat)
    }

    fn stepper(&self, plan: Plan) -> Stepper {
        let network = self.network();
        let sgd = OptimizerSpec::Sgd {
            learning_rate: plan.learning_rate,
            momentum: 0.0,
            weight_decay: 0.0,
        };
        let setting = Setting {
            parameters: self.parameters(),
            corruption: None,
            objective: Objective::new(&self.reconstruction, &Bottleneck::plain(), &self.decoder)
                .unwrap(),
            penalties: match self.contraction {
                0.0 => Vec::new(),
                weight => vec![jacobian(weight)],
            },
            optimizer: Optimizer::new(sgd, &network),
            network,
            seed: SEED,
            binarize: false,
            clip_norm: plan.clip_norm,
            accumulation: plan.accumulation,
        };
        Stepper::new(setting, plan.batch, 2).unwrap()
    }

    /// The numbers of a tensor, if the network has it.
    fn tensor<'a>(
        &self,
        network: &Network,
        parameters: &'a [f64],
        name: &str,
    ) -> Option<&'a [f64]> {
        let tensor = network.tensors().iter().find(|t| t.name == name)?;
        Some(&parameters[tensor.range.clone()])
    }

    /// What so many layers of the network make of the rows of a batch in float64, by the definition of each.
    fn forward(
        &self,
        network: &Network,
        parameters: &[f64],
        mut rows: Vec<Vec<f64>>,
        batch: Batch,
        depth: usize,
    ) -> Vec<Vec<f64>> {
        let sides = [("encoder", &self.encoder), ("decoder", &self.decoder)];
        let layers = sides.into_iter().flat_map(|(side, layers)| {
            let layers = layers.iter().enumerate();
            layers.map(move |(index, layer)| (format!("{side}.{index}"), layer))
        });
        let (mut shape, mut dropouts) = (self.shape.clone(), 0);
        for (name, layer) in layers.take(depth) {
            let tensor = |part: &str| {
                let name = format!("{name}.{part}");
                self.tensor(network, parameters, &name)
            };
            let dropout = dropouts;
            let before = shape.clone();
            let row_of = |(number, x): (usize, Vec<f64>)| -> Vec<f64> {
                match layer.name() {
                    "dense" => match layer.get::<String>("tied") {
                        None => product(tensor("weight").unwrap(), &x, false),
                        Some(tie) => {
                            let other = tie.replace('[', ".").replace(']', ".weight");
                            let weights = self.tensor(network, parameters, &other);
                            product(weights.unwrap(), &x, true)
                        }
                    },
                    "conv2d" => {
                        let geometry = geometry(layer, &before);
                        reference::convolution(&geometry, tensor("weight").unwrap(), &x)
                    }
                    "layer-norm" => {
                        let y = reference::normalize(&x, layer.get("epsilon").unwrap());
                        let weights = tensor("weight").unwrap();
                        y.iter().zip(weights).map(|(y, w)| y * w).collect()
                    }
                    "dropout" if batch.is_training => {
                        let fraction: f32 = layer.get("fraction").unwrap();
                        let draws = Draws::new(SEED, Purpose::Dropout).of_part(dropout);
                        dropped(draws, fraction, x, batch.first + number as u32)
                    }
                    "dropout" | "batch-norm" => x,
                    "tanh" => x.iter().map(|x| x.tanh()).collect(),
                    "relu" => x.iter().map(|x| x.max(0.0)).collect(),
                    "sigmoid" => x.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
                    "silu" => x.iter().map(|x| x / (1.0 + (-x).exp())).collect(),
                    other => panic!("{other} has no formula here"),
                }
            };
            rows = rows.into_iter().enumerate().map(row_of).collect();
            match layer.name() {
                "conv2d" => shape = geometry(layer, &before).output.to_vec(),
                "dropout" => dropouts += 1,
                "batch-norm" => {
                    let epsilon = layer.get("epsilon").unwrap();
                    let weights = tensor("weight").unwrap();
                    normalize_columns(&mut rows, epsilon, weights, batch.is_training);
                }
                _ => {}
            }
            for x in &mut rows {
                if let Some(bias) = tensor("bias") {
                    let area = x.len() / bias.len();
                    for (x, bias) in x.chunks_exact_mut(area).zip(bias) {
                        x.iter_mut().for_each(|x| *x += bias);
                    }
                }
            }
        }
        rows
    }

    /// The mean squared error of some rows, in float64.
    fn loss(&self, parameters: &[f64], rows: std::ops::Range<usize>, is_training: bool) -> f64 {
        let (network, data) = (self.network(), self.data(rows.end).to_array());
        let row_of = |row| {
            data.row(row)
                .iter()
                .map(|&v| f64::from(v) / 255.0)
                .collect()
        };
        let inputs: Vec<Vec<f64>> = rows.clone().map(row_of).collect();
        let batch = Batch {
            first: rows.start as u32,
            is_training,
        };
        let outputs = self.forward(&network, parameters, inputs.clone(), batch, usize::MAX);
        let mut sum = 0.0;
        for (x, y) in inputs.iter().zip(&outputs) {
            sum += y.iter().zip(x).map(|(y, x)| (y - x).powi(2)).sum::<f64>();
            if self.contraction > 0.0 {
                let norm = self.contraction_of(&network, parameters, x);
                sum += f64::from(self.contraction) * norm * self.inputs() as f64;
            }
        }
        sum / (rows.len() * self.inputs()) as f64
    }

    /// The squared norm of the Jacobian of an encoder of two dense layers, each with an activation or without one:
    /// S₂ W₂ S₁ W₁, where S are the slopes of the activations.
    fn contraction_of(&self, network: &Network, parameters: &[f64], x: &[f64]) -> f64 {
        let names: Vec<&str> = self.encoder.iter().map(|layer| layer.name()).collect();
        let (first, second) = match names[..] {
            ["dense", first, "dense"] => (first, "identity"),
            ["dense", first, "dense", second] => (first, second),
            _ => panic!("two dense layers, not {names:?}"),
        };
        let layer = |name: &str, function: &str, x: &[f64]| -> (Vec<f64>, Vec<f64>) {
            let tensor = |part: &str| {
                let name = format!("{name}.{part}");
                self.tensor(network, parameters, &name).unwrap()
            };
            let sums = product(tensor("weight"), x, false);
            let sums = sums.iter().zip(tensor("bias")).map(|(y, b)| y + b);
            let value = |y: f64| match function {
                "tanh" => (y.tanh(), 1.0 - y.tanh().powi(2)),
                "relu" => (y.max(0.0), f64::from(y > 0.0)),
                _ => (y, 1.0),
            };
            sums.map(value).unzip()
        };
        let (hidden, first_slopes) = layer("encoder.0", first, x);
        let (_, second_slopes) = layer("encoder.2", second, &hidden);
        let weights = |name: &str| -> &[f64] { self.tensor(network, parameters, name).unwrap() };
        let codes = weights("encoder.2.weight").chunks_exact(hidden.len());
        let norm = |(weights_of_code, slope): (&[f64], &f64)| -> f64 {
            let pairs = weights_of_code.iter().zip(&first_slopes);
            let scaled: Vec<f64> = pairs.map(|(w, s)| w * s * slope).collect();
            let row = product(weights("encoder.0.weight"), &scaled, true);
            row.iter().map(|j| j * j).sum()
        };
        codes.zip(&second_slopes).map(norm).sum()
    }

    /// Central differences of the loss in training.
    fn differences(&self, rows: std::ops::Range<usize>) -> Vec<f64> {
        let flat: Vec<f64> = self.parameters().flat().iter().map(|&p| p.into()).collect();
        let step = 1e-5;
        let difference = |i: usize| {
            let at = |moved: f64| {
                let mut parameters = flat.clone();
                parameters[i] += moved;
                self.loss(&parameters, rows.clone(), true)
            };
            (at(step) - at(-step)) / (2.0 * step)
        };
        (0..flat.len()).map(difference).collect()
    }

    fn name(&self) -> String {
        format!("{:?}, {:?}", self.encoder, self.decoder)
    }

    /// Checks losses and gradients of a batch of a step that is planned for `planned` rows.
    fn check(&self, planned: usize) {
        const ROWS: usize = 10;
        let plan = Plan {
            batch: planned,
            ..PLAIN
        };
        let (mut stepper, data) = (self.stepper(plan), self.data(ROWS));
        let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
        let order: Vec<u32> = (0..ROWS as u32).collect();
        let flat: Vec<f64> = self.parameters().flat().iter().map(|&p| p.into()).collect();
        let (losses, found) = stepper.loss_and_gradient(&data, &scaling, EPOCH, &order);
        let validation = stepper.losses(&data, &scaling, &order).total;
        for (found, is_training) in [(losses.total, true), (validation, false)] {
            let expected = self.loss(&flat, 0..ROWS, is_training);
            let name = self.name();
            assert!(
                (found - expected).abs() < 1e-6 * expected.abs(),
                "{name}, training {is_training}: {found}, not {expected}"
            );
        }
        assert_close(&self.name(), &found, &self.differences(0..ROWS), 5e-6);
    }
}

/// `y = W x`, or `y = Wᵀ x`, where W has as many rows as it is long.
fn product(weights: &[f64], x: &[f64], is_transposed: bool) -> Vec<f64> {
    if is_transposed {
        let mut y = vec![0.0; weights.len() / x.len()];
        for (row, x) in weights.chunks_exact(y.len()).zip(x) {
            y.iter_mut().zip(row).for_each(|(y, w)| *y += w * x);
        }
        y
    } else {
        let rows = weights.chunks_exact(x.len());
        let dot = |row: &[f64]| row.iter().zip(x).map(|(w, x)| w * x).sum();
        rows.map(dot).collect()
    }
}

/// What is left of a row, which follows from (seed, purpose and layer, epoch, sample, element).
fn dropped(draws: Draws, fraction: f32, x: Vec<f64>, sample: u32) -> Vec<f64> {
    let mut mask = vec![0; words(x.len())];
    let address = draws.address(EPOCH, sample);
    draw_mask(Isa::best(), address, fraction, x.len(), &mut mask);
    let value = |(i, x): (usize, &f64)| match (mask[i / 64] >> (i % 64)) & 1 {
        1 => x / (1.0 - f64::from(fraction)),
        _ => 0.0,
    };
    x.iter().enumerate().map(value).collect()
}

/// Batch normalization of flat rows, without its bias: by the rows themselves, or by a mean of 0 and a variance of 1, which
/// is what the running ones begin with.
fn normalize_columns(rows: &mut [Vec<f64>], epsilon: f64, weights: &[f64], is_training: bool) {
    for (column, weight) in weights.iter().enumerate() {
        let values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
        let normalized = if is_training {
            reference::normalize(&values, epsilon)
        } else {
            values.iter().map(|x| x / (1.0 + epsilon).sqrt()).collect()
        };
        for (row, value) in rows.iter_mut().zip(normalized) {
            row[column] = value * weight;
        }
    }
}

/// A convolution over images of a shape.
fn geometry(layer: &LayerSpec, shape: &[usize]) -> Geometry {
    let [kernel, stride, padding] =
        ["kernel", "stride", "padding"].map(|key| layer.get::<[usize; 2]>(key).unwrap());
    let size =
        |axis: usize| (shape[axis + 1] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1;
    Geometry {
        input: [shape[0], shape[1], shape[2]],
        output: [layer.get("channels").unwrap(), size(0), size(1)],
        kernel,
        stride,
        padding,
    }
}

/// Holds a gradient against central differences, relative to the largest of them.
#[track_caller]
fn assert_close(name: &str, found: &[f32], expected: &[f64], tolerance: f64) {
    let largest = expected.iter().fold(0.0f64, |a, g| a.max(g.abs()));
    assert!(largest > 1e-4, "{name}: a gradient to compare");
    assert_eq!(found.len(), expected.len());
    for (i, (&found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(found) - expected).abs() < tolerance * largest.max(0.1),
            "{name}: parameter {i} has {found}, differences give {expected}"
        );
    }
}

fn jacobian(weight: f32) -> Penalty {
    Penalty {
        kind: PenaltyKind::jacobian(),
        weight,
    }
}
