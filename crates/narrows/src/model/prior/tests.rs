//! Fits find what codes were drawn from, draws have the moments that they should have, and damaged sections are refused.

use super::distribution::uniform;
use super::fit::MOST_ITERATIONS;
use super::section::{from_json, to_json};
use super::start::start;
use super::*;
use crate::error::ErrorKind;
use crate::threads::on_share;
use ndarray::{Array2, Axis, Slice};
use serde_json::{Value, json};

fn fit(codes: &Array2<f32>, spec: PriorSpec) -> FittedPrior {
    Prior::fit(codes.view(), spec, 1, &mut |_| Ok(())).unwrap()
}

/// Some of the codes.
fn some(codes: &Array2<f32>, rows: std::ops::Range<usize>) -> Array2<f32> {
    codes.slice_axis(Axis(0), Slice::from(rows)).to_owned()
}

fn mixture(components: usize) -> PriorSpec {
    PriorSpec::Mixture { components }
}

/// A Gaussian of three values that depend on each other, of sizes that differ.
fn correlated() -> Prior {
    let gaussian = Gaussian::new(
        vec![1.0, -200.0, 0.03],
        vec![4.0, 30.0, 900.0, 0.01, 0.2, 0.0004],
    );
    let component = Component {
        weight: 1.0,
        gaussian: gaussian.unwrap(),
    };
    Prior::fitted(PriorKind::Gaussian, 3, vec![component], 10)
}

/// Three groups of codes far apart, of a half, three tenths and two tenths of them.
fn groups(rows: usize) -> Array2<f32> {
    let noise = Prior::standard(2).draw(5, 0..rows);
    let centers = [[0.0, 0.0], [20.0, 5.0], [-10.0, 30.0]];
    Array2::from_shape_fn((rows, 2), |(row, value)| {
        let group = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2][row % 10];
        let spread = [[1.0, 2.0], [3.0, 0.5], [0.2, 1.0]][group][value];
        centers[group][value] + spread * noise[[row, value]]
    })
}

/// Asserts that draws have the mean and the covariance of their prior, within four standard errors.
#[track_caller]
fn assert_moments(prior: &Prior) {
    const DRAWS: usize = 20_000;
    let codes = prior.draw(3, 0..DRAWS).mapv(f64::from);
    let (mean, moments) = (prior.mean(), prior.moments().unwrap());
    let error = (DRAWS as f64).sqrt().recip();
    for i in 0..prior.width() {
        let found = codes.column(i).mean().unwrap();
        let std = moments.std(i).unwrap();
        assert!(
            (found - mean[i]).abs() < 4.0 * std * error,
            "mean {i}: {found}"
        );
        for j in 0..=i {
            let products = codes
                .axis_iter(Axis(0))
                .map(|code| (code[i] - mean[i]) * (code[j] - mean[j]));
            let products: Vec<f64> = products.collect();
            let found = products.iter().sum::<f64>() / DRAWS as f64;
            let expected = moments.covariance(i, j).unwrap();
            let spread = products.iter().map(|p| (p - found).powi(2)).sum::<f64>() / DRAWS as f64;
            let most = 4.0 * spread.sqrt() * error;
            assert!(
                (found - expected).abs() < most,
                "{i}, {j}: {found}, not {expected}"
            );
        }
    }
}

#[test]
fn draws_have_the_mean_and_covariance_of_their_prior() {
    assert_moments(&Prior::standard(5));
    assert_moments(&correlated());
    assert_moments(&fit(&groups(600), mixture(3)).prior);
    // Of a standard normal distribution, not only the first two moments.
    let codes = Prior::standard(5).draw(9, 0..20_000);
    let within = codes.iter().filter(|value| value.abs() < 1.0).count() as f64 / 100_000.0;
    assert!((within - 0.6827).abs() < 0.006, "{within}");
}

#[test]
fn a_draw_depends_on_its_number_and_seed_alone() {
    for prior in [
        Prior::standard(70),
        correlated(),
        fit(&groups(300), mixture(3)).prior,
    ] {
        let all = prior.draw(7, 0..1000);
        assert_eq!(prior.draw(7, 0..10), some(&all, 0..10));
        assert_eq!(prior.draw(7, 900..1000), some(&all, 900..1000));
        assert_ne!(prior.draw(8, 0..10), some(&all, 0..10));
        let far = usize::MAX - 3;
        assert_ne!(prior.draw(7, far..far + 1), some(&all, 0..1));
    }
    // The component of a code is drawn apart from its numbers.
    assert_ne!(uniform(7, 1, 0), uniform(7, 2, 0));
}

#[test]
fn a_gaussian_has_the_mean_and_covariance_of_the_codes() {
    let codes = correlated().draw(1, 0..500);
    let fitted = fit(&codes, PriorSpec::Gaussian);
    assert!(fitted.notes.is_empty(), "{:?}", fitted.notes);
    assert_eq!(
        (fitted.prior.rows(), fitted.prior.kind()),
        (500, PriorKind::Gaussian)
    );
    let [component] = fitted.prior.components() else {
        panic!("one component");
    };
    let wide = codes.mapv(f64::from);
    let mean = wide.mean_axis(Axis(0)).unwrap();
    let centered = &wide - &mean;
    let covariance = centered.t().dot(&centered) / 500.0;
    for i in 0..3 {
        assert!((component.gaussian.mean()[i] - mean[i]).abs() < 1e-9 * (1.0 + mean[i].abs()));
        for j in 0..3 {
            let (found, expected) = (
                component.gaussian.covariance(i, j).unwrap(),
                covariance[[i, j]],
            );
            let size = (covariance[[i, i]] * covariance[[j, j]]).sqrt();
            assert!(
                (found - expected).abs() < 1e-12 * size,
                "{found} {expected}"
            );
        }
    }
    // The log-likelihood is that of the codes in their own units: here of one value, worked out by hand.
    let one = codes.select(Axis(1), &[0]);
    let variance = covariance[[0, 0]];
    let expected = -0.5 * ((std::f64::consts::TAU * variance).ln() + 1.0);
    assert!((fit(&one, PriorSpec::Gaussian).log_likelihood - expected).abs() < 1e-9);
    assert!((fit(&one, mixture(1)).log_likelihood - expected).abs() < 1e-6);
}

#[test]
fn a_singular_covariance_is_told_and_its_draws_stay_where_the_codes_lie() {
    // The third value follows from the others, and the fourth never changes.
    let two = Prior::standard(2).draw(2, 0..400);
    let codes = Array2::from_shape_fn((400, 4), |(row, value)| match value {
        2 => two[[row, 0]] - 3.0 * two[[row, 1]],
        3 => 7.5,
        _ => two[[row, value]],
    });
    for spec in [PriorSpec::Gaussian, mixture(2)] {
        let fitted = fit(&codes, spec);
        let notes = fitted.notes.join("\n");
        assert!(
            notes.contains("1 of 4 values of the code is the same in all rows"),
            "{notes}"
        );
        let is_gaussian = spec == PriorSpec::Gaussian;
        assert_eq!(
            notes.contains("1e-6 of each variance is added"),
            is_gaussian,
            "{notes}"
        );
        for code in fitted.prior.draw(1, 0..500).rows() {
            let off = code[2] - (code[0] - 3.0 * code[1]);
            assert!(off.abs() < 0.03 && (code[3] - 7.5).abs() < 1e-4, "{code}");
        }
    }
    // Fewer codes than values.
    let few = Prior::standard(6).draw(2, 0..3);
    let fitted = fit(&few, PriorSpec::Gaussian);
    assert!(fitted.notes[0].contains("singular"), "{:?}", fitted.notes);
    // All codes are one.
    let same = Array2::from_elem((10, 2), 3.0);
    for spec in [PriorSpec::Gaussian, mixture(4)] {
        let drawn = fit(&same, spec).prior.draw(1, 0..10);
        assert!(
            drawn.iter().all(|value| (value - 3.0).abs() < 1e-4),
            "{drawn}"
        );
    }
}

#[test]
fn codes_with_many_zeros_are_told() {
    let codes = Prior::standard(3).draw(2, 0..400);
    let rectified = codes.mapv(|value| value.max(0.0));
    for spec in [PriorSpec::Gaussian, mixture(2)] {
        let notes = fit(&codes, spec).notes.join("\n");
        assert!(!notes.contains("exactly 0"), "{notes}");
        let notes = fit(&rectified, spec).notes.join("\n");
        assert!(
            notes.contains("% of the code's values that change are exactly 0"),
            "{notes}"
        );
    }
}

#[test]
fn a_mixture_finds_groups_that_lie_apart() {
    let fitted = fit(&groups(3000), mixture(3));
    assert!(fitted.notes.is_empty(), "{:?}", fitted.notes);
    assert!(fitted.iterations < MOST_ITERATIONS);
    let mut components = fitted.prior.components().to_vec();
    components.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let expected = [
        (0.5, [0.0, 0.0], [1.0, 2.0]),
        (0.3, [20.0, 5.0], [3.0, 0.5]),
        (0.2, [-10.0, 30.0], [0.2, 1.0]),
    ];
    for (component, (weight, mean, std)) in components.iter().zip(expected) {
        assert!(
            (component.weight - weight).abs() < 1e-6,
            "{}",
            component.weight
        );
        for value in 0..2 {
            let found = component.gaussian.mean()[value];
            assert!((found - mean[value]).abs() < 0.15 * std[value], "{found}");
            let found = component.gaussian.std(value).unwrap();
            assert!((found / std[value] - 1.0).abs() < 0.1, "{found}");
        }
    }
}

#[test]
fn the_likelihood_of_a_mixture_never_falls() {
    // Groups, a ring, and codes that lie in a plane.
    let ring = Array2::from_shape_fn((800, 2), |(row, value)| {
        let angle = row as f32 * 0.7;
        (if value == 0 { angle.sin() } else { angle.cos() }) * (1.0 + (row % 7) as f32 / 50.0)
    });
    let flat = Array2::from_shape_fn((500, 3), |(row, value)| {
        ((row * 7919 % 500) as f32 / 500.0).powi(value as i32 + 1)
    });
    for (name, codes) in [("groups", groups(1000)), ("ring", ring), ("flat", flat)] {
        let width = codes.ncols();
        let wide: Vec<f64> = codes.iter().map(|&value| f64::from(value)).collect();
        for components in [2, 7] {
            let (assigned, found) = start(&wide, width, components, 1);
            let fit = em::fit(&wide, width, (&assigned, found), 200, &mut |_| Ok(())).unwrap();
            let history = fit.history;
            assert!(history.len() > 1, "{name}");
            for pair in history.windows(2) {
                let [before, now] = [pair[0], pair[1]];
                let rounding = 1e-10 * before[1].abs().max(1.0);
                assert!(now[1] >= before[1] - rounding, "{name}: {before:?} {now:?}");
                // Without the penalty, which is small, it is what the model says of the codes.
                if name != "flat" {
                    assert!(now[0] >= before[0] - 1e-6, "{name}: {before:?} {now:?}");
                }
            }
        }
    }
}

#[test]
fn a_fit_has_the_same_bits_on_any_number_of_threads() {
    let codes = groups(5000);
    let one = on_share(1, || fit(&codes, mixture(4)));
    for threads in [2, 3, 16] {
        assert_eq!(on_share(threads, || fit(&codes, mixture(4))), one);
    }
    let other = Prior::fit(codes.view(), mixture(4), 2, &mut |_| Ok(())).unwrap();
    assert_ne!(other.prior, one.prior);
}

#[test]
fn too_few_codes_have_fewer_components_and_that_is_told() {
    let codes = groups(20);
    let fitted = fit(&codes, PriorSpec::USUAL);
    assert_eq!(fitted.prior.components().len(), 6);
    let note = &fitted.notes[0];
    assert!(
        note.contains(
            "6 Gaussians instead of 10: 20 rows are too few for more, because each needs 3"
        ),
        "{note}"
    );
    // Many rows, of two kinds.
    let twice = Array2::from_shape_fn((100, 2), |(row, _)| (1 + row % 2) as f32);
    let fitted = fit(&twice, PriorSpec::USUAL);
    assert_eq!(fitted.prior.components().len(), 2);
    assert!(
        fitted.notes[0].contains("no more distinct codes"),
        "{:?}",
        fitted.notes
    );
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let codes = groups(50);
    let refused = |codes: &Array2<f32>, spec| {
        let error = Prior::fit(codes.view(), spec, 1, &mut |_| Ok(())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
        error.to_string()
    };
    for components in [0, 1001] {
        let said = refused(&codes, mixture(components));
        assert!(said.contains("expected 1 to 1,000"), "{said}");
    }
    let one = some(&codes, 0..1);
    assert!(refused(&one, PriorSpec::Gaussian).contains("expected two rows or more, found 1"));
    let mut odd = codes.clone();
    odd[[4, 1]] = f32::NAN;
    assert!(refused(&odd, PriorSpec::USUAL).contains("row 4: a code is not finite"));
    let wide = Array2::zeros((2, 1000));
    let said = refused(&wide, PriorSpec::Gaussian);
    assert!(said.contains("at most 500,000 numbers"), "{said}");
    // A signal ends a fit.
    let stop = |_: usize| Err(crate::Error::new(ErrorKind::Interrupted, "stopped"));
    let error = Prior::fit(codes.view(), PriorSpec::USUAL, 1, &mut { stop }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}

#[test]
fn quantiles_give_codes_of_the_same_distribution() {
    let prior = correlated();
    let halves = Array2::from_elem((1, 3), 0.5);
    let middle = prior.at_quantiles(&halves).unwrap();
    for (found, expected) in middle.iter().zip(prior.mean()) {
        assert!((f64::from(*found) - expected).abs() < 1e-5 * (1.0 + expected.abs()));
    }
    let mut one = halves.clone();
    one[[0, 0]] = 0.841_344_746_068_543;
    let moved = prior.at_quantiles(&one).unwrap();
    // One std along the first value, and what the second follows it by.
    assert!(
        (moved[[0, 0]] - 3.0).abs() < 1e-5 && (moved[[0, 1]] + 185.0).abs() < 1e-3,
        "{moved}"
    );
    assert!(prior.at_quantiles(&Array2::from_elem((1, 2), 0.5)).is_err());
    assert!(prior.at_quantiles(&Array2::from_elem((1, 3), 1.0)).is_err());
}

#[test]
fn a_prior_is_the_same_after_it_was_written() {
    for prior in [
        Prior::standard(2),
        fit(&groups(100), PriorSpec::Gaussian).prior,
        fit(&groups(500), mixture(3))
            .prior
            .from_source(Some("new.csv".into())),
    ] {
        let text = to_json(&prior).to_string();
        let again = from_json(&serde_json::from_str(&text).unwrap(), 2).unwrap();
        assert_eq!(again, prior);
        assert_eq!(again.draw(1, 0..50), prior.draw(1, 0..50));
    }
}

#[test]
fn a_damaged_section_is_refused_with_the_place_of_the_damage() {
    let whole = to_json(&fit(&groups(500), mixture(3)).prior);
    let assert_refused = |change: &dyn Fn(&mut Value), parts: &[&str]| {
        let mut section = whole.clone();
        change(&mut section);
        let error = from_json(&section, 2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format);
        let said = error.to_string();
        for part in [&["the model's prior is damaged"], parts].concat() {
            assert!(said.contains(part), "`{part}` is missing in: {said}");
        }
    };
    assert_refused(&|s| *s = Value::Null, &["prior.kind"]);
    assert_refused(
        &|s| s["kind"] = json!("uniform"),
        &["prior.kind", "uniform"],
    );
    assert_refused(&|s| s["rows"] = json!(-1), &["prior.rows"]);
    assert_refused(
        &|s| s["components"] = json!([]),
        &["prior.components", "one Gaussian or more"],
    );
    assert_refused(
        &|s| s["kind"] = json!("gaussian"),
        &["prior.components", "one Gaussian, found 3"],
    );
    assert_refused(
        &|s| s["kind"] = json!("standard"),
        &["no Gaussian, found 3"],
    );
    for weight in [json!(0.0), json!(-0.1), json!("1"), json!(2.0), Value::Null] {
        assert_refused(
            &|s| s["components"][1]["weight"] = weight.clone(),
            &["components[1].weight"],
        );
    }
    assert_refused(
        &|s| s["components"][0]["weight"] = json!(0.9),
        &["weights that sum to 1"],
    );
    for numbers in [
        json!([1.0]),
        json!([1.0, "2"]),
        json!([1.0, null]),
        json!(3),
    ] {
        assert_refused(
            &|s| s["components"][2]["mean"] = numbers.clone(),
            &["components[2].mean", "a list of 2 numbers"],
        );
    }
    assert_refused(
        &|s| s["components"][2]["covariance"] = json!([1.0, 0.0, 0.0, 1.0]),
        &["components[2].covariance", "a list of 3 numbers"],
    );
    for numbers in [
        json!([1.0, 2.0, 1.0]),
        json!([0.0, 0.0, 1.0]),
        json!([-1.0, 0.0, 1.0]),
    ] {
        assert_refused(
            &|s| s["components"][0]["covariance"] = numbers.clone(),
            &["components[0].covariance", "not positive definite"],
        );
    }
    // Of another model.
    assert!(from_json(&whole, 3).is_err());
}
