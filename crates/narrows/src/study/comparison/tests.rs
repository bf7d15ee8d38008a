//! Tables and sentences of comparisons.

use super::super::vary::{called, variations};
use super::*;
use crate::corruption::Corruption;

fn row(name: &str, scaling: &str, test: f64, denoising: Option<f64>) -> Compared {
    Compared {
        recipe: name.into(),
        name: name.into(),
        variation: Vec::new(),
        is_finished: false,
        seeds: 1,
        rows: [90, 0, 10],
        scaling: scaling.into(),
        code_size: 4,
        test_mse: Measure::of(&[test]),
        test_bound: None,
        bound_of: None,
        denoising_mse: denoising.map(|mse| (Corruption::gaussian(0.5), Measure::of(&[mse]))),
        pca_test_mse: None,
        noisy_mse: Measure::of(&[test]),
        jacobian_norm: None,
        seconds: Some(Measure::of(&[1.0])),
    }
}

fn comparison() -> Comparison {
    Comparison {
        rows: vec![
            row("plain", "unit", 0.02, None),
            row("other units", "none", 0.001, None),
            row("denoising", "unit", 0.01, Some(0.03)),
        ],
        report: PathBuf::new(),
    }
}

#[test]
fn only_errors_of_one_scaling_are_ranked() {
    let mut comparison = comparison();
    assert_eq!(comparison.best(), [2]);
    let verdict = comparison.verdict();
    assert!(
        verdict[0].starts_with("denoising") && verdict[0].contains("unit scaling"),
        "{verdict:?}"
    );
    assert!(
        verdict[1].contains("not ranked") && verdict.len() == 2,
        "{verdict:?}"
    );
    comparison.rows.truncate(1);
    comparison.rows[0].is_finished = true;
    assert!(comparison.best().is_empty(), "nothing to be better than");
    assert!(comparison.verdict()[0].contains("not trained again"));
    let rows = "90 for training, none for validation, 10 for testing.";
    assert_eq!(comparison.rows_in_words(), [format!("Rows: {rows}")]);
    comparison.rows.push(row("more", "unit", 0.1, None));
    comparison.rows[1].rows = [80, 10, 10];
    assert_eq!(comparison.rows_in_words().len(), 2);
    assert!(comparison.rows_in_words()[0].contains(rows));
}

#[test]
fn columns_that_none_needs_are_not_there() {
    let mut comparison = comparison();
    let heads = |comparison: &Comparison| comparison.table()[0].join("|");
    assert!(heads(&comparison).contains("denoising MSE"));
    let scalings = "Scaling: unit for plain, denoising; none for other units.";
    assert_eq!(comparison.notes()[2], scalings);
    comparison.rows.truncate(1);
    assert!(!heads(&comparison).contains("denoising"));
    assert!(!comparison.notes().join(" ").contains("Scaling"));
    // All have one seed, and a note says so.
    assert!(comparison.table().iter().all(|row| row.len() == 7));
    assert!(comparison.notes()[0].contains("one seed"));
    comparison.rows[0].seeds = 3;
    assert!(comparison.notes()[0].contains("3 seeds: numbers are mean"));
    comparison.rows.push(row("other", "unit", 0.1, None));
    assert!(heads(&comparison).contains("seeds"));
}

#[test]
fn one_varied_key_of_numbers_has_a_curve() {
    let mut comparison = comparison();
    assert_eq!(comparison.sweep().unwrap(), None);
    let of = variations(&["encoder[0].outputs=16,8".into()]).unwrap();
    comparison.rows = of
        .into_iter()
        .zip([16, 8])
        .map(|(variation, code_size)| Compared {
            name: called(&variation),
            variation,
            code_size,
            pca_test_mse: Some(Measure::of(&[0.5])),
            ..row("plain", "unit", 0.02, None)
        })
        .collect();
    let figure = comparison.sweep().unwrap().unwrap();
    assert!(figure.caption.contains("encoder[0].outputs"));
    let (_, bytes) = figure.file();
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.contains("PCA beside plain"), "{text}");
}

#[test]
fn only_bounds_of_one_kind_are_ranked() {
    let bounded = |name: &str, scaling: &str, of, bound: f64| Compared {
        test_bound: Some(Measure::of(&[bound])),
        bound_of: Some(of),
        ..row(name, scaling, 0.01, None)
    };
    let mut comparison = comparison();
    assert!(!comparison.table()[0].join("|").contains("nats"));
    comparison.rows = vec![
        bounded("a", "unit", "densities", -90.5),
        bounded("b", "unit", "densities", -100.25),
        row("c", "unit", 0.001, None),
    ];
    let table = comparison.table();
    let place = table[0]
        .iter()
        .position(|head| head == "negative bound")
        .unwrap();
    let cells: Vec<&str> = table[1..].iter().map(|row| &row[place][..]).collect();
    assert_eq!(cells, ["-90.50", "-100.25", "-"]);
    let verdict = comparison.verdict().join(" ");
    assert!(
        verdict.contains("b has the smallest negative bound: -100.25 nats"),
        "{verdict}"
    );
    assert!(!verdict.contains("Bounds of different"), "{verdict}");
    let drawn = "unit (drawn as 0 or 1)";
    comparison.rows.push(bounded(
        "d",
        drawn,
        "probabilities of values that are 0 or 1",
        99.0,
    ));
    let verdict = comparison.verdict().join(" ");
    assert!(
        verdict.contains("bound of densities, scaling unit: -100.25"),
        "{verdict}"
    );
    assert!(
        verdict.contains("scaling unit (drawn as 0 or 1)"),
        "{verdict}"
    );
    assert_eq!(comparison.to_json()["rows"][3]["test_bound"]["mean"], 99.0);
}
