//! One pass over many rows uses one team of threads and one memory for each thread, and runs the network once.

use super::{Way, blame, decode, encode, reconstruct, score};
use crate::data::write::{Output, pieces};
use crate::data::{Dataset, Source};
use crate::model::{Model, Rule, Threshold, ThresholdRows};
use crate::network::counted::{self, Counts};
use crate::network::{Parameters, Workers};
use crate::recipe::Recipe;
use crate::scaling::{Scaling, ScalingSpec};
use crate::threads::available_threads;
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
