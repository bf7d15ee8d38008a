//! `narrows recipes`

use crate::output::{described, print};
use crate::rows::with_warnings;
use clap::{Args, Subcommand};
use narrows::{Recipe, Result};

/// List the recipes, print one, or print the keys that a recipe may have.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Print a recipe, to copy and change.
    Show {
        /// The recipe's name, or NAME:VARIANT for what a variant makes of it, with every default filled in.
        name: String,
    },
    /// Print every key that a recipe may have, with values, defaults and meaning.
    Keys,
}

const EXAMPLES: &str = "\
Examples:
  narrows recipes
  narrows recipes show simple-linear > mine.toml
  narrows recipes keys | less";

pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        None => {
            let mut rows: Vec<(&str, String)> = Vec::new();
            for name in Recipe::shipped() {
                rows.push((name, Recipe::named(name)?.about));
                let variants = Recipe::variants(name)?;
                if !variants.is_empty() {
                    let variants: Vec<String> =
                        variants.iter().map(|v| format!("{name}:{v}")).collect();
                    rows.push(("", format!("also {}", variants.join(", "))));
                }
            }
            let rows: Vec<(&str, &str)> = rows
                .iter()
                .map(|(name, text)| (*name, text.as_str()))
                .collect();
            print(&described(&rows));
        }
        Some(Command::Show { name }) if name.contains(':') => {
            print(with_warnings(Recipe::load(name, &[])?).to_toml().trim_end());
        }
        Some(Command::Show { name }) => print(Recipe::text(name)?.trim_end()),
        Some(Command::Keys) => print(Recipe::reference().trim_end()),
    }
    Ok(())
}
