//! `narrows export`

use crate::output::{columns, count_of, figures, print, table, thousands};
use crate::source::{ReadingArguments, keep_apart, keep_file_apart};
use clap::Args;
use narrows::data::write::{Head, Piece, Sink};
use narrows::export::{onnx, sample_rows};
use narrows::files::write_whole;
use narrows::run::load_model;
use narrows::{Error, ErrorKind, Model, Result};
use ndarray::{Array2, ArrayView2, Axis};
use rten_tensor::prelude::*;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Write a model in another format, and see that it computes the same there.
///
/// The graph takes rows in the data's own units and gives codes, reconstructions and scores; the
/// scaling is inside. It is run on some rows, and held against the model.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    /// The file to write; its ending says the format, of which `.onnx` is the one there is.
    #[arg(short, long, value_name = "FILE.onnx")]
    output: PathBuf,
    /// Data whose first rows the graph is tried on [default: random rows]
    #[arg(long, value_name = "SOURCE")]
    data: Vec<String>,
    #[command(flatten)]
    reading: ReadingArguments,
    /// Keep the rows that the graph was tried on, and what the model makes of them, as `rows.npy`, `code.npy`,
    /// `reconstruction.npy` and `score.npy` in this folder, for a check elsewhere.
    #[arg(long, value_name = "DIR")]
    rows: Option<PathBuf>,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows export runs/simple-linear -o model.onnx
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
type Array = (Vec<usize>, Vec<f32>);

pub fn run(arguments: &Arguments) -> Result<()> {
    let ending = arguments.output.extension();
    if !ending.is_some_and(|ending| ending.eq_ignore_ascii_case("onnx")) {
        let found = ending.map_or("none".into(), |ending| format!(".{}", ending.display()));
        return Err(
            Error::new(ErrorKind::Data, "this ending stands for no format")
                .at(arguments.output.display())
                .expected(".onnx")
                .found(found),
        );
    }
    keep_file_apart(&arguments.output, &arguments.model)?;
    keep_apart(&arguments.output, &arguments.data)?;
    for name in KEPT {
        let kept = arguments.rows.clone().unwrap_or_default().join(name);
        keep_apart(&kept, &arguments.data)?;
    }
    let model = load_model(&arguments.model)?;
    let rows = match &arguments.data[..] {
        [] => sample_rows(&model, ROWS),
        data => arguments
            .reading
            .open_for(data, &model)?
            .into_rows()
            .head(ROWS)?
            .to_array(),
    };
    let bytes = onnx::bytes(&model)?;
    let outputs = compare(&model, bytes.clone(), &rows)?;
    write_whole(&arguments.output, &bytes)?;
    if let Some(folder) = &arguments.rows {
        keep(folder, &model, &rows)?;
    }
    if arguments.json {
        print(&to_json(arguments, &model, bytes.len(), &rows, &outputs).to_string());
    } else {
        print(&describe(arguments, &model, bytes.len(), &rows, &outputs));
    }
    Ok(())
}

/// Runs the graph on the rows and holds each output against the model's.
fn compare(model: &Model, graph: Vec<u8>, rows: &Array2<f32>) -> Result<Vec<Output>> {
    let expected = [
        (onnx::CODE, model.encode(rows.view())?.into_iter().collect()),
        (
            onnx::RECONSTRUCTION,
            model.reconstruct(rows.view())?.into_iter().collect(),
        ),
        (onnx::SCORE, model.score(rows.view())?.to_vec()),
    ];
    let expected: [(&str, Vec<f32>); 3] = expected;
    let found = execute(graph, model.shape(), rows.view()).map_err(|error| {
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
fn difference(found: &[f32], expected: &[f32]) -> f64 {
    if found.len() != expected.len() {
        return f64::NAN;
    }
    let largest = |values: &mut dyn Iterator<Item = f64>| {
        // Not `f64::max`, which would lose a NaN.
        values.fold(0.0, |a: f64, b| if b <= a || a.is_nan() { a } else { b })
    };
    let pairs = found.iter().zip(expected);
    let difference = largest(&mut pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).abs()));
    match largest(&mut expected.iter().map(|&x| f64::from(x).abs())) {
        0.0 => difference,
        size => difference / size,
    }
}

/// The outputs of the graph, code, reconstruction and score, each with its shape.
fn execute(
    graph: Vec<u8>,
    shape: &[usize],
    rows: ArrayView2<'_, f32>,
) -> std::result::Result<Vec<Array>, Box<dyn std::error::Error + Send + Sync>> {
    let graph = rten::Model::load(graph)?;
    let shape: Vec<usize> = [rows.nrows()].iter().chain(shape).copied().collect();
    let input = rten::Value::from_shape(&shape, rows.iter().copied().collect::<Vec<f32>>())?;
    let mut outputs = Vec::new();
    for name in [onnx::CODE, onnx::RECONSTRUCTION, onnx::SCORE] {
        outputs.push(graph.node_id(name)?);
    }
    let input = (graph.node_id(onnx::INPUT)?, input.into());
    let mut results = Vec::new();
    for value in graph.run(vec![input], &outputs, None)? {
        let tensor = value
            .into_tensor::<f32>()
            .ok_or("an output is not float32")?;
        results.push((tensor.shape().to_vec(), tensor.to_vec()));
    }
    Ok(results)
}

fn keep(folder: &Path, model: &Model, rows: &Array2<f32>) -> Result<()> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Error::io("cannot make the folder", folder, error))?;
    let made = [
        rows,
        &model.encode(rows.view())?,
        &model.reconstruct(rows.view())?,
        &model.score(rows.view())?.insert_axis(Axis(1)),
    ];
    for (name, rows) in KEPT.into_iter().zip(made) {
        let head = Head {
            rows: rows.nrows(),
            shape: vec![rows.ncols()],
            ..Head::default()
        };
        let mut sink = Sink::create(&folder.join(name), &head)?;
        sink.write(Piece {
            values: rows.mapv(f64::from).view(),
            wide: &[],
            texts: &[],
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
    rows: &Array2<f32>,
    outputs: &[Output],
) -> String {
    let tried_on = match &arguments.data[..] {
        [] => "random rows".to_string(),
        data => data.join(", "),
    };
    let about = table(&[
        ("file", arguments.output.display().to_string()),
        ("bytes", thousands(bytes as f64)),
        ("opset", onnx::OPSET.to_string()),
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
    format!(
        "{about}\n\n{}\n\n  differences from the model, of the largest value of each output",
        columns(&list)
    )
}

fn to_json(
    arguments: &Arguments,
    model: &Model,
    bytes: usize,
    rows: &Array2<f32>,
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
        assert!(difference(&[f32::NAN, 0.0], &[1.0, 0.0]).is_nan());
        assert!(difference(&[1.0, 0.0], &[f32::NAN, 0.0]).is_nan());
        assert!(difference(&[1.0], &[1.0, 2.0]).is_nan());
    }
}
