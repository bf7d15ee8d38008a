//! The guarantees of a run that has state besides its parameters, and the cases that are refused.

use super::*;

/// All numbers of a run: parameters and states, now and of the best epoch.
fn bits(training: &Training<'_>) -> Vec<Vec<u32>> {
    let state = training.state();
    let model = training.model().unwrap();
    let all = [
        &state.parameters[..],
        &state.states,
        &state.best.parameters,
        &state.best.states,
        model.parameters().flat(),
        model.parameters().states(),
    ];
    all.iter()
        .map(|numbers| numbers.iter().map(|x| x.to_bits()).collect())
        .collect()
}

#[test]
fn a_run_has_the_same_bits_for_any_number_of_threads() {
    // The last row of an epoch joins the batch before it.
    let (data, validation) = (noise(29 * 8 + 1, 13), noise(29 + 1, 13));
    for text in [BATCH_NORM.to_string(), whole(BATCH_NORM)] {
        let mut recipe = Recipe::parse(&text, "test").unwrap();
        recipe.epochs = 3;
        let run = |threads| {
            let training = Training::new(&recipe, &data, threads).unwrap();
            let mut training = training.with_validation(&validation).unwrap();
            while !training.is_finished() {
                training.epoch(|_| ()).unwrap();
            }
            bits(&training)
        };
        let alone = run(1);
        assert!(alone.iter().all(|numbers| !numbers.is_empty()));
        for threads in [2, 3, 5] {
            assert!(alone == run(threads), "{threads} threads give other bits");
        }
    }
}

#[test]
fn a_run_that_goes_on_has_the_same_bits() {
    let (data, validation) = (noise(29 * 6 + 1, 13), noise(50, 13));
    let mut recipe = Recipe::parse(&whole(BATCH_NORM), "test").unwrap();
    recipe.accumulation = 2;
    recipe.epochs = 4;
    let begin = |threads| {
        let training = Training::new(&recipe, &data, threads).unwrap();
        training.with_validation(&validation).unwrap()
    };
    let mut whole = begin(2);
    let mut losses = Vec::new();
    while !whole.is_finished() {
        losses.push(whole.epoch(|_| ()).unwrap().validation_loss);
    }
    // Broken off after every step, the last of an epoch too, which then lacks its validation.
    let (mut found, mut training, mut breaks) = (Vec::new(), begin(1), 0);
    while !training.is_finished() {
        let mut calls = 0;
        let record = training.epoch_while(|_, _| {
            calls += 1;
            breaks += 1;
            ControlFlow::Break(())
        });
        if let Some(record) = record.unwrap() {
            found.push(record.validation_loss);
        }
        assert!(calls <= 1);
        let mut next = begin(1 + breaks % 3);
        // The validation of 50 rows has two batches, and could never end where each is broken off.
        next.restore(training.state()).unwrap();
        training = next;
        if training.position().1 == data.rows() {
            found.push(training.epoch(|_| ()).unwrap().validation_loss);
        }
    }
    assert!(breaks >= 12, "{breaks}");
    assert_eq!(found, losses);
    assert!(bits(&training) == bits(&whole));
}

#[test]
fn states_that_do_not_fit_are_refused() {
    let data = noise(29 * 3, 13);
    let recipe = Recipe::parse(BATCH_NORM, "test").unwrap();
    let mut training = Training::new(&recipe, &data, 1).unwrap();
    let state = training.state();
    assert!(!state.states.is_empty());
    let mut fewer = state.clone();
    fewer.states.pop();
    assert_eq!(
        training.restore(fewer).unwrap_err().kind(),
        ErrorKind::Format
    );
    training.restore(state).unwrap();
}

#[test]
fn the_last_row_of_an_epoch_joins_the_batch_before_it_and_that_is_said() {
    let data = noise(29 * 3 + 1, 13);
    let recipe = Recipe::parse(BATCH_NORM, "test").unwrap();
    let mut training = Training::new(&recipe, &data, 2).unwrap();
    let joins = Warning::LastRowJoins {
        rows: 88,
        batch: 29,
    };
    assert_eq!(training.warnings()[0], joins);
    assert_eq!(
        joins.to_string(),
        "88 rows in batches of 29 leave a last batch of one row, and this recipe compares the rows of a batch. So this row \
         joins the batch before it, which then has 30 rows. Choose another training.batch_size for batches of the same \
         size"
    );
    let mut seen = Vec::new();
    training.epoch(|progress| seen.push(progress.rows)).unwrap();
    assert_eq!(seen, [29, 58, 88]);
    // Of two batches a step the last step has one of 30 rows.
    let mut recipe = recipe;
    recipe.accumulation = 2;
    let mut training = Training::new(&recipe, &data, 2).unwrap();
    let mut seen = Vec::new();
    training.epoch(|progress| seen.push(progress.rows)).unwrap();
    assert_eq!(seen, [58, 88]);
    let count = training.state().states.last().unwrap().to_bits();
    assert_eq!(count, 3, "three batches of statistics");
    // Where no batch has one row, nothing is said.
    let data = noise(29 * 3 + 2, 13);
    let training = Training::new(&recipe, &data, 2).unwrap();
    let joins = |warning: &Warning| matches!(warning, Warning::LastRowJoins { .. });
    assert!(!training.warnings().iter().any(joins));
}

#[test]
fn batches_of_one_row_are_refused_where_a_channel_has_one_value() {
    let data = noise(20, 13);
    let mut recipe = Recipe::parse(BATCH_NORM, "test").unwrap();
    recipe.batch_size = 1;
    let error = Training::new(&recipe, &data, 1).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Recipe);
    for part in ["encoder[4]", "at least 2 rows", "training.batch_size"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    // A channel of an image has a variance.
    let images = "name = 'a'\nencoder = [{ layer = 'conv2d', channels = 2, kernel = 3 }, { layer = 'batch-norm' }]\n\
                  decoder = [{ layer = 'dense' }]\ntraining.batch_size = 1\ntraining.epochs = 1";
    let recipe = Recipe::parse(images, "test").unwrap();
    let mut training = Training::new(&recipe, &data, 1).unwrap();
    training.epoch(|_| ()).unwrap();
    assert_eq!(training.state().states.last().unwrap().to_bits(), 20);
}

#[test]
fn validation_measures_the_model_as_it_is_used() {
    let (data, validation) = (noise(29 * 5, 13), noise(77, 13));
    let mut recipe = Recipe::parse(BATCH_NORM, "test").unwrap();
    recipe.epochs = 2;
    let training = Training::new(&recipe, &data, 2).unwrap();
    let mut training = training.with_validation(&validation).unwrap();
    while !training.is_finished() {
        training.epoch(|_| ()).unwrap();
    }
    let model = training.model().unwrap();
    let (loss, error) = (
        training.best_validation_loss().unwrap(),
        model.mse(&validation).unwrap(),
    );
    assert!((loss - error).abs() < 1e-5 * error, "{loss} {error}");
    // Another run can begin with it, its statistics among the rest.
    let mut next = Training::new(&recipe, &data, 1).unwrap();
    next.init_from(&model).unwrap();
    assert_eq!(next.state().states, model.parameters().states());
}

#[test]
fn rows_of_other_shapes_are_refused() {
    let error = Network::new(
        &[batch_norm(), layer::flatten(), dense(2)],
        &[dense(12)],
        &[3, 4],
    );
    let error = error.err().unwrap().to_string();
    for part in [
        "encoder[0] (batch-norm)",
        "[channels, height, width]",
        "flatten",
    ] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_contractive_penalty_over_the_layer_is_refused_and_one_before_it_is_not() {
    let data = pixels(30, &[11]);
    let text = |encoder: &str, decoder: &str, kind: &str| {
        format!(
            "name = 'a'\nencoder = [{{ layer = 'dense', outputs = 5 }}{encoder}, {{ layer = 'tanh' }}]\n\
             decoder = [{{ layer = 'dense', outputs = 7 }}{decoder}, {{ layer = 'dense' }}]\n\
             objective = {{ penalties = [{{ kind = '{kind}', weight = 0.1 }}] }}\ntraining.batch_size = 10\n\
             training.epochs = 1"
        )
    };
    let norm = ", { layer = 'batch-norm' }";
    for kind in ["jacobian", "summed", "hutchinson"] {
        let recipe = Recipe::parse(&text(norm, "", kind), "test").unwrap();
        let error = Training::new(&recipe, &data, 1).err().unwrap();
        assert!(error.to_string().contains("encoder[1]"), "{error}");
        let recipe = Recipe::parse(&text("", norm, kind), "test").unwrap();
        let mut training = Training::new(&recipe, &data, 2).unwrap();
        let record = training.epoch(|_| ()).unwrap();
        assert!(record.columns[0].1 > 0.0);
        let states = training.state().states;
        assert_eq!(states.last().unwrap().to_bits(), 3);
    }
}
