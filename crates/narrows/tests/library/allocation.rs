//! A training step allocates nothing; this holds for the first step too.
//!
//! The allocator counts for the whole process, including other tests. So this test runs alone in its own process.

use crate::alone::alone;
use crate::networks::normalized::BATCH_NORM;
use crate::networks::{
    CONVOLUTIONS, CONVOLUTIONS_AND_PENALTIES, EVERY_ACTIVATION, LAYERS_OF_ROWS,
    NOISE_AND_PENALTIES, SPARSE_CODES, noise, whole,
};
use narrows::data::Dataset;
use narrows::network::Parameters;
use narrows::objective::Objective;
use narrows::optimizer::Optimizer;
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::train::{Setting, Stepper, Training};
use narrows::{Recipe, Result};
use ndarray::Array2;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The steps of a recipe, planned as training plans them.
fn planned(recipe: &Recipe, data: &Dataset, threads: usize) -> Result<Stepper> {
    let network = recipe.network(data.shape())?;
    let setting = Setting {
        parameters: Parameters::initial(&network, recipe.initialization, recipe.seed),
        optimizer: Optimizer::new(recipe.optimizer, &network),
        network,
        corruption: recipe.corruption.clone(),
        objective: Objective::new(&recipe.reconstruction, &recipe.bottleneck, &recipe.decoder)?,
        penalties: recipe.penalties.clone(),
        seed: recipe.seed,
        binarize: false,
        clip_norm: recipe.clip_norm,
        accumulation: recipe.accumulation,
    };
    let mut stepper = Stepper::new(setting, recipe.batch_size, threads).unwrap();
    stepper.plan_rows(data.rows());
    Ok(stepper)
}

/// What was allocated, moved and given back since the region began.
fn counts(region: &Region<'_, System>) -> [usize; 3] {
    let change = region.change();
    [
        change.allocations,
        change.reallocations,
        change.deallocations,
    ]
}

/// Linear layers that are worth folding.
const FOLDED: &str = r#"
name = "folded"
about = "linear"
encoder = [{ layer = "dense", outputs = 150 }, { layer = "dense", outputs = 60 }, { layer = "dense", outputs = 3 }]
decoder = [{ layer = "dense", outputs = 60 }, { layer = "dense", outputs = 150 }, { layer = "dense" }]
[training]
batch_size = 200
epochs = 1
"#;

/// Checks an epoch and its steps alone, as training plans them.
fn check(recipe: &Recipe, data: &Dataset, threads: usize, is_profiled: bool) {
    let what = format!("{}, {threads} threads", recipe.name);
    let mut training = Training::new(recipe, data, threads).unwrap();
    if is_profiled {
        training.start_profile();
    }
    // What the loop does between the steps, from the end of an epoch's first to that of its last.
    let (mut region, mut change) = (None, None);
    training
        .epoch(|_| {
            let region = region.get_or_insert_with(|| Region::new(ALLOCATOR));
            change = Some(counts(region));
        })
        .unwrap();
    assert_eq!(change.unwrap(), [0; 3], "{what}");
    // Every step, from the very first on; an epoch has both sizes of batch.
    let mut stepper = planned(recipe, data, threads).unwrap();
    if is_profiled {
        stepper.start_profile();
    }
    let scaling = Scaling::fit(&ScalingSpec::usual(data), data).unwrap();
    let rows: Vec<u32> = (0..data.rows() as u32).collect();
    let region = Region::new(ALLOCATOR);
    for rows in rows.chunks(recipe.batch_size * recipe.accumulation) {
        stepper.step(data, &scaling, 0, rows, 1.0);
    }
    assert_eq!(counts(&region), [0; 3], "{what}, steps alone");
}

/// Every shipped recipe and every variant of one, by its name.
fn shipped() -> Vec<Recipe> {
    let mut names = Vec::new();
    for name in Recipe::shipped() {
        names.push(name.to_string());
        let variants = Recipe::variants(name).unwrap().into_iter();
        names.extend(variants.map(|variant| format!("{name}:{variant}")));
    }
    let load = |name: &String| Recipe::load(name, &[]).unwrap();
    names.iter().map(load).collect()
}

/// A table of numbers.
fn columns(rows: usize) -> Dataset {
    let value = |(row, column): (usize, usize)| ((row * 37 + column * 101) % 64) as f32 / 8.0;
    Dataset::from_array(Array2::from_shape_fn((rows, 10), value).view()).unwrap()
}

#[test]
fn a_step_allocates_nothing() {
    alone("allocation::a_step_allocates_nothing", check_all);
}

/// Checks networks with each kind of layer, noise and penalty, every shipped recipe, and the instrument.
fn check_all() {
    let data = noise(29 * 20 + 7, 13);
    let (whole, of_batches) = (whole(NOISE_AND_PENALTIES), whole(BATCH_NORM));
    // Two ReLUs, whose gates are counted.
    let counted = NOISE_AND_PENALTIES.replace("silu", "relu");
    let texts = [
        EVERY_ACTIVATION,
        LAYERS_OF_ROWS,
        SPARSE_CODES,
        NOISE_AND_PENALTIES,
        CONVOLUTIONS,
        CONVOLUTIONS_AND_PENALTIES,
        &whole,
        &counted,
        FOLDED,
        BATCH_NORM,
        &of_batches,
    ];
    for text in texts {
        let recipe = Recipe::parse(text, "test").unwrap();
        for (threads, is_profiled) in [(1, false), (3, false), (3, true)] {
            check(&recipe, &data, threads, is_profiled);
        }
    }
    // Enough rows for a whole batch and a smaller one.
    let (images, table) = (noise(300, 28), columns(300));
    let shipped = shipped();
    assert!(shipped.len() > Recipe::shipped().count());
    for recipe in &shipped {
        let is_of_tables = recipe.name == "table";
        let data = if is_of_tables { &table } else { &images };
        for threads in [1, 3] {
            check(recipe, data, threads, false);
        }
    }
    // The instrument works.
    let region = Region::new(ALLOCATOR);
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(region.change().allocations, 1);
}
