//! `narrows recipes`

use crate::output::{described, described_behind, print, wrapped_to_terminal};
use crate::rows::with_warnings;
use clap::{Args, Subcommand};
use narrows::parts::Parts;
use narrows::recipe::{ReferenceKey, ReferenceSection};
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
        /// The recipe's name. NAME:VARIANT prints the variant, with every default filled in.
        name: String,
    },
    /// Print every key that a recipe may have, with values, defaults and meaning.
    Keys {
        /// Print Markdown tables, as docs/recipe.md has them.
        #[arg(long)]
        markdown: bool,
    },
}

const EXAMPLES: &str = "\
Examples:
  narrows recipes
  narrows recipes show basic > mine.toml
  narrows recipes keys | less";

pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        None => print(&list()?),
        Some(Command::Show { name }) if name.contains(':') => {
            print(with_warnings(Recipe::load(name, &[])?).to_toml().trim_end());
        }
        Some(Command::Show { name }) => print(Recipe::text(name)?.trim_end()),
        Some(Command::Keys { markdown: true }) => print(Recipe::reference().trim_end()),
        Some(Command::Keys { markdown: false }) => {
            let sections = Parts::standard().reference_sections();
            let sections: Vec<String> = sections.iter().map(keys_of).collect();
            print(&sections.join("\n\n"));
        }
    }
    Ok(())
}

/// The recipes with their variants, by purpose.
pub fn list() -> Result<String> {
    let mut groups = Vec::new();
    for (purpose, names) in Recipe::by_purpose() {
        let mut rows: Vec<(&str, String)> = Vec::new();
        for name in names {
            rows.push((name, Recipe::named(name)?.about));
            let variants = Recipe::variants(name)?;
            if !variants.is_empty() {
                let variants: Vec<String> =
                    variants.iter().map(|v| format!("{name}:{v}")).collect();
                rows.push(("", format!("also {}", variants.join(", "))));
            }
        }
        groups.push((purpose.title(), rows));
    }
    // Names have the same width in all groups.
    let all = groups.iter().flat_map(|(_, rows)| rows);
    let width = all.map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut texts = Vec::new();
    for (title, rows) in &groups {
        let padded: Vec<(String, &str)> = rows
            .iter()
            .map(|(name, text)| (format!("{name:width$}"), &text[..]))
            .collect();
        let rows: Vec<(&str, &str)> = padded
            .iter()
            .map(|(name, text)| (&name[..], *text))
            .collect();
        texts.push(format!("{title}\n{}", described(&rows)));
    }
    texts.push(
        "`narrows recipes show NAME` prints a recipe, `narrows train NAME` trains it.".into(),
    );
    Ok(texts.join("\n\n"))
}

/// A section of a recipe with its keys, for a terminal.
fn keys_of(section: &ReferenceSection) -> String {
    let mut parts = vec![section.title.clone()];
    if let Some(selector) = &section.selector {
        let about = format!("the name of the {}{}", selector.about, default_of(selector));
        parts[0] = format!("{}\n{}", parts[0], described(&[(selector.name, &about)]));
    }
    for choice in &section.choices {
        let keys: Vec<(&str, String)> = choice.keys.iter().map(described_key).collect();
        let keys: Vec<(&str, &str)> = keys.iter().map(|(name, text)| (*name, &text[..])).collect();
        match &section.selector {
            None => parts.push(described(&keys)),
            Some(selector) => {
                let first = format!("  {} = \"{}\"   ", selector.name, choice.name);
                parts.push(wrapped_to_terminal(choice.about, &first, "      "));
                parts.extend((!keys.is_empty()).then(|| described_behind("    ", &keys)));
            }
        }
    }
    parts.join("\n")
}

/// What a key is, the values that it takes, and its default.
fn described_key(key: &ReferenceKey) -> (&'static str, String) {
    let text = format!("{} ({}){}", key.about, key.values, default_of(key));
    (key.name, text)
}

fn default_of(key: &ReferenceKey) -> String {
    match &key.default[..] {
        "required" => " [required]".into(),
        default => format!(" [default: {default}]"),
    }
}
