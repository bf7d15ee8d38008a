//! Contractive terms: value and gradient against central differences of a float64 Jacobian, and what the
//! terms are for.

use narrows::Recipe;
use narrows::data::scaling::{Scaling, ScalingSpec};
use narrows::data::{Dataset, Source, Values};
use narrows::evaluate::mean_jacobian_norm;
use narrows::layer::{Activation, Initialization, LayerSpec};
use narrows::network::{Network, Parameters};
use narrows::objective::{Objective, Reconstruction, Term, TermKind};
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

/// A network, data, and a step on them.
struct Case {
    encoder: Vec<LayerSpec>,
    decoder: Vec<LayerSpec>,
    data: Dataset,
    rows: Vec<Vec<f64>>,
}

impl Case {
    fn new(encoder: Vec<LayerSpec>) -> Case {
        let pixels =
            Array2::from_shape_fn((ROWS, INPUTS), |(r, c)| ((r * 37 + c * 101) % 256) as u8);
        let rows = pixels.rows().into_iter();
        let unit =
            |row: ndarray::ArrayView1<'_, u8>| row.iter().map(|&v| f64::from(v) / 255.0).collect();
        Case {
            encoder,
            decoder: vec![dense(INPUTS)],
            rows: rows.map(unit).collect(),
            data: Dataset::new("pattern", Values::U8(pixels), vec![INPUTS], None).unwrap(),
        }
    }

    fn stepper(&self, term: Term, seed: u64) -> Stepper {
        let network = Network::new(&self.encoder, &self.decoder, &[INPUTS]).unwrap();
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
            objective: Objective::new(Reconstruction::Mse, &self.decoder).unwrap(),
            terms: vec![term],
            seed,
            clip_norm: 0.0,
            accumulates: false,
        };
        Stepper::new(setting, ROWS, 2)
    }

    fn scaling(&self) -> Scaling {
        Scaling::fit(&ScalingSpec::Unit, &self.data).unwrap()
    }

    /// The Jacobian of the code by each row, `[code][inputs]`, and the reconstruction, in float64.
    fn jacobians(&self, parameters: &[f64]) -> Vec<(Vec<Vec<f64>>, Vec<f64>)> {
        let of_row = |row: &Vec<f64>| {
            let mut x = row.clone();
            // `tangent[i][j]`: the change of value i with input j.
            let mut tangent: Vec<Vec<f64>> = (0..INPUTS)
                .map(|i| (0..INPUTS).map(|j| f64::from(u8::from(i == j))).collect())
                .collect();
            let mut jacobian = Vec::new();
            let mut at = 0;
            for (index, layer) in self.encoder.iter().chain(&self.decoder).enumerate() {
                match *layer {
                    LayerSpec::Dense { outputs, .. } => {
                        let (outputs, inputs) = (outputs.unwrap(), x.len());
                        let weights = &parameters[at..at + outputs * inputs];
                        let bias = &parameters[at + outputs * inputs..][..outputs];
                        at += outputs * inputs + outputs;
                        let row = |o: usize| &weights[o * inputs..(o + 1) * inputs];
                        tangent = (0..outputs)
                            .map(|o| {
                                let along = |j: usize| {
                                    row(o).iter().zip(&tangent).map(|(w, t)| w * t[j]).sum()
                                };
                                (0..INPUTS).map(along).collect()
                            })
                            .collect();
                        x = (0..outputs)
                            .map(|o| {
                                bias[o] + row(o).iter().zip(&x).map(|(w, x)| w * x).sum::<f64>()
                            })
                            .collect();
                    }
                    LayerSpec::Activation(f) => {
                        for (tangent, &x) in tangent.iter_mut().zip(&x) {
                            let slope = reference::activation_derivative(f, x);
                            tangent.iter_mut().for_each(|t| *t *= slope);
                        }
                        x = x.iter().map(|&x| reference::activation(f, x)).collect();
                    }
                    other => unreachable!("{other:?} is tested elsewhere"),
                }
                if index + 1 == self.encoder.len() {
                    jacobian = tangent.clone();
                }
            }
            (jacobian, x)
        };
        self.rows.iter().map(of_row).collect()
    }

    /// The mean squared error and the value of a term, in float64.
    fn losses(&self, kind: TermKind, parameters: &[f64]) -> (f64, f64) {
        let all = self.jacobians(parameters);
        let mse = all.iter().zip(&self.rows).map(|((_, y), x)| {
            let squares = y.iter().zip(x).map(|(y, x)| (y - x).powi(2));
            squares.sum::<f64>()
        });
        let values = all.iter().map(|(jacobian, _)| match kind {
            TermKind::Summed => (0..INPUTS)
                .map(|j| jacobian.iter().map(|row| row[j]).sum::<f64>().powi(2))
                .sum::<f64>(),
            _ => jacobian.iter().flatten().map(|d| d * d).sum::<f64>(),
        });
        let share = match kind {
            TermKind::Summed => 1.0,
            _ => 1.0 / ROWS as f64,
        };
        (
            mse.sum::<f64>() / (ROWS * INPUTS) as f64,
            values.sum::<f64>() * share,
        )
    }
}

fn order() -> Vec<u32> {
    (0..ROWS as u32).collect()
}

/// Encoders of one, two and three dense layers, one that is wider than its input, one that begins with an
/// activation.
fn encoders(activation: Activation) -> [Vec<LayerSpec>; 5] {
    let f = LayerSpec::Activation(activation);
    [
        vec![dense(6), f],
        vec![dense(7), f, dense(3), f],
        vec![dense(8), f, dense(6), f, dense(4)],
        vec![dense(17), f, dense(3), f],
        vec![f, dense(7), f],
    ]
}

#[test]
fn value_and_gradient_meet_central_differences() {
    for activation in [
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Silu,
        Activation::Gelu,
        Activation::Softplus,
        Activation::Elu { alpha: 0.7 },
        Activation::LeakyRelu { slope: 0.1 },
    ] {
        for encoder in encoders(activation) {
            for kind in [TermKind::Jacobian, TermKind::Summed] {
                check(&Case::new(encoder.clone()), kind);
            }
        }
    }
}

fn check(case: &Case, kind: TermKind) {
    const WEIGHT: f64 = 0.5;
    let term = Term {
        kind,
        weight: WEIGHT as f32,
    };
    let mut stepper = case.stepper(term, 0);
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
    close(losses.terms[0], value);
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
    let f = LayerSpec::Activation(Activation::Tanh);
    let case = Case::new(vec![dense(7), f, dense(3), f]);
    let term = |kind| Term { kind, weight: 1.0 };
    let (exact, exact_gradient) = case.stepper(term(TermKind::Jacobian), 0).loss_and_gradient(
        &case.data,
        &case.scaling(),
        0,
        &order(),
    );
    const PROBES: usize = 4096;
    let kind = TermKind::Hutchinson { probes: PROBES };
    let (many, gradient) =
        case.stepper(term(kind), 1)
            .loss_and_gradient(&case.data, &case.scaling(), 0, &order());
    let error = (many.terms[0] / exact.terms[0] - 1.0).abs();
    assert!(error < 0.03, "{many:?} {exact:?}");
    let largest = exact_gradient.iter().fold(0.0f32, |a, g| a.max(g.abs()));
    for (found, expected) in gradient.iter().zip(&exact_gradient) {
        assert!(
            (found - expected).abs() < 0.05 * largest,
            "{found}, {expected}"
        );
    }
    // One probe an epoch, over many epochs: each epoch draws others.
    let mut one = case.stepper(term(TermKind::Hutchinson { probes: 1 }), 1);
    let values: Vec<f64> = (0..2000)
        .map(|epoch| {
            let scaling = case.scaling();
            one.loss_and_gradient(&case.data, &scaling, epoch, &order())
                .0
                .terms[0]
        })
        .collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    assert!((mean / exact.terms[0] - 1.0).abs() < 0.05, "{mean}");
    assert!(values.iter().any(|value| *value != values[0]));
}

#[test]
fn the_penalty_makes_the_jacobian_smaller() {
    let data = Source::open("mnist").unwrap().train.head(1280).unwrap();
    let mut recipe = Recipe::named("contractive").unwrap();
    recipe.epochs = 3;
    let mut norm = |weight| {
        recipe.terms = vec![Term {
            kind: TermKind::Jacobian,
            weight,
        }];
        let model = narrows::fit(&recipe, &data).unwrap();
        // By tangents through the trained model, a route of its own.
        mean_jacobian_norm(&model, &data.head(64).unwrap()).unwrap()
    };
    let (free, held) = (norm(0.0), norm(0.1));
    assert!(held < 0.7 * free, "{held} with the penalty, {free} without");
}

/// A convolutional encoder: its term's gradient against differences of the term's own value, which the
/// Jacobian by tangents confirms.
#[test]
fn convolutional_encoders_have_the_terms_too() {
    let conv = |channels| LayerSpec::Conv2d {
        channels: Some(channels),
        kernel: [3, 3],
        stride: [2, 2],
        padding: [1, 1],
        bias: true,
    };
    let f = LayerSpec::Activation(Activation::Tanh);
    let encoder = vec![conv(2), f, conv(3), f];
    let decoder = vec![LayerSpec::Dense {
        outputs: None,
        bias: true,
    }];
    let shape = [1, 6, 7];
    let inputs = 42;
    let pixels = Array2::from_shape_fn((ROWS, inputs), |(r, c)| ((r * 37 + c * 101) % 256) as u8);
    let data = Dataset::new("pattern", Values::U8(pixels), shape.to_vec(), None).unwrap();
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let network = || Network::new(&encoder, &decoder, &shape).unwrap();
    let start = Parameters::initial(&network(), Initialization::XavierUniform, 5);
    let at = |kind, flat: &[f32]| {
        let network = network();
        let sgd = OptimizerSpec::Sgd {
            learning_rate: 0.0,
            momentum: 0.0,
            weight_decay: 0.0,
        };
        let setting = Setting {
            optimizer: Optimizer::new(sgd, &network),
            parameters: Parameters::new(&network, flat),
            network,
            corruption: None,
            objective: Objective::new(Reconstruction::Mse, &decoder).unwrap(),
            terms: vec![Term { kind, weight: 1.0 }],
            seed: 0,
            clip_norm: 0.0,
            accumulates: false,
        };
        Stepper::new(setting, ROWS, 2).loss_and_gradient(&data, &scaling, 0, &order())
    };
    for kind in [
        TermKind::Jacobian,
        TermKind::Hutchinson { probes: 3 },
        TermKind::Summed,
    ] {
        let (_, gradient) = at(kind, start.flat());
        let largest = gradient.iter().fold(0.0f32, |a, g| a.max(g.abs()));
        for i in (0..start.flat().len()).step_by(7) {
            let moved = |step: f32| {
                let mut flat = start.flat().to_vec();
                flat[i] += step;
                at(kind, &flat).0.total
            };
            let difference = (moved(0.01) - moved(-0.01)) / 0.02;
            assert!(
                (f64::from(gradient[i]) - difference).abs() < 1e-3 * f64::from(largest),
                "{kind:?}, parameter {i}: {}, differences give {difference}",
                gradient[i]
            );
        }
    }
    let recipe = Recipe {
        encoder: encoder.clone(),
        decoder: decoder.clone(),
        ..Recipe::named("contractive").unwrap()
    };
    let model = narrows::Model::new(recipe, scaling.clone(), &shape, start.flat()).unwrap();
    let mut squares = 0.0;
    for row in 0..ROWS {
        let one = data.select(&[row]).unwrap();
        squares += mean_jacobian_norm(&model, &one).unwrap().powi(2) / ROWS as f64;
    }
    let value = at(TermKind::Jacobian, start.flat()).0.terms[0];
    assert!(
        (value - squares).abs() < 1e-5 * squares,
        "{value}, not {squares}"
    );
}
