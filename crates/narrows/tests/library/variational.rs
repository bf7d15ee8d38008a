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

mod drawn;
mod facts;
mod gradients;
mod in_use;
mod linear;
mod refused;
mod runs;
mod weighed;

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

fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|&number| f64::from(number)).collect()
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
