//! A check of the original's claims, in sentences made from the numbers of the runs.

use super::record::ClassicRow;
use crate::text::{figures, thousands};

/// The indices of the experiments that the claims are about.
const DEEP: usize = 0;
const SIMPLE: usize = 1;
const STRONG: usize = 5;
const LIGHT: usize = 6;
const FREE: usize = 7;

/// The names of the three contractive models.
const PENALTIES: [(usize, &str); 3] =
    [(STRONG, "λ = 5"), (LIGHT, "λ = 1e-4"), (FREE, "no penalty")];

/// If the error of a model is at least this share of the error of one constant image, the model hardly follows its
/// input.
const IDLE: f64 = 0.95;

/// The original's claims, checked by the results of all experiments in order, each in the original setting and then in
/// the corrected one.
pub(super) fn claims(rows: &[ClassicRow]) -> Vec<String> {
    let of = |experiment: usize, setting: usize| &rows[2 * experiment + setting];
    let settings = [0, 1];
    let worse = settings.map(|setting| of(DEEP, setting).mse > of(SIMPLE, setting).mse);
    let more = settings
        .map(|setting| of(STRONG, setting).sensitivity() > of(LIGHT, setting).sensitivity());
    let mut claims = vec![
        format!(
            "\"The deep model is worse than the simple one\" {}. The errors are {} and {} in the original setting, \
             and {} and {} in the corrected setting. The deep model has a code of 3 values and the simple one a \
             code of 8, so the comparison says nothing about depth.",
            holds(worse),
            figures(of(DEEP, 0).mse),
            figures(of(SIMPLE, 0).mse),
            figures(of(DEEP, 1).mse),
            figures(of(SIMPLE, 1).mse),
        ),
        format!(
            "\"λ = 5 is more sensitive to noise than λ = 1e-4\" {}. Sensitivity is the relative increase of a \
             model's error by Gaussian noise, averaged over the levels of noise.",
            holds(more)
        ),
    ];
    for (setting, name) in settings.into_iter().zip(["original", "corrected"]) {
        let of = |experiment: usize| of(experiment, setting);
        claims.push(format!(
            "In the {name} setting, {} {} {}",
            order(&of),
            effect(&of),
            errors(&of)
        ));
        claims.extend(
            PENALTIES
                .iter()
                .filter_map(|&(place, penalty)| idle(of(place), penalty, name)),
        );
    }
    claims
}

fn holds(yes: [bool; 2]) -> &'static str {
    match yes {
        [true, true] => "holds in both settings",
        [true, false] => "holds in the original setting only",
        [false, true] => "holds in the corrected setting only",
        [false, false] => "does not hold in either setting",
    }
}

/// The models in words, the most sensitive first.
fn order<'a>(of: &dyn Fn(usize) -> &'a ClassicRow) -> String {
    let mut all = PENALTIES.map(|(place, name)| (of(place).sensitivity(), name));
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let [first, second, third] =
        all.map(|(added, name)| format!("{name} ({} %)", signed(100.0 * added)));
    format!("the models are, from the most to the least sensitive: {first}, {second}, {third}.")
}

/// A whole number with its sign: `+1,200`.
fn signed(number: f64) -> String {
    let plus = if number.round() > 0.0 { "+" } else { "" };
    format!("{plus}{}", thousands(number))
}

/// Whether the penalty has its intended effect.
fn effect<'a>(of: &dyn Fn(usize) -> &'a ClassicRow) -> String {
    let free = of(FREE).sensitivity();
    let less = [STRONG, LIGHT].map(|place| of(place).sensitivity() < free);
    match less {
        [true, true] => "Compared with no penalty, both penalties make the model less sensitive.",
        [false, false] => {
            "Compared with no penalty, neither penalty makes the model less sensitive."
        }
        [true, false] => {
            "Compared with no penalty, λ = 5 makes the model less sensitive and λ = 1e-4 does not."
        }
        [false, true] => {
            "Compared with no penalty, λ = 1e-4 makes the model less sensitive and λ = 5 does not."
        }
    }
    .to_string()
}

/// The absolute errors: relative to a small clean error they look large.
fn errors<'a>(of: &dyn Fn(usize) -> &'a ClassicRow) -> String {
    let each = PENALTIES.map(|(place, name)| {
        let row = of(place);
        let reference = row
            .noisy_reference
            .map_or(String::new(), |mse| format!(" (PyTorch: {mse})"));
        format!("{} for {name}{reference}", figures(row.noisy_mse()))
    });
    format!("With noise of std 1.5, the errors are {}.", each.join(", "))
}

/// A sentence if a model hardly follows its input.
fn idle(row: &ClassicRow, penalty: &str, setting: &str) -> Option<String> {
    (row.mse >= IDLE * row.constant_mse).then(|| {
        format!(
            "In the {setting} setting, the model with {penalty} has an error of {}. The mean image, given for every \
             input, has {}. So the model hardly follows its input, and its small sensitivity says little.",
            figures(row.mse),
            figures(row.constant_mse)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Measure;
    use crate::study::classic::{EXPERIMENTS, SETTINGS};

    /// Results in which noise adds the error `added` to each experiment.
    fn rows(
        mse: impl Fn(usize, usize) -> f64,
        added: impl Fn(usize, usize) -> f64,
    ) -> Vec<ClassicRow> {
        let row = |place: usize| {
            let (experiment, setting) = (place / 2, place % 2);
            let clean = mse(experiment, setting);
            let noisy = |share: f64| clean * (1.0 + share * added(experiment, setting));
            ClassicRow {
                experiment: EXPERIMENTS[experiment].name,
                setting: SETTINGS[setting],
                epochs: 10,
                metric: crate::evaluate::metric::TEST_MSE,
                mse: clean,
                over_seeds: Measure::of(&[clean]),
                reference: None,
                pca_mse: None,
                constant_mse: 0.07,
                gaussian: vec![(0.0, clean), (0.5, noisy(0.5)), (1.5, noisy(1.5))],
                noisy_reference: EXPERIMENTS[experiment].noisy_reference[setting],
            }
        };
        (0..2 * EXPERIMENTS.len()).map(row).collect()
    }

    #[test]
    fn sensitivity_is_the_mean_of_what_noise_adds() {
        let rows = rows(|_, _| 0.02, |_, _| 2.0);
        assert!((rows[0].sensitivity() - 2.0).abs() < 1e-9);
        assert!((rows[0].noisy_mse() - 0.08).abs() < 1e-9);
        assert_eq!(rows[0].noisy(), "0.08000 (+300 %)");
        let noisy = |noisy| {
            let gaussian = vec![(0.0, 0.02), (1.5, noisy)];
            ClassicRow {
                gaussian,
                ..rows[0].clone()
            }
            .noisy()
        };
        assert_eq!(noisy(0.01999), "0.01999 (0 %)");
        assert_eq!(noisy(0.018), "0.01800 (-10 %)");
        assert_eq!(noisy(0.199), "0.1990 (+895 %)");
        assert_eq!(noisy(0.2), "0.2000 (×10)");
        assert_eq!(noisy(0.4), "0.4000 (×20)");
        let none = ClassicRow {
            gaussian: Vec::new(),
            ..rows[0].clone()
        };
        assert!(none.sensitivity().is_nan() && none.noisy_mse().is_nan());
    }

    #[test]
    fn every_outcome_has_its_words() {
        let words = [
            ([true, true], "holds in both settings"),
            ([true, false], "holds in the original setting only"),
            ([false, true], "holds in the corrected setting only"),
            ([false, false], "does not hold in either setting"),
        ];
        for (yes, words) in words {
            let mse = |experiment, setting: usize| {
                if experiment == DEEP && yes[setting] {
                    0.05
                } else {
                    0.03
                }
            };
            let added = |experiment, setting: usize| {
                if experiment == STRONG && yes[setting] {
                    2.0
                } else {
                    1.0
                }
            };
            let claims = claims(&rows(mse, added));
            assert!(claims[0].contains(words), "{}", claims[0]);
            assert!(claims[1].contains(words), "{}", claims[1]);
        }
    }

    #[test]
    fn the_order_and_the_effect_are_those_of_the_numbers() {
        let found = |strong: f64, light: f64, free: f64| {
            let added = |experiment, _| match experiment {
                STRONG => strong,
                LIGHT => light,
                _ => free,
            };
            claims(&rows(|_, _| 0.02, added))[2].clone()
        };
        let text = found(0.1, 1.0, 0.5);
        let order = "λ = 1e-4 (+100 %), no penalty (+50 %), λ = 5 (+10 %)";
        assert!(text.contains(order), "{text}");
        assert!(
            text.contains("λ = 5 makes the model less sensitive and"),
            "{text}"
        );
        assert!(found(0.1, 0.2, 0.5).contains("both penalties"));
        assert!(found(0.6, 0.7, 0.5).contains("neither penalty"));
        assert!(found(0.6, 0.2, 0.5).contains("λ = 1e-4 makes the model less"));
        // The references stand beside the errors.
        assert!(
            text.contains("0.02300 for λ = 5 (PyTorch: 0.644)"),
            "{text}"
        );
    }

    #[test]
    fn a_model_that_gives_the_mean_image_is_called_that() {
        let mse = |experiment, setting| match (experiment, setting) {
            (STRONG, 1) => 0.069,
            _ => 0.02,
        };
        let claims = claims(&rows(mse, |_, _| 0.1));
        let said: Vec<&String> = claims
            .iter()
            .filter(|c| c.contains("hardly follows"))
            .collect();
        assert_eq!(said.len(), 1, "{claims:?}");
        assert!(said[0].starts_with("In the corrected setting, the model with λ = 5"));
    }
}
