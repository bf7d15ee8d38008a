//! `narrows reproduce`

use crate::isa::IsaArgument;
use crate::number::{THREADS, whole};
use crate::output::{columns, duration, print, print_json, shown_path, wrapped_to_terminal};
use crate::page;
use crate::progress::StudyDisplay;
use crate::stop::Stop;
use clap::{Args, Subcommand};
use narrows::Result;
use narrows::study::{Classic, NOISY_NOTE, StudyOptions, classic};
use std::path::PathBuf;

/// Repeat a published study, with its original settings and with corrected settings.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    study: Study,
}

#[derive(Subcommand)]
enum Study {
    /// Linear, denoising and contractive autoencoders on MNIST: eight experiments in two settings.
    Classic(ClassicArguments),
}

#[derive(Args)]
struct ClassicArguments {
    /// Train each experiment for one epoch, instead of three or ten.
    #[arg(long)]
    quick: bool,
    /// The number of seeds: each experiment is trained once with each of them. The claims and the report are from the
    /// first seed.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = whole::<u16>(1..=100))]
    seeds: u16,
    /// The folder of the runs and the report, new or empty [default: runs/classic, or runs/classic-quick with
    /// --quick; if there is one, runs/classic-2 and so on]
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
  narrows reproduce classic
      Takes a few minutes; the report is runs/classic/report.html.
  narrows reproduce classic --quick
      Takes less time; the errors are larger.
  narrows reproduce classic --seeds 3
      Print mean ± standard deviation; runs/classic/table.md has all numbers.";

pub fn run(arguments: &Arguments) -> Result<()> {
    let Study::Classic(arguments) = &arguments.study;
    arguments.isa.pin()?;
    let mut display = StudyDisplay::new();
    let stop = Stop::default();
    stop.listen();
    let options = StudyOptions {
        seeds: usize::from(arguments.seeds),
        out: arguments.out.as_deref(),
        threads: arguments.threads.map_or(0, usize::from),
        stop: Some(stop.flag()),
        ..StudyOptions::default()
    };
    let found = classic(arguments.quick, &options, &mut |event| display.tell(event));
    display.finish();
    let found = found?;
    if arguments.json {
        print_json(found.to_json());
    } else {
        print(&describe(&found));
    }
    if arguments.open {
        page::open(&found.report);
    }
    Ok(())
}

/// A sentence in lines of the terminal's width.
fn fitted(sentence: &str) -> String {
    wrapped_to_terminal(sentence, "  ", "  ")
}

fn describe(classic: &Classic) -> String {
    let mut text = columns(&classic.table());
    if classic.quick {
        let quick = "A quick study: each experiment was trained for one epoch, instead of three or ten. Therefore the \
                     errors are larger than those of PyTorch.";
        text.push_str(&format!("\n\n{}", fitted(quick)));
    }
    text.push_str(&format!("\n\n{}\n", fitted(&format!("{NOISY_NOTE}."))));
    if classic.seeds > 1 {
        let first = "This column and the sentences below are from the first seed.";
        text.push_str(&format!("\n{}\n", fitted(first)));
    }
    for claim in &classic.claims {
        text.push_str(&format!("\n{}\n", fitted(claim)));
    }
    let end = format!(
        "{} in all; report: {}",
        duration(classic.seconds),
        shown_path(&classic.report)
    );
    text.push_str(&format!("\n{}", fitted(&end)));
    text
}
