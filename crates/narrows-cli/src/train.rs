//! `narrows train`

mod resumed;
mod rows;
mod summary;

use crate::isa::IsaArgument;
use crate::number::{THREADS, whole};
use crate::output::{count_of, note, print, shown_path};
use crate::page;
use crate::progress::Display;
use crate::recipes::list;
use crate::source::{DataArguments, open};
use crate::stop::Stop;
use clap::Args;
use narrows::data::{Dataset, ReadOptions, Source, SplitPlan, Watch};
use narrows::recipe::Override;
use narrows::run::{
    Event, Every, Options, REPORT_FILE, Sources, blame_recipe, folder_of, load_model, needs_data,
    recipe_of, recover, resume, run as run_recipe,
};
use narrows::{Error, ErrorKind, Recipe, Result};
use resumed::{finished, found_at, replanned};
use rows::{Rows, is_share, test_rows};
use std::path::{Path, PathBuf};
use std::time::Duration;
use summary::{describe, describe_profile};

/// Train a recipe and save the run in a folder.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A recipe's name (see `narrows recipes`) or a TOML file.
    recipe: Option<String>,
    #[command(flatten)]
    source: DataArguments,
    /// The validation rows: a share of the training rows (`0.1`), or a second source. The model with the lowest loss
    /// on these rows is kept. 0 means no validation rows [default: 0.1 if your data leave 1,000 rows or more, else 0]
    #[arg(long, value_name = "SHARE|SOURCE")]
    validation: Option<String>,
    /// The test rows: a random share of the rows (`0.2`), the last rows of a series (`last:0.2`), a second source, or
    /// `none` [default: the test rows of the source, else 0.1 of the rows]
    #[arg(long, value_name = "SHARE|last:SHARE|SOURCE|none")]
    test: Option<String>,
    /// Keep rows with the same value in this column together: all for training, all for validation or all for
    /// testing.
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// The run's folder, new or empty [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overwrite the run that is in the folder.
    #[arg(long)]
    force: bool,
    /// Resume a run that was stopped. The model is the same as without the stop. With --epochs, the run has N epochs
    /// in total, and its schedule is computed again; with --data, the run finds its rows in another place.
    #[arg(long, value_name = "RUN", conflicts_with_all = [
        "recipe", "group", "out", "force", "batch_size", "learning_rate", "seed", "overrides", "init_from",
    ])]
    resume: Option<PathBuf>,
    /// Start a new run from the parameters of a model with the same layers. Without --data, it uses the data of that
    /// model's run.
    #[arg(long, value_name = "MODEL")]
    init_from: Option<PathBuf>,
    /// The number of passes over all rows.
    #[arg(long, value_name = "N")]
    epochs: Option<String>,
    /// The number of rows in a step.
    #[arg(long, value_name = "N")]
    batch_size: Option<String>,
    /// The learning rate.
    #[arg(long = "lr", value_name = "X")]
    learning_rate: Option<String>,
    /// The random seed.
    #[arg(long, value_name = "N")]
    seed: Option<String>,
    /// The number of threads. It does not change the result [default: as many as a step has work for, at most one for
    /// each core]
    #[arg(long, value_name = "N", value_parser = whole::<u16>(THREADS))]
    threads: Option<u16>,
    #[command(flatten)]
    isa: IsaArgument,
    /// Set any key of the recipe, as in `--set 'encoder[0].outputs=64'`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// How often the run is saved: every 5 epochs (`5`), every 30 seconds (`30s`) or every 10 minutes (`10m`).
    #[arg(long, value_name = "EVERY", default_value = "30s", value_parser = every)]
    checkpoint: Every,
    /// Also write the losses for TensorBoard into the run's folder.
    #[arg(long)]
    tensorboard: bool,
    /// At the end, print how the time of a training step is divided.
    #[arg(long)]
    profile: bool,
    /// Open the report in the browser at the end.
    #[arg(long)]
    open: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows train basic
      Train on MNIST, which is built in; the result goes to runs/basic.
  narrows train table --data customers.csv --id customer --missing mean
      Your own table. With 1,000 rows or more, the model of the lowest
      validation loss is kept.
  narrows train table --data sensors.csv --test last:0.2
      A time series: the test rows are the last fifth, and the validation rows
      the last rows before them.
  narrows train table --data visits.csv --group patient
      All visits of a patient stay together: all are for training, all for
      validation, or all for testing.
  narrows train deep-linear --epochs 3 --seed 1 --out runs/quick
      A shorter run, with other initial parameters, in its own folder.
  narrows recipes show basic > mine.toml; narrows train mine.toml
      Copy a recipe, change it, train it.
  narrows train --resume runs/mine
      Resume after Ctrl-C, a crash or a power failure.
  narrows train --resume runs/mine --epochs 60
      Train a run for longer: 60 epochs in total.
  narrows train --resume runs/mine --data moved/customers.csv
      Resume with the same rows in another place.
  narrows train basic --validation 0.1 --set training.patience=5
      Stop when the validation loss has not fallen for 5 epochs.
  narrows train basic --epochs 3 --profile
      How the time of a step is divided: products, optimizer, waiting and so on.
  narrows train basic --json | jq .evaluation.model.test_mse
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
        for (option, given) in [("--validation", validation), ("--test", self.test.as_ref())] {
            if given.is_some_and(String::is_empty) {
                let what = format!("`{option}` is empty: it names no rows");
                return Err(Error::new(ErrorKind::Data, what)
                    .expected(format!("a share or a source, as in `{option} 0.1`"))
                    .hint(format!("leave `{option}` out to use the default")));
            }
        }
        let Some(folder) = &self.resume else {
            // Training that starts from a model uses the data of this model; it assumes no other data.
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
            let what = format!("a resumed run keeps its {name} rows");
            return Err(Error::new(ErrorKind::Data, what)
                .at(folder.display())
                .expected(format!(
                    "no `--{name}`, or `--{name} SOURCE` with the new place of the same rows"
                ))
                .found(format!("`--{name} {share}`"))
                .hint("to change the share, start a new run with --init-from"));
        }
        let sources = Sources::of_run(folder, recipe, data, validation, rows.source.as_ref())?;
        Ok(Sources {
            reading: reading.over_without_null(&sources.reading)?,
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
        let found = Sources::to_begin_with(&folder, &recipe_of(&folder, &[])?)?;
        note(&format!(
            "data: {}, as in the run that it starts from",
            found.data.join(" ")
        ));
        Ok(Sources {
            reading: ReadOptions {
                group: self.group.clone().or(found.reading.group.clone()),
                ..self.source.reading.over_without_null(&found.reading)?
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
            (Some(recipe), _) => Recipe::load_with(recipe, &self.overrides()),
            (None, Some(folder)) => recipe_of(folder, &self.overrides()),
            (None, None) => {
                note(&format!("Recipes:\n{}\n", list()?));
                Err(Error::new(ErrorKind::Recipe, "train needs a recipe")
                    .expected("the name of a recipe, or a TOML file")
                    .hint("for example `narrows train basic`; `narrows recipes` lists the names"))
            }
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    if let Some(folder) = &arguments.resume
        && recover(folder)?
    {
        note(&format!(
            "narrows: {}: a run was killed while it overwrote another one; it is now in place",
            shown_path(folder)
        ));
    }
    let before = arguments.resume.as_deref().map(Sources::read).transpose()?;
    let recipe = arguments.recipe()?;
    let sources = arguments.sources(&recipe)?;
    let watch = Watch::of(sources.specs());
    let source = open(&sources.data, &sources.reading)?;
    if arguments.resume.is_none() && sources.specs().any(|spec| Source::is_stream(spec)) {
        note(
            "the rows come from standard input: to resume this run, give the same rows on standard input, or use \
             `narrows train --resume RUN --data FILE`",
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
    // The messages of a run about its data are printed again only if they have changed.
    let moved = before.as_ref().map(|before| sources.moved_from(before));
    let moved = moved.unwrap_or_default();
    let is_read_otherwise = |before: &Sources| before.reading != sources.reading;
    let changed = !moved.is_empty() || before.as_ref().is_some_and(is_read_otherwise);
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
        parts: None,
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
            note(&format!("{}{about} -> {}", recipe.name, shown_path(folder)));
        }
        Event::Replanned(new) => note(&replanned(&recipe.name, new)),
        Event::Finished(folder, run) => {
            stop.listen();
            display.begin();
            if changed {
                note(&found_at(&moved, folder));
            }
            note(&finished(&recipe.name, folder, run));
        }
        Event::Resume(folder, epochs, rows) => {
            stop.listen();
            display.begin();
            if changed {
                note(&found_at(&moved, folder));
            }
            let rows = match rows {
                0 => String::new(),
                _ => format!(" and {}", count_of(rows, "row")),
            };
            note(&format!(
                "{}: resumed after {epochs}{rows} of {} -> {}",
                recipe.name,
                count_of(recipe.epochs, "epoch"),
                shown_path(folder)
            ));
        }
        Event::Warning(warning) => note(&format!("narrows: warning: {warning}")),
        Event::Notice(notice) => note(&format!("narrows: warning: {notice}")),
        Event::Note(text) => note(text),
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
        (Err(error), Some(recipe)) => {
            let as_written = arguments.overrides.is_empty();
            return Err(blame_recipe(error, recipe, as_written));
        }
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
    if arguments.open {
        page::open(&summary.run.join(REPORT_FILE));
    }
    Ok(())
}
