//! Losses and gradients of likelihoods and drawn codes, as a step computes them.

use super::*;

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
