//! `narrows export`

use crate::destination::check_stream;
use crate::isa::IsaArgument;
use crate::output::{
    columns, count_of, figures, print, print_json, shown_path, table, thousands,
    wrapped_to_terminal,
};
use crate::source::{ReadingArguments, keep_apart, keep_read_apart};
use clap::Args;
use narrows::data::write::{Head, NumberType, Piece, Sink};
use narrows::export::onnx::{self, Input};
use narrows::export::sample_rows;
use narrows::files::{is_stream, write_output};
use narrows::run::load_model;
use narrows::{Error, ErrorKind, Model, Result};
use ndarray::{Array2, Axis};
use rten_tensor::prelude::*;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Export a model as an ONNX graph, and check that the graph computes the same.
///
/// The graph takes rows in the data's own units and gives codes, reconstructions and scores; the scaling is part of
/// the graph. Its metadata hold the names of the columns in order, the scaling, the definition of the score, and the
/// threshold if there is one. The input is float64 if float32 is too coarse for a column. Narrows runs the graph on
/// some rows and compares its outputs with those of the model.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    /// The file to write. Its name ends in `.onnx`; `-` is standard output.
    #[arg(short, long, value_name = "FILE.onnx")]
    output: PathBuf,
    /// Data whose first rows are used to check the graph [default: random rows]
    #[arg(long, value_name = "SOURCE")]
    data: Vec<String>,
    #[command(flatten)]
    reading: ReadingArguments,
    /// Save these rows and the model's outputs in this folder, as `rows.npy`, `code.npy`, `reconstruction.npy` and
    /// `score.npy`, to check the graph in other programs.
    #[arg(long, value_name = "DIR")]
    rows: Option<PathBuf>,
    #[command(flatten)]
    isa: IsaArgument,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows export runs/basic -o model.onnx
  narrows export model.safetensors -o model.onnx --data ~/fashion
  narrows export model.safetensors -o model.onnx --json | jq .difference";

/// How many rows the graph is tried on.
const ROWS: usize = 64;

/// The files of the rows that are kept, and of what the model makes of them.
const KEPT: [&str; 4] = ["rows.npy", "code.npy", "reconstruction.npy", "score.npy"];

/// What the graph may differ by, of the largest value of an output.
const TOLERANCE: f64 = 1e-4;

/// An output of the graph: its name, the shape of a row, and the largest difference from the model, of
/// the output's largest value.
struct Output {
    name: &'static str,
    shape: Vec<usize>,
    difference: f64,
}

/// A shape and the numbers, row by row.
type Array = (Vec<usize>, Vec<f64>);

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let ending = arguments.output.extension();
    let is_onnx = ending.is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"));
    if !is_onnx && !is_stream(&arguments.output) {
        let found = ending.map_or("none".into(), |ending| format!(".{}", ending.display()));
        return Err(Error::new(
            ErrorKind::Data,
            "a model cannot be exported to a file with this ending",
        )
        .at(arguments.output.display())
        .expected(".onnx")
        .found(found));
    }
    check_stream(&arguments.output, arguments.json)?;
    keep_read_apart(&arguments.output, &arguments.data, &arguments.model)?;
    for name in KEPT {
        let kept = arguments.rows.clone().unwrap_or_default().join(name);
        keep_apart(&kept, &arguments.data)?;
    }
    let model = load_model(&arguments.model)?;
    let input = Input::of(&model);
    let rows = match &arguments.data[..] {
        [] => sample_rows(&model, ROWS),
        data => arguments
            .reading
            .open_for(data, &model)?
            .into_rows()
            .head(ROWS)?
            .to_array_f64(),
    };
    // In the form that the graph gets.
    let rows = match input {
        Input::Double => rows,
        Input::Float => rows.mapv(|value| f64::from(value as f32)),
    };
    let bytes = onnx::bytes_with(&model, input)?;
    let outputs = compare(&model, bytes.clone(), &rows)?;
    write_output(&arguments.output, &bytes)?;
    if let Some(folder) = &arguments.rows {
        keep(folder, &model, &rows)?;
    }
    if arguments.json {
        print_json(to_json(arguments, &model, bytes.len(), &rows, &outputs));
    } else {
        print(&describe(arguments, &model, bytes.len(), &rows, &outputs));
    }
    Ok(())
}

/// Runs the graph on the rows and holds each output against the model's.
fn compare(model: &Model, graph: Vec<u8>, rows: &Array2<f64>) -> Result<Vec<Output>> {
    let double = |values: Array2<f32>| values.into_iter().map(f64::from).collect();
    let expected: [(&str, Vec<f64>); 3] = [
        (onnx::CODE, double(model.encode(rows.view())?)),
        (
            onnx::RECONSTRUCTION,
            model.reconstruct(rows.view())?.into_iter().collect(),
        ),
        (
            onnx::SCORE,
            double(model.score(rows.view())?.insert_axis(Axis(1))),
        ),
    ];
    let found = execute(graph, model, rows).map_err(|error| {
        Error::new(ErrorKind::Format, "the exported graph does not run").caused_by(error)
    })?;
    let mut outputs = Vec::new();
    for ((name, expected), (shape, found)) in expected.into_iter().zip(found) {
        let output = Output {
            name,
            shape: shape.get(1..).unwrap_or_default().to_vec(),
            difference: difference(&found, &expected),
        };
        // Not `>`, so that NaN is a difference.
        let is_same = output.difference <= TOLERANCE;
        if !is_same {
            return Err(Error::new(
                ErrorKind::Format,
                "the exported graph differs from the model",
            )
            .at(name)
            .expected(format!("at most {TOLERANCE} of the largest value"))
            .found(output.difference));
        }
        outputs.push(output);
    }
    Ok(outputs)
}

/// The largest difference, of the largest value expected; as it is where all of them are 0.
fn difference(found: &[f64], expected: &[f64]) -> f64 {
    if found.len() != expected.len() {
        return f64::NAN;
    }
    let largest = |values: &mut dyn Iterator<Item = f64>| {
        // Not `f64::max`, which would lose a NaN.
        values.fold(0.0, |a: f64, b| if b <= a || a.is_nan() { a } else { b })
    };
    let pairs = found.iter().zip(expected);
    let difference = largest(&mut pairs.map(|(&a, &b)| (a - b).abs()));
    match largest(&mut expected.iter().map(|x| x.abs())) {
        0.0 => difference,
        size => difference / size,
    }
}

/// The outputs of the graph, code, reconstruction and score, each with its shape.
///
/// The runtime computes in single precision. A graph that takes float64 is therefore run from its scaled values on.
fn execute(
    graph: Vec<u8>,
    model: &Model,
    rows: &Array2<f64>,
) -> std::result::Result<Vec<Array>, Box<dyn std::error::Error + Send + Sync>> {
    let mut options = rten::ModelOptions::with_all_ops();
    // An optimizer would remove the scaled values, which are needed to run a graph in double precision.
    options.enable_optimization(Input::of(model) == Input::Float);
    let graph = options.load(graph)?;
    let shape: Vec<usize> = [rows.nrows()]
        .iter()
        .chain(model.shape())
        .copied()
        .collect();
    let rows: Vec<f64> = rows.iter().copied().collect();
    let (name, values) = match Input::of(model) {
        Input::Float => (
            onnx::INPUT,
            rows.iter().map(|&value| value as f32).collect(),
        ),
        Input::Double => {
            let mut scaled = vec![0.0; rows.len()];
            model.scaling().scale(&rows, &mut scaled);
            (onnx::SCALED, scaled)
        }
    };
    let input = rten::Value::from_shape(&shape, values)?;
    let mut outputs = Vec::new();
    for name in [onnx::CODE, onnx::RECONSTRUCTION, onnx::SCORE] {
        outputs.push(graph.node_id(name)?);
    }
    let input = (graph.node_id(name)?, input.into());
    let mut results = Vec::new();
    for value in graph.run(vec![input], &outputs, None)? {
        let tensor = value
            .into_tensor::<f32>()
            .ok_or("an output is not float32")?;
        let values = tensor.iter().map(|&value| f64::from(value));
        results.push((tensor.shape().to_vec(), values.collect()));
    }
    Ok(results)
}

fn keep(folder: &Path, model: &Model, rows: &Array2<f64>) -> Result<()> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Error::io("cannot make the folder", folder, error))?;
    let input = match Input::of(model) {
        Input::Float => NumberType::F32,
        Input::Double => NumberType::F64,
    };
    let double = |values: Array2<f32>| values.mapv(f64::from);
    let scores = model.score(rows.view())?.insert_axis(Axis(1));
    let made = [
        (rows.clone(), input),
        (double(model.encode(rows.view())?), NumberType::F32),
        (model.reconstruct(rows.view())?, input),
        (double(scores), NumberType::F32),
    ];
    for (name, (rows, number)) in KEPT.into_iter().zip(made) {
        let head = Head {
            rows: rows.nrows(),
            shape: vec![rows.ncols()],
            types: vec![number; rows.ncols()],
            ..Head::default()
        };
        let mut sink = Sink::create(&folder.join(name), &head)?;
        sink.write(Piece {
            values: rows.view(),
            wide: &[],
            texts: &[],
            reasons: &[],
        })?;
        sink.finish()?;
    }
    Ok(())
}

/// `[batch, 1, 28, 28]`
fn open(shape: &[usize]) -> String {
    let sizes = shape.iter().map(|size| format!(", {size}"));
    format!("[batch{}]", sizes.collect::<String>())
}

fn describe(
    arguments: &Arguments,
    model: &Model,
    bytes: usize,
    rows: &Array2<f64>,
    outputs: &[Output],
) -> String {
    let tried_on = match &arguments.data[..] {
        [] => "random rows".to_string(),
        data => data.join(", "),
    };
    let about = table(&[
        ("file", shown_path(&arguments.output)),
        ("bytes", thousands(bytes as f64)),
        ("opset", onnx::OPSET.to_string()),
        ("input", Input::of(model).name().to_string()),
        ("metadata", onnx::metadata_keys(model).join(", ")),
        (
            "tried on",
            format!("{} ({tried_on})", count_of(rows.nrows(), "row")),
        ),
    ]);
    let cells = |kind: &str, name: &str, shape: &[usize], difference: String| {
        [kind.into(), name.into(), open(shape), difference]
    };
    let heads = ["", "name", "shape", "largest difference"].map(String::from);
    let input = cells("input", onnx::INPUT, model.shape(), String::new());
    let mut list = vec![heads, input];
    list.extend(outputs.iter().map(|output| {
        let difference = figures(output.difference);
        cells("output", output.name, &output.shape, difference)
    }));
    let differences = "differences from the model, relative to the largest value of each output";
    format!(
        "{about}\n\n{}\n\n{}",
        columns(&list),
        wrapped_to_terminal(differences, "  ", "  ")
    )
}

fn to_json(
    arguments: &Arguments,
    model: &Model,
    bytes: usize,
    rows: &Array2<f64>,
    outputs: &[Output],
) -> Value {
    let by_name = |value: &dyn Fn(&Output) -> Value| -> Value {
        let pairs = outputs.iter();
        pairs
            .map(|output| (output.name.to_string(), value(output)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    json!({
        "file": arguments.output,
        "bytes": bytes,
        "opset": onnx::OPSET,
        "input_type": Input::of(model).name(),
        "metadata": onnx::metadata_keys(model),
        "rows": rows.nrows(),
        "inputs": { onnx::INPUT: model.shape() },
        "outputs": by_name(&|output| json!(output.shape)),
        "difference": by_name(&|output| json!(output.difference)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_of_the_largest_value_and_no_nan_is_lost() {
        assert_eq!(difference(&[1.0, -4.0], &[1.5, -2.0]), 1.0);
        assert_eq!(difference(&[0.5], &[0.0]), 0.5);
        assert!(difference(&[f64::NAN, 0.0], &[1.0, 0.0]).is_nan());
        assert!(difference(&[1.0, 0.0], &[f64::NAN, 0.0]).is_nan());
        assert!(difference(&[1.0], &[1.0, 2.0]).is_nan());
    }
}
