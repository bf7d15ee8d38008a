//! `narrows recipes`

use crate::output::{described, print, wrapped_to_terminal};
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
        /// The recipe's name, or NAME:VARIANT for what a variant makes of it, with every default filled in.
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
    texts.push("narrows recipes show NAME prints one, narrows train NAME trains it.".into());
    Ok(texts.join("\n\n"))
}

/// A section of a recipe with its keys, for a terminal.
fn keys_of(section: &ReferenceSection) -> String {
    let described_key = |key: &ReferenceKey| {
        let text = format!("{}: {}; default: {}", key.about, key.values, key.default);
        (key.name, text)
    };
    let mut lines = vec![section.title.clone()];
    if let Some(selector) = &section.selector {
        let ReferenceKey {
            name,
            about,
            default,
            ..
        } = selector;
        lines.push(format!(
            "  {name} = the name of the {about}; default: {default}"
        ));
    }
    for choice in &section.choices {
        let keys: Vec<(&str, String)> = choice.keys.iter().map(described_key).collect();
        let keys: Vec<(&str, &str)> = keys.iter().map(|(name, text)| (*name, &text[..])).collect();
        if section.selector.is_some() {
            let first = format!("  {} = \"{}\"   ", selector_name(section), choice.name);
            lines.push(wrapped_to_terminal(choice.about, &first, "      "));
            lines.extend(keys.iter().map(|(name, text)| {
                wrapped_to_terminal(text, &format!("      {name}   "), "          ")
            }));
        } else {
            lines.push(described(&keys));
        }
    }
    lines.join("\n")
}

fn selector_name(section: &ReferenceSection) -> &str {
    section
        .selector
        .as_ref()
        .map_or("", |selector| selector.name)
}
