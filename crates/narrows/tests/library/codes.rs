//! Bottlenecks and penalties on codes: their values and gradients, compared with central differences in float64, and
//! each of them with every other part in the lists.

use narrows::data::{Dataset, Values};
use narrows::network::Parameters;
use narrows::objective::Objective;
use narrows::optimizer::{Optimizer, OptimizerSpec};
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::train::{Setting, Stepper, Training};
use narrows::{Model, Recipe};
use narrows_kernels::reference;
use narrows_kernels::sparsity::CLOSEST;
use ndarray::Array2;

const INPUTS: usize = 6;
const CODE: usize = 5;
const K: usize = 2;
const RHO: f64 = 0.2;
const L1: f64 = 0.03;
const KL: f64 = 0.07;

/// A step whose gradient is looked at has so many rows; two threads share them.
const ROWS: usize = 37;

fn rows(count: usize) -> Dataset {
    let values = Array2::from_shape_fn((count, INPUTS), |(row, column)| {
        ((row * 37 + column * 101 + row * row * column) % 256) as u8
    });
    Dataset::new("pattern", Values::U8(values), vec![INPUTS], None).unwrap()
}

/// One dense layer on each side, with or without a sigmoid at the code.
#[derive(Clone, Copy, Debug)]
struct Case {
    is_sigmoid: bool,
    is_top_k: bool,
    has_l1: bool,
    has_kl: bool,
}

impl Case {
    fn recipe(self) -> Recipe {
        let sigmoid = if self.is_sigmoid {
            ", { layer = 'sigmoid' }"
        } else {
            ""
        };
        let bottleneck = if self.is_top_k {
            format!("bottleneck = {{ kind = 'top-k', k = {K} }}\n")
        } else {
            String::new()
        };
        let mut penalties = Vec::new();
        if self.has_l1 {
            penalties.push(format!("{{ kind = 'l1', weight = {L1} }}"));
        }
        if self.has_kl {
            penalties.push(format!(
                "{{ kind = 'kl-sparsity', weight = {KL}, rho = {RHO} }}"
            ));
        }
        let text = format!(
            "name = 'codes'\n\
             encoder = [{{ layer = 'dense', outputs = {CODE} }}{sigmoid}]\n{bottleneck}\
             decoder = [{{ layer = 'dense' }}]\n\
             [objective]\npenalties = [{}]",
            penalties.join(", ")
        );
        Recipe::parse(&text, "codes.toml").unwrap()
    }

    /// The objective of its definition, and its two penalties before their weights.
    fn objective(self, parameters: &[f64], rows: &[Vec<f64>]) -> (f64, Vec<f64>) {
        let (encoder, decoder) = parameters.split_at(CODE * (INPUTS + 1));
        let dense = |parameters: &[f64], x: &[f64], outputs: usize| -> Vec<f64> {
            let (weights, bias) = parameters.split_at(outputs * x.len());
            let sums = weights.chunks_exact(x.len()).zip(bias);
            sums.map(|(w, b)| b + w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>())
                .collect()
        };
        let (mut squares, mut absolute, mut means) = (0.0, 0.0, vec![0.0; CODE]);
        for x in rows {
            let mut code = dense(encoder, x, CODE);
            if self.is_sigmoid {
                code.iter_mut().for_each(|z| *z = 1.0 / (1.0 + (-*z).exp()));
            }
            if self.is_top_k {
                let chosen = reference::top_k(&code, K);
                for (index, z) in code.iter_mut().enumerate() {
                    if !chosen.contains(&index) {
                        *z = 0.0;
                    }
                }
            }
            let y = dense(decoder, &code, INPUTS);
            squares += y.iter().zip(x).map(|(y, x)| (y - x).powi(2)).sum::<f64>();
            absolute += code.iter().map(|z| z.abs()).sum::<f64>();
            for (mean, z) in means.iter_mut().zip(&code) {
                *mean += z / rows.len() as f64;
            }
        }
        let count = rows.len() as f64;
        let mut penalties = Vec::new();
        let mut total = squares / count / INPUTS as f64;
        if self.has_l1 {
            penalties.push(absolute / count);
            total += L1 * absolute / count;
        }
        if self.has_kl {
            // A value that is never chosen has a mean of 0.
            let inside = |mean: f64| mean.clamp(CLOSEST, 1.0 - CLOSEST);
            let divergence = means
                .iter()
                .map(|&mean| reference::kl_divergence(RHO, inside(mean)));
            let divergence: f64 = divergence.sum();
            penalties.push(divergence);
            total += KL * divergence;
        }
        (total, penalties)
    }
}

fn setting(recipe: &Recipe, seed: u64) -> Setting {
    let network = recipe.network(&[INPUTS]).unwrap();
    let sgd = OptimizerSpec::Sgd {
        learning_rate: 0.0,
        momentum: 0.0,
        weight_decay: 0.0,
    };
    Setting {
        parameters: Parameters::initial(&network, recipe.initialization, seed),
        optimizer: Optimizer::new(sgd, &network),
        network,
        corruption: None,
        objective: Objective::new(&recipe.reconstruction, &recipe.bottleneck, &recipe.decoder)
            .unwrap(),
        penalties: recipe.penalties.clone(),
        seed,
        binarize: false,
        clip_norm: 0.0,
        accumulation: 1,
    }
}

fn check(case: Case) {
    let recipe = case.recipe();
    let data = rows(ROWS);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let order: Vec<u32> = (0..ROWS as u32).collect();
    let mut found = Vec::new();
    let setting_of = || setting(&recipe, 11);
    let flat = setting_of().parameters.flat().to_vec();
    for threads in [1, 2, 3] {
        let mut stepper = Stepper::new(setting_of(), ROWS, threads).unwrap();
        let (losses, gradient) = stepper.loss_and_gradient(&data, &scaling, 0, &order);
        let losses = losses.clone();
        found.push((losses, gradient.to_vec()));
    }
    let (losses, gradient) = found.swap_remove(0);
    for (other, same) in found {
        assert_eq!(losses.total.to_bits(), other.total.to_bits(), "{case:?}");
        assert_eq!(losses.columns, other.columns, "{case:?}");
        assert!(gradient == same, "{case:?}: threads give other bits");
    }

    let rows: Vec<Vec<f64>> = data
        .to_array()
        .rows()
        .into_iter()
        .map(|row| row.iter().map(|&value| f64::from(value) / 255.0).collect())
        .collect();
    let flat: Vec<f64> = flat.into_iter().map(f64::from).collect();
    let (expected, penalties) = case.objective(&flat, &rows);
    let near = |found: f64, expected: f64, what: &str| {
        let error = (found - expected).abs();
        assert!(
            error < 1e-6 * expected.abs().max(0.1),
            "{case:?}: {what} is {found}, not {expected}"
        );
    };
    near(losses.total, expected, "the objective");
    assert_eq!(losses.columns.len(), penalties.len());
    for (found, expected) in losses.columns.iter().zip(penalties) {
        near(*found, expected, "a penalty");
    }
    let step = 1e-6;
    let mut largest = 0.0f64;
    for i in 0..flat.len() {
        let at = |by: f64| {
            let mut moved = flat.clone();
            moved[i] += by;
            case.objective(&moved, &rows).0
        };
        let difference = (at(step) - at(-step)) / (2.0 * step);
        largest = largest.max(difference.abs());
        let error = (f64::from(gradient[i]) - difference).abs();
        assert!(
            error < 2e-6,
            "{case:?}: parameter {i} has {}, differences give {difference}",
            gradient[i]
        );
    }
    assert!(largest > 1e-2, "{case:?}: a gradient to compare");
}

#[test]
fn gradients_of_bottlenecks_and_code_penalties_meet_central_differences() {
    for bits in 0..16 {
        let case = Case {
            is_sigmoid: bits & 1 != 0,
            is_top_k: bits & 2 != 0,
            has_l1: bits & 4 != 0,
            has_kl: bits & 8 != 0,
        };
        // The divergence is one of probabilities.
        if case.is_sigmoid || !case.has_kl {
            check(case);
        }
    }
}

#[test]
fn a_code_that_is_no_probability_is_refused_by_the_divergence() {
    let text = "name = 'a'\nencoder = [{ layer = 'dense', outputs = 3 }]\n\
                decoder = [{ layer = 'dense' }]\n\
                objective = { penalties = [{ kind = 'kl-sparsity', weight = 1 }] }";
    let data = rows(20);
    let error = Recipe::parse(text, "a.toml")
        .and_then(|recipe| Training::new(&recipe, &data, 1).map(|_| ()))
        .unwrap_err()
        .to_string();
    for word in ["kl-sparsity", "sigmoid", "l1"] {
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn more_values_than_the_code_has_are_refused() {
    let text = "name = 'a'\nencoder = [{ layer = 'dense', outputs = 3 }]\n\
                bottleneck = { kind = 'top-k', k = 4 }\ndecoder = [{ layer = 'dense' }]";
    let error = Recipe::parse(text, "a.toml")
        .and_then(|recipe| recipe.network(&[INPUTS]).map(|_| ()))
        .unwrap_err()
        .to_string();
    for word in ["bottleneck.k", "at most 3", "found 4"] {
        assert!(error.contains(word), "`{word}` is missing in: {error}");
    }
}

#[test]
fn codes_in_use_are_those_of_training() {
    let case = Case {
        is_sigmoid: false,
        is_top_k: true,
        has_l1: true,
        has_kl: false,
    };
    let data = rows(60);
    let model: Model = narrows::fit(&case.recipe(), &data).unwrap();
    let codes = model.encode(data.to_array().view()).unwrap();
    let count = |row: ndarray::ArrayView1<'_, f32>| row.iter().filter(|&&z| z != 0.0).count();
    let counts: Vec<usize> = codes.rows().into_iter().map(count).collect();
    assert!(counts.iter().all(|&count| count <= K), "{counts:?}");
    assert!(counts.contains(&K), "{counts:?}");
    assert!(codes.iter().all(|&z| z >= 0.0));
    // What a decoder makes of the codes is the reconstruction.
    let decoded = model.decode(codes.view()).unwrap();
    let whole = model.reconstruct(data.to_array().view()).unwrap();
    assert_eq!(decoded, whole);
}
