//! What came of a run, in a table.

use crate::output::{columns, count_of, duration, figures, table, thousands};
use narrows::model::Threshold;
use narrows::run::{BesidePca, PICTURE_FILE, REPORT_FILE, Summary};
use narrows::train::Profile;

pub(super) fn describe(summary: &Summary) -> String {
    let Summary {
        test_mse,
        pca_mse,
        code_size,
        inputs,
        ..
    } = *summary;
    let verdict = match pca_mse.zip(test_mse) {
        None => String::new(),
        Some(_) if code_size >= inputs => "PCA loses nothing with so many components".into(),
        Some((pca, test_mse)) => {
            // PCA is given clean rows.
            let clean = summary.corrupted.map_or(test_mse, |c| c.clean_test_mse);
            match BesidePca::of(clean, pca) {
                BesidePca::Same => "as PCA".to_string(),
                BesidePca::Below(percent) => format!("{percent:.0} % below PCA"),
                BesidePca::Above(percent) => {
                    format!("{percent:.0} % above PCA: a linear map of the same size does better")
                }
                BesidePca::NearlyExact => {
                    "PCA is nearly exact: a linear map of the same size does better".to_string()
                }
            }
        }
    };
    let pca_mse = pca_mse.map_or_else(
        || {
            "not measured: so many components need too much memory, or the values are too large"
                .into()
        },
        figures,
    );
    let held_out = if summary.held_out {
        ", held out of the data"
    } else {
        ""
    };
    let mut files = "model.safetensors, recipe.toml, metrics.jsonl".to_string();
    if summary.has_picture {
        files.push_str(", ");
        files.push_str(PICTURE_FILE);
    }
    let mut rows = Vec::new();
    let pca_name = format!("PCA-{} MSE", code_size.min(inputs));
    if let Some(test_mse) = test_mse {
        match &summary.corrupted {
            None => rows.push(("test MSE", format!("{}   {verdict}", figures(test_mse)))),
            Some(corrupted) => {
                let text = format!(
                    "{}   of corrupted rows, which are {} from the clean ones",
                    figures(test_mse),
                    figures(corrupted.noise_mse)
                );
                let clean = format!("{}   {verdict}", figures(corrupted.clean_test_mse));
                rows.extend([("test MSE", text), ("clean MSE", clean)]);
            }
        }
        rows.push((&pca_name, pca_mse));
    }
    if let Some((epoch, loss)) = summary.best {
        let stopped = if summary.stopped_early {
            format!("; stopped after {}", count_of(summary.epochs, "epoch"))
        } else {
            String::new()
        };
        let text = format!(
            "{}   of epoch {epoch}, the best, whose model is kept{stopped}",
            figures(loss)
        );
        rows.push(("validation", text));
    }
    if let Some(threshold) = &summary.threshold {
        rows.push(("threshold", describe_threshold(threshold)));
    }
    let watched = match summary.validation_rows {
        0 => String::new(),
        count => format!(", {} more for validation", thousands(count as f64)),
    };
    let trained = format!("{}{watched}", count_of(summary.train_rows, "row"));
    let tested = match summary.test_rows {
        0 => "no rows".to_string(),
        count => format!("{}{held_out}", count_of(count, "row")),
    };
    rows.extend([
        ("trained on", trained),
        ("tested on", tested),
        (
            "code",
            format!(
                "{} -> {}",
                thousands(inputs as f64),
                count_of(code_size, "value")
            ),
        ),
        (
            "training",
            format!(
                "{} for {}, {} {}/s with {}",
                duration(summary.seconds),
                count_of(summary.epochs, "epoch"),
                thousands(summary.rows_per_second),
                if summary.has_picture {
                    "images"
                } else {
                    "rows"
                },
                summary.isa
            ),
        ),
        ("run", format!("{}   {files}", summary.run.display())),
        (
            "report",
            summary.run.join(REPORT_FILE).display().to_string(),
        ),
    ]);
    table(&rows)
}

/// A threshold with where it is from.
fn describe_threshold(threshold: &Threshold) -> String {
    let (rule, level) = threshold.rule.parts();
    format!(
        "{}   {rule} of {level}, from {}",
        figures(threshold.value.into()),
        threshold.rows_in_words()
    )
}

pub(super) fn describe_profile(profile: &Profile) -> String {
    let time = |seconds: f64| format!("{:.1}", 1e6 * seconds);
    let share = |seconds: f64| format!("{:.1} %", 100.0 * seconds / profile.seconds);
    let mut rows = vec![["a step", "share", "µs", "GFLOP/s"].map(String::from)];
    rows.extend(profile.parts.iter().map(|part| {
        let rate = part.operations_per_second;
        let rate = rate.map_or("-".into(), |rate| format!("{:.0}", rate / 1e9));
        [
            part.name.into(),
            share(part.seconds),
            time(part.seconds),
            rate,
        ]
    }));
    let whole = profile.seconds;
    rows.push(["together".into(), share(whole), time(whole), "-".into()]);
    format!(
        "\n{}\n\n  the mean of {} steps, over {}; {} µs more between a step and the next",
        columns(&rows),
        thousands(profile.steps as f64),
        match profile.threads {
            1 => "1 thread".into(),
            threads => format!("{threads} threads"),
        },
        time(profile.between)
    )
}
