//! What a training step promises beside its numbers: the same bits for any number of threads, and
//! no allocation.

use narrows::Recipe;
use narrows::data::{Dataset, Values};
use narrows::optimizer::{OptimizerSpec, ScheduleSpec};
use narrows::train::{State, Training};
use ndarray::Array2;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::ops::ControlFlow;
use std::sync::Mutex;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The allocator counts for the whole process, so the tests of this file take turns.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Rows of pseudo-random 8-bit values, shaped like small images.
fn noise(rows: usize, side: usize) -> Dataset {
    let value = |i: usize| ((i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
    let pixels = Array2::from_shape_fn((rows, side * side), |(r, c)| value(r * 1009 + c));
    Dataset::new("noise", Values::U8(pixels), vec![1, side, side], None).unwrap()
}

/// A network with every activation, odd widths, and several tiles in a layer.
const EVERY_ACTIVATION: &str = r#"
name = "every-activation"
about = "all activations, odd widths"
encoder = [
  { layer = "dense", outputs = 131 }, { layer = "relu" },
  { layer = "dense", outputs = 67 }, { layer = "leaky-relu" },
  { layer = "dense", outputs = 33 }, { layer = "elu" },
  { layer = "dense", outputs = 17 }, { layer = "silu" },
  { layer = "dense", outputs = 5 },
]
decoder = [
  { layer = "dense", outputs = 18 }, { layer = "gelu" },
  { layer = "dense", outputs = 35 }, { layer = "tanh" },
  { layer = "dense", outputs = 66, bias = false }, { layer = "softplus" },
  { layer = "dense" }, { layer = "identity" }, { layer = "sigmoid" },
]
[training]
batch_size = 29
epochs = 1
"#;

/// A network with noise on its input and every term.
const NOISE_AND_TERMS: &str = r#"
name = "noise-and-terms"
encoder = [
  { layer = "dense", outputs = 67 }, { layer = "silu" },
  { layer = "dense", outputs = 9 }, { layer = "relu" },
]
decoder = [{ layer = "dense", outputs = 67 }, { layer = "tanh" }, { layer = "dense" }]
[corruption]
kind = "gaussian"
deviation = 0.3
[objective]
terms = [
  { kind = "jacobian", weight = 1e-3 },
  { kind = "hutchinson", weight = 1e-3, probes = 3 },
  { kind = "summed", weight = 1e-4 },
]
[training]
batch_size = 29
epochs = 1
"#;

/// Convolutions with channels in several tiles, strides and kernels that differ by axis, and dense
/// layers between.
const CONVOLUTIONS: &str = r#"
name = "convolutions"
about = "all that works on images"
encoder = [
  { layer = "conv2d", channels = 40, kernel = 3, stride = 2, padding = 1 }, { layer = "relu" },
  { layer = "conv2d", channels = 9, kernel = [2, 3], stride = [1, 2], bias = false },
  { layer = "flatten" }, { layer = "dense", outputs = 21 }, { layer = "tanh" },
]
decoder = [
  { layer = "dense", outputs = 108 }, { layer = "reshape", shape = [12, 3, 3] }, { layer = "relu" },
  { layer = "conv-transpose2d", channels = 35, kernel = 2, stride = 2 }, { layer = "relu" },
  { layer = "conv-transpose2d", kernel = 3, stride = 2 }, { layer = "sigmoid" },
]
[training]
batch_size = 29
epochs = 1
"#;

/// Gradients that are added up and cut down before a step.
fn whole(text: &str) -> String {
    format!("{text}accumulation = 3\nclip_norm = 0.01\n")
}

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
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let mut shipped = Recipe::named("simple-linear").unwrap();
    shipped.batch_size = 64;
    // Neither divides the rows, so that an epoch ends in a smaller batch.
    for (recipe, data) in [
        (
            Recipe::parse(EVERY_ACTIVATION, "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        (
            Recipe::parse(NOISE_AND_TERMS, "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        (
            Recipe::parse(CONVOLUTIONS, "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
        (
            Recipe::parse(&whole(NOISE_AND_TERMS), "test").unwrap(),
            noise(29 * 25 + 7, 13),
        ),
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
fn a_step_allocates_nothing() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let data = noise(29 * 20 + 7, 13);
    let whole = whole(NOISE_AND_TERMS);
    for (text, threads) in [EVERY_ACTIVATION, NOISE_AND_TERMS, CONVOLUTIONS, &whole]
        .into_iter()
        .flat_map(|text| [(text, 1), (text, 3)])
    {
        let recipe = Recipe::parse(text, "test").unwrap();
        let mut training = Training::new(&recipe, &data, threads).unwrap();
        // The first epoch meets both sizes of batch.
        training.epoch(|_| ()).unwrap();
        // From the end of the first step to that of the last.
        let (mut region, mut change) = (None, None);
        training
            .epoch(|_| {
                let region = region.get_or_insert_with(|| Region::new(ALLOCATOR));
                change = Some(region.change());
            })
            .unwrap();
        let change = change.unwrap();
        assert_eq!(
            (
                change.allocations,
                change.reallocations,
                change.deallocations
            ),
            (0, 0, 0),
            "{}, {threads} threads",
            recipe.name
        );
        // The instrument works.
        let region = Region::new(ALLOCATOR);
        drop(std::hint::black_box(Box::new(1)));
        assert_eq!(region.change().allocations, 1);
    }
}

#[test]
fn accumulated_batches_are_one_large_batch() {
    let _turn = ONE_AT_A_TIME.lock().unwrap();
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
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let (data, validation) = (noise(29 * 12 + 7, 13), noise(50, 13));
    let mut recipe = Recipe::parse(NOISE_AND_TERMS, "test").unwrap();
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
        minimum: 0.1,
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
        |state: &mut State| state.sums.terms.push(0.0),
    ] {
        let mut other = state.clone();
        change(&mut other);
        assert!(training.restore(other).is_err());
    }
    training.restore(state).unwrap();
}
