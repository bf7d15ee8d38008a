//! `narrows inspect`

use crate::import::{Shape, parse_shape};
use crate::number::{ANY, whole};
use crate::output::{aligned_lines, columns, figures, print, table, thousands};
use clap::Args;
use narrows::data::TestRows;
use narrows::declaration::one_of;
use narrows::model::Prior;
use narrows::network::StateKind;
use narrows::run::{blame_recipe, load_model};
use narrows::train::{Described, describe as describe_programs};
use narrows::{Error, ErrorKind, Model, Recipe, Result};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Show the content of a model file: recipe, shapes, scaling, metrics, layers and tensors. With `--program`, show the
/// operations of training and use.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder; with `--program` also a recipe.
    model: PathBuf,
    /// Print only the recipe, as TOML to train again.
    #[arg(long, conflicts_with_all = ["json", "program"])]
    recipe: bool,
    /// Print the programs of training, validation and use: stages, operations, buffers. `--program=raw` prints them
    /// before they are optimized.
    #[arg(long, value_name = "raw", num_args = 0..=1, require_equals = true, default_missing_value = "",
        value_parser = is_raw, conflicts_with = "json")]
    program: Option<bool>,
    /// The shape of a row for the programs of a recipe, as `1x28x28` or `784` [default: 1x28x28]
    #[arg(long, value_name = "SHAPE", value_parser = parse_shape, requires = "program")]
    shape: Option<Shape>,
    /// The number of threads of the programs [default: as many as a step has work for]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(ANY), requires = "program")]
    threads: Option<usize>,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows inspect runs/basic
  narrows inspect model.safetensors --recipe > again.toml
  narrows inspect model.safetensors --json | jq .metrics.test_mse
  narrows inspect contractive --program
  narrows inspect mine.toml --program=raw --shape 12";

/// Whether the programs are asked for as they are before they are optimized.
fn is_raw(text: &str) -> std::result::Result<bool, String> {
    let named = |word: &str| match word {
        "" => Some(false),
        "raw" => Some(true),
        _ => None,
    };
    one_of(text, named, &["raw"])
}

/// What is said of a tensor: its name, shape, mean and standard deviation, and largest size.
struct Tensor {
    name: String,
    shape: Vec<usize>,
    mean: f64,
    std: f64,
    largest: f64,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(is_raw) = arguments.program {
        return print_program(arguments, is_raw);
    }
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

/// Prints the programs of a model, or of a recipe.
fn print_program(arguments: &Arguments, is_raw: bool) -> Result<()> {
    let path = &arguments.model;
    let name = path.display().to_string();
    let is_recipe = path.extension().is_some_and(|ending| ending == "toml") || !path.exists();
    let (recipe, own_shape) = if is_recipe {
        (Recipe::load(&name, &[])?, None)
    } else {
        let model = load_model(path)?;
        (model.recipe().clone(), Some(model.shape().to_vec()))
    };
    let chosen = arguments.shape.as_ref().map(|shape| shape.0.clone());
    if let (Some(own), Some(_)) = (&own_shape, &chosen) {
        return Err(Error::new(ErrorKind::Recipe, "a model has its own shape")
            .at("--shape")
            .expected("no --shape, or a recipe instead of the model")
            .found(format!("a model for rows of shape {}", shape(own))));
    }
    let described = Described {
        shape: own_shape.or(chosen).unwrap_or(vec![1, 28, 28]),
        threads: arguments.threads.unwrap_or(0),
        is_raw,
    };
    let text =
        describe_programs(&recipe, &described).map_err(|error| blame_recipe(error, &name, true))?;
    print(&format!(
        "rows of shape {}\n\n{}",
        shape(&described.shape),
        aligned_lines(text.trim_end())
    ));
    Ok(())
}

/// The tensors of a model, and then its states, as running statistics.
fn tensors(model: &Model) -> Vec<Tensor> {
    let parameters = model.network().tensors().iter().map(|tensor| {
        let values = &model.parameters().flat()[tensor.range.clone()];
        let values: Vec<f64> = values.iter().map(|&value| value.into()).collect();
        Tensor::of(&tensor.name, &tensor.shape, &values)
    });
    let states = model.network().states().iter().map(|state| {
        let numbers = &model.parameters().states()[state.range.clone()];
        let value = |&number: &f32| match state.kind {
            StateKind::Count => f64::from(number.to_bits()),
            StateKind::Number | StateKind::NotNegative => f64::from(number),
        };
        let values: Vec<f64> = numbers.iter().map(value).collect();
        Tensor::of(&state.name, &state.shape, &values)
    });
    parameters.chain(states).collect()
}

impl Tensor {
    fn of(name: &str, shape: &[usize], values: &[f64]) -> Tensor {
        let mean_of = |f: &dyn Fn(f64) -> f64| {
            values.iter().map(|&value| f(value)).sum::<f64>() / values.len() as f64
        };
        let mean = mean_of(&|value| value);
        Tensor {
            name: name.to_string(),
            shape: shape.to_vec(),
            mean,
            std: mean_of(&|value| (value - mean).powi(2)).sqrt(),
            largest: values.iter().fold(0.0, |a, value| a.max(value.abs())),
        }
    }
}

fn shape(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    if sizes.is_empty() {
        "one number".into()
    } else {
        sizes.join(" × ")
    }
}

fn to_json(model: &Model) -> Value {
    let tensor = |tensor: &Tensor| {
        json!({
            "name": tensor.name,
            "shape": tensor.shape,
            "mean": tensor.mean,
            "std": tensor.std,
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
        "prior": model.prior().map(prior),
        "tensors": tensors(model).iter().map(tensor).collect::<Vec<_>>(),
    })
}

/// A prior without the numbers of its Gaussians.
fn prior(prior: &Prior) -> Value {
    json!({
        "kind": prior.kind().name(),
        "components": prior.components().len(),
        "rows": prior.rows(),
        "source": prior.source(),
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
            (true, _) => ", held out".to_string(),
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
            "{train} for training, {validation} for validation{source}, {test} for testing{held_out}{how}{group}; \
             seed {}",
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
    rows.extend(recipe.corruption.as_ref().map(|corruption| {
        let text = format!("{} of {}", corruption.name(), corruption.strength());
        ("corruption", text)
    }));
    for penalty in &recipe.penalties {
        rows.push((
            "penalty",
            format!("{} of weight {}", penalty.kind.name(), penalty.weight),
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
    rows.extend(model.prior().map(|prior| ("prior", prior.in_words())));
    let metrics = model.metrics().iter();
    let metrics: Vec<String> = metrics
        .map(|(name, v)| format!("{name} {}", figures(*v)))
        .collect();
    if !metrics.is_empty() {
        rows.push(("metrics", metrics.join("   ")));
    }
    let mut list = vec![["tensor", "shape", "mean", "std", "largest"].map(String::from)];
    list.extend(tensors(model).into_iter().map(|tensor| {
        [
            tensor.name,
            shape(&tensor.shape),
            figures(tensor.mean),
            figures(tensor.std),
            figures(tensor.largest),
        ]
    }));
    format!(
        "{}\n\n{}\n\n{}",
        table(&rows),
        columns(&layers(model)),
        columns(&list)
    )
}

/// The layers with the shape of a row behind each and the number of parameters of its own.
fn layers(model: &Model) -> Vec<[String; 4]> {
    let (recipe, network) = (model.recipe(), model.network());
    let own = |place: &str| {
        let tensors = network.tensors().iter();
        let own = tensors.filter(|tensor| {
            tensor
                .name
                .rsplit_once('.')
                .is_some_and(|(of, _)| of == place)
        });
        own.map(|tensor| tensor.range.len()).sum::<usize>()
    };
    let row = |place: String, kind: &str, sizes: &[usize]| {
        let parameters = match own(&place) {
            0 => "-".to_string(),
            count => thousands(count as f64),
        };
        [place, kind.to_string(), shape(sizes), parameters]
    };
    let sides = [("encoder", &recipe.encoder), ("decoder", &recipe.decoder)];
    let mut rows = vec![["layer", "kind", "output shape", "parameters"].map(String::from)];
    let mut behind = 0;
    for (side, layers) in sides {
        if side == "decoder" && recipe.bottleneck.name() != "plain" {
            let name = recipe.bottleneck.name();
            rows.push(row("bottleneck".into(), name, network.shape(behind)));
        }
        for (index, layer) in layers.iter().enumerate() {
            behind += 1;
            let place = format!("{side}.{index}");
            let is_last = side == "encoder" && index + 1 == layers.len();
            let sizes = if is_last {
                network.encoded_shape()
            } else {
                network.shape(behind)
            };
            rows.push(row(place, layer.name(), sizes));
        }
    }
    rows
}
