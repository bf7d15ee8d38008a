//! `narrows train`

mod resumed;

use crate::output::{columns, count_of, duration, figures, note, print, table, thousands};
use crate::progress::Display;
use crate::source::{DataArguments, open};
use crate::stop::Stop;
use clap::Args;
use narrows::data::{Dataset, ReadOptions, Source, SplitPlan, TestRows, Watch};
use narrows::model::Threshold;
use narrows::recipe::Override;
use narrows::run::{
    BesidePca, Event, Every, Options, PICTURE_FILE, Sources, Summary, folder_of, load_model,
    needs_data, recipe_of, recover, resume, run as run_recipe,
};
use narrows::train::Profile;
use narrows::{Error, ErrorKind, Recipe, Result};
use resumed::{finished, found_at, replanned};
use std::path::{Path, PathBuf};
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
    /// A share of the training rows (`0.1`), or a second source: rows that training watches. The model of the lowest
    /// loss on them is kept. 0 takes none [default: 0.1 of 1,000 rows or more of your own, else 0]
    #[arg(long, value_name = "SHARE|SOURCE")]
    validation: Option<String>,
    /// The rows to test on: a share drawn at random (`0.2`), the last rows of a series (`last:0.2`), a second source, or
    /// `none` [default: the test rows of the source, else 0.1 of the rows]
    #[arg(long, value_name = "SHARE|last:SHARE|SOURCE|none")]
    test: Option<String>,
    /// Keep rows with the same value in this column together: all for training, all for validation or all for testing
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// The run's folder, new or empty [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overwrite the run that is in the folder.
    #[arg(long)]
    force: bool,
    /// Go on with a run that was stopped, to the same model as if it had not been.
    /// With --epochs it gets so many in all, and its schedule is formed anew; with --data it finds its rows there.
    #[arg(long, value_name = "RUN", conflicts_with_all = [
        "recipe", "group", "out", "force", "batch_size", "learning_rate", "seed", "overrides", "init_from",
    ])]
    resume: Option<PathBuf>,
    /// Begin with the parameters of a model of the same layers, as a new run; without --data on the data of its run.
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
  narrows train table --data customers.csv --id customer --missing mean
      Your own table; of 1,000 rows or more the model of the lowest validation loss is kept.
  narrows train table --data sensors.csv --test last:0.2
      A series: training never sees the last fifth of the rows, nor what comes after its own rows.
  narrows train table --data visits.csv --group patient
      All visits of a patient are for training, all for validation or all for testing.
  narrows train deep-linear --epochs 3 --seed 1 --out runs/quick
      A shorter run, from other initial parameters, in a folder of its own.
  narrows recipes show simple-linear > mine.toml; narrows train mine.toml
      Copy a recipe, change it, train it.
  narrows train --resume runs/mine
      Go on after Ctrl-C, a crash or a loss of power.
  narrows train --resume runs/mine --epochs 60
      Train a run for longer: 60 epochs in all.
  narrows train --resume runs/mine --data moved/customers.csv
      Go on where the same rows lie now.
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
        let share = self.validation.as_ref().filter(|text| is_share(text));
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
    fn sources(&self, recipe: &Recipe) -> Result<Sources> {
        let (data, reading) = (&self.source.data, &self.source.reading);
        let rows = self.test.as_deref().map_or(Ok(Rows::usual()), test_rows)?;
        let validation = self.validation.as_ref();
        let Some(folder) = &self.resume else {
            // A model that training begins with was made for data, of which none are guessed.
            if let (Some(path), true) = (&self.init_from, data.is_empty()) {
                return self.sources_of_model(path, rows);
            }
            return Ok(Sources {
                data: self.source.specs(),
                reading: ReadOptions {
                    group: self.group.clone(),
                    ..reading.options_without_null()?
                },
                validation: validation.filter(|text| !is_share(text)).cloned(),
                test: rows.source,
                split: SplitPlan {
                    test: rows.held_out,
                    validation: None,
                    group: self.group.clone(),
                },
            });
        };
        let shares = [
            ("validation", validation.filter(|text| is_share(text))),
            ("test", self.test.as_ref().filter(|_| rows.source.is_none())),
        ];
        for (name, share) in shares {
            let Some(share) = share else { continue };
            let what = format!("a run goes on with the {name} rows that it has");
            return Err(Error::new(ErrorKind::Data, what)
                .at(folder.display())
                .expected(format!(
                    "at most `--{name} SOURCE`, where those rows lie now"
                ))
                .found(format!("`--{name} {share}`"))
                .hint("to change their share, begin a new run with --init-from"));
        }
        let sources = Sources::of_run(folder, recipe, data, validation, rows.source.as_ref())?;
        Ok(Sources {
            reading: reading.over(&sources.reading),
            ..sources
        })
    }

    /// The data of the run whose model training begins with.
    fn sources_of_model(&self, path: &Path, rows: Rows) -> Result<Sources> {
        let folder = match folder_of(path) {
            Some(folder) => folder,
            None => return Err(needs_data(path, &load_model(path)?)),
        };
        Sources::read(&folder)?.refuse_streams(&folder)?;
        let found = Sources::of_run(&folder, &recipe_of(&folder, &[])?, &[], None, None)?;
        note(&format!(
            "data: {}, as in the run that it begins with",
            found.data.join(" ")
        ));
        Ok(Sources {
            reading: ReadOptions {
                group: self.group.clone().or(found.reading.group.clone()),
                ..self.source.reading.over(&found.reading)
            },
            validation: match &self.validation {
                Some(text) => Some(text.clone()).filter(|text| !is_share(text)),
                None => found.validation,
            },
            split: SplitPlan {
                test: match &self.test {
                    Some(_) => rows.held_out,
                    None => found.split.test,
                },
                group: self.group.clone().or(found.split.group),
                ..found.split
            },
            test: match &self.test {
                Some(_) => rows.source,
                None => found.test,
            },
            data: found.data,
        })
    }

    /// The recipe: the one that is named, or that of the run that goes on.
    fn recipe(&self) -> Result<Recipe> {
        match (&self.recipe, &self.resume) {
            (None, Some(folder)) => recipe_of(folder, &self.overrides()),
            (recipe, _) => {
                Recipe::load_with(recipe.as_deref().unwrap_or_default(), &self.overrides())
            }
        }
    }
}

/// Whether a text is meant as a share of the rows, rather than as a source.
fn is_share(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

/// What `--test` asks for.
struct Rows {
    held_out: TestRows,
    source: Option<String>,
}

impl Rows {
    fn usual() -> Rows {
        Rows {
            held_out: TestRows::Usual,
            source: None,
        }
    }
}

/// Reads `--test`.
fn test_rows(text: &str) -> Result<Rows> {
    let share = |text: &str| {
        text.parse::<f64>().map_err(|_| {
            Error::new(ErrorKind::Data, "the share of the last rows cannot be read")
                .at(format!("--test last:{text}"))
                .expected("a number above 0 and below 1, as in `last:0.2`")
        })
    };
    let held_out = match text.strip_prefix("last:") {
        Some(of) => TestRows::Last(share(of)?),
        None if text == "none" => TestRows::None,
        None => match text.parse::<f64>() {
            Ok(0.0) => TestRows::None,
            Ok(share) => TestRows::Share(share),
            Err(_) => {
                return Ok(Rows {
                    source: Some(text.to_string()),
                    ..Rows::usual()
                });
            }
        },
    };
    Ok(Rows {
        held_out,
        source: None,
    })
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
    let before = arguments.resume.as_deref().map(Sources::read).transpose()?;
    let recipe = arguments.recipe()?;
    let sources = arguments.sources(&recipe)?;
    let watch = Watch::of(sources.specs());
    let source = open(&sources.data, &sources.reading)?;
    if arguments.resume.is_none() && sources.specs().any(|spec| Source::is_stream(spec)) {
        note(
            "the rows come from standard input: if this run stops, it goes on only with the same rows on standard \
             input, or with `narrows train --resume RUN --data FILE`",
        );
    }
    let second = |spec: &Option<String>| -> Result<Option<Dataset>> {
        let Some(spec) = spec else { return Ok(None) };
        let options = sources.options_beside(&source);
        let rows = open(std::slice::from_ref(spec), &options)?.into_rows();
        Ok(Some(rows))
    };
    let (validation, test) = (second(&sources.validation)?, second(&sources.test)?);
    let init_from = arguments.init_from.as_deref().map(load_model).transpose()?;
    let stop = Stop::default();
    // What a run says of its data is written anew only where it has changed.
    let changed = before.filter(|before| *before != sources).is_some();
    let place = sources.data.join(" ");
    let options = Options {
        out: arguments.out.as_deref(),
        force: arguments.force,
        threads: arguments.threads.map_or(0, usize::from),
        split: sources.split.clone(),
        sources: (arguments.resume.is_none() || changed).then_some(sources),
        watch: Some(&watch),
        epochs: arguments.epochs.as_ref().map(|_| recipe.epochs),
        validation: validation.as_ref(),
        test: test.as_ref(),
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
        Event::Replanned(new) => display.line(&replanned(&recipe.name, new)),
        Event::Finished(folder, run) => {
            stop.listen();
            display.begin();
            if changed {
                display.line(&found_at(&place, folder));
            }
            display.line(&finished(&recipe.name, folder, run));
        }
        Event::Resume(folder, epochs, rows) => {
            stop.listen();
            display.begin();
            if changed {
                display.line(&found_at(&place, folder));
            }
            let rows = match rows {
                0 => String::new(),
                _ => format!(" and {}", count_of(rows, "row")),
            };
            display.line(&format!(
                "{}: goes on after {epochs}{rows} of {} -> {}",
                recipe.name,
                count_of(recipe.epochs, "epoch"),
                folder.display()
            ));
        }
        Event::Warning(warning) => display.line(&format!("narrows: warning: {warning}")),
        Event::Notice(notice) => display.line(&format!("narrows: warning: {notice}")),
        Event::Note(text) => display.line(text),
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

fn describe(summary: &Summary) -> String {
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
    let mut files = "report.html, recipe.toml, metrics.jsonl, model.safetensors".to_string();
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

/// A threshold with where it is from.
fn describe_threshold(threshold: &Threshold) -> String {
    let (rule, level) = threshold.rule.parts();
    format!(
        "{}   {rule} of {level}, from {}",
        figures(threshold.value.into()),
        threshold.rows_in_words()
    )
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
