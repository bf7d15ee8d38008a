//! From a recipe to its text.

use super::Recipe;
use super::keys::{ACCUMULATION, BATCH_SIZE, CLIP_NORM, EPOCHS, PATIENCE, SEED, VALIDATION};
use crate::declaration::{Part, Settings, Spec};
use std::fmt::Display;

/// The text as it grows.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn value(&mut self, key: &str, value: impl Display) {
        self.line(&format!("{key} = {value}"));
    }

    fn settings(&mut self, settings: &Settings) {
        for (key, value) in settings.values() {
            self.value(key, value);
        }
    }

    /// A section of a part that its `selector` names.
    fn part<P: Part + ?Sized>(&mut self, head: &str, selector: &str, part: &Spec<P>) {
        self.line(&format!("\n{head}"));
        self.value(selector, quoted(part.name()));
        self.settings(part.settings());
    }

    /// The same of one that is an enum in code.
    fn choice(&mut self, head: &str, name: &str, settings: Vec<(&'static str, String)>) {
        self.line(&format!("\n{head}"));
        self.value("kind", quoted(name));
        for (key, value) in settings {
            self.value(key, value);
        }
    }
}

impl Recipe {
    /// The recipe as TOML, with every default filled in.
    pub fn to_toml(&self) -> String {
        let mut text = Text::default();
        text.value("name", quoted(&self.name));
        text.value("about", quoted(&self.about));
        if let Some(scaling) = &self.scaling {
            text.choice("[scaling]", scaling.name(), scaling.settings());
        }
        if let Some(corruption) = &self.corruption {
            text.part("[corruption]", "kind", corruption);
        }
        text.line("\n[network]");
        text.value("initialization", quoted(self.initialization.name()));
        for layer in &self.encoder {
            text.part("[[encoder]]", "layer", layer);
        }
        text.part("[bottleneck]", "kind", &self.bottleneck);
        for layer in &self.decoder {
            text.part("[[decoder]]", "layer", layer);
        }
        text.part("[objective]", "reconstruction", &self.reconstruction);
        for penalty in &self.penalties {
            text.part("[[objective.penalties]]", "kind", &penalty.kind);
            text.value("weight", crate::declaration::Value::from(penalty.weight));
        }
        text.choice(
            "[optimizer]",
            self.optimizer.name(),
            self.optimizer.settings(),
        );
        text.choice("[schedule]", self.schedule.name(), self.schedule.settings());
        text.line("\n[training]");
        text.value(EPOCHS.name, self.epochs);
        text.value(BATCH_SIZE.name, self.batch_size);
        text.value(SEED.name, self.seed);
        if let Some(fraction) = self.validation {
            text.value(VALIDATION.name, format!("{fraction:?}"));
        }
        text.value(PATIENCE.name, self.patience);
        text.value(CLIP_NORM.name, format!("{:?}", self.clip_norm));
        text.value(ACCUMULATION.name, self.accumulation);
        text.0
    }
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
