//! The reference of recipes: every key with its values, default and meaning, as Markdown tables made of the
//! lists that reading uses.

use super::{ROOT, Recipe, TRAINING};
use crate::data::scaling;
use crate::settings::{Choice, Key};
use crate::{corruption, layer, objective, optimizer};
use std::fmt::Write;

impl Recipe {
    /// Every key that a recipe may have, as Markdown tables made of the lists that reading uses.
    pub fn reference() -> String {
        let mut text = String::new();
        table(&mut text, "The recipe", ROOT);
        choices(
            &mut text,
            "[scaling]",
            &scaling::KIND,
            &[],
            scaling::SCALINGS,
        );
        choices(
            &mut text,
            "[corruption]",
            &corruption::KIND,
            &[],
            corruption::CORRUPTIONS,
        );
        choices(
            &mut text,
            "[network]",
            &layer::INITIALIZATION,
            &[],
            layer::INITIALIZATIONS,
        );
        choices(
            &mut text,
            "[[encoder]] and [[decoder]]",
            &layer::LAYER,
            &[],
            layer::LAYERS,
        );
        choices(
            &mut text,
            "[objective]",
            &objective::RECONSTRUCTION,
            &[objective::TERMS],
            objective::RECONSTRUCTIONS,
        );
        choices(
            &mut text,
            "[[objective.terms]]",
            &objective::TERM_KIND,
            &[objective::WEIGHT],
            objective::TERM_KINDS,
        );
        let common = [optimizer::LEARNING_RATE];
        choices(
            &mut text,
            "[optimizer]",
            &optimizer::KIND,
            &common,
            optimizer::OPTIMIZERS,
        );
        choices(
            &mut text,
            "[schedule]",
            &optimizer::SCHEDULE,
            &[],
            optimizer::SCHEDULES,
        );
        table(&mut text, "[training]", TRAINING);
        text
    }
}

fn table(text: &mut String, title: &str, keys: &[Key]) {
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "## {title}\n\n| key | value | default | meaning |\n|---|---|---|---|"
    );
    for Key {
        name,
        value,
        default,
        about,
    } in keys
    {
        let _ = writeln!(text, "| `{name}` | {value} | {default} | {about} |");
    }
    text.push('\n');
}

fn choices<T>(text: &mut String, title: &str, selector: &Key, common: &[Key], all: &[Choice<T>]) {
    let Key { name, default, .. } = selector;
    let _ = writeln!(
        text,
        "## {title}\n\n`{name}` names the {} (default: {default}):\n",
        selector.about
    );
    let _ = writeln!(text, "| `{name}` | meaning | its keys |\n|---|---|---|");
    for choice in all {
        let keys: Vec<String> = common
            .iter()
            .chain(choice.keys)
            .map(|key| {
                format!(
                    "`{}`: {} ({}; default: {})",
                    key.name, key.about, key.value, key.default
                )
            })
            .collect();
        let _ = writeln!(
            text,
            "| `\"{}\"` | {} | {} |",
            choice.name,
            choice.about,
            keys.join("<br>")
        );
    }
    text.push('\n');
}
