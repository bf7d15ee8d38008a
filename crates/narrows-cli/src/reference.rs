//! The reference of all commands: the page `docs/commands.md`, generated from the declarations that parse the
//! arguments.

use crate::output::print;
use clap::{Arg, Command};
use std::fmt::Write;

/// Prints the reference as Markdown.
pub fn run(command: Command) {
    print(markdown(command).trim_end());
}

/// Each command with its arguments and options.
fn markdown(mut command: Command) -> String {
    command.build();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "| command | what it does |\n|---|---|");
    let commands: Vec<&Command> = visible(&command).collect();
    for command in &commands {
        let _ = writeln!(
            text,
            "| [`narrows {0}`](#narrows-{0}) | {1} |",
            command.get_name(),
            about(command)
        );
    }
    for command in commands {
        section(&mut text, "narrows", command);
    }
    text
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    let all = command.get_subcommands();
    all.filter(|command| !command.is_hide_set() && command.get_name() != "help")
}

fn about(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string);
    cell(about.unwrap_or_default().trim_end_matches('.'))
}

fn section(text: &mut String, before: &str, command: &Command) {
    let name = format!("{before} {}", command.get_name());
    let _ = writeln!(text, "\n## {name}\n\n{}.", about(command));
    let arguments: Vec<&Arg> = command
        .get_arguments()
        .filter(|argument| !argument.is_hide_set() && argument.get_id() != "help")
        .collect();
    if !arguments.is_empty() {
        let _ = writeln!(text, "\n| argument | meaning |\n|---|---|");
    }
    for argument in arguments {
        let help = argument.get_help().map(ToString::to_string);
        let help = cell(&help.unwrap_or_default());
        let _ = writeln!(text, "| `{}` | {help} |", cell(&usage(argument)));
    }
    for command in visible(command) {
        section(text, &name, command);
    }
}

/// How an argument is written: `-o, --output <FILE>`, `<MODEL>`.
fn usage(argument: &Arg) -> String {
    let mut names = Vec::new();
    names.extend(argument.get_short().map(|short| format!("-{short}")));
    names.extend(argument.get_long().map(|long| format!("--{long}")));
    let takes_value = argument.is_positional() || argument.get_action().takes_values();
    let values = argument.get_value_names().unwrap_or_default().iter();
    let values: Vec<String> = values
        .filter(|_| takes_value)
        .map(|name| format!("<{name}>"))
        .collect();
    let mut parts = vec![names.join(", "), values.join(" ")];
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

/// A text within a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn examples_fit_a_terminal_of_80_columns() {
        let mut commands = vec![crate::Arguments::command()];
        let mut seen = 0;
        while let Some(command) = commands.pop() {
            let examples = command.get_after_help().map(ToString::to_string);
            for line in examples.unwrap_or_default().lines() {
                seen += 1;
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
                // Most shells take a bracket for a pattern.
                let is_quoted = !line.contains('[') || line.contains('\'');
                assert!(is_quoted, "{}: {line}", command.get_name());
            }
            commands.extend(command.get_subcommands().cloned());
        }
        assert!(seen > 50, "{seen}");
    }
}
