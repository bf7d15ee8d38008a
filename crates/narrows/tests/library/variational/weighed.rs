//! The importance-weighted bound: several codes of each row.

use super::*;

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
    tempered_bound(1.0, parameters, rows, noise)
}

/// The same with a power of p(z_k) / q(z_k | x).
fn tempered_bound(power: f64, parameters: &[f64], rows: &[Vec<f64>], noise: &[Vec<f64>]) -> f64 {
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
                power * ratio - CrossEntropy.nats(&dense(decoder, &code, INPUTS), x, &[])
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

#[test]
fn the_warm_up_of_the_weighed_bound_tempers_the_prior() {
    let data = rows(ROWS, false);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let order: Vec<u32> = (0..ROWS as u32).collect();
    let at_epoch = |warmup: i64, is_doubly: bool, epoch: u32| {
        let recipe = weighed(3, is_doubly, "'binary-cross-entropy'").to_toml();
        let set = format!("bottleneck.warmup={warmup}");
        let recipe = Recipe::parse_with(&recipe, "a test", &[set]).unwrap();
        let mut stepper = Stepper::new(setting(&recipe), ROWS, 2).unwrap();
        stepper.loss_and_gradient(&data, &scaling, epoch, &order)
    };
    let (losses, gradient) = at_epoch(4, true, 1);
    let (rows, noise) = (scaled(&data), noise_of(1, ROWS, 3 * CODE));
    let recipe = weighed(3, true, "'binary-cross-entropy'");
    let flat = wide(setting(&recipe).parameters.flat());
    let expected = tempered_bound(0.25, &flat, &rows, &noise);
    near(PLAIN, losses.total, expected, "the tempered bound");
    let step = 1e-6;
    for i in 0..flat.len() {
        let at = |by: f64| {
            let mut moved = flat.clone();
            moved[i] += by;
            tempered_bound(0.25, &moved, &rows, &noise) / INPUTS as f64
        };
        let difference = (at(step) - at(-step)) / (2.0 * step);
        let error = (f64::from(gradient[i]) - difference).abs();
        assert!(
            error < 3e-6 * difference.abs().max(1.0),
            "parameter {i} has {}, differences give {difference}",
            gradient[i]
        );
    }
    // Afterwards it is the bound itself, with either gradient.
    for is_doubly in [false, true] {
        assert_eq!(at_epoch(4, is_doubly, 4), at_epoch(0, is_doubly, 4));
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
