//! `narrows import`

use crate::destination::{called, check_stream, save};
use crate::isa::IsaArgument;
use crate::output::{figures, note, print, print_json, shown_path, table, thousands};
use crate::rows::with_warnings;
use crate::source::{ReadingArguments, keep_read_apart};
use clap::Args;
use narrows::data::{OtherRows, SplitPlan};
use narrows::model::{ImportOptions, Imported, SplitRecord};
use narrows::{Model, Recipe, Result};
use serde_json::json;
use std::path::PathBuf;

/// Make a model from weights that were trained in PyTorch.
///
/// The weights are a `state_dict` saved as .safetensors, in float32, float16, bfloat16 or float64. Names such as
/// `encoder.0.weight` come from a module with an `encoder` and a `decoder`: each is an `nn.Sequential` with the
/// layers of the recipe. A prefix that all names share, such as `module.`, is removed. Layers with other names are
/// matched by their shapes and by the order of their numbers (`fc1`, `fc2`), if only one assignment fits. Notes on
/// standard error list this assignment.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The file of the weights (.safetensors).
    weights: PathBuf,
    /// The recipe that the weights belong to: a name (see `narrows recipes`) or a TOML file.
    #[arg(long, value_name = "NAME|FILE")]
    recipe: String,
    /// The model file to write.
    #[arg(short, long, value_name = "MODEL")]
    output: PathBuf,
    /// Data like those that the weights were trained on: the scaling is fitted to them, and the model is tested on
    /// them.
    #[arg(long, value_name = "SOURCE")]
    data: Vec<String>,
    #[command(flatten)]
    reading: ReadingArguments,
    /// The shape of a row, as `1x28x28` or `784` [default: the shape of the data; without data, the width of the
    /// first layer if it is dense]
    #[arg(long, value_name = "SHAPE", value_parser = parse_shape)]
    shape: Option<Shape>,
    /// Set any key of the recipe, as in `--set scaling.kind=unit`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Assign a tensor or layer of the file to one of the recipe, as in `fc1=encoder.0`. Separate several with
    /// commas, or repeat the option. If all tensors of the recipe are assigned, other tensors of the file are
    /// ignored.
    #[arg(long, value_name = "THEIRS=OURS", value_delimiter = ',', value_parser = parse_pair)]
    map: Vec<(String, String)>,
    #[command(flatten)]
    isa: IsaArgument,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows import w.safetensors --recipe basic --data mnist -o model.safetensors
  narrows import w.safetensors --recipe mine.toml --shape 3x32x32 \\
      -o model.safetensors
  narrows import w.safetensors --recipe mine.toml --set scaling.kind=none \\
      -o model.safetensors
  narrows import w.safetensors --recipe mine.toml \\
      --map fc1=encoder.0,out=decoder.0 -o model.safetensors

In PyTorch the weights are saved by
  safetensors.torch.save_file(model.state_dict(), \"weights.safetensors\")";

/// The shape of a row.
#[derive(Clone)]
pub struct Shape(pub Vec<usize>);

pub fn parse_shape(text: &str) -> std::result::Result<Shape, String> {
    let sizes = text.split(['x', '×']).map(str::parse);
    let sizes: std::result::Result<Vec<usize>, _> = sizes.collect();
    match sizes {
        Ok(sizes) if !sizes.contains(&0) => Ok(Shape(sizes)),
        _ => Err("expected sizes above 0 with an x between them, as in 1x28x28".into()),
    }
}

fn parse_pair(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((theirs, ours)) if !theirs.is_empty() && !ours.is_empty() => {
            Ok((theirs.to_string(), ours.to_string()))
        }
        _ => Err(
            "expected a name of the file, `=` and a name of the recipe, as in fc1=encoder.0".into(),
        ),
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    keep_read_apart(&arguments.output, &arguments.data, &arguments.weights)?;
    check_stream(&arguments.output, arguments.json)?;
    let recipe = with_warnings(Recipe::load(&arguments.recipe, &arguments.overrides)?);
    let source = match &arguments.data[..] {
        [] => None,
        data => Some(arguments.reading.open(data)?),
    };
    let plan = SplitPlan::with_validation(0.0);
    let split = source
        .as_ref()
        .map(|source| source.split(recipe.seed, &plan));
    let split = split.transpose()?;
    let options = ImportOptions {
        shape: arguments.shape.as_ref().map(|shape| &shape.0[..]),
        data: split.as_ref().map(|split| &*split.train),
        map: &arguments.map,
    };
    let Imported { mut model, notes } = Model::import(&arguments.weights, &recipe, &options)?;
    for text in &notes {
        note(&format!("{}: {text}", shown_path(&arguments.weights)));
    }
    if let Some(split) = &split {
        let split = SplitRecord::of(split, recipe.seed);
        let origin = model.origin().clone();
        model.set_origin(origin.with_split(split, OtherRows::default()));
    }
    let test = split.as_ref().and_then(|split| split.test.as_ref());
    let test_mse = test.map(|test| model.mse(test)).transpose()?;
    let metrics = model.metrics_mut();
    metrics.extend(test_mse.map(|mse| ("test_mse".to_string(), mse)));
    save(&model, &arguments.output)?;
    let scaling = model.recipe().scaling.map_or("none", |spec| spec.name());
    let parameters = model.network().parameter_count();
    if arguments.json {
        let result = json!({
            "model": arguments.output,
            "recipe": recipe.name,
            "input_shape": model.shape(),
            "code_size": model.code_size(),
            "parameters": parameters,
            "scaling": scaling,
            "test_mse": test_mse,
            "notes": notes,
        });
        print_json(result);
        return Ok(());
    }
    let sizes: Vec<String> = model.shape().iter().map(ToString::to_string).collect();
    let mut rows = vec![
        ("model", called(&arguments.output)),
        ("recipe", format!("{}   {}", recipe.name, recipe.about)),
        ("input", sizes.join(" × ")),
        (
            "code",
            format!("{} values", thousands(model.code_size() as f64)),
        ),
        ("parameters", thousands(parameters as f64)),
        ("scaling", scaling.to_string()),
    ];
    rows.extend(test_mse.map(|mse| ("test MSE", figures(mse))));
    print(&table(&rows));
    Ok(())
}
