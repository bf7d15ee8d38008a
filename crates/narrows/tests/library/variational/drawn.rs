//! Codes with their stds, means of likelihoods, and rows that are drawn from them.

use super::linear::{gaussian_rows, linear};
use super::*;

/// The KL of each value follows from the means and the stds of the codes.
#[test]
fn codes_have_stds() {
    let rows = gaussian_rows(300, 3);
    let data = Dataset::from_array(rows.view()).unwrap();
    let model = narrows::fit(&linear(3), &data).unwrap();
    let (means, stds) = (
        model.encode(&rows).unwrap(),
        model.code_stds(&rows).unwrap(),
    );
    let bounded = evaluated(&model, &rows, &rows, 1);
    for (value, &kl) in bounded.kl_of_values.iter().enumerate() {
        let pairs = means.column(value).into_iter().zip(stds.column(value));
        let of_rows = pairs.map(|(&mean, &std)| {
            let variance = f64::from(std).powi(2);
            0.5 * (f64::from(mean).powi(2) + variance - 1.0 - variance.ln())
        });
        let mean = of_rows.sum::<f64>() / rows.nrows() as f64;
        assert!((mean - kl).abs() < 1e-4 * kl.max(1.0), "{mean}, {kl}");
        let variance = means.column(value).mapv(f64::from).var(0.0);
        let found = bounded.variance_of_values[value];
        assert!((found - variance).abs() < 1e-4, "{found}, {variance}");
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("codes.npy");
    narrows::apply::encode_with_stds(&model, &data, &out, &mut |_| Ok(())).unwrap();
    let source = Source::open(&out.display().to_string()).unwrap();
    let both = ndarray::concatenate![ndarray::Axis(1), means, stds];
    assert_eq!(source.train.to_array(), both);
    let plain = Recipe::named("table").unwrap();
    let plain = narrows::fit(&Recipe { epochs: 1, ..plain }, &data).unwrap();
    for error in [
        plain.code_stds(&rows).unwrap_err(),
        narrows::apply::encode_with_stds(&plain, &data, &out, &mut |_| Ok(())).unwrap_err(),
    ] {
        assert!(error.to_string().contains("variational"), "{error}");
    }
}

/// The sigmoid gives the parameter of the distribution, and the model its mean.
#[test]
fn a_continuous_bernoulli_likelihood_gives_means() {
    let data = rows(50, false);
    let case = |likelihood| {
        Case {
            likelihood,
            ..PLAIN
        }
        .recipe()
    };
    let model = narrows::fit(&case(ContinuousBernoulli), &data).unwrap();
    let parameters = model.parameters().flat();
    let scaling = model.scaling().clone();
    let of_sigmoid = Model::new(case(CrossEntropy), scaling, data.shape(), parameters).unwrap();
    let all = data.to_array_f64() / 255.0;
    let [means, parameters] = [&model, &of_sigmoid].map(|model| {
        let given = &all * 255.0;
        model.reconstruct(&given).unwrap() / 255.0
    });
    let mut furthest = 0f64;
    for (&mean, &p) in means.iter().zip(&parameters) {
        let expected = match p - 0.5 {
            // The slope of the mean at 1/2 is 1/3.
            away if away.abs() < 1e-3 => 0.5 + away / 3.0,
            _ => p / (2.0 * p - 1.0) + 0.5 / (1.0 - 2.0 * p).atanh(),
        };
        assert!((mean - expected).abs() < 1e-5, "{p}: {mean}, {expected}");
        furthest = furthest.max((mean - p).abs());
    }
    assert!(furthest > 0.01, "{furthest}");
}

/// Rows of one code, drawn from the likelihood: their mean is the row that the code decodes to, and their std the std of the
/// likelihood.
#[test]
fn rows_are_drawn_from_the_likelihood() {
    const DRAWN: usize = 4000;
    for likelihood in Likelihood::ALL {
        let data = rows(60, likelihood == Bernoulli);
        let mut recipe = Case {
            likelihood,
            ..PLAIN
        }
        .recipe();
        recipe.epochs = 3;
        let model = narrows::fit(&recipe, &data).unwrap();
        let first = data.head(1).unwrap();
        let samples = || Samples::around(&model, &first, DRAWN, Some(0.0), 5).unwrap();
        let drawn = samples().with_noise(5);
        if likelihood == CrossEntropy {
            let error = drawn.err().unwrap().to_string();
            assert!(error.contains("scaling.draw"), "{error}");
            continue;
        }
        let drawn = drawn.unwrap();
        let all = drawn.rows(0..DRAWN).unwrap();
        assert_eq!(
            drawn.rows(7..9).unwrap().row(1),
            all.row(8),
            "{likelihood:?}"
        );
        let other = samples().with_noise(6).unwrap().rows(0..1).unwrap();
        assert_ne!(other.row(0), all.row(0), "{likelihood:?}");
        // In scaled units, which are from 0 to 1.
        let (all, given) = (all / 255.0, samples().rows(0..1).unwrap() / 255.0);
        for (value, drawn) in all.columns().into_iter().enumerate() {
            let expected = given[[0, value]];
            let std = match likelihood {
                Bernoulli => {
                    let is_binary = |value: &f64| value.abs() < 1e-6 || (value - 1.0).abs() < 1e-6;
                    assert!(drawn.iter().all(is_binary), "{drawn}");
                    (expected * (1.0 - expected)).sqrt()
                }
                ContinuousBernoulli => {
                    assert!(drawn.iter().all(|value| (0.0..=1.000_001).contains(value)));
                    let logit = logit_of_mean(expected);
                    reference::continuous_bernoulli_mean_derivative(logit).sqrt()
                }
                Gaussian(std) => std,
                _ => {
                    let stds = model.learned_stds().unwrap();
                    stds[value.min(stds.len() - 1)]
                }
            };
            let (mean, found) = (drawn.mean().unwrap(), drawn.std(0.0));
            let error = 5.0 * std / (DRAWN as f64).sqrt();
            assert!(
                (mean - expected).abs() < error,
                "{likelihood:?}: {mean}, {expected}"
            );
            assert!(
                (found / std - 1.0).abs() < 0.1,
                "{likelihood:?}: {found}, {std}"
            );
        }
    }
    let plain = Recipe::named("table").unwrap();
    let data = rows(60, false);
    let plain = narrows::fit(&Recipe { epochs: 1, ..plain }, &data).unwrap();
    let samples = Samples::around(&plain, &data, 2, Some(0.0), 5).unwrap();
    let error = samples.with_noise(5).err().unwrap().to_string();
    assert!(
        error.contains("no likelihood") && error.contains("mse"),
        "{error}"
    );
}

/// The logit of a continuous Bernoulli distribution with a mean, by bisection.
fn logit_of_mean(mean: f64) -> f64 {
    let (mut low, mut high) = (-1e4, 1e4);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if reference::continuous_bernoulli_mean(middle) < mean {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}
