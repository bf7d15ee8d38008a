//! `narrows compare`

use crate::isa::IsaArgument;
use crate::output::{columns, figures, note, print, print_json, thousands};
use crate::page;
use crate::progress::StudyDisplay;
use crate::source::DataArguments;
use crate::stop::Stop;
use clap::Args;
use narrows::Result;
use narrows::recipe::Override;
use narrows::study::{Comparison, Measure, StudyOptions, compare};
use std::path::PathBuf;

/// Train recipes on the same data with the same seeds, and put them and finished runs side by side. Without --data these
/// are the data of the runs.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Recipes (names or TOML files), runs' folders or model files.
    #[arg(required = true, value_name = "RECIPE|RUN")]
    names: Vec<String>,
    #[command(flatten)]
    source: DataArguments,
    /// How many seeds each recipe is trained with.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    seeds: u16,
    /// Passes over all rows, for every recipe.
    #[arg(long, value_name = "N")]
    epochs: Option<String>,
    /// Set any key of every recipe, as in `training.batch_size=32`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// The folder of the runs and the report, new or empty [default: runs/compare, runs/compare-2, …]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Threads of all runs together, without influence on the result [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    #[command(flatten)]
    isa: IsaArgument,
    /// Open the report in the browser at the end.
    #[arg(long)]
    open: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows compare simple-linear deep-linear --seeds 3
      Train both three times, several at a time; mean ± standard deviation, and a report in runs/compare.
  narrows compare contractive contractive:free runs/mine --out runs/penalty
      A recipe, its variant without the penalty, and a run that is there already.
  narrows compare simple-linear mine.toml --epochs 2 --json | jq '.rows[].test_mse.mean'";

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let (opened, sources, watch) = arguments.source.to_compare(&arguments.names)?;
    let mut display = StudyDisplay::new();
    let stop = Stop::default();
    stop.listen();
    let options = StudyOptions {
        seeds: usize::from(arguments.seeds),
        out: arguments.out.as_deref(),
        threads: arguments.threads.map_or(0, usize::from),
        parts: None,
        sources: Some(sources),
        other: opened.other(),
        watch: Some(&watch),
        stop: Some(stop.flag()),
    };
    let epochs = arguments.epochs.iter().map(|epochs| Override {
        assignment: format!("training.epochs={epochs}"),
        origin: format!("--epochs {epochs}"),
    });
    let set = arguments.overrides.iter().map(|text| Override::set(text));
    let overrides: Vec<Override> = epochs.chain(set).collect();
    let comparison = compare(
        &arguments.names,
        &overrides,
        &opened.source,
        &options,
        &mut |event| display.tell(event),
    );
    display.finish();
    let comparison = comparison?;
    if arguments.json {
        print_json(comparison.to_json());
    } else {
        print(&describe(&comparison));
        note(&format!("report: {}", comparison.report.display()));
    }
    if arguments.open {
        page::open(&comparison.report);
    }
    Ok(())
}

fn describe(comparison: &Comparison) -> String {
    let heads = [
        "",
        "seeds",
        "code",
        "test MSE",
        "clean MSE",
        "PCA",
        "noisy MSE",
        "‖J‖_F",
        "training",
    ];
    let mut rows: Vec<Vec<String>> = vec![heads.map(String::from).to_vec()];
    rows.extend(comparison.rows.iter().map(|row| {
        vec![
            row.name.clone(),
            match row.is_finished {
                true => "own".into(),
                false => row.seeds.to_string(),
            },
            thousands(row.code_size as f64),
            row.test_mse.text(),
            row.clean_mse.text(),
            row.pca_mse.map_or("-".into(), figures),
            row.noisy_mse.text(),
            row.jacobian_norm.map_or("-".into(), Measure::text),
            format!("{:.1} s", row.seconds.mean),
        ]
    }));
    // Where no recipe corrupts its rows, the clean error is the test error.
    if comparison.rows.iter().all(|row| !row.is_corrupted) {
        let place = rows[0].iter().position(|head| head == "clean MSE");
        for row in &mut rows {
            place.map(|place| row.remove(place));
        }
    }
    let mut text = columns(&rows);
    for sentence in comparison
        .verdict()
        .into_iter()
        .chain(comparison.rows_in_words())
    {
        text.push_str(&format!("\n\n  {sentence}"));
    }
    text
}
