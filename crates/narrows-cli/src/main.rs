//! The `narrows` command: reads arguments, calls the library, prints.
//!
//! Results go to standard output, everything else to standard error. The exit code is 2 for wrong usage and bad input,
//! 1 for other failures, and 130, 143, 131 or 129 if Ctrl-C, SIGTERM, SIGQUIT or SIGHUP has stopped the command.
#![forbid(unsafe_code)]

mod advice;
mod calibrate;
mod compare;
mod data;
mod decode;
mod denoise;
mod destination;
mod encode;
mod evaluate;
mod export;
mod fit_prior;
mod import;
mod inspect;
mod interpolate;
mod isa;
mod number;
mod output;
mod own;
mod page;
mod progress;
mod recipes;
mod reconstruct;
mod reference;
mod reproduce;
mod rows;
mod sample;
mod score;
mod source;
mod stop;
mod train;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use narrows::plain;
use narrows::{Error, ErrorKind, memory};
use std::process::ExitCode;

/// Train, compare, inspect and export autoencoders.
#[derive(Parser)]
#[command(name = "narrows", version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  narrows train basic                  train on MNIST, which is built in
  narrows recipes                      what else can be trained
  narrows recipes show basic           a recipe to copy and change
  narrows data info table.csv          what is in your data
  narrows train table --data table.csv --label species
  narrows encode runs/table --data new.csv -o codes.csv
  narrows score runs/table --data new.csv -o scores.csv
  narrows reconstruct runs/basic       what a trained model makes of images
  narrows evaluate runs/basic          measure it, with PCA beside it
  narrows sample runs/basic            new images, from codes that are drawn
  narrows export runs/basic -o model.onnx
  narrows compare basic --vary 'encoder[2].outputs=8,32'
  narrows reproduce classic --quick    the study that the recipes come from";

#[derive(Subcommand)]
enum Command {
    Train(train::Arguments),
    Recipes(recipes::Arguments),
    Data(data::Arguments),
    Evaluate(evaluate::Arguments),
    Inspect(inspect::Arguments),
    Encode(encode::Arguments),
    Decode(decode::Arguments),
    Reconstruct(reconstruct::Arguments),
    Denoise(denoise::Arguments),
    Calibrate(calibrate::Arguments),
    Score(score::Arguments),
    Interpolate(interpolate::Arguments),
    FitPrior(fit_prior::Arguments),
    Sample(sample::Arguments),
    Export(export::Arguments),
    Import(import::Arguments),
    Compare(compare::Arguments),
    Reproduce(reproduce::Arguments),
    /// Print the page docs/commands.md.
    #[command(hide = true)]
    Reference,
}

fn main() -> ExitCode {
    narrows::advice::speak(&advice::Command);
    if let Err(error) = memory::prepare() {
        output::note(&format!("narrows: error: {error}"));
        return ExitCode::from(exit_code(&error));
    }
    stop::ignore_file_size_signal();
    let result = match parse().command {
        Command::Train(arguments) => train::run(&arguments),
        Command::Recipes(arguments) => recipes::run(&arguments),
        Command::Data(arguments) => data::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Encode(arguments) => encode::run(&arguments),
        Command::Decode(arguments) => decode::run(&arguments),
        Command::Reconstruct(arguments) => reconstruct::run(&arguments),
        Command::Denoise(arguments) => denoise::run(&arguments),
        Command::Calibrate(arguments) => calibrate::run(&arguments),
        Command::Score(arguments) => score::run(&arguments),
        Command::Interpolate(arguments) => interpolate::run(&arguments),
        Command::FitPrior(arguments) => fit_prior::run(&arguments),
        Command::Sample(arguments) => sample::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Reproduce(arguments) => reproduce::run(&arguments),
        Command::Reference => {
            reference::run(Arguments::command());
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of standard output has all that it wanted.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let is_stopped = error.kind() == ErrorKind::Interrupted;
            let what = if is_stopped { "" } else { " error:" };
            output::note(&format!("narrows:{what} {}", message(&error)));
            ExitCode::from(exit_code(&error))
        }
    }
}

/// The message of an error. Its places, such as the paths of files, stay on one line.
fn message(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        let place = inner.downcast_ref::<Error>().and_then(Error::place);
        let parts = place.unwrap_or_default().split(": ");
        for part in parts.filter(|part| part.contains(' ')) {
            let part = plain::line(part);
            text = text.replace(&*part, &output::kept(&part));
        }
        cause = inner.source();
    }
    text
}

/// The arguments, or the help or the error that they come to, which ends the command.
fn parse() -> Arguments {
    let parsed = with_negative_values(Arguments::command()).try_get_matches();
    let parsed = parsed.and_then(|matches| Arguments::from_arg_matches(&matches));
    parsed.unwrap_or_else(|error| {
        if error.use_stderr() {
            let text = on_a_screen(&error.render().to_string());
            output::note(text.trim_end());
            std::process::exit(error.exit_code());
        }
        error.exit()
    })
}

/// A text that fits on a screen of 24 lines: long lines, and a long text, lose their middle.
fn on_a_screen(text: &str) -> String {
    let lines: Vec<_> = text
        .split('\n')
        .map(|line| plain::shortened(line, 400))
        .collect();
    plain::shortened(&lines.join("\n"), 1840).into_owned()
}

/// The command with options that take numbers below 0, as in `--lr -1`, so that the number itself is what is refused.
fn with_negative_values(command: clap::Command) -> clap::Command {
    let takes_value =
        |argument: &clap::Arg| !argument.is_positional() && argument.get_action().takes_values();
    command
        .mut_args(|argument| {
            if takes_value(&argument) {
                argument.allow_negative_numbers(true)
            } else {
                argument
            }
        })
        .mut_subcommands(with_negative_values)
}

/// Whether the reader of standard output, which gets rows or a file, has gone.
fn is_closed_pipe(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    let is_standard_output = error.place() == Some("standard output");
    while let Some(inner) = cause {
        let inner_io = inner.downcast_ref::<std::io::Error>();
        if inner_io.is_some_and(|inner| inner.kind() == std::io::ErrorKind::BrokenPipe) {
            return is_standard_output;
        }
        cause = inner.source();
    }
    false
}

/// 1 where the command failed, 2 where it was given something that cannot work, 128 and the signal's number where a
/// signal stopped it.
fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::Diverged | ErrorKind::Memory => 1,
        ErrorKind::Interrupted => stop::exit_code(),
        ErrorKind::Io if !is_wrong_name(error) => 1,
        _ => 2,
    }
}

/// Whether what was named is not there, or is not what it was named as: a file for a folder, say. That the
/// system refuses to read or write it otherwise is a failure.
fn is_wrong_name(error: &Error) -> bool {
    use std::io::ErrorKind::*;
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .is_some_and(|source| {
            matches!(
                source.kind(),
                NotFound
                    | AlreadyExists
                    | NotADirectory
                    | IsADirectory
                    | InvalidFilename
                    | InvalidInput
            )
        })
}
