//! One pass over many rows uses one team of threads and one memory for each thread, and runs the network once.

use super::{FITTED_ROWS, Samples, Way, blame, codes_of, decode, encode, reconstruct, score};
use crate::data::write::{Output, pieces};
use crate::data::{Dataset, Source};
use crate::model::{Model, Prior, PriorSpec, Rule, Threshold, ThresholdRows};
use crate::network::counted::{self, Counts};
use crate::network::{Parameters, Workers};
use crate::recipe::Recipe;
use crate::scaling::{Scaling, ScalingSpec};
use crate::threads::{available_threads, on_share};
use ndarray::{Array2, Axis};
use std::path::Path;

const ROWS: usize = 20_000;
const INPUTS: usize = 7;

fn rows() -> Array2<f64> {
    Array2::from_shape_fn((ROWS, INPUTS), |(i, j)| ((i * (j + 3)) as f64 / 17.0).sin())
}

/// A model as at the start of training, and the rows.
fn model() -> (Model, Dataset) {
    let recipe = Recipe::parse(
        "name = 'small'
        encoder = [{ layer = 'dense', outputs = 5 }, { layer = 'relu' }, { layer = 'dense', outputs = 3 }]
        decoder = [{ layer = 'dense' }]",
        "a test",
    );
    let recipe = recipe.unwrap();
    let data = Dataset::from_array(rows().view()).unwrap();
    let spec = ScalingSpec::Standardize {
        mean: None,
        std: None,
    };
    let scaling = Scaling::fit(&spec, &data).unwrap();
    let network = recipe.network(&[INPUTS]).unwrap();
    let parameters = Parameters::initial(&network, recipe.initialization, 1);
    let model = Model::new(recipe, scaling, &[INPUTS], parameters.flat()).unwrap();
    (model, data)
}

/// The content of an array's file.
fn read(path: &Path) -> Array2<f32> {
    let source = Source::open(&path.display().to_string()).unwrap();
    source.train.to_array()
}

#[track_caller]
fn assert_once(counts: Counts) {
    let piece_count = pieces(ROWS, INPUTS).count();
    assert!(piece_count > 4);
    assert_eq!((counts.teams, counts.passes), (1, piece_count));
    // Buffers and scratch.
    assert!(counts.memories <= 2 * available_threads(), "{counts:?}");
}

#[test]
fn a_pass_over_many_pieces_takes_its_threads_and_their_memory_once() {
    let (model, data) = model();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let go_on = &mut |_: usize| Ok(());
    let codes = path("codes.npy");
    assert_once(counted::during(|| {
        encode(&model, &data, &codes, go_on).unwrap();
    }));
    let whole = model.encode(rows().view()).unwrap();
    assert_eq!(read(&codes), whole);
    let codes = Dataset::from_array(whole.view()).unwrap();
    assert_once(counted::during(|| {
        decode(&model, &codes, &path("decoded.npy"), go_on).unwrap();
    }));
    assert_once(counted::during(|| {
        reconstruct(&model, &data, None, &path("made.npy"), go_on).unwrap();
    }));
    assert_eq!(read(&path("made.npy")), read(&path("decoded.npy")));
    assert_once(counted::during(|| {
        score(&model, &data, None, false, go_on).unwrap();
    }));
    let way = Way::between(&model, &data, 0, 9, ROWS).unwrap();
    assert_once(counted::during(|| {
        way.write(&path("way.npy"), go_on).unwrap()
    }));
    let some = way.rows(4_000..4_200).unwrap().mapv(|value| value as f32);
    let written = read(&path("way.npy"));
    assert!(
        some.outer_iter()
            .eq(written.outer_iter().skip(4_000).take(200))
    );
}

#[test]
fn explained_scores_have_the_same_bits_from_one_pass() {
    let (mut model, data) = model();
    let folder = tempfile::tempdir().unwrap();
    let out = Output::from(&folder.path().join("scores.npy"));
    let plain = score(&model, &data, None, false, &mut |_| Ok(())).unwrap();
    let at_once = model.score(rows().view()).unwrap();
    let contributions = model.contributions(rows().view()).unwrap();
    assert_eq!(at_once.to_vec(), plain);
    for threshold in [None, Some(plain[0])] {
        if let Some(value) = threshold {
            model.set_threshold(Threshold {
                value,
                rule: Rule::Quantile(0.5),
                rows: 1,
                from: ThresholdRows::Unknown,
            });
        }
        let mut explained = Vec::new();
        assert_once(counted::during(|| {
            explained = score(&model, &data, Some(&out), true, &mut |_| Ok(())).unwrap();
        }));
        assert_eq!(explained, plain);
        let written = read(&folder.path().join("scores.npy"));
        let (scores, mut rest) = written.view().split_at(Axis(1), 1);
        assert_eq!(scores.iter().copied().collect::<Vec<_>>(), plain);
        if let Some(threshold) = threshold {
            let (above, others) = rest.split_at(Axis(1), 1);
            let expected = plain.iter().map(|score| f32::from(*score > threshold));
            assert!(expected.eq(above.iter().copied()));
            rest = others;
        }
        assert_eq!(rest, contributions);
    }
    // The score of a row is the sum of its contributions.
    for (score, row) in plain.iter().zip(contributions.outer_iter()) {
        assert!((row.sum() - score).abs() <= 1e-5 * score.abs(), "{score}");
    }
}

#[test]
fn a_model_in_use_gives_the_same_whatever_was_asked_before() {
    let (model, _) = model();
    let rows = rows();
    let mut in_use = model.in_use(1000);
    let counts = counted::during(|| {
        for piece in rows.axis_chunks_iter(Axis(0), 1000) {
            let codes = in_use.encode(piece).unwrap();
            assert_eq!(codes, model.encode(piece).unwrap());
            let decoded = in_use.decode(codes.view()).unwrap();
            assert_eq!(decoded, model.decode(codes.view()).unwrap());
            let (few, _) = piece.split_at(Axis(0), 3);
            assert_eq!(in_use.score(few).unwrap(), model.score(few).unwrap());
            let made = in_use.reconstruct(piece).unwrap();
            assert_eq!(made, model.reconstruct(piece).unwrap());
        }
    });
    // Those of the model alone.
    assert_eq!(counts.teams, 4 * 20);
    // It can be stored beside a model that several threads use, and moved to another thread.
    fn is_shared<T: Send + Sync>(_: &T) {}
    fn may_move<T: Send>(_: &T) {}
    is_shared(&model);
    may_move(&in_use);
    may_move(&Workers::new(1));
}

#[test]
fn the_value_with_the_largest_part_of_a_score_is_to_blame() {
    let (model, data) = model();
    // Many rows, in several pieces.
    let chosen: Vec<usize> = (0..ROWS).rev().step_by(3).collect();
    let contributions = model.contributions(rows().view()).unwrap();
    let found = blame(&model, &data, &chosen).unwrap();
    assert_eq!(found.len(), chosen.len());
    for (&row, blamed) in chosen.iter().zip(&found) {
        let blamed = blamed.as_ref().unwrap();
        let parts = contributions.row(row);
        let largest = parts.iter().copied().fold(0.0, f32::max);
        assert_eq!(parts[blamed.place], largest, "row {row}");
        let share = f64::from(largest) / parts.iter().map(|&part| f64::from(part)).sum::<f64>();
        assert!((blamed.share - share).abs() < 1e-9, "row {row}");
    }
    assert!(blame(&model, &data, &[ROWS]).is_err());
}

#[test]
fn a_score_that_is_no_number_counts_as_the_largest() {
    let (mut model, _) = model();
    model.set_threshold(Threshold {
        value: 1.0,
        rule: Rule::Quantile(0.5),
        rows: 1,
        from: ThresholdRows::Unknown,
    });
    // Values whose products in the layers are infinities of both signs.
    let mut odd = rows().mapv(|value| value as f32);
    odd.row_mut(3).fill(f32::MAX);
    let data = Dataset::from_array(odd.view()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.csv");
    let out = Output::from(&path);
    let scores = score(&model, &data, Some(&out), false, &mut |_| Ok(())).unwrap();
    assert_eq!(scores[3], f32::INFINITY);
    let written = std::fs::read_to_string(path).unwrap();
    assert_eq!(written.lines().nth(4), Some("inf,1"));
    assert_eq!(blame(&model, &data, &[3]).unwrap(), [None]);
}

/// A prior that is fitted to the codes of the model's rows.
fn fitted(model: &Model, data: &Dataset, spec: PriorSpec) -> Prior {
    let codes = codes_of(model, data, FITTED_ROWS, &mut |_| Ok(())).unwrap();
    assert_eq!(codes, model.encode(rows().view()).unwrap());
    let seed = model.recipe().seed;
    let fitted = Prior::fit(codes.view(), spec, seed, &mut |_| Ok(()));
    fitted.unwrap().prior
}

#[test]
fn a_sample_depends_on_its_number_and_seed_alone() {
    let (model, data) = model();
    let prior = fitted(&model, &data, PriorSpec::Mixture { components: 3 });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples.npy");
    let samples = |count, seed| Samples::drawn(&model, &prior, count, seed).unwrap();
    assert_once(counted::during(|| {
        samples(ROWS, 1).write(&path, &mut |_| Ok(())).unwrap();
    }));
    let written = read(&path);
    assert_eq!(written.dim(), (ROWS, INPUTS));
    for (count, rows) in [(10, 0..10), (9_000, 8_990..9_000)] {
        let few = samples(count, 1).rows(rows.clone()).unwrap();
        let few = few.mapv(|value| value as f32);
        assert!(
            few.outer_iter()
                .eq(written.outer_iter().skip(rows.start).take(10))
        );
    }
    assert_ne!(
        samples(1, 1).rows(0..1).unwrap(),
        samples(1, 2).rows(0..1).unwrap()
    );
    let around = |threads| {
        let samples = Samples::around(&model, &data, 3_000, None, 1).unwrap();
        on_share(threads, || samples.rows(0..3_000).unwrap())
    };
    let one = around(1);
    for threads in [2, 3] {
        assert_eq!(around(threads), one);
    }
    assert!(Samples::drawn(&model, &prior, 0, 1).is_err());
    assert!(Samples::drawn(&model, &Prior::standard(4), 1, 1).is_err());
}

#[test]
fn samples_around_rows_have_the_std_that_is_asked_for() {
    let (model, data) = model();
    let codes = model.encode(rows().view()).unwrap();
    let spread = |std: Option<f64>| {
        let count = ROWS + 5_000;
        let samples = Samples::around(&model, &data, count, std, 1).unwrap();
        let near = samples.codes(0..count).unwrap();
        // After the last row comes the first again.
        let away = Array2::from_shape_fn(near.dim(), |(row, value)| {
            f64::from(near[[row, value]]) - f64::from(codes[[row % ROWS, value]])
        });
        assert!(
            away.mean_axis(Axis(0))
                .unwrap()
                .iter()
                .all(|mean| mean.abs() < 0.01)
        );
        away.std_axis(Axis(0), 0.0)
    };
    for std in spread(Some(0.3)) {
        assert!((std - 0.3).abs() < 0.01, "{std}");
    }
    let of_codes = codes.mapv(f64::from).std_axis(Axis(0), 0.0);
    for (found, of_codes) in spread(None).iter().zip(of_codes) {
        assert!((found / (0.1 * of_codes) - 1.0).abs() < 0.03, "{found}");
    }
    let none = Samples::around(&model, &data, 4, Some(0.0), 1).unwrap();
    assert_eq!(none.codes(1..4).unwrap().row(2), codes.row(3));
    for std in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(Samples::around(&model, &data, 4, Some(std), 1).is_err());
    }
    let one = data.head(1).unwrap();
    assert!(Samples::around(&model, &one, 4, None, 1).is_err());
    assert!(Samples::around(&model, &one, 4, Some(0.1), 1).is_ok());
}

#[test]
fn a_traversal_moves_one_value_at_a_time() {
    let (model, data) = model();
    let prior = fitted(&model, &data, PriorSpec::Gaussian);
    let base = [1.0, 2.0, 3.0];
    let samples = Samples::along(&model, &prior, Some(&base), 5).unwrap();
    assert_eq!(samples.count(), 15);
    let codes = samples.codes(0..15).unwrap();
    let (mean, std) = (prior.mean(), prior.stds());
    for (row, code) in codes.outer_iter().enumerate() {
        for value in 0..3 {
            let stds = [-3.0, -1.5, 0.0, 1.5, 3.0][row % 5];
            let expected = if value == row / 5 {
                (mean[value] + stds * std[value]) as f32
            } else {
                base[value]
            };
            assert_eq!(code[value], expected, "row {row}, value {value}");
        }
    }
    assert_eq!(samples.codes(7..9).unwrap().row(1), codes.row(8));
    let middle = Samples::along(&model, &prior, None, 3).unwrap();
    let middle = middle.codes(1..2).unwrap();
    assert!(
        middle
            .iter()
            .zip(&mean)
            .all(|(code, &mean)| *code == mean as f32)
    );
    let some = Samples::along_values(&model, &prior, Some(&base), vec![2, 0], 5).unwrap();
    assert_eq!(some.moved(), [2, 0]);
    let some = some.codes(0..10).unwrap();
    for (row, of_all) in (10..15).chain(0..5).enumerate() {
        assert_eq!(some.row(row), codes.row(of_all));
    }
    assert!(Samples::along_values(&model, &prior, None, vec![3], 5).is_err());
    assert!(Samples::along_values(&model, &prior, None, vec![], 5).is_err());
    assert!(Samples::along(&model, &prior, Some(&base[1..]), 5).is_err());
    assert!(Samples::along(&model, &prior, None, 1).is_err());
    // A code of three values has no grid.
    assert!(Samples::grid(&model, &prior, 5).is_err());
}

#[test]
fn a_grid_lies_as_a_chart_of_the_codes() {
    let recipe = Recipe::parse(
        "name = 'two'\nencoder = [{ layer = 'dense', outputs = 2 }]\ndecoder = [{ layer = 'dense' }]",
        "a test",
    );
    let recipe = recipe.unwrap();
    let network = recipe.network(&[INPUTS]).unwrap();
    let parameters = Parameters::initial(&network, recipe.initialization, 1);
    let data = Dataset::from_array(rows().view()).unwrap();
    let spec = ScalingSpec::Standardize {
        mean: None,
        std: None,
    };
    let scaling = Scaling::fit(&spec, &data).unwrap();
    let model = Model::new(recipe, scaling, &[INPUTS], parameters.flat()).unwrap();
    let samples = Samples::grid(&model, &Prior::standard(2), 3).unwrap();
    let codes = samples.codes(0..9).unwrap();
    let end = 1.644_853_6;
    for (row, code) in codes.outer_iter().enumerate() {
        let expected = [[-end, 0.0, end][row % 3], [end, 0.0, -end][row / 3]];
        for (found, expected) in code.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{row}: {code}");
        }
    }
    for side in [1, 1001] {
        assert!(Samples::grid(&model, &Prior::standard(2), side).is_err());
    }
}
