//! The reference of recipes: every key with its values, default and meaning, as Markdown tables made of the
//! declarations that reading uses.

use super::Recipe;
use super::keys::{PENALTY_LIST, ROOT, TRAINING};
use crate::declaration::{Choice, Declaration, Key, List, Part};
use crate::layer::{INITIALIZATION, INITIALIZATIONS};
use crate::optimizer::{OPTIMIZERS, SCHEDULE, SCHEDULES};
use crate::parts::Parts;
use crate::scaling::{self, SCALINGS};
use crate::{bottleneck, corruption, layer, objective, optimizer};
use std::fmt::Write;

impl Recipe {
    /// Every key that a recipe of the library's parts may have; see [`Parts::reference`].
    pub fn reference() -> String {
        Parts::standard().reference()
    }
}

impl Parts {
    /// Every key that a recipe may have, as Markdown tables made of the declarations that reading uses.
    pub fn reference(&self) -> String {
        let mut text = String::new();
        table(&mut text, "The recipe", &ROOT);
        let list = of_choices(SCALINGS);
        choices(&mut text, "[scaling]", &scaling::KIND, &[], &list);
        let list = of_list(self.corruptions());
        choices(&mut text, "[corruption]", &corruption::KIND, &[], &list);
        let list = of_choices(INITIALIZATIONS);
        choices(&mut text, "[network]", &INITIALIZATION, &[], &list);
        let list = of_list(self.layers());
        let title = "[[encoder]] and [[decoder]]";
        choices(&mut text, title, &layer::LAYER, &[], &list);
        let list = of_list(self.bottlenecks());
        choices(&mut text, "[bottleneck]", &bottleneck::KIND, &[], &list);
        let list = of_list(self.reconstructions());
        let selector = &objective::RECONSTRUCTION;
        choices(&mut text, "[objective]", selector, &[PENALTY_LIST], &list);
        let list = of_list(self.penalties());
        let (title, selector) = ("[[objective.penalties]]", &objective::PENALTY_KIND);
        choices(&mut text, title, selector, &[objective::WEIGHT], &list);
        let list = of_choices(OPTIMIZERS);
        choices(&mut text, "[optimizer]", &optimizer::KIND, &[], &list);
        let list = of_choices(SCHEDULES);
        choices(&mut text, "[schedule]", &SCHEDULE, &[], &list);
        table(&mut text, "[training]", &TRAINING);
        text
    }
}

fn of_choices<T>(choices: &'static [Choice<T>]) -> Vec<&'static Declaration> {
    choices.iter().map(|choice| &choice.declaration).collect()
}

fn of_list<P: Part + ?Sized>(list: &List<P>) -> Vec<&'static Declaration> {
    list.iter().map(|part| part.declaration()).collect()
}

fn table(text: &mut String, title: &str, declaration: &Declaration) {
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "## {title}\n\n| key | value | default | meaning |\n|---|---|---|---|"
    );
    for key in declaration.keys {
        let (values, default) = (key.values_in_words(), key.default_in_words());
        let _ = writeln!(
            text,
            "| `{}` | {values} | {default} | {} |",
            key.name, key.about
        );
    }
    text.push('\n');
}

fn choices(
    text: &mut String,
    title: &str,
    selector: &Key,
    common: &[Key],
    all: &[&'static Declaration],
) {
    let (name, default) = (selector.name, selector.default_in_words());
    let _ = writeln!(
        text,
        "## {title}\n\n`{name}` names the {} (default: {default}):\n",
        selector.about
    );
    let _ = writeln!(text, "| `{name}` | meaning | its keys |\n|---|---|---|");
    for part in all {
        let keys: Vec<String> = common
            .iter()
            .chain(part.keys)
            .map(|key| {
                format!(
                    "`{}`: {} ({}; default: {})",
                    key.name,
                    key.about,
                    key.values_in_words(),
                    key.default_in_words()
                )
            })
            .collect();
        let _ = writeln!(
            text,
            "| `\"{}\"` | {} | {} |",
            part.name,
            part.about,
            keys.join("<br>")
        );
    }
    text.push('\n');
}
