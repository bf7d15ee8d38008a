//! `narrows inspect`

use crate::output::{columns, figures, print, table, thousands};
use clap::Args;
use narrows::data::TestRows;
use narrows::run::load_model;
use narrows::{Model, Result};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Show what is in a model file: recipe, shapes, scaling, tensors and figures.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    /// Print the recipe alone, as TOML to train again.
    #[arg(long, conflicts_with = "json")]
    recipe: bool,
    /// Print all of it as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows inspect runs/simple-linear
  narrows inspect model.safetensors --recipe > again.toml
  narrows inspect model.safetensors --json | jq .metrics.test_mse";

/// What is said of a tensor: its name, shape, mean and standard deviation, and largest size.
struct Tensor {
    name: String,
    shape: Vec<usize>,
    mean: f64,
    deviation: f64,
    largest: f64,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let model = load_model(&arguments.model)?;
    if arguments.recipe {
        print(model.recipe().to_toml().trim_end());
    } else if arguments.json {
        print(&to_json(&model).to_string());
    } else {
        print(&describe(&model));
    }
    Ok(())
}

fn tensors(model: &Model) -> Vec<Tensor> {
    let of = |tensor: &narrows::network::Tensor| {
        let values = &model.parameters().flat()[tensor.range.clone()];
        let mean_of = |f: &dyn Fn(f64) -> f64| {
            values.iter().map(|&v| f(v.into())).sum::<f64>() / values.len() as f64
        };
        let mean = mean_of(&|v| v);
        Tensor {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            mean,
            deviation: mean_of(&|v| (v - mean).powi(2)).sqrt(),
            largest: values.iter().fold(0.0, |a, &v| a.max(f64::from(v).abs())),
        }
    };
    model.network().tensors().iter().map(of).collect()
}

fn shape(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    sizes.join(" × ")
}

fn to_json(model: &Model) -> Value {
    let tensor = |tensor: &Tensor| {
        json!({
            "name": tensor.name,
            "shape": tensor.shape,
            "mean": tensor.mean,
            "deviation": tensor.deviation,
            "largest": tensor.largest,
        })
    };
    json!({
        "recipe": model.recipe().name,
        "about": model.recipe().about,
        "input_shape": model.shape(),
        "code_size": model.code_size(),
        "parameters": model.network().parameter_count(),
        "scaling": model.recipe().scaling.as_ref().map(|scaling| scaling.name()),
        "metrics": model.metrics(),
        "data": model.origin().data,
        "columns": model.origin().columns,
        "range": model.origin().range.map(|(low, high)| [low, high]),
        "split": model.origin().split.as_ref().map(|split| split.to_json()),
        "validation": model.origin().validation,
        "test": model.origin().test,
        "isa": model.origin().isa,
        "threshold": model.threshold().map(|threshold| threshold.to_json()),
        "tensors": tensors(model).iter().map(tensor).collect::<Vec<_>>(),
    })
}

/// What the model knows of the data that it was trained on.
fn data(model: &Model) -> Vec<(&'static str, String)> {
    let origin = model.origin();
    let mut rows = Vec::new();
    rows.extend(origin.data.as_ref().map(|name| {
        let range = origin.range.map_or(String::new(), |(low, high)| {
            format!("   values from {low} to {high}")
        });
        ("trained on", format!("{name}{range}"))
    }));
    rows.extend(origin.split.as_ref().map(|split| {
        let [train, validation, test] = split.rows.map(|rows| thousands(rows as f64));
        let held_out = match (split.held_out, &origin.test) {
            (true, _) => " held out".to_string(),
            (false, Some(source)) => format!(" from {source}"),
            (false, None) => String::new(),
        };
        let how = match split.plan.test {
            TestRows::Last(_) => ", the last rows",
            _ => "",
        };
        let group = split.plan.group.as_ref();
        let group = group.map_or(String::new(), |group| format!(", whole groups by `{group}`"));
        let source = origin.validation.as_ref();
        let source = source.map_or(String::new(), |source| format!(" from {source}"));
        let text = format!(
            "{train} to train, {validation} to watch{source}, {test} to test{held_out}{how}{group}; seed {}",
            split.seed
        );
        ("rows", text)
    }));
    if !origin.isa.is_empty() {
        rows.push(("trained with", origin.isa.join(", then ")));
    }
    rows.extend(origin.columns.as_ref().map(|columns| {
        let mut text = columns
            .iter()
            .take(12)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        if columns.len() > 12 {
            text.push_str(&format!(" and {} more", columns.len() - 12));
        }
        ("columns", text)
    }));
    rows
}

fn describe(model: &Model) -> String {
    let recipe = model.recipe();
    let scaling = recipe.scaling.as_ref().map_or("none", |s| s.name());
    let mut rows = vec![
        ("recipe", format!("{}   {}", recipe.name, recipe.about)),
        ("input", shape(model.shape())),
        (
            "code",
            format!("{} values", thousands(model.code_size() as f64)),
        ),
        (
            "parameters",
            thousands(model.network().parameter_count() as f64),
        ),
        ("scaling", scaling.to_string()),
    ];
    rows.extend(recipe.corruption.map(|corruption| {
        let text = format!("{} of {}", corruption.name(), corruption.strength());
        ("corruption", text)
    }));
    for term in &recipe.terms {
        rows.push((
            "term",
            format!("{} of weight {}", term.kind.name(), term.weight),
        ));
    }
    rows.extend(data(model));
    rows.extend(model.threshold().map(|threshold| {
        let (name, level) = threshold.rule.parts();
        let text = format!(
            "{}   {} of {level}, from {}",
            figures(threshold.value.into()),
            name,
            threshold.rows_in_words()
        );
        ("threshold", text)
    }));
    let metrics = model.metrics().iter();
    let metrics: Vec<String> = metrics
        .map(|(name, v)| format!("{name} {}", figures(*v)))
        .collect();
    if !metrics.is_empty() {
        rows.push(("figures", metrics.join("   ")));
    }
    let mut list = vec![["tensor", "shape", "mean", "deviation", "largest"].map(String::from)];
    list.extend(tensors(model).into_iter().map(|tensor| {
        [
            tensor.name,
            shape(&tensor.shape),
            figures(tensor.mean),
            figures(tensor.deviation),
            figures(tensor.largest),
        ]
    }));
    format!("{}\n\n{}", table(&rows), columns(&list))
}
