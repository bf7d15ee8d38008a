//! The names of numbers, in JSON and in the list of definitions.

use super::*;

#[test]
fn every_number_of_the_json_has_a_definition() {
    let source = source(true);
    let mut recipe = model(&source.train).recipe().clone();
    recipe.corruption = Some(Corruption::masking(0.5));
    let plain = model(&source.train);
    let (scaling, parameters) = (plain.scaling().clone(), plain.parameters().flat());
    let model = Model::new(recipe, scaling, plain.shape(), parameters).unwrap();
    let split = source.split(1, &SplitPlan::with_validation(0.0)).unwrap();
    let json = of(&model, &split, 1).to_json();
    let reference = metrics::reference();
    let mut names = Vec::new();
    numbers(&json, &mut names);
    // Facts of the data and places in lists, no measures.
    let facts = [
        "code_size",
        "train_rows",
        "test_rows",
        "data_range",
        "draws",
        "level",
        "label",
        "rows",
        "units",
    ];
    names.retain(|name| !facts.contains(&&name[..]));
    assert!(names.len() > 12, "{names:?}");
    for name in names {
        let row = format!("| `{name}` |");
        assert!(reference.contains(&row), "{name} has no definition");
    }
}

/// The keys whose values are numbers, or lists of numbers, but for the shape.
fn numbers(json: &serde_json::Value, names: &mut Vec<String>) {
    match json {
        serde_json::Value::Object(object) => {
            for (name, value) in object.iter().filter(|(name, _)| *name != "shape") {
                let is_list = value
                    .as_array()
                    .is_some_and(|list| list.iter().any(|v| v.is_number()));
                if value.is_number() || is_list {
                    names.push(name.clone());
                }
                numbers(value, names);
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| numbers(value, names)),
        _ => {}
    }
}

#[test]
fn json_has_what_the_record_has() {
    let source = source(true);
    let found = of(
        &model(&source.train),
        &source.split(1, &SplitPlan::with_validation(0.0)).unwrap(),
        1,
    );
    let json = found.to_json();
    assert_eq!(json["model"]["test_mse"], found.model.test_mse);
    assert_eq!(json["pca"]["ssim"], found.pca.unwrap().ssim.unwrap());
    assert_eq!(json["classes"][1]["label"], 5);
    assert_eq!(json["classes"][1]["name"], "5");
    assert_eq!(json["units"][0]["dead"], 2);
    assert_eq!(json["shape"], serde_json::json!([1, SIDE, SIDE]));
    assert_eq!(json["robustness"][0]["points"][1]["level"], 0.1);
    assert_eq!(
        json["jacobian"]["jacobian_norm"],
        found.jacobian.unwrap().mean_norm
    );
}

#[test]
fn the_page_of_numbers_is_the_list() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/METRICS.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, numbers) = page.split_once("\n## ").unwrap();
    let command = "narrows evaluate --metrics --markdown";
    assert_eq!(
        format!("## {numbers}").trim_end(),
        metrics::reference().trim_end(),
        "{command}"
    );
}
