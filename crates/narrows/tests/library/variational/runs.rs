//! The warm-up over a run.

use super::*;

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
