//! Training with the library alone: the model that `fit` makes of a recipe, and its quality.

use narrows::Recipe;
use narrows::data::{Dataset, Source};
use narrows::train::Training;
use ndarray::{Array2, ArrayView1, Axis};
use std::path::Path;

fn rows() -> Dataset {
    let values = Array2::from_shape_fn((300, 6), |(row, column)| {
        ((row * (column + 3)) as f32 / 17.0).sin()
    });
    Dataset::from_array(values.view()).unwrap()
}

#[test]
fn fit_keeps_the_model_of_the_lowest_validation_loss() {
    let data = rows();
    let mut recipe = Recipe::named("table").unwrap();
    recipe.epochs = 4;
    recipe.batch_size = 32;
    recipe.validation = Some(0.1);
    let model = narrows::fit(&recipe, &data).unwrap();

    let (train, validation) = data.watched(recipe.seed, 0.1).unwrap().unwrap();
    assert_eq!((train.rows(), validation.rows()), (270, 30));
    let mut training = Training::new(&recipe, &train, 1).unwrap();
    training = training.with_validation(&validation).unwrap();
    while !training.is_finished() {
        training.epoch(|_| ()).unwrap();
    }
    let expected = training.model().unwrap();
    assert_eq!(model.parameters().flat(), expected.parameters().flat());
    let split = model.origin().split.as_ref().unwrap();
    assert_eq!((split.rows, split.held_out), ([270, 30, 0], false));
    // What is watched is not learned from.
    recipe.validation = Some(0.0);
    let all = narrows::fit(&recipe, &data).unwrap();
    assert_ne!(all.parameters().flat(), model.parameters().flat());
    assert_eq!(all.origin().split.as_ref().unwrap().rows, [300, 0, 0]);

    recipe.validation = Some(1.0);
    let error = narrows::fit(&recipe, &data).unwrap_err();
    assert!(error.to_string().contains("validation"), "{error}");
}

#[test]
fn patience_watches_the_validation_rows() {
    // Rows that are nothing but noise: their loss falls in training, and on others soon no longer.
    let noise = |i: usize| (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let values = Array2::from_shape_fn((60, 20), |(row, column)| {
        (noise(noise(row * 20 + column + 1) as usize) % 1000) as f32
    });
    let data = Dataset::from_array(values.view()).unwrap();
    let mut recipe = Recipe::named("table").unwrap();
    recipe.epochs = 300;
    recipe.patience = 2;
    recipe.validation = Some(0.3);
    let (train, validation) = data.watched(recipe.seed, 0.3).unwrap().unwrap();
    let mut training = Training::new(&recipe, &train, 1).unwrap();
    training = training.with_validation(&validation).unwrap();
    while !training.is_finished() {
        training.epoch(|_| ()).unwrap();
    }
    assert!(training.has_stopped_early());
    let model = narrows::fit(&recipe, &data).unwrap();
    assert_eq!(
        model.parameters().flat(),
        training.model().unwrap().parameters().flat()
    );
}

/// The README shows the example of the crate's documentation, which is compiled and run.
#[test]
fn the_readme_shows_the_example_of_the_documentation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let (readme, documentation) = (read("../../README.md"), read("src/lib.rs"));
    let (_, code) = readme.split_once("```rust\n").unwrap();
    let (code, _) = code.split_once("```").unwrap();
    let shown: String = documentation
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    assert!(shown.contains(&format!("```\n{code}```")), "{code}");
}

/// A loss or an optimizer that is broken gets nowhere near: the mean image is what an autoencoder without a code
/// gives back.
#[test]
fn an_epoch_of_the_linear_autoencoder_gets_well_below_the_mean_image() {
    let source = Source::open("mnist").unwrap();
    let train = source.train.head(12_800).unwrap();
    let test = source.test.unwrap().head(1000).unwrap();
    let mut recipe = Recipe::named("simple-linear").unwrap();
    recipe.epochs = 1;
    // Many small steps, as the rows are few.
    recipe.batch_size = 16;
    let model = narrows::fit(&recipe, &train).unwrap();
    let found = model.mse(&test).unwrap();

    let unit = |data: &Dataset| data.to_array() / 255.0;
    let mean = unit(&train).mean_axis(Axis(0)).unwrap();
    let apart = |row: ArrayView1<'_, f32>| (&row - &mean).mapv(|d| d * d).mean().unwrap();
    let of_mean = unit(&test).map_axis(Axis(1), apart).mean().unwrap();
    // Measured: 0.049 and 0.066.
    assert!(found < 0.8 * f64::from(of_mean), "{found}, {of_mean}");
    assert!(found < 0.054, "{found}");
}
