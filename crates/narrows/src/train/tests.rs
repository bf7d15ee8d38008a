//! A row is the same sample at any place.

use super::{Losses, Setting, Stepper};
use crate::corruption::Corruption;
use crate::data::{Dataset, in_memory_and_in_file};
use crate::network::Parameters;
use crate::objective::{Objective, PenaltyKind};
use crate::optimizer::Optimizer;
use crate::recipe::Recipe;
use crate::scaling::{Scaling, ScalingSpec};
use ndarray::Array2;

const BATCH: usize = 20;

/// A network that uses a sample's identity in every way: for noise and for the probes of a penalty.
fn stepper() -> Stepper {
    let recipe = Recipe::named("table").unwrap().with_widths_of(&[5]);
    let network = recipe.network(&[5]).unwrap();
    let kind = PenaltyKind::hutchinson(2);
    let setting = Setting {
        parameters: Parameters::initial(&network, recipe.initialization, 3),
        optimizer: Optimizer::new(recipe.optimizer, &network),
        network,
        corruption: Some(Corruption::gaussian(0.3)),
        objective: Objective::new(&recipe.reconstruction, &recipe.bottleneck, &recipe.decoder)
            .unwrap(),
        penalties: vec![kind.weighted(0.1)],
        seed: 3,
        binarize: false,
        clip_norm: 0.0,
        accumulation: 1,
    };
    Stepper::new(setting, BATCH, 2).unwrap()
}

/// The rows in their own order.
fn scaling() -> Scaling {
    let one = Dataset::from_array(Array2::<f32>::zeros((1, 5)).view()).unwrap();
    Scaling::fit(&ScalingSpec::None, &one).unwrap()
}

/// The bits of the losses and parameters after a step on each batch of `rows`, which are rows of `data`.
fn step(stepper: &mut Stepper, data: &Dataset, rows: &[u32]) -> Vec<(Losses, Vec<u32>)> {
    let steps = rows.chunks(BATCH).map(|batch| {
        let losses = stepper.step(data, &scaling(), 7, batch, 1.0).clone();
        let parameters = stepper.parameters().flat().iter();
        (losses, parameters.map(|p| p.to_bits()).collect())
    });
    steps.collect()
}

#[test]
fn rows_in_one_order_give_the_same_bytes_from_memory_and_from_a_file() {
    let values = Array2::from_shape_fn((200, 5), |(row, column)| {
        ((row * (column + 2)) as f32 / 9.0).sin()
    });
    // As in training, if other rows are for validation.
    let kept: Vec<usize> = (0..200).filter(|row| row % 10 != 3).collect();
    let [memory, file] = in_memory_and_in_file(&values).map(|data| data.select(&kept).unwrap());
    assert!(!memory.is_in_file() && file.is_in_file());
    let order: Vec<u32> = (0..kept.len() as u32).map(|n| n * 7 % 180).collect();

    let mut from_memory = stepper();
    let expected = step(&mut from_memory, &memory, &order);
    let mut from_file = stepper();
    let (mut found, mut read) = (Vec::new(), None);
    for pool in order.chunks(3 * BATCH) {
        let pooled = file.pooled(pool, read.take()).unwrap();
        let places: Vec<u32> = (0..pool.len() as u32).collect();
        found.extend(step(&mut from_file, &pooled, &places));
        read = Some(pooled);
    }
    assert_eq!(found.len(), 9);
    assert_eq!(found, expected);

    // Validation rows are read one by one, at any place.
    let rows: Vec<u32> = (0..kept.len() as u32).collect();
    let scaling = scaling();
    let expected = from_memory.losses(&memory, &scaling, &rows);
    assert_eq!(from_file.losses(&file, &scaling, &rows), expected);
    assert!(expected.columns[0] > 0.0);
}

#[test]
fn validation_draws_numbers_of_its_own() {
    let values = Array2::from_shape_fn((BATCH, 5), |(row, column)| {
        ((row * (column + 2)) as f32 / 9.0).sin()
    });
    let data = Dataset::from_array(values.view()).unwrap();
    let rows: Vec<u32> = (0..BATCH as u32).collect();
    let mut stepper = stepper();
    let validation = stepper.losses(&data, &scaling(), &rows);
    for epoch in [0, 1, u32::MAX] {
        let (training, _) = stepper.loss_and_gradient(&data, &scaling(), epoch, &rows);
        assert_ne!(
            training.reconstruction, validation.reconstruction,
            "{epoch}"
        );
        assert_ne!(training.columns, validation.columns, "{epoch}");
    }
}
