//! `narrows compare`

use crate::isa::IsaArgument;
use crate::number::{THREADS, whole};
use crate::output::{columns, kept, note, print, print_json, shown_path, wrapped_to_terminal};
use crate::page;
use crate::progress::StudyDisplay;
use crate::source::DataArguments;
use crate::stop::Stop;
use clap::Args;
use narrows::Result;
use narrows::recipe::Override;
use narrows::study::{Comparison, StudyOptions, ToCompare, compare, variations};
use std::path::PathBuf;

/// Train recipes on the same data with the same seeds, and compare them with each other and with finished runs.
/// Without --data, the data are those of the runs.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Recipes (names or TOML files), runs' folders or model files.
    #[arg(required = true, value_name = "RECIPE|RUN")]
    names: Vec<String>,
    #[command(flatten)]
    source: DataArguments,
    /// The number of seeds: each recipe is trained once with each of them.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = whole::<u16>(1..=1000))]
    seeds: u16,
    /// The number of passes over all rows, for every recipe.
    #[arg(long, value_name = "N")]
    epochs: Option<String>,
    /// Set any key of every recipe, as in `--set training.batch_size=32`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Try several values of a key, as in `--vary 'encoder[0].outputs=8,16,32'`. Several `--vary` try every
    /// combination.
    #[arg(long, value_name = "KEY=VALUE,…")]
    vary: Vec<String>,
    /// The folder of the runs and the report, new or empty [default: runs/compare; if there is one, runs/compare-2
    /// and so on]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The number of threads of all runs together. It does not change the result [default: one for each core]
    #[arg(long, value_name = "N", value_parser = whole::<u16>(THREADS))]
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
  narrows compare basic simple-linear --seeds 3
      Train each three times, and print mean ± standard deviation. The report
      goes to runs/compare.
  narrows compare contractive contractive:free runs/mine --out runs/penalty
      A recipe, its variant without the penalty, and a finished run.
  narrows compare basic --vary 'encoder[2].outputs=2,8,32'
      Three sizes of the code, with a chart of the test MSE against them.
  narrows compare basic mine.toml --epochs 2 --json | jq '.rows[].test_mse.mean'";

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let variations = variations(&arguments.vary)?;
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
    let what = ToCompare {
        names: &arguments.names,
        overrides: &overrides,
        variations: &variations,
    };
    let comparison = compare(&what, &opened.source, &options, &mut |event| {
        display.tell(event);
    });
    display.finish();
    let comparison = comparison?;
    if arguments.json {
        print_json(comparison.to_json());
    } else {
        print(&describe(&comparison));
        note(&format!("report: {}", shown_path(&comparison.report)));
    }
    if arguments.open {
        page::open(&comparison.report);
    }
    Ok(())
}

fn describe(comparison: &Comparison) -> String {
    let mut text = columns(&comparison.table());
    let sentences = comparison.verdict().into_iter();
    for mut sentence in sentences.chain(comparison.notes()) {
        // Names of runs are paths.
        for row in &comparison.rows {
            sentence = sentence.replace(&row.name, &kept(&row.name));
        }
        text.push_str("\n\n");
        text.push_str(&wrapped_to_terminal(&sentence, "  ", "  "));
    }
    text
}
