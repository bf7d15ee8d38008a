//! `narrows evaluate`

use crate::isa::IsaArgument;
use crate::output::{
    columns, count_of, figures, note, print, print_json, table, thousands, wrapped_to_terminal,
};
use crate::progress::Display;
use crate::source::{DataArguments, open};
use clap::Args;
use narrows::data::OtherRows;
use narrows::evaluate::{Evaluation, NEIGHBORS, Quality, evaluate};
use narrows::run::load_model;
use narrows::{Result, apply};
use std::path::PathBuf;

/// Measure a trained model on rows that it has not seen, with PCA of the same code size beside it. Without --data these
/// are the test rows of its run.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// Threads, without influence on the result [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    #[command(flatten)]
    isa: IsaArgument,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows evaluate runs/simple-linear
  narrows evaluate model.safetensors --data ~/fashion
  narrows evaluate runs/simple-linear --json | jq .model.knn_accuracy";

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let model = load_model(&arguments.model)?;
    let (source, own);
    let split = match arguments.source.data.is_empty() {
        true => {
            own = arguments.source.own(&arguments.model, &model)?;
            arguments.source.own_split(&own)?
        }
        false => {
            let reading = arguments.source.reading.options_without_null()?;
            let options = apply::options_for_split(&model, &reading)?;
            source = open(&arguments.source.data, &options)?;
            apply::check(&model, &source.train)?;
            let again = model.split_again(&source, OtherRows::default())?;
            if let Some(difference) = &again.difference {
                note(difference);
            }
            again.split
        }
    };
    let mut display = Display::new();
    let threads = arguments.threads.map_or(0, usize::from);
    let evaluation = evaluate(&model, &split, threads, &mut |progress| {
        display.part(progress.stage, progress.done, progress.total);
    });
    display.finish();
    let evaluation = evaluation?;
    if arguments.json {
        print_json(evaluation.to_json());
    } else {
        print(&describe(&evaluation));
    }
    Ok(())
}

fn describe(evaluation: &Evaluation) -> String {
    let mut parts = vec![measures(evaluation)];
    parts.extend(class_errors(evaluation));
    parts.extend(robustness(evaluation));
    parts.extend(units(evaluation));
    parts.extend(jacobian(evaluation));
    parts.push(about(evaluation));
    parts.join("\n\n")
}

fn pca_name(evaluation: &Evaluation) -> String {
    let inputs: usize = evaluation.shape.iter().product();
    format!("PCA-{}", evaluation.code_size.min(inputs))
}

fn optional(value: Option<f64>, show: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "-".into(), show)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Model and PCA side by side; what cannot be measured of these data has no line.
fn measures(evaluation: &Evaluation) -> String {
    let mut rows = vec![vec![
        String::new(),
        evaluation.recipe.clone(),
        pca_name(evaluation),
    ]];
    let mut add = |name: &str, of: &dyn Fn(&Quality) -> Option<String>| {
        let model = of(&evaluation.model);
        let pca = evaluation.pca.as_ref().and_then(of);
        if model.is_some() || pca.is_some() {
            let shown = [model, pca].map(|value| value.unwrap_or_else(|| "-".into()));
            rows.push([&[name.to_string()], &shown[..]].concat());
        }
    };
    add("MSE", &|q| Some(figures(q.mse)));
    add("MSE, own noise", &|q| q.noisy_mse.map(figures));
    add("PSNR", &|q| q.psnr.map(|psnr| format!("{psnr:.2} dB")));
    add("SSIM", &|q| q.ssim.map(|ssim| format!("{ssim:.3}")));
    // What was tried in vain has its line too, and the reason below.
    add("linear-probe accuracy", &|q| {
        let refused = q.probe_refusal.as_ref().map(|_| "-".to_string());
        q.linear_probe_accuracy.map(percent).or(refused)
    });
    let neighbors = format!("{NEIGHBORS}-NN accuracy");
    add(&neighbors, &|q| q.knn_accuracy.map(percent));
    columns(&rows)
}

fn class_errors(evaluation: &Evaluation) -> Option<String> {
    if evaluation.class_errors.is_empty() {
        return None;
    }
    let mut rows = vec![["class", "rows", "MSE", &pca_name(evaluation)].map(String::from)];
    rows.extend(evaluation.class_errors.iter().map(|class| {
        [
            class.name.clone(),
            thousands(class.rows as f64),
            figures(class.mse),
            optional(class.pca_mse, figures),
        ]
    }));
    Some(columns(&rows))
}

fn robustness(evaluation: &Evaluation) -> Option<String> {
    if evaluation.robustness.is_empty() {
        return None;
    }
    let mut rows = vec![["noise", "level", "MSE", &pca_name(evaluation)].map(String::from)];
    for curve in &evaluation.robustness {
        rows.extend(curve.points.iter().map(|point| {
            [
                curve.noise.clone(),
                format!("{}", point.level),
                figures(point.mse),
                optional(point.pca_mse, figures),
            ]
        }));
    }
    Some(columns(&rows))
}

fn units(evaluation: &Evaluation) -> Option<String> {
    if evaluation.units.is_empty() {
        return None;
    }
    let mut rows = vec![["layer", "kind", "units", "dead"].map(String::from)];
    rows.extend(evaluation.units.iter().map(|units| {
        let code = if units.is_code { " (code)" } else { "" };
        [
            format!("{}{code}", units.layer),
            units.kind.clone(),
            thousands(units.units as f64),
            thousands(units.dead as f64),
        ]
    }));
    Some(columns(&rows))
}

fn jacobian(evaluation: &Evaluation) -> Option<String> {
    let found = evaluation.jacobian.as_ref()?;
    let shown: Vec<String> = found.spectrum.iter().take(8).map(|&s| figures(s)).collect();
    let more = match found.spectrum.len() > shown.len() {
        true => format!(
            " … {}",
            found.spectrum.last().map_or(String::new(), |&s| figures(s))
        ),
        false => String::new(),
    };
    Some(table(&[
        (
            "mean ‖J‖_F",
            format!(
                "{}   J: the code's derivatives by the input, at {} test rows",
                figures(found.mean_norm),
                thousands(found.rows as f64)
            ),
        ),
        ("singular values", format!("{}{more}", shown.join("  "))),
    ]))
}

/// What values span: 255, or a few digits.
fn span(range: f64) -> String {
    match range.fract() == 0.0 {
        true => thousands(range),
        false => figures(range),
    }
}

/// What the numbers are of.
fn about(evaluation: &Evaluation) -> String {
    let held_out = if evaluation.held_out {
        ", held out of the data"
    } else {
        ""
    };
    let mut lines = vec![format!(
        "  measured on {} rows{held_out} ({}); MSE in the units of training",
        thousands(evaluation.test_rows as f64),
        evaluation.data
    )];
    if let (Some(own), Some(draws)) = (&evaluation.corruption, evaluation.noise_draws) {
        lines.push(format!(
            "  own noise: {} of {} as in training, {} a row, against the clean rows; MSE alone is of clean rows",
            own.name(),
            own.strength(),
            count_of(draws as usize, "noise"),
        ));
    }
    if let Some(range) = evaluation.data_range {
        lines.push(format!(
            "  PSNR and SSIM in the data's own units, whose values span {}",
            span(range)
        ));
    }
    if evaluation.model.knn_accuracy.is_some() {
        lines.push(format!(
            "  accuracy: share of test rows classified right by the code, learned from {} training rows",
            thousands(evaluation.train_rows as f64)
        ));
    } else if evaluation.class_errors.is_empty() {
        lines.push("  the data have no labels, so that no accuracy is measured".into());
    } else {
        lines.push("  no accuracy is measured: one class, or codes too large".into());
    }
    let pca = evaluation.pca.as_ref();
    for (name, quality) in [("the model", Some(&evaluation.model)), ("PCA", pca)] {
        if let Some(why) = quality.and_then(|quality| quality.probe_refusal.as_ref()) {
            lines.push(format!("  linear probe of {name}: {why}"));
        }
    }
    if evaluation.jacobian.is_none() {
        lines.push(
            "  Jacobians: not formed, of such wide codes or rows they take too much time or memory"
                .into(),
        );
    }
    for why in &evaluation.left_out {
        lines.push(format!("  left out: {why}"));
    }
    if evaluation.pca.is_none() && evaluation.left_out.is_empty() {
        lines.push(format!(
            "  {}: not measured, so many components of such wide rows need too much memory",
            pca_name(evaluation)
        ));
    }
    let fitted = |line: &String| wrapped_to_terminal(line.trim_start(), "  ", "    ");
    lines.iter().map(fitted).collect::<Vec<_>>().join("\n")
}
