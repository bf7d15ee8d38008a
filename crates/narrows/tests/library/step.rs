//! The guarantees of a training step besides its numbers: the same bits for any number of threads, for any cut of the
//! rows, and if the step is interrupted or watched.

use crate::networks::{
    CONVOLUTIONS, CONVOLUTIONS_AND_PENALTIES, EVERY_ACTIVATION, LAYERS_OF_ROWS,
    NOISE_AND_PENALTIES, SPARSE_CODES, noise, whole,
};
use narrows::Recipe;
use narrows::data::Dataset;
use narrows::optimizer::{OptimizerSpec, ScheduleSpec};
use narrows::train::{Progress, State, Training};
use std::ops::ControlFlow;

fn parameters_after_steps(recipe: &Recipe, data: &Dataset, threads: usize) -> Vec<u32> {
    let mut training = Training::new(recipe, data, threads).unwrap();
    assert_eq!(training.threads(), threads);
    let mut steps = 0;
    while steps < 50 {
        training.epoch(|_| steps += 1).unwrap();
    }
    let model = training.model().unwrap();
    model
        .parameters()
        .flat()
        .iter()
        .map(|p| p.to_bits())
        .collect()
}

#[test]
fn parameters_have_the_same_bits_for_any_number_of_threads() {
    let mut shipped = Recipe::named("simple-linear").unwrap();
    shipped.batch_size = 64;
    // Its layers are folded, and so are those of one whose gradient is formed whole.
    let mut clipped = shipped.clone();
    (clipped.clip_norm, clipped.accumulation) = (0.1, 2);
    let rectified = NOISE_AND_PENALTIES
        .replace("relu", "tanh")
        .replace("silu", "relu");
    assert!(rectified.contains("tanh\" },\n]") && rectified.contains("67 }, { layer = \"relu"));
    // Neither divides the rows, so that an epoch ends in a smaller batch.
    for (recipe, data) in [
        (
            Recipe::parse(EVERY_ACTIVATION, "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        (
            Recipe::parse(NOISE_AND_PENALTIES, "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        (
            Recipe::parse(CONVOLUTIONS, "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        (
            Recipe::parse(CONVOLUTIONS_AND_PENALTIES, "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        // Two ReLUs, whose gates the exact Jacobian counts.
        (
            Recipe::parse(&NOISE_AND_PENALTIES.replace("silu", "relu"), "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        // A first ReLU alone, whose stopped units it leaves out.
        (
            Recipe::parse(&rectified, "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        (
            Recipe::parse(&whole(NOISE_AND_PENALTIES), "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        (
            Recipe::parse(LAYERS_OF_ROWS, "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        (
            Recipe::parse(&whole(LAYERS_OF_ROWS), "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        (
            Recipe::parse(SPARSE_CODES, "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        (
            Recipe::parse(&whole(SPARSE_CODES), "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        (clipped, noise(64 * 50 + 3, 28)),
        (shipped, noise(64 * 50 + 3, 28)),
    ] {
        let alone = parameters_after_steps(&recipe, &data, 1);
        for threads in [2, 3, 5] {
            let together = parameters_after_steps(&recipe, &data, threads);
            assert!(
                alone == together,
                "{}: {threads} threads give other bits",
                recipe.name
            );
        }
    }
}

#[test]
fn a_profile_changes_nothing_and_accounts_for_the_whole_step() {
    let (data, validation) = (noise(29 * 12 + 7, 13), noise(50, 13));
    for (text, threads) in [
        NOISE_AND_PENALTIES,
        &whole(NOISE_AND_PENALTIES),
        CONVOLUTIONS,
    ]
    .into_iter()
    .flat_map(|text| [(text, 1), (text, 3)])
    {
        let recipe = Recipe::parse(text, "test").unwrap();
        let begin = || {
            let training = Training::new(&recipe, &data, threads).unwrap();
            training.with_validation(&validation).unwrap()
        };
        let (mut plain, mut profiled) = (begin(), begin());
        profiled.start_profile();
        assert_eq!(profiled.profile(), None);
        let (mut steps, mut rows) = (0, 0);
        for _ in 0..2 {
            plain.epoch(|_| ()).unwrap();
            // Between the batches of the validation rows no further row is learned from.
            let count = |progress: &Progress| {
                steps += u64::from(progress.rows != rows);
                rows = progress.rows;
            };
            profiled.epoch(count).unwrap();
        }
        let flat = |training: &Training<'_>| training.state().parameters;
        assert!(flat(&plain) == flat(&profiled), "{}", recipe.name);
        assert_eq!(plain.profile(), None);

        let profile = profiled.profile().unwrap();
        assert_eq!((profile.steps, profile.threads), (steps, threads));
        let sum: f64 = profile.parts.iter().map(|part| part.seconds).sum();
        assert!((sum - profile.seconds).abs() < 1e-9);
        let names: Vec<&str> = profile.parts.iter().map(|part| part.name).collect();
        let has_penalties = recipe.name == "noise-and-penalties";
        for (name, is_expected) in [
            ("gather and scaling", true),
            ("noise", has_penalties),
            ("penalties", has_penalties),
            ("forward: products", true),
            ("backward: elementwise", true),
            ("optimizer", true),
        ] {
            assert_eq!(names.contains(&name), is_expected, "{name}: {names:?}");
        }
        for part in &profile.parts {
            let is_product = ["forward: products", "backward: products"].contains(&part.name)
                || part.name == "gradients by parameters";
            assert_eq!(part.operations_per_second.is_some(), is_product);
        }
    }
}

#[test]
fn accumulated_batches_are_one_large_batch() {
    let data = noise(64 * 5 + 20, 13);
    let train = |batch: usize, accumulation: usize| {
        let mut recipe = Recipe::parse(EVERY_ACTIVATION, "test").unwrap();
        (recipe.batch_size, recipe.accumulation) = (batch, accumulation);
        let mut training = Training::new(&recipe, &data, 2).unwrap();
        let record = training.epoch(|_| ()).unwrap();
        let model = training.model().unwrap();
        (record.train_loss, model.parameters().flat().to_vec())
    };
    // The last step has 20 rows: batches of 16 and 4, or one of 20.
    let (loss, parameters) = train(64, 1);
    let (of_parts, from_parts) = train(16, 4);
    assert!((loss - of_parts).abs() < 1e-6 * loss);
    let apart = parameters
        .iter()
        .zip(&from_parts)
        .map(|(a, b)| (a - b).abs());
    assert!(apart.fold(0.0, f32::max) < 2e-5);
}

#[test]
fn a_run_that_goes_on_has_the_same_bits() {
    let (data, validation) = (noise(29 * 12 + 7, 13), noise(50, 13));
    let mut recipe = Recipe::parse(NOISE_AND_PENALTIES, "test").unwrap();
    recipe.epochs = 8;
    recipe.accumulation = 2;
    recipe.clip_norm = 0.05;
    recipe.patience = 3;
    // Large enough for a loss that does not only fall.
    recipe.optimizer = OptimizerSpec::Sgd {
        learning_rate: 20.0,
        momentum: 0.9,
        weight_decay: 0.0,
    };
    recipe.schedule = ScheduleSpec::Plateau {
        patience: 0,
        factor: 0.5,
        minimum_factor: 0.1,
    };
    let begin = |threads| {
        let training = Training::new(&recipe, &data, threads).unwrap();
        training.with_validation(&validation).unwrap()
    };
    let end = |training: &Training<'_>| {
        let model = training.model().unwrap();
        let state = training.state();
        (
            model.parameters().flat().to_vec(),
            state.parameters,
            training.best_epoch(),
        )
    };
    let mut whole = begin(2);
    let mut losses = Vec::new();
    while !whole.is_finished() {
        let record = whole.epoch(|_| ()).unwrap();
        losses.push((
            record.train_loss,
            record.validation_loss,
            record.learning_rate,
        ));
    }
    assert!(
        losses.iter().any(|loss| loss.2 < losses[0].2),
        "the plateau is met"
    );
    // Broken off after every fourth step, on another number of threads each time.
    let (mut found, mut training, mut steps) = (Vec::new(), begin(1), 0);
    while !training.is_finished() {
        let record = training.epoch_while(|_, _| {
            steps += 1;
            match steps % 4 {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        if let Some(record) = record.unwrap() {
            found.push((
                record.train_loss,
                record.validation_loss,
                record.learning_rate,
            ));
        }
        let mut next = begin(1 + steps % 3);
        next.restore(training.state()).unwrap();
        training = next;
    }
    assert!(steps > 40);
    assert_eq!(found, losses);
    assert!(end(&training) == end(&whole));
    assert_eq!(training.has_stopped_early(), whole.has_stopped_early());
}

#[test]
fn runs_of_layers_that_draw_and_of_sparse_codes_go_on_with_the_same_bits() {
    goes_on(LAYERS_OF_ROWS);
    goes_on(SPARSE_CODES);
}

fn goes_on(text: &str) {
    let (data, validation) = (noise(29 * 6 + 7, 13), noise(50, 13));
    let mut recipe = Recipe::parse(&whole(text), "test").unwrap();
    recipe.epochs = 4;
    let begin = |threads| {
        let training = Training::new(&recipe, &data, threads).unwrap();
        training.with_validation(&validation).unwrap()
    };
    let mut whole = begin(2);
    let mut losses = Vec::new();
    while !whole.is_finished() {
        let record = whole.epoch(|_| ()).unwrap();
        losses.push((record.train_loss, record.validation_loss));
    }
    let (mut found, mut training, mut steps) = (Vec::new(), begin(1), 0);
    while !training.is_finished() {
        let record = training.epoch_while(|_, _| {
            steps += 1;
            match steps % 2 {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        let record = record.unwrap();
        found.extend(record.map(|record| (record.train_loss, record.validation_loss)));
        let mut next = begin(1 + steps % 3);
        next.restore(training.state()).unwrap();
        training = next;
    }
    assert_eq!(found, losses);
    assert!(training.state().parameters == whole.state().parameters);
}

#[test]
fn a_state_of_another_run_is_refused() {
    let data = noise(29 * 4, 13);
    let recipe = Recipe::parse(EVERY_ACTIVATION, "test").unwrap();
    let mut training = Training::new(&recipe, &data, 1).unwrap();
    let state = training.state();
    for change in [
        |state: &mut State| state.sums.rows = 5,
        |state: &mut State| state.sums.rows = 29 * 4,
        |state: &mut State| state.parameters.truncate(3),
        |state: &mut State| state.first.push(0.0),
        |state: &mut State| state.best.parameters.push(0.0),
        |state: &mut State| state.sums.columns.push(0.0),
    ] {
        let mut other = state.clone();
        change(&mut other);
        assert!(training.restore(other).is_err());
    }
    training.restore(state).unwrap();
}
