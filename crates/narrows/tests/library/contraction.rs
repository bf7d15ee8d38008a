//! Contractive penalties: value and gradient, compared with central differences of a float64 Jacobian, and the effect
//! of the penalties.

use narrows::Recipe;
use narrows::bottleneck::Bottleneck;
use narrows::data::{Dataset, Source, Values};
use narrows::evaluate::mean_jacobian_norm;
use narrows::layer::{self, Activation, Initialization, LayerSpec, activation};
use narrows::network::{Network, Parameters};
use narrows::objective::{Objective, Penalty, PenaltyKind, Reconstruction};
use narrows::optimizer::{Optimizer, OptimizerSpec};
use narrows::rng::{Draws, Purpose};
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::train::{Setting, Stepper};
use narrows_kernels::conv::Geometry;
use narrows_kernels::reference;
use ndarray::Array2;

const INPUTS: usize = 11;
const ROWS: usize = 5;
/// What probes are drawn with, and how many a row has.
const SEED: u64 = 3;
const PROBES: usize = 3;

fn dense(outputs: usize) -> LayerSpec {
    layer::dense(outputs)
}

/// A convolution of odd sizes.
fn conv(channels: usize, stride: [usize; 2]) -> LayerSpec {
    layer::conv2d(channels, [3, 3])
        .with("stride", stride)
        .and_then(|layer| layer.with("padding", 1))
        .unwrap()
}

/// A layer that is linear but for its bias, in float64.
enum Linear {
    Dense { outputs: usize, inputs: usize },
    Conv(Geometry),
}

impl Linear {
    /// The layer for rows of a shape, and the shape that it gives.
    fn of(layer: &LayerSpec, shape: &[usize]) -> (Linear, Vec<usize>) {
        match layer.name() {
            "dense" => {
                let outputs: usize = layer.get("outputs").unwrap();
                let inputs = shape.iter().product();
                (Linear::Dense { outputs, inputs }, vec![outputs])
            }
            "conv2d" => {
                let [kernel, stride, padding] = ["kernel", "stride", "padding"]
                    .map(|key| layer.get::<[usize; 2]>(key).unwrap());
                let size = |axis: usize| {
                    (shape[axis + 1] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1
                };
                let output = [layer.get("channels").unwrap(), size(0), size(1)];
                let geometry = Geometry {
                    input: [shape[0], shape[1], shape[2]],
                    output,
                    kernel,
                    stride,
                    padding,
                };
                (Linear::Conv(geometry), output.to_vec())
            }
            _ => unreachable!("{layer:?} is tested elsewhere"),
        }
    }

    /// The numbers of weights and biases.
    fn sizes(&self) -> (usize, usize) {
        match self {
            Linear::Dense { outputs, inputs } => (outputs * inputs, *outputs),
            Linear::Conv(g) => {
                let taps = g.input[0] * g.kernel[0] * g.kernel[1];
                (g.output[0] * taps, g.output[0])
            }
        }
    }

    fn without_bias(&self, weights: &[f64], x: &[f64]) -> Vec<f64> {
        match self {
            Linear::Dense { inputs, .. } => {
                let rows = weights.chunks_exact(*inputs);
                rows.map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum())
                    .collect()
            }
            Linear::Conv(g) => reference::convolution(g, weights, x),
        }
    }
}

/// A network, data, and a step on them.
struct Case {
    shape: Vec<usize>,
    encoder: Vec<LayerSpec>,
    decoder: Vec<LayerSpec>,
    data: Dataset,
    rows: Vec<Vec<f64>>,
    /// The rows that a step is planned for.
    planned: usize,
}

impl Case {
    fn new(encoder: Vec<LayerSpec>) -> Case {
        Case::of(encoder, &[INPUTS])
    }

    fn of(encoder: Vec<LayerSpec>, shape: &[usize]) -> Case {
        let inputs = shape.iter().product();
        let pixels =
            Array2::from_shape_fn((ROWS, inputs), |(r, c)| ((r * 37 + c * 101) % 256) as u8);
        let rows = pixels.rows().into_iter();
        let unit =
            |row: ndarray::ArrayView1<'_, u8>| row.iter().map(|&v| f64::from(v) / 255.0).collect();
        Case {
            shape: shape.to_vec(),
            encoder,
            decoder: vec![dense(inputs)],
            rows: rows.map(unit).collect(),
            planned: ROWS,
            data: Dataset::new("pattern", Values::U8(pixels), shape.to_vec(), None).unwrap(),
        }
    }

    fn stepper(&self, penalty: Penalty, seed: u64) -> Stepper {
        let network = Network::new(&self.encoder, &self.decoder, &self.shape).unwrap();
        let parameters = Parameters::initial(&network, Initialization::XavierUniform, 5);
        let sgd = OptimizerSpec::Sgd {
            learning_rate: 0.0,
            momentum: 0.0,
            weight_decay: 0.0,
        };
        let setting = Setting {
            optimizer: Optimizer::new(sgd, &network),
            network,
            parameters,
            corruption: None,
            objective: Objective::new(&Reconstruction::mse(), &Bottleneck::plain(), &self.decoder)
                .unwrap(),
            penalties: vec![penalty],
            seed,
            binarize: false,
            clip_norm: 0.0,
            accumulation: 1,
        };
        Stepper::new(setting, self.planned, 2).unwrap()
    }

    fn scaling(&self) -> Scaling {
        Scaling::fit(&ScalingSpec::Unit, &self.data).unwrap()
    }

    /// By each row the change of the code with each input, `[inputs][code]`, and the reconstruction, in float64.
    fn tangents(&self, parameters: &[f64]) -> Vec<(Vec<Vec<f64>>, Vec<f64>)> {
        let of_row = |row: &Vec<f64>| {
            let (mut x, mut shape) = (row.clone(), self.shape.clone());
            let unit = |i: usize| (0..x.len()).map(|j| f64::from(u8::from(i == j))).collect();
            let mut tangents: Vec<Vec<f64>> = (0..x.len()).map(unit).collect();
            let mut of_code = Vec::new();
            let mut at = 0;
            for (index, layer) in self.encoder.iter().chain(&self.decoder).enumerate() {
                if let Some(f) = function(layer) {
                    for tangent in &mut tangents {
                        for (t, &x) in tangent.iter_mut().zip(&x) {
                            *t *= reference::activation_derivative(f, x);
                        }
                    }
                    x = x.iter().map(|&x| reference::activation(f, x)).collect();
                } else {
                    let (linear, given) = Linear::of(layer, &shape);
                    shape = given;
                    let (weights, biases) = linear.sizes();
                    let (weights, bias) = parameters[at..at + weights + biases].split_at(weights);
                    at += weights.len() + biases;
                    for tangent in &mut tangents {
                        *tangent = linear.without_bias(weights, tangent);
                    }
                    x = linear.without_bias(weights, &x);
                    let places = x.len() / biases;
                    for (x, bias) in x.chunks_exact_mut(places).zip(bias) {
                        x.iter_mut().for_each(|x| *x += bias);
                    }
                }
                if index + 1 == self.encoder.len() {
                    of_code.clone_from(&tangents);
                }
            }
            (of_code, x)
        };
        self.rows.iter().map(of_row).collect()
    }

    /// The mean squared error and the value of a penalty, in float64.
    fn losses(&self, kind: &PenaltyKind, parameters: &[f64]) -> (f64, f64) {
        let all = self.tangents(parameters);
        let mse = all.iter().zip(&self.rows).map(|((_, y), x)| {
            let squares = y.iter().zip(x).map(|(y, x)| (y - x).powi(2));
            squares.sum::<f64>()
        });
        // ‖Jᵀ r‖² for a probe r.
        let along = |tangents: &[Vec<f64>], probe: &[f64]| -> f64 {
            let of_input = |t: &Vec<f64>| t.iter().zip(probe).map(|(t, r)| t * r).sum::<f64>();
            tangents.iter().map(|t| of_input(t).powi(2)).sum()
        };
        let values = all.iter().enumerate().map(|(row, (tangents, _))| {
            let code_size = tangents[0].len();
            match kind.name() {
                "summed" => along(tangents, &vec![1.0; code_size]),
                "jacobian" => tangents.iter().flatten().map(|d| d * d).sum(),
                _ => (0..PROBES)
                    .map(|probe| along(tangents, &signs(row, probe, code_size)))
                    .sum(),
            }
        });
        let factor = match kind.name() {
            "summed" => 1.0,
            "jacobian" => 1.0 / ROWS as f64,
            _ => 1.0 / (ROWS * PROBES) as f64,
        };
        let values_of_all = (ROWS * self.rows[0].len()) as f64;
        (
            mse.sum::<f64>() / values_of_all,
            values.sum::<f64>() * factor,
        )
    }
}

/// A probe of a row in the first epoch: the first bits of the words at its address, one after the other.
fn signs(row: usize, probe: usize, code_size: usize) -> Vec<f64> {
    let draws = Draws::new(SEED, Purpose::Probes);
    let sign = |element: usize| {
        let words = draws.words(0, row as u32, element as u32 / 4);
        if words[element % 4] >> 31 == 0 {
            -1.0
        } else {
            1.0
        }
    };
    (probe * code_size..(probe + 1) * code_size)
        .map(sign)
        .collect()
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

/// The contractive penalties.
fn kinds() -> [PenaltyKind; 3] {
    [
        PenaltyKind::jacobian(),
        PenaltyKind::summed(),
        PenaltyKind::hutchinson(PROBES),
    ]
}

fn order() -> Vec<u32> {
    (0..ROWS as u32).collect()
}

/// Encoders of one, two and three dense layers, one that is wider than its input, one that begins with an
/// activation.
fn encoders(function: Activation) -> [Vec<LayerSpec>; 5] {
    let f = || activation(function);
    [
        vec![dense(6), f()],
        vec![dense(7), f(), dense(3), f()],
        vec![dense(8), f(), dense(6), f(), dense(4)],
        vec![dense(17), f(), dense(3), f()],
        vec![f(), dense(7), f()],
    ]
}

#[test]
fn value_and_gradient_meet_central_differences() {
    for function in [
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Silu,
        Activation::Gelu,
        Activation::Softplus,
        Activation::Elu { alpha: 0.7 },
        Activation::LeakyRelu { slope: 0.1 },
    ] {
        for encoder in encoders(function) {
            for kind in kinds() {
                check(&Case::new(encoder.clone()), &kind);
            }
        }
    }
}

#[test]
fn counting_gates_meets_central_differences() {
    let relu = || activation(Activation::Relu);
    for encoder in [
        vec![dense(7), relu(), dense(3), relu()],
        vec![dense(7), relu(), dense(3)],
        vec![dense(10), relu(), dense(12), relu()],
        vec![dense(5), relu(), dense(1)],
    ] {
        let few = Case::new(encoder.clone());
        let mut many = Case::new(encoder);
        many.planned = 70;
        let per_row = |case: &Case| {
            let kind = PenaltyKind::jacobian();
            let memory = case.stepper(kind.weighted(0.5), SEED).memory();
            memory.activations / case.planned
        };
        assert!(per_row(&many) < per_row(&few), "counts in place of probes");
        check(&many, &PenaltyKind::jacobian());
    }
}

/// Convolutions of one and two layers, with strides that differ, and a dense layer behind them.
#[test]
fn convolutional_encoders_meet_central_differences_too() {
    for function in [
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Silu,
    ] {
        let f = || activation(function);
        for encoder in [
            vec![conv(2, [2, 2]), f()],
            vec![conv(2, [2, 2]), f(), conv(3, [2, 1]), f()],
            vec![conv(2, [2, 1]), f(), dense(4), f()],
        ] {
            for kind in kinds() {
                check(&Case::of(encoder.clone(), &[1, 5, 6]), &kind);
            }
        }
    }
}

fn check(case: &Case, kind: &PenaltyKind) {
    const WEIGHT: f64 = 0.5;
    let penalty = kind.clone().weighted(WEIGHT as f32);
    let mut stepper = case.stepper(penalty, SEED);
    let flat: Vec<f64> = stepper
        .parameters()
        .flat()
        .iter()
        .map(|&p| f64::from(p))
        .collect();
    let (losses, gradient) = stepper.loss_and_gradient(&case.data, &case.scaling(), 0, &order());
    let name = format!("{:?}, {kind:?}", case.encoder);
    let (mse, value) = case.losses(kind, &flat);
    assert!(value > 1e-3, "{name}: something to compare");
    let close = |found: f64, expected: f64| {
        assert!(
            (found - expected).abs() < 2e-6 * expected,
            "{name}: {found}, not {expected}"
        );
    };
    close(losses.columns[0], value);
    close(losses.reconstruction, mse);
    close(losses.total, mse + WEIGHT * value);

    let largest = gradient.iter().fold(0.0f32, |a, g| a.max(g.abs()));
    let step = 1e-5;
    let at = |p: &[f64]| {
        let (mse, value) = case.losses(kind, p);
        mse + WEIGHT * value
    };
    for i in 0..flat.len() {
        let mut moved = flat.clone();
        moved[i] = flat[i] + step;
        let above = at(&moved);
        moved[i] = flat[i] - step;
        let difference = (above - at(&moved)) / (2.0 * step);
        let error = (f64::from(gradient[i]) - difference).abs();
        assert!(
            error < 3e-6 * f64::from(largest).max(0.1),
            "{name}: parameter {i} has {}, differences give {difference}",
            gradient[i]
        );
    }
}

#[test]
fn random_probes_meet_the_exact_norm_and_its_gradient_in_the_mean() {
    let f = || activation(Activation::Tanh);
    let case = Case::new(vec![dense(7), f(), dense(3), f()]);
    let penalty = |kind: PenaltyKind| kind.weighted(1.0);
    let (exact, exact_gradient) = case
        .stepper(penalty(PenaltyKind::jacobian()), 0)
        .loss_and_gradient(&case.data, &case.scaling(), 0, &order());
    let kind = PenaltyKind::hutchinson(4096);
    let (many, gradient) =
        case.stepper(penalty(kind), 1)
            .loss_and_gradient(&case.data, &case.scaling(), 0, &order());
    let error = (many.columns[0] / exact.columns[0] - 1.0).abs();
    assert!(error < 0.03, "{many:?} {exact:?}");
    let largest = exact_gradient.iter().fold(0.0f32, |a, g| a.max(g.abs()));
    for (found, expected) in gradient.iter().zip(&exact_gradient) {
        assert!(
            (found - expected).abs() < 0.05 * largest,
            "{found}, {expected}"
        );
    }
    // One probe an epoch, over many epochs: each epoch draws others.
    let mut one = case.stepper(penalty(PenaltyKind::hutchinson(1)), 1);
    let values: Vec<f64> = (0..2000)
        .map(|epoch| {
            let scaling = case.scaling();
            one.loss_and_gradient(&case.data, &scaling, epoch, &order())
                .0
                .columns[0]
        })
        .collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    assert!((mean / exact.columns[0] - 1.0).abs() < 0.05, "{mean}");
    assert!(values.iter().any(|value| *value != values[0]));
}

#[test]
fn the_penalty_makes_the_jacobian_smaller() {
    let data = Source::open("mnist").unwrap().train.head(1280).unwrap();
    let mut recipe = Recipe::named("contractive").unwrap();
    recipe.epochs = 3;
    let mut norm = |weight| {
        recipe.penalties = vec![PenaltyKind::jacobian().weighted(weight)];
        let model = narrows::fit(&recipe, &data).unwrap();
        // By tangents through the trained model, a route of its own.
        mean_jacobian_norm(&model, &data.head(64).unwrap()).unwrap()
    };
    let (free, held) = (norm(0.0), norm(0.1));
    assert!(held < 0.7 * free, "{held} with the penalty, {free} without");
}
