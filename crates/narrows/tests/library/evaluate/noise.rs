//! Measures with noise on the rows.

use super::*;

#[test]
fn noise_gives_a_curve_against_the_clean_rows() {
    let source = source(false);
    let model = model(&source.train);
    let found = of(
        &model,
        &source.split(1, &SplitPlan::with_validation(0.0)).unwrap(),
        2,
    );
    let names: Vec<&str> = found
        .robustness
        .iter()
        .map(|curve| curve.noise.name())
        .collect();
    assert_eq!(names, ["gaussian", "salt-and-pepper", "masking"]);
    for curve in &found.robustness {
        assert!(curve.points.len() >= 5 && curve.rows == 40);
        assert_eq!(curve.points[0].level, 0.0);
        assert_close(curve.points[0].noisy_mse, found.model.test_mse);
        assert!(curve.points.is_sorted_by(|a, b| a.level < b.level));
    }
    // What dropping most of the values does, by a sum of its own.
    let test = source.test.as_ref().unwrap();
    let point = found.robustness[2].points.last().unwrap();
    let clean = ScaledRows {
        data: test,
        scaling: model.scaling(),
    };
    let corruption = Corruption::masking(point.level as f32);
    let noisy = CorruptedRows::new(&clean, test.inputs(), &corruption, model.recipe().seed);
    let (given, made) = model.scaled_reconstructions(&noisy).unwrap();
    let (clean, _) = model.scaled_reconstructions(&clean).unwrap();
    assert_ne!(given, clean);
    let squares = clean
        .iter()
        .zip(&made)
        .map(|(&a, &b)| f64::from(a - b).powi(2));
    assert_close(point.noisy_mse, squares.sum::<f64>() / clean.len() as f64);
    assert!(point.noisy_mse > found.model.test_mse);
}

#[test]
fn a_model_is_measured_with_the_noise_that_it_knows() {
    let source = source(false);
    let plain = model(&source.train);
    let mut recipe = plain.recipe().clone();
    let own = Corruption::masking(0.8);
    recipe.corruption = Some(own.clone());
    let (scaling, parameters) = (plain.scaling().clone(), plain.parameters().flat());
    let model = Model::new(recipe, scaling, plain.shape(), parameters).unwrap();
    let found = of(
        &model,
        &source.split(1, &SplitPlan::with_validation(0.0)).unwrap(),
        1,
    );
    let curve = &found.robustness[2].points;
    assert!(curve.is_sorted_by(|a, b| a.level < b.level));
    assert!(curve.iter().any(|point| point.level == 0.8));
    let denoising = found.denoising.as_ref().unwrap();
    assert_eq!(denoising.corruption, own);
    // The mean over several noises for each row, by sums of its own.
    let test = source.test.as_ref().unwrap();
    let clean = ScaledRows {
        data: test,
        scaling: model.scaling(),
    };
    let draws = noise_draws(test.rows(), INPUTS);
    let mut squares = Vec::new();
    for draw in 0..draws {
        let noisy = CorruptedRows::new(&clean, INPUTS, &own, model.recipe().seed).drawn_again(draw);
        let (_, made) = model.scaled_reconstructions(&noisy).unwrap();
        let (clean, _) = model.scaled_reconstructions(&clean).unwrap();
        squares.push(
            clean
                .iter()
                .zip(&made)
                .map(|(&a, &b)| f64::from(a - b).powi(2))
                .sum::<f64>(),
        );
    }
    assert!(draws > 1 && squares[1..].iter().all(|&square| square != squares[0]));
    assert_eq!(denoising.draws, draws);
    assert_close(
        denoising.denoising_mse,
        squares.iter().sum::<f64>() / f64::from(draws) / (test.rows() * INPUTS) as f64,
    );
    assert!(denoising.denoising_mse > found.model.test_mse);
    assert!(denoising.pca_denoising_mse.unwrap() > found.pca.as_ref().unwrap().test_mse);
    // 90 training rows of 64 values are enough for an affine map, which is better than leaving the noise in.
    let affine = denoising.affine_map_mse.unwrap();
    assert!(affine < 0.5 * denoising.noisy_input_mse, "{denoising:?}");
    let json = found.to_json();
    assert_eq!(json["denoising"]["noise"], "masking");
    assert_eq!(json["denoising"]["level"], 0.8);
    let is_worse = denoising.is_worse_than_noisy_input();
    assert_eq!(json["denoising"]["is_worse_than_noisy_input"], is_worse);
    assert_eq!(found.verdict().len(), 2);
}

#[test]
fn a_denoiser_that_adds_noise_is_told_so() {
    // It gives back the same row whatever it gets, far from the clean ones, and noise that hardly moves them.
    let source = source(false);
    let plain = model(&source.train);
    let mut recipe = plain.recipe().clone();
    recipe.corruption = Some(Corruption::gaussian(0.01));
    let parameters = vec![-3.0; plain.parameters().flat().len()];
    let scaling = plain.scaling().clone();
    let model = Model::new(recipe, scaling, plain.shape(), &parameters).unwrap();
    let split = source.split(1, &SplitPlan::with_validation(0.0)).unwrap();
    let found = of(&model, &split, 1);
    let said = found.verdict().join(" ");
    assert!(said.contains("worse than no denoising"), "{said}");
    assert_eq!(
        found.to_json()["denoising"]["is_worse_than_noisy_input"],
        true
    );
}

#[test]
fn an_affine_map_of_too_few_rows_is_left_out_with_the_reason() {
    let source = Source::new(images(60, 1, false), Some(images(10, 2, false))).unwrap();
    let plain = model(&source.train);
    let mut recipe = plain.recipe().clone();
    recipe.corruption = Some(Corruption::masking(0.5));
    let (scaling, parameters) = (plain.scaling().clone(), plain.parameters().flat());
    let model = Model::new(recipe, scaling, plain.shape(), parameters).unwrap();
    let split = source.split(1, &SplitPlan::with_validation(0.0)).unwrap();
    let found = of(&model, &split, 1);
    let denoising = found.denoising.as_ref().unwrap();
    let why = denoising.affine_map_left_out.as_ref().unwrap();
    assert!(
        denoising.affine_map_mse.is_none() && why.contains("60 training rows are too few"),
        "{why}"
    );
    assert!(
        found.notes().iter().any(|note| note.contains(why)),
        "{:?}",
        found.notes()
    );
    assert_eq!(
        found.to_json()["denoising"]["affine_map_left_out"],
        json_of(why)
    );
}

fn json_of(text: &str) -> serde_json::Value {
    text.into()
}
