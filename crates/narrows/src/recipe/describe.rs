//! A recipe in one line, made of its parts.

use super::Recipe;
use crate::bottleneck::Bottleneck;
use crate::layer::LayerSpec;

/// The keys whose values are not part of a description.
const UNSAID: [&str; 5] = ["name", "about", "training", "optimizer", "schedule"];

/// Whether setting a value may make a recipe's description untrue.
pub(super) fn may_change(assignment: &str) -> bool {
    let first = assignment.split(['.', '=', '[']).next().unwrap_or_default();
    !UNSAID.contains(&first.trim())
}

/// Whether a value is the description itself.
pub(super) fn is_description(assignment: &str) -> bool {
    let key = assignment.split('=').next().unwrap_or_default();
    key.trim() == "about"
}

impl Recipe {
    /// The recipe in one line, from its parts: `encoder dense 128-64-8, decoder dense 64-128-data with sigmoid; mse`.
    ///
    /// It is the description of a recipe in which overrides changed the parts, so that the description stays true.
    pub fn description(&self) -> String {
        let mut parts = Vec::new();
        if let Some(scaling) = &self.scaling {
            parts.push(format!("{} scaling", scaling.name()));
        }
        if self.binarize {
            parts.push("values drawn as 0 or 1".into());
        }
        if let Some(noise) = &self.corruption {
            let settings = noise.settings().values().iter();
            let settings = settings.map(|(key, value)| format!("{key} {value}"));
            let settings: Vec<String> = settings.collect();
            parts.push(format!("{} noise of {}", noise.name(), settings.join(", ")));
        }
        parts.push(format!(
            "encoder {}, decoder {}",
            layers(&self.encoder),
            layers(&self.decoder)
        ));
        if self.bottleneck != Bottleneck::plain() {
            parts.push(format!("{} bottleneck", self.bottleneck.name()));
        }
        let mut objective = self.reconstruction.name().to_string();
        for penalty in self
            .penalties
            .iter()
            .filter(|penalty| penalty.weight != 0.0)
        {
            objective.push_str(&format!(" + {} · {}", penalty.weight, penalty.kind.name()));
        }
        parts.push(objective);
        parts.join("; ")
    }
}

/// Layers in words: `dense 256-32 with silu`, or their names one by one.
fn layers(layers: &[LayerSpec]) -> String {
    let is_dense = |layer: &LayerSpec| layer.name() == "dense";
    let others = layers.iter().filter(|layer| !is_dense(layer));
    let have_parameters = others.clone().any(|layer| layer.has_parameters());
    let mut names: Vec<&str> = others.map(|layer| layer.name()).collect();
    names.dedup();
    if have_parameters || names.len() > 2 {
        let all: Vec<&str> = layers.iter().map(|layer| layer.name()).collect();
        return all.join("-");
    }
    let width = |layer: &LayerSpec| match layer.get::<usize>("outputs") {
        Some(outputs) => outputs.to_string(),
        None if layer.get::<String>("tied").is_some() => "tied".into(),
        None => "data".into(),
    };
    let widths: Vec<String> = layers
        .iter()
        .filter(|layer| is_dense(layer))
        .map(width)
        .collect();
    let mut text = format!("dense {}", widths.join("-"));
    if !names.is_empty() {
        text.push_str(&format!(" with {}", names.join(" and ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_stays_true_when_parts_are_set() {
        let about = |name: &str, set: &[&str]| {
            let set: Vec<String> = set.iter().map(ToString::to_string).collect();
            Recipe::load(name, &set).unwrap().about
        };
        assert!(about("basic", &[]).contains("code of 32"));
        assert!(
            about("basic", &["training.epochs=3", "optimizer.learning_rate=1"])
                .contains("code of 32")
        );
        assert_eq!(
            about("basic", &["encoder[2].outputs=4"]),
            "unit scaling; encoder dense 256-4 with silu, decoder dense 256-data with silu and sigmoid; mse"
        );
        assert_eq!(
            about("basic", &["encoder[2].outputs=4", "about=mine"]),
            "mine"
        );
        let noise = about("denoising", &["corruption.std=0.4"]);
        assert!(
            noise.contains("gaussian noise of std 0.4; encoder conv2d-relu-conv2d-relu"),
            "{noise}"
        );
        // A variant with its own description keeps it, unless a value is overridden.
        assert!(about("contractive:free", &[]).contains("without a penalty"));
        let set = about("contractive:free", &["objective.penalties[0].weight=2"]);
        assert!(set.contains("mse + 2 · summed"), "{set}");
        let set = about("simple-linear", &["scaling.kind=standardize"]);
        assert!(set.starts_with("standardize scaling"), "{set}");
    }
}
