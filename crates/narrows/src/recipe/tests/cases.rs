//! Each part in the section of a recipe that names it.

use super::values::good;
use crate::Result;
use crate::declaration::{Choice, Declaration, Key, List, Part, Preset};
use crate::objective::WEIGHT;
use crate::optimizer::{OPTIMIZERS, SCHEDULES};
use crate::parts::Parts;
use crate::recipe::Recipe;
use crate::recipe::keys::TRAINING_KEYS;
use crate::scaling::SCALINGS;

/// A part in its section of a recipe.
pub(super) struct Case {
    /// The path of the section.
    pub(super) section: &'static str,
    /// The line that names the part, if there is such a line.
    pub(super) selector: String,
    pub(super) keys: Vec<Key>,
}

impl Case {
    fn new(section: &'static str, selector: &str, part: &Declaration) -> Case {
        Case {
            section,
            selector: match selector {
                "" => String::new(),
                selector => format!("{selector} = \"{}\"", part.name),
            },
            keys: part.keys.to_vec(),
        }
    }

    /// A recipe whose section has these lines and the keys that the part requires besides `key`.
    pub(super) fn text(&self, key: &Key, lines: &str) -> String {
        let required = self.keys.iter().filter(|other| {
            let is_other = other.name != key.name;
            is_other && other.default == Preset::Required
        });
        let required: Vec<String> = required
            .map(|other| format!("{} = {}", other.name, good(&other.kind)[0]))
            .collect();
        let head = match self.section {
            // The decoder's last layer with parameters, which may have no width.
            "decoder[1]" => "[[decoder]]\nlayer = \"dense\"\noutputs = 2\n[[decoder]]".to_string(),
            "objective.penalties[0]" => "[[objective.penalties]]".to_string(),
            section => format!("[{section}]"),
        };
        let own = format!(
            "{head}\n{}\n{lines}\n{}\n",
            self.selector,
            required.join("\n")
        );
        let epochs = match self.section {
            "schedule" | "bottleneck" => "[training]\nepochs = 1000000\n",
            _ => "",
        };
        // Drawn codes need a likelihood.
        let objective = match (self.section, &self.selector[..]) {
            ("bottleneck", selector) if selector.contains("variational") => {
                "[objective]\nreconstruction = \"gaussian\"\n"
            }
            _ => "",
        };
        let decoder = match self.section {
            "decoder[1]" => "",
            _ => "[[decoder]]\nlayer = \"dense\"\n",
        };
        format!(
            "name = \"a\"\n{own}{epochs}{objective}[[encoder]]\nlayer = \"dense\"\noutputs = 2\n\
             {decoder}[[decoder]]\nlayer = \"sigmoid\"\n"
        )
    }

    pub(super) fn read(&self, key: &Key, lines: &str) -> Result<Recipe> {
        Recipe::parse(&self.text(key, lines), "a.toml")
    }

    /// The value of a key in the written recipe.
    pub(super) fn written(&self, recipe: &Recipe, key: &str) -> Option<toml::Value> {
        let table: toml::Table = recipe.to_toml().parse().unwrap();
        let mut value = Some(toml::Value::Table(table));
        for step in self.section.split('.') {
            let (name, index) = match step.strip_suffix(']').and_then(|s| s.split_once('[')) {
                Some((name, index)) => (name, Some(index.parse::<usize>().unwrap())),
                None => (step, None),
            };
            value = value.and_then(|value| value.get(name).cloned());
            if let Some(index) = index {
                value = value.and_then(|value| value.get(index).cloned());
            }
        }
        value.and_then(|value| value.get(key).cloned())
    }
}

fn of_list<P: Part + ?Sized>(section: &'static str, selector: &str, list: &List<P>) -> Vec<Case> {
    list.iter()
        .map(|part| Case::new(section, selector, part.declaration()))
        .collect()
}

fn of_choices<T>(section: &'static str, choices: &[Choice<T>]) -> Vec<Case> {
    let case = |choice: &Choice<T>| Case::new(section, "kind", &choice.declaration);
    choices.iter().map(case).collect()
}

/// Every part that has keys.
pub(super) fn cases() -> Vec<Case> {
    let parts = Parts::standard();
    let mut penalties = of_list("objective.penalties[0]", "kind", parts.penalties());
    penalties.iter_mut().for_each(|case| case.keys.push(WEIGHT));
    let all = [
        of_choices("scaling", SCALINGS),
        of_list("corruption", "kind", parts.corruptions()),
        of_list("decoder[1]", "layer", parts.layers()),
        of_list("bottleneck", "kind", parts.bottlenecks()),
        of_list("objective", "reconstruction", parts.reconstructions()),
        penalties,
        of_choices("optimizer", OPTIMIZERS),
        of_choices("schedule", SCHEDULES),
        vec![Case::new("training", "", &TRAINING_KEYS)],
    ];
    all.into_iter().flatten().collect()
}
