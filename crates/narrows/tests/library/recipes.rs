//! Recipes: reading, and recipes that are refused, with the errors.

mod overrides;
mod read;
mod refused;

use narrows::Recipe;
use narrows::layer::{self, Activation, Initialization, LayerSpec, activation};
use narrows::objective::{PenaltyKind, Reconstruction};
use narrows::optimizer::OptimizerSpec;
use narrows::recipe::{Override, Purpose};
use narrows::scaling::ScalingSpec;
use std::path::Path;

/// A small recipe with room for one more line in each section.
fn with(section: &str, line: &str) -> String {
    let extra = |name: &str| if name == section { line } else { "" };
    format!(
        r#"name = "small"
{}
[scaling]
{}
[network]
{}
[[encoder]]
{}
[[decoder]]
layer = "dense"
{}
[objective]
{}
[optimizer]
{}
[training]
{}
"#,
        extra(""),
        if section == "scaling" {
            line
        } else {
            "kind = \"unit\""
        },
        extra("network"),
        if section == "encoder" {
            line
        } else {
            "layer = \"dense\"\noutputs = 2"
        },
        extra("decoder"),
        extra("objective"),
        extra("optimizer"),
        extra("training"),
    )
}

#[track_caller]
fn refused(text: &str, overrides: &[&str], parts: &[&str]) {
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    let error = Recipe::parse_with(text, "small.toml", &overrides)
        .unwrap_err()
        .to_string();
    for part in parts {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}
