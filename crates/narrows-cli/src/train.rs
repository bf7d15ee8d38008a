//! `narrows train`

use crate::output::{duration, epochs_of, figures, note, print, table, thousands};
use crate::progress::Display;
use crate::source::DataArguments;
use clap::Args;
use narrows::run::{Event, PICTURE_FILE, Summary, run as run_recipe};
use narrows::{Recipe, Result};
use std::path::PathBuf;

/// Train a recipe and keep what comes of it in a folder.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A recipe's name (see `narrows recipes`) or a TOML file.
    recipe: String,
    #[command(flatten)]
    source: DataArguments,
    /// The run's folder, new or empty [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Passes over all rows.
    #[arg(long, value_name = "N")]
    epochs: Option<String>,
    /// Rows in a step.
    #[arg(long, value_name = "N")]
    batch_size: Option<String>,
    /// The learning rate.
    #[arg(long = "lr", value_name = "X")]
    learning_rate: Option<String>,
    /// What all randomness follows from.
    #[arg(long, value_name = "N")]
    seed: Option<String>,
    /// Threads, without influence on the result [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Set any key of the recipe, as in `encoder[0].outputs=64`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows train simple-linear
      Train on MNIST, which is built in; the result goes to runs/simple-linear.
  narrows train deep-linear --epochs 3 --seed 1 --out runs/quick
      A shorter run, from other initial parameters, in a folder of its own.
  narrows recipes show simple-linear > mine.toml; narrows train mine.toml
      Copy a recipe, change it, train it.
  narrows train simple-linear --data ~/fashion --set 'encoder[4].outputs=16'
      Other images (a folder of IDX files), and a code of 16 values.
  narrows train simple-linear --json | jq .test_mse
      The result for a script; progress still goes to the terminal.";

impl Arguments {
    /// The options that stand for keys of the recipe, and `--set`, in this order.
    fn overrides(&self) -> Vec<String> {
        [
            ("training.epochs", &self.epochs),
            ("training.batch_size", &self.batch_size),
            ("optimizer.learning_rate", &self.learning_rate),
            ("training.seed", &self.seed),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_ref()?)))
        .chain(self.overrides.iter().cloned())
        .collect()
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let recipe = Recipe::load(&arguments.recipe, &arguments.overrides())?;
    let source = arguments.source.open()?;
    let mut display = Display::new();
    let threads = arguments.threads.map_or(0, usize::from);
    let summary = run_recipe(
        &recipe,
        &source,
        arguments.out.as_deref(),
        threads,
        &mut |event| match event {
            Event::Start(folder) => {
                note(&format!(
                    "{}: {} -> {}",
                    recipe.name,
                    recipe.about,
                    folder.display()
                ));
            }
            Event::Warning(warning) => display.line(&format!("narrows: warning: {warning}")),
            Event::Progress(progress) => display.progress(progress),
            Event::Epoch(record) => display.epoch(record, recipe.epochs),
            Event::Stage(name) => display.stage(name),
        },
    );
    display.finish();
    let summary = summary?.summary;
    if arguments.json {
        print(&summary.to_json().to_string());
    } else {
        print(&describe(&summary));
    }
    Ok(())
}

fn describe(summary: &Summary) -> String {
    let Summary {
        test_mse,
        pca_mse,
        code_size,
        inputs,
        ..
    } = *summary;
    let verdict = match pca_mse {
        None => String::new(),
        Some(_) if code_size >= inputs => "PCA loses nothing with so many components".into(),
        Some(pca) => {
            // PCA is given clean rows.
            let clean = summary.corrupted.map_or(test_mse, |c| c.clean_test_mse);
            let share = 100.0 * (clean - pca).abs() / pca;
            match clean < pca {
                true => format!("{share:.0} % below PCA"),
                false => {
                    format!("{share:.0} % above PCA: a linear map of the same size does better")
                }
            }
        }
    };
    let pca_mse = pca_mse.map_or_else(
        || "not measured: so many components of such wide rows need too much memory".into(),
        figures,
    );
    let held_out = if summary.held_out {
        ", held out of the data"
    } else {
        ""
    };
    let mut files = "report.html, recipe.toml, metrics.jsonl, model.safetensors".to_string();
    if summary.has_picture {
        files.push_str(", ");
        files.push_str(PICTURE_FILE);
    }
    let mut rows = vec![("test MSE", format!("{}   {verdict}", figures(test_mse)))];
    if let Some(corrupted) = &summary.corrupted {
        rows[0].1 = format!(
            "{}   of corrupted rows, which are {} from the clean ones",
            figures(test_mse),
            figures(corrupted.noise_mse)
        );
        let clean = format!("{}   {verdict}", figures(corrupted.clean_test_mse));
        rows.push(("clean MSE", clean));
    }
    let pca_name = format!("PCA-{code_size} MSE");
    rows.push((&pca_name, pca_mse));
    rows.extend([
        (
            "tested on",
            format!("{} rows{held_out}", thousands(summary.test_rows as f64)),
        ),
        ("code", format!("{inputs} -> {code_size} values")),
        (
            "training",
            format!(
                "{} for {}, {} images/s",
                duration(summary.seconds),
                epochs_of(summary.epochs),
                thousands(summary.images_per_second)
            ),
        ),
        ("run", format!("{}  ({files})", summary.run.display())),
    ]);
    table(&rows)
}
