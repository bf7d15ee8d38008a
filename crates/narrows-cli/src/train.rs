//! `narrows train`

use crate::output::{columns, count_of, duration, figures, note, print, table, thousands};
use crate::progress::Display;
use crate::source::{DataArguments, open};
use crate::stop::Stop;
use clap::Args;
use narrows::data::{ReadOptions, Source};
use narrows::recipe::Override;
use narrows::run::{
    BesidePca, Event, Every, Options, PICTURE_FILE, RECIPE_FILE, Sources, Summary, load_model,
    recover, resume, run as run_recipe,
};
use narrows::train::Profile;
use narrows::{Error, ErrorKind, Recipe, Result};
use std::path::PathBuf;
use std::time::Duration;

/// Train a recipe and save the run in a folder.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A recipe's name (see `narrows recipes`) or a TOML file.
    #[arg(required_unless_present = "resume")]
    recipe: Option<String>,
    #[command(flatten)]
    source: DataArguments,
    /// A share of the training rows (`0.1`) or a second source: rows that training watches; the model of the
    /// lowest loss on them is kept.
    #[arg(long, value_name = "SHARE|SOURCE")]
    validation: Option<String>,
    /// The run's folder, new or empty [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overwrite the run that is in the folder.
    #[arg(long)]
    force: bool,
    /// Go on with a run that was stopped, to the same model as if it had not been.
    #[arg(long, value_name = "RUN", conflicts_with_all = [
        "recipe", "data", "columns", "drop", "label", "id", "missing", "header", "classes", "image_size",
        "skip_bad", "fit", "layout", "separator", "decimal", "thousands", "quote", "comment", "skip_lines", "skip_end",
        "units", "encoding", "validation", "out", "force", "epochs", "batch_size", "learning_rate", "seed", "overrides",
        "init_from",
    ])]
    resume: Option<PathBuf>,
    /// Begin with the parameters of a model of the same layers, as a new run.
    #[arg(long, value_name = "MODEL")]
    init_from: Option<PathBuf>,
    /// Passes over all rows.
    #[arg(long, value_name = "N")]
    epochs: Option<String>,
    /// Rows in a step.
    #[arg(long, value_name = "N")]
    batch_size: Option<String>,
    /// The learning rate.
    #[arg(long = "lr", value_name = "X")]
    learning_rate: Option<String>,
    /// The random seed.
    #[arg(long, value_name = "N")]
    seed: Option<String>,
    /// Threads, without influence on the result [default: as many as a step has work for, at most one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Set any key of the recipe, as in `encoder[0].outputs=64`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// How often the run is saved: so many epochs (`5`), seconds (`30s`) or minutes (`10m`).
    #[arg(long, value_name = "EVERY", default_value = "30s", value_parser = every)]
    checkpoint: Every,
    /// Write losses for TensorBoard too, into the run's folder.
    #[arg(long)]
    tensorboard: bool,
    /// Print at the end where the time of a training step went.
    #[arg(long)]
    profile: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows train simple-linear
      Train on MNIST, which is built in; the result goes to runs/simple-linear.
  narrows train table --data customers.csv --id customer --missing mean --validation 0.1
      Your own table; the model of the lowest validation loss is kept.
  narrows train deep-linear --epochs 3 --seed 1 --out runs/quick
      A shorter run, from other initial parameters, in a folder of its own.
  narrows recipes show simple-linear > mine.toml; narrows train mine.toml
      Copy a recipe, change it, train it.
  narrows train --resume runs/mine
      Go on after Ctrl-C, a crash or a loss of power.
  narrows train simple-linear --set schedule.kind=cosine --set training.patience=5 --validation 0.1
      A falling learning rate, and an end when the validation loss no longer falls.
  narrows train simple-linear --epochs 3 --profile
      Where the time of a step goes: products, optimizer, waiting and so on.
  narrows train simple-linear --json | jq .test_mse
      The result for a script; progress still goes to the terminal.";

fn every(text: &str) -> std::result::Result<Every, String> {
    let expected = || "expected epochs (`5`), seconds (`30s`) or minutes (`10m`)".to_string();
    let time = |text: &str, unit: f64| {
        let number = text.parse::<f64>().ok().filter(|&number| number > 0.0)?;
        Duration::try_from_secs_f64(unit * number)
            .ok()
            .map(Every::Time)
    };
    let found = match (text.strip_suffix('s'), text.strip_suffix('m')) {
        (Some(seconds), _) => time(seconds, 1.0),
        (None, Some(minutes)) => time(minutes, 60.0),
        (None, None) => text
            .parse()
            .ok()
            .filter(|&epochs| epochs > 0)
            .map(Every::Epochs),
    };
    found.ok_or_else(expected)
}

impl Arguments {
    /// The options that stand for keys of the recipe, and `--set`, in this order.
    fn overrides(&self) -> Vec<Override> {
        let share = self.validation.as_ref().filter(|share| is_number(share));
        [
            ("training.epochs", "--epochs", self.epochs.as_ref()),
            (
                "training.batch_size",
                "--batch-size",
                self.batch_size.as_ref(),
            ),
            (
                "optimizer.learning_rate",
                "--lr",
                self.learning_rate.as_ref(),
            ),
            ("training.seed", "--seed", self.seed.as_ref()),
            ("training.validation", "--validation", share),
        ]
        .into_iter()
        .filter_map(|(key, option, value)| {
            let value = value?;
            Some(Override {
                assignment: format!("{key}={value}"),
                origin: format!("{option} {value}"),
            })
        })
        .chain(self.overrides.iter().map(|text| Override::set(text)))
        .collect()
    }

    /// Where the rows come from: what is asked for, or what the run that goes on says.
    fn sources(&self) -> Result<Sources> {
        match &self.resume {
            Some(folder) => Sources::read(folder),
            None => Ok(Sources {
                data: self.source.data.clone(),
                reading: self.source.reading.options(),
                validation: self.validation.clone().filter(|share| !is_number(share)),
            }),
        }
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(folder) = &arguments.resume
        && recover(folder)?
    {
        note(&format!(
            "narrows: {}: a run was killed while it overwrote another, and is in its place now",
            folder.display()
        ));
    }
    let sources = arguments.sources()?;
    let recipe = match (&arguments.recipe, &arguments.resume) {
        (Some(recipe), _) => Recipe::load_with(recipe, &arguments.overrides())?,
        (None, folder) => {
            let folder = folder.clone().unwrap_or_default();
            Recipe::load(&folder.join(RECIPE_FILE).display().to_string(), &[])?
        }
    };
    let source = open(&sources.data, &sources.reading)?;
    let validation = match &sources.validation {
        None => None,
        Some(spec) => {
            let options = validation_options(&sources, &source);
            Some(open(std::slice::from_ref(spec), &options)?.into_rows())
        }
    };
    let init_from = arguments.init_from.as_deref().map(load_model).transpose()?;
    let stop = Stop::default();
    let options = Options {
        out: arguments.out.as_deref(),
        force: arguments.force,
        threads: arguments.threads.map_or(0, usize::from),
        sources: Some(sources),
        validation: validation.as_ref(),
        init_from: init_from.as_ref(),
        checkpoint: arguments.checkpoint,
        tensorboard: arguments.tensorboard,
        profile: arguments.profile,
        stop: Some(stop.flag()),
        baselines: None,
    };
    let mut display = Display::of(source.train.shape());
    let mut observe = |event: Event<'_>| match event {
        Event::Start(folder) => {
            stop.listen();
            display.begin();
            let about = match &recipe.about[..] {
                "" => String::new(),
                about => format!(": {about}"),
            };
            display.line(&format!("{}{about} -> {}", recipe.name, folder.display()));
        }
        Event::Resume(folder, epochs, rows) => {
            stop.listen();
            display.begin();
            let rows = match rows {
                0 => String::new(),
                _ => format!(" and {}", count_of(rows, "row")),
            };
            if rows.is_empty() && epochs >= recipe.epochs {
                return display.line(&format!(
                    "{}: is trained already, what is left is testing and the report -> {}",
                    recipe.name,
                    folder.display()
                ));
            }
            display.line(&format!(
                "{}: goes on after {}{rows} of {} -> {}",
                recipe.name,
                count_of(epochs, "epoch"),
                count_of(recipe.epochs, "epoch"),
                folder.display()
            ));
        }
        Event::Warning(warning) => display.line(&format!("narrows: warning: {warning}")),
        Event::Notice(notice) => display.line(&format!("narrows: warning: {notice}")),
        Event::Progress(progress) => display.progress(progress),
        Event::Epoch(record) => display.epoch(record, recipe.epochs),
        Event::Stage(folder, name) => {
            stop.is_saved(folder);
            display.stage(name);
        }
    };
    let outcome = match &arguments.resume {
        Some(folder) => resume(folder, &source, &options, &mut observe),
        None => run_recipe(&recipe, &source, &options, &mut observe),
    };
    display.finish();
    let summary = match (outcome, &arguments.recipe) {
        (Ok(outcome), _) => outcome.summary,
        (Err(error), Some(recipe)) => return Err(of_recipe(error, recipe)),
        (Err(error), None) => return Err(error),
    };
    if arguments.json {
        print(&summary.to_json().to_string());
    } else {
        print(&describe(&summary));
        if let Some(profile) = &summary.profile {
            print(&describe_profile(profile));
        }
    }
    Ok(())
}

/// What is wrong with a recipe once the data are known, with the recipe that it is wrong with.
fn of_recipe(error: Error, recipe: &str) -> Error {
    match error.kind() {
        ErrorKind::Recipe => error.at(recipe),
        _ => error,
    }
}

/// A second source has the columns of the first, with its missing values filled alike.
fn validation_options(sources: &Sources, source: &Source) -> ReadOptions {
    ReadOptions {
        model_columns: source.train.columns().map(<[String]>::to_vec),
        fill: source.train.fill().map(<[f64]>::to_vec),
        ..sources.reading.clone()
    }
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
    let pca_name = format!("PCA-{} MSE", code_size.min(inputs));
    rows.push((&pca_name, pca_mse));
    if let Some((epoch, loss)) = summary.best {
        let stopped = match summary.stopped_early {
            true => format!("; stopped after {}", count_of(summary.epochs, "epoch")),
            false => String::new(),
        };
        let text = format!(
            "{}   of epoch {epoch}, the best, whose model is kept{stopped}",
            figures(loss)
        );
        rows.push(("validation", text));
    }
    rows.extend([
        (
            "tested on",
            format!("{}{held_out}", count_of(summary.test_rows, "row")),
        ),
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
                "{} for {}, {} {}/s",
                duration(summary.seconds),
                count_of(summary.epochs, "epoch"),
                thousands(summary.images_per_second),
                if summary.has_picture {
                    "images"
                } else {
                    "rows"
                }
            ),
        ),
        ("run", format!("{}  ({files})", summary.run.display())),
    ]);
    table(&rows)
}

fn describe_profile(profile: &Profile) -> String {
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
