//! Variational autoencoders: likelihoods, drawn codes and their divergence against central differences in float64.

use narrows::apply::Samples;
use narrows::data::{Dataset, Source, SplitPlan, Values};
use narrows::evaluate::{Bounded, Measures, Measuring, Sampling, evaluate};
use narrows::network::Parameters;
use narrows::objective::Objective;
use narrows::optimizer::{Optimizer, OptimizerSpec};
use narrows::rng::{Draws, Purpose};
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::train::{Setting, Stepper, Training};
use narrows::{Model, Recipe};
use narrows_kernels::loss::Loss;
use narrows_kernels::noise::{add_normal, fill_uniform};
use narrows_kernels::{Isa, reference};
use ndarray::Array2;
use std::f64::consts::PI;
use std::ops::ControlFlow;

const INPUTS: usize = 6;
const CODE: usize = 3;
/// A step whose gradient is looked at has so many rows; two threads share them.
const ROWS: usize = 37;
const SEED: u64 = 11;

/// Rows of grey values, or of 0 and 255 alone.
pub(crate) fn rows(count: usize, is_binary: bool) -> Dataset {
    let values = Array2::from_shape_fn((count, INPUTS), |(row, column)| {
        let value = ((row * 37 + column * 101 + row * row * column) % 256) as u8;
        if is_binary {
            255 * u8::from(value > 120)
        } else {
            value
        }
    });
    Dataset::new("pattern", Values::U8(values), vec![INPUTS], None).unwrap()
}

/// A likelihood as a recipe has it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Likelihood {
    CrossEntropy,
    Bernoulli,
    ContinuousBernoulli,
    Gaussian(f64),
    LearnedStd { is_per_column: bool },
}
use Likelihood::*;

/// What a learned std stays above.
const MINIMUM: f64 = 0.2;

impl Likelihood {
    const ALL: [Likelihood; 6] = [
        CrossEntropy,
        Bernoulli,
        ContinuousBernoulli,
        Gaussian(0.3),
        LearnedStd {
            is_per_column: false,
        },
        LearnedStd {
            is_per_column: true,
        },
    ];

    fn text(self) -> String {
        match self {
            CrossEntropy => "reconstruction = 'binary-cross-entropy'".into(),
            Bernoulli => "reconstruction = 'bernoulli'".into(),
            ContinuousBernoulli => "reconstruction = 'continuous-bernoulli'".into(),
            Gaussian(std) => format!("reconstruction = 'gaussian'\nstd = {std}"),
            LearnedStd { is_per_column } => format!(
                "reconstruction = 'gaussian'\nper_column = {is_per_column}\nminimum_std = {MINIMUM}"
            ),
        }
    }

    fn has_sigmoid(self) -> bool {
        !matches!(self, Gaussian(_) | LearnedStd { .. })
    }

    /// How many numbers it learns.
    fn learned(self) -> usize {
        match self {
            LearnedStd {
                is_per_column: true,
            } => INPUTS,
            LearnedStd { .. } => 1,
            _ => 0,
        }
    }

    /// The negative log likelihood of a row, in nats, of what the decoder's last dense layer gives.
    fn nats(self, y: &[f64], x: &[f64], learned: &[f64]) -> f64 {
        let pairs = y.iter().zip(x);
        let variances = learned.iter().cycle();
        let variances = variances.map(|l| MINIMUM * MINIMUM + (2.0 * l).exp());
        let normal = |y: &f64, x: &f64, v: f64| 0.5 * ((2.0 * PI * v).ln() + (y - x).powi(2) / v);
        match self {
            CrossEntropy | Bernoulli => pairs
                .map(|(&y, &x)| reference::loss(Loss::CrossEntropyOfLogits, y, x))
                .sum(),
            ContinuousBernoulli => pairs
                .map(|(&y, &x)| reference::loss(Loss::ContinuousBernoulliOfLogits, y, x))
                .sum(),
            Gaussian(std) => pairs.map(|(y, x)| normal(y, x, std * std)).sum(),
            LearnedStd { .. } => pairs
                .zip(variances)
                .map(|((y, x), v)| normal(y, x, v))
                .sum(),
        }
    }
}

/// One dense layer on each side.
#[derive(Clone, Copy, Debug)]
struct Case {
    likelihood: Likelihood,
    is_drawn: bool,
    beta: f64,
    free_bits: f64,
    warmup: usize,
    /// The weight of an `l1` penalty on the code, 0 for none.
    l1: f64,
}

const PLAIN: Case = Case {
    likelihood: CrossEntropy,
    is_drawn: true,
    beta: 1.0,
    free_bits: 0.0,
    warmup: 0,
    l1: 0.0,
};

impl Case {
    fn recipe(self) -> Recipe {
        let Case {
            beta,
            free_bits,
            warmup,
            ..
        } = self;
        let (outputs, bottleneck) = if self.is_drawn {
            let keys = format!("beta = {beta}, free_bits = {free_bits}, warmup = {warmup}");
            (
                2 * CODE,
                format!("bottleneck = {{ kind = 'variational', {keys} }}\n"),
            )
        } else {
            (CODE, String::new())
        };
        let sigmoid = if self.likelihood.has_sigmoid() {
            ", { layer = 'sigmoid' }"
        } else {
            ""
        };
        let penalties = if self.l1 > 0.0 {
            format!("penalties = [{{ kind = 'l1', weight = {} }}]\n", self.l1)
        } else {
            String::new()
        };
        let text = format!(
            "name = 'vae'\nencoder = [{{ layer = 'dense', outputs = {outputs} }}]\n{bottleneck}\
             decoder = [{{ layer = 'dense' }}{sigmoid}]\n\
             [objective]\n{}\n{penalties}[training]\nepochs = 9",
            self.likelihood.text()
        );
        Recipe::parse(&text, "vae.toml").unwrap()
    }

    /// The parts of the objective in nats, means over the rows: the likelihood, the divergence and the penalty.
    fn parts(self, parameters: &[f64], rows: &[Vec<f64>], noise: &[Vec<f64>]) -> [f64; 3] {
        let encoded = if self.is_drawn { 2 * CODE } else { CODE };
        let (encoder, rest) = parameters.split_at(encoded * (INPUTS + 1));
        let (decoder, learned) = rest.split_at(INPUTS * (CODE + 1));
        assert_eq!(learned.len(), self.likelihood.learned());
        let dense = |parameters: &[f64], x: &[f64], outputs: usize| -> Vec<f64> {
            let (weights, bias) = parameters.split_at(outputs * x.len());
            let sums = weights.chunks_exact(x.len()).zip(bias);
            sums.map(|(w, b)| b + w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>())
                .collect()
        };
        let mut sums = [0.0; 3];
        for (x, noise) in rows.iter().zip(noise) {
            let given = dense(encoder, x, encoded);
            let (code, divergence) = if self.is_drawn {
                reference::variational(&given, noise, self.free_bits)
            } else {
                (given, 0.0)
            };
            let y = dense(decoder, &code, INPUTS);
            sums[0] += self.likelihood.nats(&y, x, learned);
            sums[1] += divergence;
            sums[2] += code.iter().map(|z| z.abs()).sum::<f64>();
        }
        sums.map(|sum| sum / rows.len() as f64)
    }
}

fn setting(recipe: &Recipe) -> Setting {
    let network = recipe.network(&[INPUTS]).unwrap();
    let sgd = OptimizerSpec::Sgd {
        learning_rate: 0.0,
        momentum: 0.0,
        weight_decay: 0.0,
    };
    let mut parameters = Parameters::initial(&network, recipe.initialization, SEED)
        .flat()
        .to_vec();
    // Other stds than the first, and log variances other than near 0.
    for (place, number) in parameters.iter_mut().enumerate() {
        *number += 0.3 * (place as f32).sin();
    }
    Setting {
        parameters: Parameters::new(&network, &parameters),
        optimizer: Optimizer::new(sgd, &network),
        network,
        corruption: None,
        objective: Objective::new(&recipe.reconstruction, &recipe.bottleneck, &recipe.decoder)
            .unwrap(),
        penalties: recipe.penalties.clone(),
        seed: SEED,
        binarize: false,
        clip_norm: 0.0,
        accumulation: 1,
    }
}

/// The noise of the codes of some rows.
fn noise(purpose: Purpose, epoch: u32, rows: usize) -> Vec<Vec<f64>> {
    let draws = Draws::new(SEED, purpose);
    let of = |row| {
        let mut noise = vec![0.0; CODE];
        add_normal(Isa::best(), draws.address(epoch, row), 1.0, &mut noise);
        noise.into_iter().map(f64::from).collect()
    };
    (0..rows as u32).map(of).collect()
}

fn scaled(data: &Dataset) -> Vec<Vec<f64>> {
    let rows = data.to_array();
    let rows = rows.rows().into_iter();
    rows.map(|row| row.iter().map(|&value| f64::from(value) / 255.0).collect())
        .collect()
}

fn near(case: Case, found: f64, expected: f64, what: &str) {
    let error = (found - expected).abs();
    assert!(
        error < 2e-6 * expected.abs().max(0.5),
        "{case:?}: {what} is {found}, not {expected}"
    );
}

/// The losses and the gradient in an epoch against the definition.
fn check(case: Case, epoch: u32) {
    let recipe = case.recipe();
    let data = rows(ROWS, case.likelihood == Bernoulli);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let order: Vec<u32> = (0..ROWS as u32).collect();
    let mut found = Vec::new();
    for threads in [1, 2, 3, 5] {
        let mut stepper = Stepper::new(setting(&recipe), ROWS, threads).unwrap();
        found.push(stepper.loss_and_gradient(&data, &scaling, epoch, &order));
    }
    let (losses, gradient) = found.swap_remove(0);
    for (other, same) in found {
        assert_eq!(losses, other, "{case:?}");
        assert!(gradient == same, "{case:?}: threads give other bits");
    }
    let (rows, noise) = (scaled(&data), noise(Purpose::Code, epoch, ROWS));
    let flat: Vec<f64> = setting(&recipe)
        .parameters
        .flat()
        .iter()
        .map(|&p| f64::from(p))
        .collect();
    let [nats, divergence, penalty] = case.parts(&flat, &rows, &noise);
    let beta = if case.is_drawn { case.beta } else { 0.0 };
    near(case, losses.reconstruction, nats, "the likelihood");
    let total = nats + beta * divergence + case.l1 * penalty;
    near(case, losses.total, total, "the objective");
    if case.is_drawn {
        near(case, losses.columns[0], divergence, "the divergence");
    }
    // What is learned from is divided by the number of values, and warms up.
    let risen = match case.warmup {
        0 => 1.0,
        epochs => (f64::from(epoch) / epochs as f64).min(1.0),
    };
    let objective = |parameters: &[f64]| {
        let [nats, divergence, penalty] = case.parts(parameters, &rows, &noise);
        (nats + risen * beta * divergence + case.l1 * penalty) / INPUTS as f64
    };
    let step = 1e-6;
    for i in 0..flat.len() {
        let at = |by: f64| {
            let mut moved = flat.clone();
            moved[i] += by;
            objective(&moved)
        };
        let difference = (at(step) - at(-step)) / (2.0 * step);
        let error = (f64::from(gradient[i]) - difference).abs();
        assert!(
            error < 3e-6 * difference.abs().max(1.0),
            "{case:?}: parameter {i} has {}, differences give {difference}",
            gradient[i]
        );
    }
}

#[test]
fn gradients_of_likelihoods_and_drawn_codes_meet_central_differences() {
    for likelihood in Likelihood::ALL {
        for (beta, free_bits) in [(1.0, 0.0), (4.0, 0.1), (0.0, 0.0)] {
            check(
                Case {
                    likelihood,
                    beta,
                    free_bits,
                    ..PLAIN
                },
                0,
            );
        }
        check(
            Case {
                likelihood,
                l1: 0.7,
                ..PLAIN
            },
            0,
        );
    }
}

#[test]
fn likelihoods_stand_beside_a_plain_code() {
    for likelihood in Likelihood::ALL.into_iter().skip(1) {
        for l1 in [0.0, 0.7] {
            check(
                Case {
                    likelihood,
                    is_drawn: false,
                    l1,
                    ..PLAIN
                },
                0,
            );
        }
    }
}

#[test]
fn the_weight_of_the_divergence_warms_up() {
    for epoch in 0..6 {
        check(
            Case {
                warmup: 4,
                beta: 2.0,
                ..PLAIN
            },
            epoch,
        );
    }
}

/// A mean over rows: a sum would grow with the batch.
#[test]
fn a_batch_of_each_row_twice_has_the_same_likelihood() {
    let recipe = Case {
        likelihood: Gaussian(0.3),
        beta: 0.0,
        ..PLAIN
    }
    .recipe();
    let data = rows(ROWS, false);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let once: Vec<u32> = (0..ROWS as u32).collect();
    let twice = [&once[..], &once[..]].concat();
    let mut stepper = Stepper::new(setting(&recipe), 2 * ROWS, 2).unwrap();
    let (one, gradient) = stepper.loss_and_gradient(&data, &scaling, 0, &once);
    let (two, other) = stepper.loss_and_gradient(&data, &scaling, 0, &twice);
    assert!((one.total - two.total).abs() < 1e-5 * one.total.abs());
    assert!((one.columns[0] - two.columns[0]).abs() < 1e-6);
    for (one, two) in gradient.iter().zip(other) {
        assert!((one - two).abs() < 1e-6, "{one} {two}");
    }
}

/// The loss of validation rows has draws of its own, the same every time, and the whole weight of the divergence.
#[test]
fn validation_has_draws_of_its_own_and_the_full_weight() {
    let case = Case {
        likelihood: Gaussian(0.3),
        warmup: 4,
        ..PLAIN
    };
    let recipe = case.recipe();
    let data = rows(ROWS, false);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let order: Vec<u32> = (0..ROWS as u32).collect();
    let mut stepper = Stepper::new(setting(&recipe), 10, 2).unwrap();
    let losses = stepper.losses(&data, &scaling, &order);
    assert_eq!(losses, stepper.losses(&data, &scaling, &order));
    let flat: Vec<f64> = stepper
        .parameters()
        .flat()
        .iter()
        .map(|&p| f64::from(p))
        .collect();
    let noise = noise(Purpose::ValidationCode, 0, ROWS);
    let [nats, divergence, _] = case.parts(&flat, &scaled(&data), &noise);
    near(case, losses.total, nats + divergence, "the validation loss");
}

/// As PyTorch would name it, and in the model's file.
#[test]
fn a_learned_std_is_a_parameter_of_the_model() {
    let case = Case {
        likelihood: LearnedStd {
            is_per_column: true,
        },
        ..PLAIN
    };
    let data = rows(200, false);
    let model: Model = narrows::fit(&case.recipe(), &data).unwrap();
    let network = model.network();
    let tensor = network.tensors().last().unwrap();
    assert_eq!(
        (&*tensor.name, &*tensor.shape),
        ("objective.log_std", &[INPUTS][..])
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    let loaded = Model::load(&path).unwrap();
    assert_eq!(loaded.parameters().flat(), model.parameters().flat());
    let learned = &model.parameters().flat()[tensor.range.clone()];
    assert!(learned.iter().all(|&l| l != 0.0), "{learned:?}");
    // The code in use is the mean: always the same.
    let rows = data.to_array();
    assert_eq!(
        model.encode(rows.view()).unwrap(),
        loaded.encode(rows.view()).unwrap()
    );
    assert_eq!(model.code_size(), CODE);
}

/// Several codes of each row under the importance-weighted bound.
fn weighed(samples: usize, is_doubly: bool, loss: &str) -> Recipe {
    let text = format!(
        "name = 'iwae'\nencoder = [{{ layer = 'dense', outputs = {} }}]\n\
         bottleneck = {{ kind = 'variational', bound = 'iwae', samples = {samples}, doubly_reparametrized = {is_doubly} }}\n\
         decoder = [{{ layer = 'dense' }}, {{ layer = 'sigmoid' }}]\nobjective = {{ reconstruction = {loss} }}",
        2 * CODE
    );
    Recipe::parse(&text, "iwae.toml").unwrap()
}

/// `-ln mean_k p(x | z_k) p(z_k) / q(z_k | x)`, mean over the rows, with the noise given.
fn weighed_bound(parameters: &[f64], rows: &[Vec<f64>], noise: &[Vec<f64>]) -> f64 {
    let (encoder, decoder) = parameters.split_at(2 * CODE * (INPUTS + 1));
    let dense = |parameters: &[f64], x: &[f64], outputs: usize| -> Vec<f64> {
        let (weights, bias) = parameters.split_at(outputs * x.len());
        let sums = weights.chunks_exact(x.len()).zip(bias);
        sums.map(|(w, b)| b + w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>())
            .collect()
    };
    let of_rows = rows.iter().zip(noise).map(|(x, noise)| {
        let given = dense(encoder, x, 2 * CODE);
        let logs: Vec<f64> = noise
            .chunks_exact(CODE)
            .map(|noise| {
                let (code, _) = reference::variational(&given, noise, 0.0);
                let ratio: f64 = (0..CODE)
                    .map(|j| 0.5 * (noise[j].powi(2) - code[j].powi(2) + given[CODE + j]))
                    .sum();
                ratio - CrossEntropy.nats(&dense(decoder, &code, INPUTS), x, &[])
            })
            .collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|log| (log - most).exp()).sum();
        -(most + (sum / logs.len() as f64).ln())
    });
    of_rows.sum::<f64>() / rows.len() as f64
}

fn noise_of(epoch: u32, rows: usize, values: usize) -> Vec<Vec<f64>> {
    let draws = Draws::new(SEED, Purpose::Code);
    let of = |row| {
        let mut noise = vec![0.0; values];
        add_normal(Isa::best(), draws.address(epoch, row), 1.0, &mut noise);
        noise.into_iter().map(f64::from).collect()
    };
    (0..rows as u32).map(of).collect()
}

fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|&number| f64::from(number)).collect()
}

#[test]
fn gradients_of_the_importance_weighted_bound_meet_central_differences() {
    let data = rows(ROWS, false);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let order: Vec<u32> = (0..ROWS as u32).collect();
    for samples in [1, 2, 5] {
        let recipe = weighed(samples, false, "'binary-cross-entropy'");
        let mut found = Vec::new();
        for threads in [1, 2, 3, 5] {
            let mut stepper = Stepper::new(setting(&recipe), ROWS, threads).unwrap();
            found.push(stepper.loss_and_gradient(&data, &scaling, 1, &order));
        }
        let (losses, gradient) = found.swap_remove(0);
        assert!(
            found
                .iter()
                .all(|(other, same)| *other == losses && *same == gradient),
            "{samples}: threads give other bits"
        );
        let (rows, noise) = (scaled(&data), noise_of(1, ROWS, samples * CODE));
        let flat = wide(setting(&recipe).parameters.flat());
        let expected = weighed_bound(&flat, &rows, &noise);
        near(PLAIN, losses.total, expected, "the weighed bound");
        let step = 1e-6;
        for i in 0..flat.len() {
            let at = |by: f64| {
                let mut moved = flat.clone();
                moved[i] += by;
                weighed_bound(&moved, &rows, &noise) / INPUTS as f64
            };
            let difference = (at(step) - at(-step)) / (2.0 * step);
            let error = (f64::from(gradient[i]) - difference).abs();
            assert!(
                error < 3e-6 * difference.abs().max(1.0),
                "{samples}: parameter {i} has {}, differences give {difference}",
                gradient[i]
            );
        }
    }
}

/// Both estimators have the same mean over draws; the doubly reparametrized one varies less for the encoder, and is the
/// same for the decoder.
#[test]
fn the_doubly_reparametrized_gradient_has_the_same_mean_and_a_lower_variance() {
    let data = rows(8, false);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let order: Vec<u32> = (0..8).collect();
    let draws = 4000;
    let moments = |is_doubly: bool| {
        let recipe = weighed(8, is_doubly, "'binary-cross-entropy'");
        let mut stepper = Stepper::new(setting(&recipe), 8, 1).unwrap();
        let mut sums = vec![[0.0f64; 2]; stepper.parameters().flat().len()];
        for epoch in 0..draws {
            let (_, gradient) = stepper.loss_and_gradient(&data, &scaling, epoch, &order);
            for (sum, gradient) in sums.iter_mut().zip(gradient) {
                let gradient = f64::from(gradient);
                sum[0] += gradient;
                sum[1] += gradient * gradient;
            }
        }
        let moments = sums.into_iter().map(|[first, second]| {
            let mean = first / f64::from(draws);
            (mean, second / f64::from(draws) - mean * mean)
        });
        moments.collect::<Vec<_>>()
    };
    let (plain, doubly) = (moments(false), moments(true));
    let encoder = 2 * CODE * (INPUTS + 1);
    let mut variances = [0.0; 2];
    for (place, (plain, doubly)) in plain.iter().zip(&doubly).enumerate() {
        let error = ((plain.1 + doubly.1) / f64::from(draws)).sqrt();
        let difference = (plain.0 - doubly.0).abs();
        assert!(
            difference < 4.5 * error + 1e-9,
            "parameter {place}: {} and {}, {error}",
            plain.0,
            doubly.0
        );
        if place < encoder {
            variances[0] += plain.1;
            variances[1] += doubly.1;
        } else {
            assert_eq!(plain.0, doubly.0, "parameter {place} of the decoder");
        }
    }
    assert!(variances[1] < 0.9 * variances[0], "{variances:?}");
}

/// The same rows, more samples: a tighter bound.
#[test]
fn the_bound_grows_with_the_samples() {
    let data = rows(ROWS, false);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let order: Vec<u32> = (0..ROWS as u32).collect();
    let mean = |samples: usize| {
        let recipe = weighed(samples, true, "'binary-cross-entropy'");
        let mut stepper = Stepper::new(setting(&recipe), ROWS, 1).unwrap();
        let each = (0..30).map(|epoch| {
            let (losses, _) = stepper.loss_and_gradient(&data, &scaling, epoch, &order);
            losses.total
        });
        each.sum::<f64>() / 30.0
    };
    let losses = [1, 2, 5, 50].map(mean);
    assert!(losses.is_sorted_by(|a, b| a > b), "{losses:?}");
}

#[test]
fn what_the_weighed_bound_lacks_is_refused() {
    let bottleneck = |keys: &str, loss: &str| {
        format!(
            "name = 'a'\nencoder = [{{ layer = 'dense', outputs = 4 }}]\nbottleneck = {{ kind = 'variational', {keys} }}\n\
             decoder = [{{ layer = 'dense' }}]\nobjective = {{ reconstruction = {loss} }}"
        )
    };
    let gaussian = "'gaussian', std = 1.0";
    for (keys, words) in [
        (
            "samples = 3, bound = 'elbo'",
            &["bottleneck.bound", "iwae"][..],
        ),
        (
            "bound = 'iwae', free_bits = 0.1",
            &["free_bits", "closed form"],
        ),
        ("bound = 'iwae', beta = 2.0", &["beta", "closed form"]),
        ("bound = 'iwae', warmup = 2", &["warmup", "closed form"]),
        ("bound = 'vae'", &["bound", "elbo", "iwae"]),
    ] {
        refused(&bottleneck(keys, gaussian), words);
    }
    let recipe = Recipe::parse(
        &bottleneck("bound = 'iwae', samples = 2", "'gaussian'"),
        "a",
    )
    .unwrap();
    let error = narrows::fit(&recipe, &rows(30, false))
        .unwrap_err()
        .to_string();
    assert!(error.contains("std that is given"), "{error}");
}

fn refused(text: &str, words: &[&str]) {
    let error = Recipe::parse(text, "vae.toml")
        .and_then(|recipe| recipe.network(&[INPUTS]).map(|_| ()))
        .unwrap_err()
        .to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is missing in: {error}");
    }
}

#[test]
fn a_drawn_code_needs_a_likelihood() {
    for loss in ["mse", "l1", "huber"] {
        let text = format!(
            "name = 'a'\nencoder = [{{ layer = 'dense', outputs = 4 }}]\nbottleneck = {{ kind = 'variational' }}\n\
             decoder = [{{ layer = 'dense' }}]\nobjective = {{ reconstruction = '{loss}' }}"
        );
        refused(
            &text,
            &["variational", loss, "gaussian", "objective.reconstruction"],
        );
    }
}

#[test]
fn an_encoder_gives_means_and_log_variances() {
    let text = "name = 'a'\nencoder = [{ layer = 'dense', outputs = 5 }]\nbottleneck = { kind = 'variational' }\n\
                decoder = [{ layer = 'dense' }]\nobjective = { reconstruction = 'gaussian' }";
    refused(
        text,
        &["bottleneck (variational)", "log variance", "[5]", "twice"],
    );
}

#[test]
fn a_warm_up_ends_before_training_does() {
    let text = "name = 'a'\nencoder = [{ layer = 'dense', outputs = 4 }]\n\
                bottleneck = { kind = 'variational', warmup = 3 }\n\
                decoder = [{ layer = 'dense' }]\nobjective = { reconstruction = 'gaussian' }\ntraining = { epochs = 3 }";
    refused(text, &["bottleneck.warmup", "warm-up", "fewer", "3"]);
}

#[test]
fn a_std_that_is_given_is_not_learned() {
    let text = "name = 'a'\nencoder = [{ layer = 'dense', outputs = 4 }]\ndecoder = [{ layer = 'dense' }]\n\
                objective = { reconstruction = 'gaussian', std = 1.0, per_column = true }";
    refused(text, &["objective.per_column", "`std`"]);
}

/// Rows of a Gaussian distribution of 12 values: three directions of large variance, and noise.
fn gaussian_rows(count: usize, seed: u64) -> Array2<f32> {
    let draws = Draws::new(seed, Purpose::SampleRows);
    let mut normal = vec![0.0f32; 15];
    Array2::from_shape_vec(
        (count, 12),
        (0..count as u32)
            .flat_map(|row| {
                normal.fill(0.0);
                add_normal(Isa::best(), draws.address(0, row), 1.0, &mut normal);
                let (noise, factors) = normal.split_at(12);
                (0..12)
                    .map(|j| {
                        let angle = j as f32 * 0.7;
                        let directions = [angle.sin(), (2.0 * angle).cos(), (0.5 * angle).sin()];
                        let sum: f32 = directions
                            .iter()
                            .zip(factors)
                            .zip([2.0, 1.4, 1.0])
                            .map(|((direction, factor), size)| direction * factor * size)
                            .sum();
                        1.0 + sum + 0.5 * noise[j]
                    })
                    .collect::<Vec<f32>>()
            })
            .collect(),
    )
    .unwrap()
}

fn linear(epochs: usize) -> Recipe {
    let text = format!(
        "name = 'linear'\nencoder = [{{ layer = 'dense', outputs = 6 }}]\nbottleneck = {{ kind = 'variational' }}\n\
         decoder = [{{ layer = 'dense' }}]\nobjective = {{ reconstruction = 'gaussian' }}\nscaling = {{ kind = 'none' }}\n\
         optimizer = {{ kind = 'adam', learning_rate = 1e-2 }}\nschedule = {{ kind = 'cosine' }}\n\
         training = {{ epochs = {epochs}, batch_size = 100 }}"
    );
    Recipe::parse(&text, "linear.toml").unwrap()
}

fn evaluated(model: &Model, train: &Array2<f32>, test: &Array2<f32>, samples: usize) -> Bounded {
    let [train, test] = [train, test].map(|rows| Dataset::from_array(rows.view()).unwrap());
    let source = Source::new(train, Some(test)).unwrap();
    let split = source.split(0, &SplitPlan::with_validation(0.0)).unwrap();
    let mut measures = Measures::OF_A_RUN;
    measures.likelihood = Some(Sampling {
        samples,
        rows: None,
    });
    let how = Measuring {
        measures,
        ..Measuring::default()
    };
    let evaluation = evaluate(model, &split, &how, &mut |_| Ok(())).unwrap();
    evaluation.bounded.unwrap()
}

/// The best bound of a linear variational autoencoder is the log likelihood of probabilistic PCA (Tipping & Bishop 1999).
#[test]
fn a_linear_variational_autoencoder_is_probabilistic_pca() {
    let rows = gaussian_rows(3000, 1);
    let model = narrows::fit(&linear(400), &Dataset::from_array(rows.view()).unwrap()).unwrap();
    let found = evaluated(&model, &rows, &rows, 20);
    let ppca = found.ppca_test_nll.unwrap();
    // The mean of one code a row varies; that of weights does not where the encoder has found the posterior.
    let sampled = found.sampled.unwrap();
    assert!(
        (found.test_bound - ppca).abs() < 0.01 * ppca && (sampled.test_nll - ppca).abs() < 0.03,
        "{} and {}, not {ppca}",
        found.test_bound,
        sampled.test_nll
    );
    assert!(found.is_likelihood);
    let [std] = model.learned_stds().unwrap()[..] else {
        panic!("one std");
    };
    assert!((std - 0.5).abs() < 0.01, "{std}");
    assert_eq!(found.active_units, 3);
    // KL at the optimum: half the logarithm of each variance over that of the noise.
    assert!((found.kl_of_values.iter().sum::<f64>() - found.test_kl).abs() < 1e-3);
}

/// Importance sampling finds the log likelihood of a linear Gaussian model, which is known, also where the encoder is far
/// from the posterior.
#[test]
fn importance_sampling_finds_the_exact_log_likelihood() {
    let rows = gaussian_rows(2000, 2);
    let model = narrows::fit(&linear(3), &Dataset::from_array(rows.view()).unwrap()).unwrap();
    let test = rows.slice(ndarray::s![..200, ..]).to_owned();
    let [few, many] = [1, 3000].map(|samples| evaluated(&model, &rows, &test, samples));
    let [few, many] = [&few, &many].map(|found| found.sampled.unwrap());
    // Of one sample it is an estimate of the bound.
    let error = (few.test_nll - evaluated(&model, &rows, &test, 1).test_bound).abs();
    assert!(error < 4.0 * few.nll_standard_error, "{error}");
    assert!(many.test_nll < few.test_nll);
    // x ~ N(b, W Wᵀ + s² I)
    let parameters = wide(model.parameters().flat());
    let (_, rest) = parameters.split_at(6 * 13);
    let (weights, bias) = rest.split_at(12 * 3);
    let variance = model.learned_stds().unwrap()[0].powi(2);
    let mut covariance = vec![vec![0.0; 12]; 12];
    for (i, row) in covariance.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            let products = (0..3).map(|k| weights[3 * i + k] * weights[3 * j + k]);
            *value = products.sum::<f64>() + if i == j { variance } else { 0.0 };
        }
    }
    let nll = |x: &[f64]| {
        // Gaussian elimination: the determinant, and what solves C y = d.
        let mut all: Vec<Vec<f64>> = covariance.clone();
        let d: Vec<f64> = x.iter().zip(bias).map(|(x, b)| x - b).collect();
        let mut y = d.clone();
        let mut log_determinant = 0.0;
        for k in 0..12 {
            log_determinant += all[k][k].ln();
            for i in k + 1..12 {
                let share = all[i][k] / all[k][k];
                let above = all[k].clone();
                all[i]
                    .iter_mut()
                    .zip(above)
                    .for_each(|(a, b)| *a -= share * b);
                y[i] -= share * y[k];
            }
        }
        for k in (0..12).rev() {
            let sum: f64 = (k + 1..12).map(|j| all[k][j] * y[j]).sum();
            y[k] = (y[k] - sum) / all[k][k];
        }
        let square: f64 = d.iter().zip(&y).map(|(d, y)| d * y).sum();
        0.5 * (12.0 * (2.0 * PI).ln() + log_determinant + square)
    };
    let exact: f64 = test
        .rows()
        .into_iter()
        .map(|row| nll(&row.iter().map(|&x| f64::from(x)).collect::<Vec<_>>()))
        .sum::<f64>()
        / 200.0;
    assert!(
        (many.test_nll - exact).abs() < 0.02,
        "{} and {exact}",
        many.test_nll
    );
}

/// The KL of each value follows from the means and the stds of the codes.
#[test]
fn codes_have_stds() {
    let rows = gaussian_rows(300, 3);
    let data = Dataset::from_array(rows.view()).unwrap();
    let model = narrows::fit(&linear(3), &data).unwrap();
    let (means, stds) = (
        model.encode(&rows).unwrap(),
        model.code_stds(&rows).unwrap(),
    );
    let bounded = evaluated(&model, &rows, &rows, 1);
    for (value, &kl) in bounded.kl_of_values.iter().enumerate() {
        let pairs = means.column(value).into_iter().zip(stds.column(value));
        let of_rows = pairs.map(|(&mean, &std)| {
            let variance = f64::from(std).powi(2);
            0.5 * (f64::from(mean).powi(2) + variance - 1.0 - variance.ln())
        });
        let mean = of_rows.sum::<f64>() / rows.nrows() as f64;
        assert!((mean - kl).abs() < 1e-4 * kl.max(1.0), "{mean}, {kl}");
        let variance = means.column(value).mapv(f64::from).var(0.0);
        let found = bounded.variance_of_values[value];
        assert!((found - variance).abs() < 1e-4, "{found}, {variance}");
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("codes.npy");
    narrows::apply::encode_with_stds(&model, &data, &out, &mut |_| Ok(())).unwrap();
    let source = Source::open(&out.display().to_string()).unwrap();
    let both = ndarray::concatenate![ndarray::Axis(1), means, stds];
    assert_eq!(source.train.to_array(), both);
    let plain = Recipe::named("table").unwrap();
    let plain = narrows::fit(&Recipe { epochs: 1, ..plain }, &data).unwrap();
    for error in [
        plain.code_stds(&rows).unwrap_err(),
        narrows::apply::encode_with_stds(&plain, &data, &out, &mut |_| Ok(())).unwrap_err(),
    ] {
        assert!(error.to_string().contains("variational"), "{error}");
    }
}

/// The sigmoid gives the parameter of the distribution, and the model its mean.
#[test]
fn a_continuous_bernoulli_likelihood_gives_means() {
    let data = rows(50, false);
    let case = |likelihood| {
        Case {
            likelihood,
            ..PLAIN
        }
        .recipe()
    };
    let model = narrows::fit(&case(ContinuousBernoulli), &data).unwrap();
    let parameters = model.parameters().flat();
    let scaling = model.scaling().clone();
    let of_sigmoid = Model::new(case(CrossEntropy), scaling, data.shape(), parameters).unwrap();
    let all = data.to_array_f64() / 255.0;
    let [means, parameters] = [&model, &of_sigmoid].map(|model| {
        let given = &all * 255.0;
        model.reconstruct(&given).unwrap() / 255.0
    });
    let mut furthest = 0f64;
    for (&mean, &p) in means.iter().zip(&parameters) {
        let expected = match p - 0.5 {
            // The slope of the mean at 1/2 is 1/3.
            away if away.abs() < 1e-3 => 0.5 + away / 3.0,
            _ => p / (2.0 * p - 1.0) + 0.5 / (1.0 - 2.0 * p).atanh(),
        };
        assert!((mean - expected).abs() < 1e-5, "{p}: {mean}, {expected}");
        furthest = furthest.max((mean - p).abs());
    }
    assert!(furthest > 0.01, "{furthest}");
}

/// Rows of one code, drawn from the likelihood: their mean is the row that the code decodes to, and their std the std of the
/// likelihood.
#[test]
fn rows_are_drawn_from_the_likelihood() {
    const DRAWN: usize = 4000;
    for likelihood in Likelihood::ALL {
        let data = rows(60, likelihood == Bernoulli);
        let mut recipe = Case {
            likelihood,
            ..PLAIN
        }
        .recipe();
        recipe.epochs = 3;
        let model = narrows::fit(&recipe, &data).unwrap();
        let first = data.head(1).unwrap();
        let samples = || Samples::around(&model, &first, DRAWN, Some(0.0), 5).unwrap();
        let drawn = samples().with_noise(5);
        if likelihood == CrossEntropy {
            let error = drawn.err().unwrap().to_string();
            assert!(error.contains("scaling.draw"), "{error}");
            continue;
        }
        let drawn = drawn.unwrap();
        let all = drawn.rows(0..DRAWN).unwrap();
        assert_eq!(
            drawn.rows(7..9).unwrap().row(1),
            all.row(8),
            "{likelihood:?}"
        );
        let other = samples().with_noise(6).unwrap().rows(0..1).unwrap();
        assert_ne!(other.row(0), all.row(0), "{likelihood:?}");
        // In scaled units, which are from 0 to 1.
        let (all, given) = (all / 255.0, samples().rows(0..1).unwrap() / 255.0);
        for (value, drawn) in all.columns().into_iter().enumerate() {
            let expected = given[[0, value]];
            let std = match likelihood {
                Bernoulli => {
                    let is_binary = |value: &f64| value.abs() < 1e-6 || (value - 1.0).abs() < 1e-6;
                    assert!(drawn.iter().all(is_binary), "{drawn}");
                    (expected * (1.0 - expected)).sqrt()
                }
                ContinuousBernoulli => {
                    assert!(drawn.iter().all(|value| (0.0..=1.000_001).contains(value)));
                    let logit = logit_of_mean(expected);
                    reference::continuous_bernoulli_mean_derivative(logit).sqrt()
                }
                Gaussian(std) => std,
                _ => {
                    let stds = model.learned_stds().unwrap();
                    stds[value.min(stds.len() - 1)]
                }
            };
            let (mean, found) = (drawn.mean().unwrap(), drawn.std(0.0));
            let error = 5.0 * std / (DRAWN as f64).sqrt();
            assert!(
                (mean - expected).abs() < error,
                "{likelihood:?}: {mean}, {expected}"
            );
            assert!(
                (found / std - 1.0).abs() < 0.1,
                "{likelihood:?}: {found}, {std}"
            );
        }
    }
    let plain = Recipe::named("table").unwrap();
    let data = rows(60, false);
    let plain = narrows::fit(&Recipe { epochs: 1, ..plain }, &data).unwrap();
    let samples = Samples::around(&plain, &data, 2, Some(0.0), 5).unwrap();
    let error = samples.with_noise(5).err().unwrap().to_string();
    assert!(
        error.contains("no likelihood") && error.contains("mse"),
        "{error}"
    );
}

/// The logit of a continuous Bernoulli distribution with a mean, by bisection.
fn logit_of_mean(mean: f64) -> f64 {
    let (mut low, mut high) = (-1e4, 1e4);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if reference::continuous_bernoulli_mean(middle) < mean {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The same for any block of rows, and for each row alone.
#[test]
fn a_score_depends_on_its_row_alone() {
    let data = rows(300, false);
    let recipe = Case {
        likelihood: ContinuousBernoulli,
        ..PLAIN
    }
    .recipe();
    let model: Model = narrows::fit(&recipe, &data).unwrap();
    let all = data.to_array();
    let scores = model.score(all.view()).unwrap();
    let explained = model.contributions(all.view()).unwrap();
    for (row, &score) in scores.iter().enumerate().step_by(37) {
        let alone = model
            .score(all.slice(ndarray::s![row..row + 1, ..]))
            .unwrap();
        assert_eq!(alone[0].to_bits(), score.to_bits());
        assert_eq!(explained.row(row).len(), INPUTS);
    }
    // What a value adds above the least that any output could reach is never below 0.
    assert!(explained.iter().all(|&excess| excess >= 0.0));
    assert!(explained.iter().any(|&excess| excess > 0.1));
}

/// Values that are drawn as 0 or 1: the same bits as a step on data that hold these draws.
#[test]
fn values_are_drawn_as_0_or_1_by_their_address() {
    let text = |scaling: &str| {
        format!(
            "name = 'a'\nencoder = [{{ layer = 'dense', outputs = 6 }}]\nbottleneck = {{ kind = 'variational' }}\n\
             decoder = [{{ layer = 'dense' }}, {{ layer = 'sigmoid' }}]\nobjective = {{ reconstruction = 'bernoulli' }}\n\
             scaling = {{ {scaling} }}"
        )
    };
    let parse = |scaling: &str| Recipe::parse(&text(scaling), "a.toml").unwrap();
    let drawn = parse("kind = 'unit', draw = 'bernoulli'");
    assert!(drawn.binarize && Recipe::parse(&drawn.to_toml(), "again").unwrap() == drawn);
    let data = rows(ROWS, false);
    let unit = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let order: Vec<u32> = (0..ROWS as u32).collect();
    let epoch = 3;
    let draws = Draws::new(SEED, Purpose::Binarization);
    let mut values = Array2::zeros((ROWS, INPUTS));
    for (row, scaled) in scaled(&data).iter().enumerate() {
        let mut uniform = [0.0; INPUTS];
        let address = draws.address(epoch, row as u32);
        fill_uniform(Isa::best(), address, &mut uniform);
        for (column, uniform) in uniform.into_iter().enumerate() {
            values[[row, column]] = f32::from(u8::from(uniform < scaled[column] as f32));
        }
    }
    assert!(values.iter().any(|&value| value == 1.0) && values.iter().any(|&value| value == 0.0));
    let binary = Dataset::from_array(values.view()).unwrap();
    let none = Scaling::fit(&ScalingSpec::None, &binary).unwrap();
    let plain = parse("kind = 'none'");
    let mut setting_of_drawn = setting(&drawn);
    setting_of_drawn.binarize = true;
    let mut stepper = Stepper::new(setting_of_drawn, ROWS, 2).unwrap();
    let found = stepper.loss_and_gradient(&data, &unit, epoch, &order);
    let mut stepper = Stepper::new(setting(&plain), ROWS, 2).unwrap();
    assert_eq!(
        found,
        stepper.loss_and_gradient(&binary, &none, epoch, &order)
    );
    // Without the draws the loss refuses values between 0 and 1, and the draws refuse values outside.
    let refused = |recipe: &Recipe, data: &Dataset| {
        let error = narrows::fit(recipe, data).unwrap_err();
        error.to_string()
    };
    let error = refused(&parse("kind = 'unit'"), &data);
    for word in ["bernoulli", "row 1", "continuous-bernoulli"] {
        assert!(error.contains(word), "{error}");
    }
    let error = refused(&parse("kind = 'standardize', draw = 'bernoulli'"), &data);
    assert!(error.contains("[0, 1]"), "{error}");
    // A model in use takes values as they are, and an evaluation draws them once.
    let model = narrows::fit(&drawn, &data).unwrap();
    let all = data.to_array();
    assert_ne!(
        model.encode(all.view()).unwrap(),
        model
            .encode(values.mapv(|value| 255.0 * value).view())
            .unwrap()
    );
    let bounded = [0, 1].map(|_| evaluated(&model, &all.clone(), &all, 5));
    assert_eq!(bounded[0], bounded[1]);
    assert!(bounded[0].independent_test_nll.unwrap() > 0.0);
}

/// A run that stops in the middle of the warm-up and goes on ends in the same bytes.
#[test]
fn a_warm_up_goes_on_to_the_byte() {
    let recipe = Case {
        warmup: 4,
        beta: 2.0,
        likelihood: LearnedStd {
            is_per_column: true,
        },
        ..PLAIN
    }
    .recipe();
    let data = rows(150, false);
    let begin = || Training::new(&recipe, &data, 2).unwrap();
    let bits = |training: &Training<'_>| -> Vec<u32> {
        let numbers = training.state().parameters;
        numbers.into_iter().map(f32::to_bits).collect()
    };
    let mut whole = begin();
    while !whole.is_finished() {
        whole.epoch(|_| ()).unwrap();
    }
    let mut first = begin();
    first.epoch(|_| ()).unwrap();
    // After one step of the second epoch.
    let record = first.epoch_while(|_, _| ControlFlow::Break(())).unwrap();
    assert!(record.is_none());
    let state = first.state();
    drop(first);
    let mut second = begin();
    second.restore(state).unwrap();
    while !second.is_finished() {
        second.epoch(|_| ()).unwrap();
    }
    assert_eq!(bits(&whole), bits(&second));
}

/// Patience counts from the end of the warm-up.
#[test]
fn patience_waits_for_the_warm_up() {
    let mut recipe = Case { warmup: 5, ..PLAIN }.recipe();
    (recipe.patience, recipe.epochs) = (1, 9);
    // Nothing is learned, so that no epoch is better than the first.
    recipe.optimizer = OptimizerSpec::Sgd {
        learning_rate: 1e-30,
        momentum: 0.0,
        weight_decay: 0.0,
    };
    let (data, validation) = (rows(150, false), rows(60, false));
    let training = Training::new(&recipe, &data, 1).unwrap();
    let mut training = training.with_validation(&validation).unwrap();
    let mut epochs = 0;
    while !training.is_finished() {
        training.epoch(|_| ()).unwrap();
        epochs += 1;
    }
    assert_eq!(epochs, 6);
}
