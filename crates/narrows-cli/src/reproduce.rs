//! `narrows reproduce`

use crate::isa::IsaArgument;
use crate::output::{columns, duration, print, print_json, wrapped_to_terminal};
use crate::page;
use crate::progress::StudyDisplay;
use crate::stop::Stop;
use clap::{Args, Subcommand};
use narrows::Result;
use narrows::study::{Classic, NOISY_NOTE, StudyOptions, classic};
use std::path::PathBuf;

/// Repeat a published study, in the original's setting and in a corrected one.
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
    /// One epoch for each experiment instead of three or ten.
    #[arg(long)]
    quick: bool,
    /// How many seeds each experiment is trained with; claims and report are of the first.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    seeds: u16,
    /// The folder of the runs and the report, new or empty [default: runs/classic or runs/classic-quick, or with -2, …]
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
  narrows reproduce classic
      A few minutes; the report goes to runs/classic/report.html.
  narrows reproduce classic --quick
      The same in little time, with larger errors.
  narrows reproduce classic --seeds 3
      Mean ± standard deviation; runs/classic/table.md has the table.";

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
        let quick = "a quick study: one epoch each, where the references have three or ten, so errors are larger";
        text.push_str(&format!("\n\n{}", fitted(quick)));
    }
    text.push_str(&format!("\n\n{}\n", fitted(&format!("{NOISY_NOTE}."))));
    for claim in &classic.claims {
        text.push_str(&format!("\n{}\n", fitted(claim)));
    }
    text.push_str(&format!(
        "\n  {} in all; report: {}",
        duration(classic.seconds),
        classic.report.display()
    ));
    text
}
