//! The results of a run, in a table.

use crate::output::{
    columns, count_of, duration, figures, grouped, shown_path, table, thousands,
    wrapped_to_terminal,
};
use narrows::evaluate::Evaluation;
use narrows::evaluate::metric::{TEST_BOUND, TEST_KL, TEST_MSE};
use narrows::evaluate::metrics::{DENOISING, Measured};
use narrows::model::Threshold;
use narrows::run::{PICTURE_FILE, REPORT_FILE, Summary};
use narrows::train::Profile;

pub(super) fn describe(summary: &Summary) -> String {
    let held_out = if summary.held_out {
        ", held out of the data"
    } else {
        ""
    };
    let mut files = "model.safetensors, recipe.toml, metrics.jsonl".to_string();
    if summary.has_picture() {
        files.push_str(", ");
        files.push_str(PICTURE_FILE);
    }
    let mut rows = Vec::new();
    if let Some(evaluation) = &summary.evaluation {
        rows.extend(describe_errors(evaluation));
    }
    if let Some((epoch, loss)) = summary.best {
        let stopped = if summary.stopped_early {
            format!("; stopped after {}", count_of(summary.epochs, "epoch"))
        } else {
            String::new()
        };
        let text = format!(
            "{}   of epoch {epoch}, the best; its model is kept{stopped}",
            figures(loss)
        );
        rows.push(("validation loss".into(), text));
    }
    if let Some(threshold) = &summary.threshold {
        rows.push(("threshold".into(), describe_threshold(threshold)));
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
        ("trained on".into(), trained),
        ("tested on".into(), tested),
        (
            "code".into(),
            format!(
                "{} -> {}",
                thousands(summary.inputs as f64),
                count_of(summary.code_size, "value")
            ),
        ),
        (
            "training".into(),
            format!(
                "{} for {}, {} {}/s with {}",
                duration(summary.seconds),
                count_of(summary.epochs, "epoch"),
                thousands(summary.rows_per_second),
                if summary.is_of_images {
                    "images"
                } else {
                    "rows"
                },
                summary.isa
            ),
        ),
        (
            "run".into(),
            format!("{}   {files}", shown_path(&summary.run)),
        ),
        ("report".into(), shown_path(&summary.run.join(REPORT_FILE))),
    ]);
    let rows: Vec<(&str, String)> = rows
        .iter()
        .map(|(name, text): &(String, String)| (&name[..], text.clone()))
        .collect();
    table(&rows)
}

/// The errors of an evaluation, each with what it says.
fn describe_errors(evaluation: &Evaluation) -> Vec<(String, String)> {
    let pca_name = format!("{} test MSE", evaluation.pca_name());
    let verdict = evaluation.beside_pca_in_words().unwrap_or_default();
    let mut rows = Vec::new();
    if let Some(denoising) = &evaluation.denoising {
        let verdict = if denoising.is_worse_than_noisy_input() {
            "worse than no denoising"
        } else if denoising.is_worse_than_affine_map() {
            "worse than the best affine map"
        } else {
            ""
        };
        for Measured { metric, of } in DENOISING {
            rows.extend(of(denoising).map(|mse| (metric.title.to_string(), figures(mse))));
        }
        if let Some(why) = &denoising.affine_map_left_out {
            rows.push(("best affine map".into(), format!("left out: {why}")));
        }
        let noise = denoising.noise_in_words();
        let said = if verdict.is_empty() {
            noise
        } else {
            format!("{verdict} ({noise})")
        };
        if let Some((_, text)) = rows.first_mut() {
            text.push_str(&format!("   {said}"));
        }
    }
    if let Some(bounded) = &evaluation.bounded {
        for (title, nats) in bounded.lines() {
            let said = match &title[..] {
                title if title == TEST_BOUND.title => format!("   in nats: {}", bounded.title()),
                title if title == TEST_KL.title => format!(
                    "   {} of {} of the code active",
                    bounded.active_units,
                    count_of(evaluation.code_size, "value")
                ),
                _ => String::new(),
            };
            rows.push((title, format!("{nats}{said}")));
        }
    }
    let clean = if evaluation.denoising.is_some() {
        "   of clean rows"
    } else {
        ""
    };
    let gap = if verdict.is_empty() { "" } else { "   " };
    let test_mse = figures(evaluation.model.test_mse);
    rows.push((
        TEST_MSE.title.into(),
        format!("{test_mse}{clean}{gap}{verdict}"),
    ));
    match (&evaluation.pca, &evaluation.pca_left_out) {
        (Some(pca), _) => rows.push((pca_name, figures(pca.test_mse))),
        (None, Some(why)) => rows.push(("PCA".into(), format!("left out: {why}"))),
        (None, None) => {}
    }
    rows
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
    let time = |seconds: f64| grouped(1e6 * seconds, 1);
    let share = |seconds: f64| format!("{:.1} %", 100.0 * seconds / profile.seconds);
    let mut rows = vec![["a step", "share", "µs", "GFLOP/s"].map(String::from)];
    rows.extend(profile.parts.iter().map(|part| {
        let rate = part.operations_per_second;
        let rate = rate.map_or("-".into(), |rate| thousands(rate / 1e9));
        [
            part.name.into(),
            share(part.seconds),
            time(part.seconds),
            rate,
        ]
    }));
    let whole = profile.seconds;
    rows.push(["together".into(), share(whole), time(whole), "-".into()]);
    let steps = format!(
        "mean of {}, with {}; {} µs more between two steps",
        count_of(profile.steps, "step"),
        count_of(profile.threads, "thread"),
        time(profile.between)
    );
    format!(
        "\n{}\n\n{}",
        columns(&rows),
        wrapped_to_terminal(&steps, "  ", "  ")
    )
}
