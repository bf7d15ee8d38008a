//! The reference of recipes: every key with its values, default and meaning, generated from the declarations that the
//! parser uses.

use super::Recipe;
use super::keys::{PENALTY_LIST, ROOT, TRAINING_KEYS};
use crate::declaration::{Choice, Declaration, Key, List, Part};
use crate::layer::{INITIALIZATION, INITIALIZATIONS};
use crate::optimizer::{OPTIMIZERS, SCHEDULE, SCHEDULES};
use crate::parts::Parts;
use crate::scaling::{self, SCALINGS};
use crate::{bottleneck, corruption, layer, objective, optimizer};
use std::fmt::Write;

/// A section of a recipe: its keys, or its choices with the keys of each choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceSection {
    /// The header of the section in a recipe: `[scaling]`.
    pub title: String,
    /// The key that makes the choice, if there is a choice.
    pub selector: Option<ReferenceKey>,
    /// The choices; if there is no selector, a single choice without a name.
    pub choices: Vec<ReferenceChoice>,
}

/// One of the parts that a section may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceChoice {
    /// Its name in a recipe; empty if there is no choice.
    pub name: &'static str,
    /// A description.
    pub about: &'static str,
    /// Its keys.
    pub keys: Vec<ReferenceKey>,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceKey {
    /// Its name.
    pub name: &'static str,
    /// A description.
    pub about: &'static str,
    /// The allowed values, in words.
    pub values: String,
    /// The default, in words; `required` if a recipe must give a value.
    pub default: String,
}

impl Recipe {
    /// Every key that a recipe of the library's parts may have; see [`Parts::reference`].
    pub fn reference() -> String {
        Parts::standard().reference()
    }
}

impl Parts {
    /// Every key that a recipe may have, section by section.
    pub fn reference_sections(&self) -> Vec<ReferenceSection> {
        vec![
            section("The recipe", &ROOT),
            choices(
                "[scaling]",
                &scaling::KIND,
                &[scaling::DRAW],
                of_choices(SCALINGS),
            ),
            choices(
                "[corruption]",
                &corruption::KIND,
                &[],
                of_list(self.corruptions()),
            ),
            choices(
                "[network]",
                &INITIALIZATION,
                &[],
                of_choices(INITIALIZATIONS),
            ),
            choices(
                "[[encoder]] and [[decoder]]",
                &layer::LAYER,
                &[],
                of_list(self.layers()),
            ),
            choices(
                "[bottleneck]",
                &bottleneck::KIND,
                &[],
                of_list(self.bottlenecks()),
            ),
            choices(
                "[objective]",
                &objective::RECONSTRUCTION,
                &[PENALTY_LIST],
                of_list(self.reconstructions()),
            ),
            choices(
                "[[objective.penalties]]",
                &objective::PENALTY_KIND,
                &[objective::WEIGHT],
                of_list(self.penalties()),
            ),
            choices("[optimizer]", &optimizer::KIND, &[], of_choices(OPTIMIZERS)),
            choices("[schedule]", &SCHEDULE, &[], of_choices(SCHEDULES)),
            section("[training]", &TRAINING_KEYS),
        ]
    }

    /// Every key that a recipe may have, as Markdown tables.
    pub fn reference(&self) -> String {
        let sections = self.reference_sections();
        sections.iter().map(ReferenceSection::to_markdown).collect()
    }
}

impl From<&Key> for ReferenceKey {
    fn from(key: &Key) -> Self {
        ReferenceKey {
            name: key.name,
            about: key.about,
            values: key.values_in_words(),
            default: key.default_in_words(),
        }
    }
}

fn of_choices<T>(choices: &'static [Choice<T>]) -> Vec<&'static Declaration> {
    choices.iter().map(|choice| &choice.declaration).collect()
}

fn of_list<P: Part + ?Sized>(list: &List<P>) -> Vec<&'static Declaration> {
    list.iter().map(|part| part.declaration()).collect()
}

fn section(title: &str, declaration: &'static Declaration) -> ReferenceSection {
    ReferenceSection {
        title: title.into(),
        selector: None,
        choices: vec![ReferenceChoice {
            name: "",
            about: "",
            keys: declaration.keys.iter().map(ReferenceKey::from).collect(),
        }],
    }
}

fn choices(
    title: &str,
    selector: &Key,
    common: &[Key],
    all: Vec<&'static Declaration>,
) -> ReferenceSection {
    let choice = |part: &'static Declaration| ReferenceChoice {
        name: part.name,
        about: part.about,
        keys: common
            .iter()
            .chain(part.keys)
            .map(ReferenceKey::from)
            .collect(),
    };
    ReferenceSection {
        title: title.into(),
        selector: Some(selector.into()),
        choices: all.into_iter().map(choice).collect(),
    }
}

impl ReferenceSection {
    fn to_markdown(&self) -> String {
        let mut text = format!("## {}\n\n", self.title);
        // Writing to a String cannot fail.
        match &self.selector {
            None => {
                text.push_str("| key | value | default | meaning |\n|---|---|---|---|\n");
                for key in self.choices.iter().flat_map(|choice| &choice.keys) {
                    let ReferenceKey {
                        name,
                        about,
                        values,
                        default,
                    } = key;
                    let (values, default, about) = (cell(values), cell(default), cell(about));
                    let _ = writeln!(text, "| `{name}` | {values} | {default} | {about} |");
                }
            }
            Some(ReferenceKey {
                name,
                about,
                default,
                ..
            }) => {
                let _ = writeln!(text, "`{name}` names the {about} (default: {default}):\n");
                let _ = writeln!(text, "| `{name}` | meaning | its keys |\n|---|---|---|");
                for ReferenceChoice { name, about, keys } in &self.choices {
                    let keys: Vec<String> = keys.iter().map(ReferenceKey::in_words).collect();
                    let (about, keys) = (cell(about), cell(&keys.join("<br>")));
                    let _ = writeln!(text, "| `\"{name}\"` | {about} | {keys} |");
                }
            }
        }
        text.push('\n');
        text
    }
}

/// A text within a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

impl ReferenceKey {
    fn in_words(&self) -> String {
        let ReferenceKey {
            name,
            about,
            values,
            default,
        } = self;
        format!("`{name}`: {about} ({values}; default: {default})")
    }
}
