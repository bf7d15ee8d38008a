//! Recipes as TOML and in other formats.

use crate::recipe::Recipe;
use crate::recipe::keys::{ROOT, TRAINING_KEYS, VARIANTS};

#[test]
fn every_section_is_written() {
    let mut recipe = Recipe::named("contractive").unwrap();
    recipe.corruption = Recipe::named("denoising").unwrap().corruption;
    recipe.validation = Some(0.1);
    let written: toml::Table = recipe.to_toml().parse().unwrap();
    for key in ROOT.keys.iter().filter(|key| key.name != VARIANTS.name) {
        assert!(written.contains_key(key.name), "{}", key.name);
    }
    let training = written["training"].as_table().unwrap();
    assert_eq!(training.len(), TRAINING_KEYS.keys.len());
}

#[test]
fn a_number_that_toml_does_not_have_is_refused_by_its_key() {
    let mut recipe = Recipe::named("table").unwrap();
    recipe.seed = u64::MAX;
    let error = recipe.check().unwrap_err().to_string();
    assert!(
        error.starts_with("recipe table: training.seed: "),
        "{error}"
    );
    recipe.seed = 0;
    recipe.clip_norm = f64::NAN;
    let error = recipe.check().unwrap_err().to_string();
    assert!(
        error.starts_with("recipe table: training.clip_norm: "),
        "{error}"
    );
}

#[test]
fn other_formats_have_the_same_keys_as_toml() {
    for name in Recipe::shipped() {
        let recipe = Recipe::named(name).unwrap();
        let json = serde_json::to_value(&recipe).unwrap();
        let table: toml::Table = recipe.to_toml().parse().unwrap();
        assert_eq!(json, serde_json::to_value(&table).unwrap(), "{name}");
        assert_eq!(serde_json::from_value::<Recipe>(json).unwrap(), recipe);
        let text = toml::to_string(&recipe).unwrap();
        assert_eq!(text.parse::<toml::Table>().unwrap(), table);
        assert_eq!(toml::from_str::<Recipe>(&text).unwrap(), recipe);
    }
    let mut json = serde_json::to_value(Recipe::named("table").unwrap()).unwrap();
    json["training"]["epochs"] = 0.into();
    let error = serde_json::from_value::<Recipe>(json)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("the recipe: training.epochs: this value is not possible"),
        "{error}"
    );
    for text in ["[]", "null", "1", r#"{"name": "a", "name": "b"}"#] {
        assert!(serde_json::from_str::<Recipe>(text).is_err(), "{text}");
    }
}

#[test]
fn shipped_recipes_fit_a_terminal_of_80_columns() {
    for name in Recipe::shipped() {
        let variants = Recipe::variants(name).unwrap();
        let variants = variants.iter().map(|variant| {
            let name = format!("{name}:{variant}");
            Recipe::load(&name, &[]).unwrap().to_toml()
        });
        for text in variants.chain([Recipe::text(name).unwrap().to_string()]) {
            let lines = text.lines().filter(|line| line.chars().count() > 80);
            assert_eq!(lines.collect::<Vec<_>>(), [""; 0], "{name}");
        }
    }
}
