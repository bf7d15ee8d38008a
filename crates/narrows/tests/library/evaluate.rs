//! A complete evaluation of a network that is small enough to check by hand.

mod generation;
mod names;
mod noise;

use narrows::corruption::{CorruptedRows, Corruption};
use narrows::data::{Dataset, Source, Split, SplitPlan, Values};
use narrows::evaluate::{
    Evaluation, JacobianSummary, Measuring, Pca, Progress, evaluate, metrics, noise_draws, psnr,
    ssim,
};
use narrows::network::ScaledRows;
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::{Error, ErrorKind, Model, Recipe};
use ndarray::Array2;

const SIDE: usize = 8;
const INPUTS: usize = SIDE * SIDE;

/// Images of two classes: a bright left or right half, with grain.
fn images(rows: usize, seed: usize, labels: bool) -> Dataset {
    let values = Array2::from_shape_fn((rows, INPUTS), |(row, pixel)| {
        let grain = (row * 7919 + pixel * 104_729 + seed * 31) % 61;
        let is_bright = (pixel % SIDE < SIDE / 2) == (row % 2 == 0);
        (if is_bright { 180 } else { 10 } + grain) as u8
    });
    let labels = labels.then(|| (0..rows).map(|row| [5, -5][row % 2]).collect());
    Dataset::new("halves", Values::U8(values), vec![1, SIDE, SIDE], labels).unwrap()
}

fn source(labels: bool) -> Source {
    Source::new(images(90, 1, labels), Some(images(40, 2, labels))).unwrap()
}

/// The code is the brightness of the two halves less a half, and of four hidden units two are dead: one
/// whose input is always below 0, and one whose weights and bias are 0.
fn model(data: &Dataset) -> Model {
    let recipe = Recipe::parse(
        "name = \"halves\"\n\
         encoder = [{ layer = \"dense\", outputs = 4 }, { layer = \"relu\" }, { layer = \"dense\", outputs = 2 }]\n\
         decoder = [{ layer = \"dense\" }, { layer = \"sigmoid\" }]",
        "a test",
    )
    .unwrap();
    let is_left = |pixel: usize| pixel % SIDE < SIDE / 2;
    let mean = 2.0 / INPUTS as f32;
    let half = |left: bool| (0..INPUTS).map(move |p| if is_left(p) == left { mean } else { 0.0 });
    let mut parameters: Vec<f32> = half(true).chain(half(false)).collect();
    parameters.extend(vec![0.0; INPUTS]);
    parameters.extend(half(true));
    parameters.extend([0.0, 0.0, 0.0, -3.0]);
    parameters.extend([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]);
    parameters.extend([-0.5, -0.5]);
    for pixel in 0..INPUTS {
        parameters.extend([true, false].map(|left| if is_left(pixel) == left { 4.0 } else { 0.0 }));
    }
    parameters.extend([0.0; INPUTS]);
    let scaling = Scaling::fit(&ScalingSpec::Unit, data).unwrap();
    Model::new(recipe, scaling, data.shape(), &parameters).unwrap()
}

fn of(model: &Model, split: &Split<'_>, threads: usize) -> Evaluation {
    let how = Measuring {
        threads,
        ..Measuring::default()
    };
    evaluate(model, split, &how, &mut |_| Ok(())).unwrap()
}

#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-6 * expected.abs(),
        "{found}, not {expected}"
    );
}

#[test]
fn every_measure_is_that_of_the_rows() {
    let source = source(true);
    let model = model(&source.train);
    let split = source.split(1, &SplitPlan::with_validation(0.0)).unwrap();
    let (train, test) = (&source.train, split.test.as_deref().unwrap());
    let found = of(&model, &split, 2);

    assert_eq!(
        (found.recipe.as_str(), found.data.as_str()),
        ("halves", "halves")
    );
    assert_eq!(
        (found.code_size, found.train_rows, found.test_rows),
        (2, 90, 40)
    );
    assert_eq!((found.held_out, found.data_range), (false, Some(255.0)));
    assert_close(found.model.test_mse, model.mse(test).unwrap());
    let clean = test.to_array();
    let made = model.reconstruct(clean.view()).unwrap();
    let squares = clean
        .iter()
        .zip(&made)
        .map(|(&a, &b)| f64::from(a - b).powi(2));
    let mse = squares.sum::<f64>() / clean.len() as f64;
    assert_close(found.model.psnr.unwrap(), psnr(mse, 255.0));
    let similarity = clean.rows().into_iter().zip(made.rows()).map(|(a, b)| {
        let (a, b) = (a.as_slice().unwrap(), b.as_slice().unwrap());
        ssim(a, b, [1, SIDE, SIDE], 255.0)
    });
    assert_close(found.model.ssim.unwrap(), similarity.sum::<f64>() / 40.0);
    assert_close(found.model.data_mse.unwrap(), mse);
    assert_eq!((found.denoising, found.pca_left_out), (None, None));
    assert_eq!(found.majority_accuracy, Some(0.5));
    // The halves tell the classes.
    assert_eq!(found.model.linear_probe_accuracy, Some(1.0));
    assert_eq!(found.model.knn_accuracy, Some(1.0));

    let scaled = |data| ScaledRows {
        data,
        scaling: model.scaling(),
    };
    let pca = Pca::fit(&scaled(train), INPUTS, 2, 1).unwrap();
    let beside = found.pca.as_ref().unwrap();
    assert_close(beside.test_mse, pca.reconstruction_mse(2, &scaled(test), 1));
    assert_close(beside.psnr.unwrap(), psnr(beside.test_mse, 1.0));
    assert!(beside.ssim.unwrap() > found.model.ssim.unwrap());
    assert_eq!(beside.linear_probe_accuracy, Some(1.0));
}

#[test]
fn errors_of_classes_add_up_to_the_error() {
    let source = source(true);
    let model = model(&source.train);
    let found = of(
        &model,
        &source.split(1, &SplitPlan::with_validation(0.0)).unwrap(),
        1,
    );
    let classes = &found.classes;
    let labels: Vec<i64> = classes.iter().map(|class| class.label).collect();
    assert_eq!(labels, [-5, 5]);
    let odd: Vec<usize> = (1..40).step_by(2).collect();
    let of_odd = source.test.as_ref().unwrap().select(&odd).unwrap();
    assert_close(classes[0].class_mse, model.mse(&of_odd).unwrap());
    let mean = |of: &dyn Fn(usize) -> f64| {
        (0..2).map(|c| of(c) * classes[c].rows as f64).sum::<f64>() / 40.0
    };
    assert_close(mean(&|c| classes[c].class_mse), found.model.test_mse);
    assert_close(
        mean(&|c| classes[c].pca_class_mse.unwrap()),
        found.pca.unwrap().test_mse,
    );
}

#[test]
fn dead_units_are_counted_behind_the_activation() {
    let source = source(false);
    let found = of(
        &model(&source.train),
        &source.split(1, &SplitPlan::with_validation(0.0)).unwrap(),
        1,
    );
    let units: Vec<_> = found
        .units
        .iter()
        .map(|units| {
            (
                &units.layer[..],
                &units.kind[..],
                units.is_code,
                units.units,
                units.dead,
            )
        })
        .collect();
    assert_eq!(
        units,
        [
            ("encoder.0", "dense, relu", false, 4, 2),
            ("encoder.2", "dense", true, 2, 0),
        ]
    );
}

#[test]
fn without_labels_nothing_is_said_of_classes() {
    let source = source(false);
    let found = of(
        &model(&source.train),
        &source.split(1, &SplitPlan::with_validation(0.0)).unwrap(),
        1,
    );
    assert!(found.classes.is_empty());
    for quality in [&found.model, found.pca.as_ref().unwrap()] {
        assert_eq!(
            (quality.linear_probe_accuracy, quality.knn_accuracy),
            (None, None)
        );
        assert!(quality.psnr.is_some() && quality.ssim.is_some());
    }
}

#[test]
fn tables_have_errors_but_no_psnr() {
    let data = images(30, 1, true);
    let values = data.to_array();
    let table = Dataset::new("table", Values::F32(values), vec![INPUTS], None).unwrap();
    let source = Source::new(table, None).unwrap();
    let found = of(
        &model(&data),
        &source.split(1, &SplitPlan::with_validation(0.0)).unwrap(),
        1,
    );
    assert!(found.held_out && found.test_rows == 3 && found.train_rows == 27);
    assert!(found.model.test_mse > 0.0);
    assert_eq!(
        (found.data_range, found.model.psnr, found.model.ssim),
        (None, None, None)
    );
}

#[test]
fn threads_change_nothing_and_progress_is_told() {
    let source = source(true);
    let model = model(&source.train);
    let split = source.split(1, &SplitPlan::with_validation(0.0)).unwrap();
    let mut stages = Vec::new();
    let one = Measuring {
        threads: 1,
        ..Measuring::default()
    };
    let alone = evaluate(&model, &split, &one, &mut |progress| {
        assert!(progress.done <= progress.total);
        stages.push(progress.stage);
        Ok(())
    })
    .unwrap();
    assert_eq!(alone, of(&model, &split, 3));
    assert_eq!(alone.to_json(), of(&model, &split, 0).to_json());
    stages.dedup();
    assert!(stages.len() >= 5, "{stages:?}");
}

#[test]
fn pca_is_left_out_where_it_says_nothing_and_the_reason_is_given() {
    let parse = |outputs: usize| {
        let text = format!(
            "name = \"wide\"\nencoder = [{{ layer = \"dense\", outputs = {outputs} }}]\n\
             decoder = [{{ layer = \"dense\" }}]"
        );
        Recipe::parse(&text, "a test").unwrap()
    };
    for (rows, outputs, reason) in [
        (90, INPUTS, "loses nothing"),
        (20, 30, "20 training rows are too few for 30 components"),
    ] {
        let source = Source::new(images(rows, 1, false), Some(images(10, 2, false))).unwrap();
        let scaling = Scaling::fit(&ScalingSpec::Unit, &source.train).unwrap();
        let parameters = vec![0.01; 2 * outputs * INPUTS + outputs + INPUTS];
        let model = Model::new(parse(outputs), scaling, source.train.shape(), &parameters).unwrap();
        let split = source.split(1, &SplitPlan::with_validation(0.0)).unwrap();
        let found = of(&model, &split, 1);
        let why = found.pca_left_out.as_ref().unwrap();
        assert!(found.pca.is_none() && why.contains(reason), "{why}");
        assert!(found.verdict()[0].contains(reason), "{:?}", found.verdict());
        assert_eq!(found.quality_table()[0].len(), 2);
    }
}

#[test]
fn errors_in_the_units_of_a_column_follow_its_quantiles() {
    // The decoder gives the median, 1,000.
    let rows = Array2::from_shape_fn((101, 1), |(row, _)| 10f64.powf(1.0 + row as f64 / 25.0));
    let table = || Dataset::from_array(rows.view()).unwrap();
    let source = Source::new(table(), Some(table())).unwrap();
    let recipe = Recipe::parse(
        "name = \"columns\"\nencoder = [{ layer = \"dense\", outputs = 1, bias = false }]\n\
         decoder = [{ layer = \"dense\", bias = false }]",
        "a test",
    )
    .unwrap();
    let scaling = Scaling::fit(&ScalingSpec::Quantile, &source.train).unwrap();
    let model = Model::new(recipe, scaling, &[1], &[0.0, 0.0]).unwrap();
    let split = source.split(1, &SplitPlan::with_validation(0.0)).unwrap();
    let found = of(&model, &split, 1);
    let expected = rows.iter().map(|x| (x - 1000.0).powi(2)).sum::<f64>() / 101.0;
    let error = found.columns[0].column_mse / expected;
    assert!((error - 1.0).abs() < 1e-5, "{error}");
}

#[test]
fn columns_of_a_table_have_errors_in_their_own_units() {
    // The decoder gives each column's mean, but for the second, which it gives exactly.
    let column = |row: usize| [1000.0 + 10.0 * (row % 7) as f64, (row % 5) as f64, 3.0];
    let rows = |count| Array2::from_shape_fn((count, 3), |(row, j)| column(row)[j]);
    let table = |count| {
        let data = Dataset::from_array(rows(count).view()).unwrap();
        let names = ["far", "near", "constant"].map(String::from).to_vec();
        data.with_columns(names).unwrap()
    };
    let source = Source::new(table(70), Some(table(35))).unwrap();
    let recipe = Recipe::parse(
        "name = \"columns\"\nencoder = [{ layer = \"dense\", outputs = 1, bias = false }]\n\
         decoder = [{ layer = \"dense\", bias = false }]",
        "a test",
    )
    .unwrap();
    let spec = ScalingSpec::Standardize {
        mean: None,
        std: None,
    };
    let scaling = Scaling::fit(&spec, &source.train).unwrap();
    let parameters = [0.0, 1.0, 0.0, 0.0, 1.0, 0.0];
    let model = Model::new(recipe, scaling, &[3], &parameters).unwrap();
    let split = source.split(1, &SplitPlan::with_validation(0.0)).unwrap();
    let found = of(&model, &split, 1);
    let [far, near, constant] = &found.columns[..] else {
        panic!("{:?}", found.columns);
    };
    // 10² · the variance of 0 to 6.
    assert_close(far.column_mse, 400.0);
    assert!(
        far.r2.unwrap().abs() < 1e-6 && far.score_share > 0.999,
        "{far:?}"
    );
    assert!(
        near.column_mse < 1e-9 && near.r2.unwrap() > 0.999_999,
        "{near:?}"
    );
    assert_eq!((constant.r2, constant.name.as_str()), (None, "constant"));
    let shares: f64 = found.columns.iter().map(|column| column.score_share).sum();
    assert_close(shares, 1.0);
    assert_eq!(found.column_table().unwrap()[1][0], "far");
    assert_eq!(found.to_json()["columns"][0]["column_mse"], far.column_mse);
}

#[test]
fn an_evaluation_ends_when_it_is_told_to() {
    let source = source(true);
    let model = model(&source.train);
    let split = source.split(1, &SplitPlan::with_validation(0.0)).unwrap();
    for wanted in ["testing", "robustness", "accuracy of neighbors"] {
        let stop = |progress: Progress| {
            if progress.stage == wanted {
                Err(Error::new(ErrorKind::Interrupted, "enough"))
            } else {
                Ok(())
            }
        };
        let mut stop = stop;
        let error = evaluate(&model, &split, &Measuring::default(), &mut stop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    }
}

#[test]
fn the_spectrum_of_a_linear_code_is_that_of_its_weights() {
    // Rows of weights that stand on each other, of length 4 and 3, and one of 0.
    let recipe = Recipe::parse(
        "name = \"linear\"\nencoder = [{ layer = \"dense\", outputs = 3, bias = false }]\n\
         decoder = [{ layer = \"dense\", bias = false }]",
        "a test",
    );
    let data = images(30, 1, false);
    let mut parameters = vec![0.0; 6 * INPUTS];
    parameters[0] = -3.0;
    parameters[INPUTS + 1] = 4.0;
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let model = Model::new(recipe.unwrap(), scaling, data.shape(), &parameters).unwrap();
    let found = JacobianSummary::of_first(&model, &data, 2)
        .unwrap()
        .unwrap();
    assert_eq!(found.rows, 30);
    assert_close(found.mean_norm, 5.0);
    assert_close(found.spectrum[0], 4.0);
    assert_close(found.spectrum[1], 3.0);
    assert_eq!(found.spectrum[2], 0.0);
}

#[test]
fn a_probe_that_cannot_be_fitted_says_why() {
    // More values than the probe's equations may have.
    let recipe = Recipe::parse(
        "name = \"wide\"\nencoder = [{ layer = \"dense\", outputs = 4100 }]\n\
         decoder = [{ layer = \"dense\" }]",
        "a test",
    );
    let source = source(true);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &source.train).unwrap();
    let shape = source.train.shape();
    let parameters = vec![0.01; 2 * 4100 * INPUTS + 4100 + INPUTS];
    let model = Model::new(recipe.unwrap(), scaling, shape, &parameters).unwrap();
    let found = of(
        &model,
        &source.split(1, &SplitPlan::with_validation(0.0)).unwrap(),
        1,
    );
    let why = found.model.probe_refusal.unwrap();
    assert!(
        why.contains("4096") && found.model.linear_probe_accuracy.is_none(),
        "{why}"
    );
    assert!(found.model.knn_accuracy.is_some());
    // So many components loses nothing.
    assert!(found.pca.is_none());
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    let source = source(true);
    let model = model(&source.train);
    let narrow = Dataset::new(
        "narrow",
        Values::U8(Array2::zeros((4, 9))),
        vec![1, 3, 3],
        None,
    );
    let narrow = Source::new(narrow.unwrap(), None).unwrap();
    let refuse = |model: &Model, source: &Source| {
        let split = source.split(1, &SplitPlan::with_validation(0.0)).unwrap();
        evaluate(model, &split, &Measuring::default(), &mut |_| Ok(()))
            .unwrap_err()
            .to_string()
    };
    let message = refuse(&model, &narrow);
    assert!(
        message.contains("rows of 64") && message.contains("rows of 9"),
        "{message}"
    );

    // Finite parameters whose products are not.
    let recipe = Recipe::parse(
        "name = \"huge\"\nencoder = [{ layer = \"dense\", outputs = 1, bias = false }]\n\
         decoder = [{ layer = \"dense\", bias = false }]",
        "a test",
    );
    let scaling = Scaling::fit(&ScalingSpec::None, &source.train).unwrap();
    let huge = [f32::MAX; 2 * INPUTS];
    let huge = Model::new(recipe.unwrap(), scaling, &[1, SIDE, SIDE], &huge).unwrap();
    let message = refuse(&huge, &source);
    assert!(message.contains("not finite"), "{message}");
}
