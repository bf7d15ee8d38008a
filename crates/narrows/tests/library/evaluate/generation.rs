//! How near new rows are to test rows, of models that copy their rows: then codes, rows and their distances are known.

use narrows::data::{Dataset, Source, SplitPlan};
use narrows::evaluate::{Evaluation, Generation, Measuring, evaluate};
use narrows::model::{Prior, PriorSpec};
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::{Model, Recipe};
use ndarray::Array2;

const WIDTH: usize = 3;

/// Normal rows, of a mean and a std.
fn normal(rows: usize, seed: u64, mean: f32, std: f32) -> Array2<f32> {
    let drawn = Prior::standard(WIDTH).draw(seed, 0..rows);
    drawn.mapv(|value| mean + std * value)
}

/// A model whose code is a row times a factor, and that gives the row back.
fn copies(rows: &Dataset, factor: f32, penalties: &str) -> Model {
    let text = format!(
        "name = 'copies'\nencoder = [{{ layer = 'dense', outputs = {WIDTH}, bias = false }}]\n\
         decoder = [{{ layer = 'dense', bias = false }}]\nobjective = {{ penalties = [{penalties}] }}"
    );
    let recipe = Recipe::parse(&text, "copies.toml").unwrap();
    let diagonal = |factor: f32| {
        let one = move |place: usize| {
            if place.is_multiple_of(WIDTH + 1) {
                factor
            } else {
                0.0
            }
        };
        (0..WIDTH * WIDTH).map(one)
    };
    let parameters: Vec<f32> = diagonal(factor).chain(diagonal(1.0 / factor)).collect();
    let scaling = Scaling::fit(&ScalingSpec::None, rows).unwrap();
    Model::new(recipe, scaling, rows.shape(), &parameters).unwrap()
}

fn evaluated(model: &Model, [train, test]: [&Array2<f32>; 2]) -> Evaluation {
    let [train, test] = [train, test].map(|rows| Dataset::from_array(rows.view()).unwrap());
    let source = Source::new(train, Some(test)).unwrap();
    let split = source.split(0, &SplitPlan::with_validation(0.0)).unwrap();
    evaluate(model, &split, &Measuring::default(), &mut |_| Ok(())).unwrap()
}

const MMD: &str = "{ kind = 'mmd', weight = 1.0 }";

#[test]
fn normal_rows_that_are_copied_are_as_near_as_training_rows() {
    let (train, test) = (normal(1500, 1, 0.0, 1.0), normal(1200, 2, 0.0, 1.0));
    let data = Dataset::from_array(train.view()).unwrap();
    let found = evaluated(&copies(&data, 1.0, MMD), [&train, &test]);
    let Generation {
        rows,
        components,
        prior_mmd,
        fitted_mmd,
        training_mmd,
        code_mmd,
        code_mmd_standard_error: error,
        ..
    } = found.generation.clone().unwrap();
    assert_eq!((rows, components, fitted_mmd), (1000, WIDTH, None));
    for distance in [prior_mmd, training_mmd, code_mmd] {
        assert!(distance.abs() < 4.0 * error, "{distance} {error}");
    }
    let json = found.to_json();
    assert_eq!(json["generation"]["prior_mmd"], prior_mmd);
    assert!(json["generation"]["fitted_mmd"].is_null());
}

#[test]
fn a_fitted_distribution_is_nearer_where_codes_are_not_normal() {
    let (train, test) = (normal(1500, 1, 2.0, 0.5), normal(1200, 2, 2.0, 0.5));
    let data = Dataset::from_array(train.view()).unwrap();
    let mut model = copies(&data, 3.0, "");
    assert!(evaluated(&model, [&train, &test]).generation.is_none());
    let codes = model.encode(&train).unwrap();
    let fitted = Prior::fit(codes.view(), PriorSpec::Gaussian, 1, &mut |_| Ok(())).unwrap();
    model.set_prior(fitted.prior).unwrap();
    let found = evaluated(&model, [&train, &test]);
    let generation = found.generation.as_ref().unwrap();
    let (prior, fitted) = (generation.prior_mmd, generation.fitted_mmd.unwrap());
    let error = generation.code_mmd_standard_error;
    assert!(
        fitted.abs() < 4.0 * error && prior > 100.0 * error,
        "{prior} {fitted}"
    );
    assert!(generation.code_mmd > 100.0 * error);
    let table = found.generation_table().unwrap();
    assert!(
        table.iter().any(|row| row[0] == "rows from a Gaussian"),
        "{table:?}"
    );
}

#[test]
fn too_few_rows_are_told() {
    let (train, test) = (normal(200, 1, 0.0, 1.0), normal(20, 2, 0.0, 1.0));
    let data = Dataset::from_array(train.view()).unwrap();
    let found = evaluated(&copies(&data, 1.0, MMD), [&train, &test]);
    assert!(found.generation.is_none());
    let why = "the discrepancy of new rows from test rows: fewer than 50 rows say nothing";
    assert!(
        found.left_out.iter().any(|left| left == why),
        "{:?}",
        found.left_out
    );
}

/// A decoder that gives 0 for every code, and a likelihood whose noise is all that there is.
#[test]
fn new_rows_have_the_noise_of_the_likelihood() {
    let (train, test) = (normal(1500, 1, 0.0, 1.0), normal(1200, 2, 0.0, 1.0));
    let data = Dataset::from_array(train.view()).unwrap();
    let text = "name = 'noise'\nencoder = [{ layer = 'dense', outputs = 2 }]\n\
                bottleneck = { kind = 'variational' }\ndecoder = [{ layer = 'dense' }]\n\
                objective = { reconstruction = 'gaussian', std = 1.0 }";
    let recipe = Recipe::parse(text, "noise.toml").unwrap();
    let scaling = Scaling::fit(&ScalingSpec::None, &data).unwrap();
    let count = recipe.network(data.shape()).unwrap().parameter_count();
    let model = Model::new(recipe, scaling, data.shape(), &vec![0.0; count]).unwrap();
    let found = evaluated(&model, [&train, &test]).generation.unwrap();
    let error = found.code_mmd_standard_error;
    for distance in [found.prior_mmd, found.code_mmd] {
        assert!(distance.abs() < 5.0 * error, "{distance} {error}");
    }
}
