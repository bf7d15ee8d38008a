//! `narrows export` and `narrows import`, run as a person or a script runs them.

use narrows::network::{Network, Parameters};
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::{Model, Recipe};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const RECIPE: &str = "
    name = 'tiny'
    scaling.kind = 'unit'
    encoder = [
        { layer = 'conv2d', channels = 4, kernel = 3 }, { layer = 'gelu' },
        { layer = 'dense', outputs = 3 },
    ]
    decoder = [{ layer = 'dense' }, { layer = 'sigmoid' }]
";

/// A folder with a recipe, a model of it as `model.safetensors`, and ten images in `images`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let recipe = Recipe::parse(RECIPE, "tiny.toml").unwrap();
    let network = recipe.network(&[1, 6, 5]).unwrap();
    let parameters = Parameters::initial(&network, recipe.initialization, 1);
    let scaling = Scaling::without_data(&ScalingSpec::Unit).unwrap();
    let model = Model::new(recipe, scaling, &[1, 6, 5], parameters.flat()).unwrap();
    model.save(folder.path().join("model.safetensors")).unwrap();
    fs::write(folder.path().join("tiny.toml"), RECIPE).unwrap();
    let mut bytes = vec![0, 0, 8, 3];
    for size in [10u32, 6, 5] {
        bytes.extend(size.to_be_bytes());
    }
    bytes.extend((0..300u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8));
    fs::write(folder.path().join("images"), bytes).unwrap();
    folder
}

fn narrows(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_narrows"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

#[track_caller]
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = narrows(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(folder: &Path, arguments: &[&str], parts: &[&str]) {
    let output = narrows(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(output.stdout.is_empty());
    for part in parts {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}

#[test]
fn export_writes_a_graph_and_says_how_far_it_is_off() {
    let folder = folder();
    let export = ["export", "model.safetensors", "-o", "model.onnx"];
    let table = printed(folder.path(), &export);
    for part in [
        "model.onnx",
        "[batch, 1, 6, 5]",
        "[batch, 3]",
        "random rows",
        "score",
    ] {
        assert!(table.contains(part), "`{part}` is missing in: {table}");
    }
    let bytes = fs::read(folder.path().join("model.onnx")).unwrap();
    let more = ["--json", "--data", "images", "--rows", "rows"];
    let json = printed(folder.path(), &[&export[..], &more].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["bytes"], bytes.len());
    assert_eq!(json["rows"], 10);
    assert_eq!(json["outputs"]["code"], serde_json::json!([3]));
    for output in ["code", "reconstruction", "score"] {
        let difference = json["difference"][output].as_f64().unwrap();
        assert!((0.0..1e-5).contains(&difference), "{output}: {difference}");
    }
    for (name, values) in [
        ("rows", 30),
        ("code", 3),
        ("reconstruction", 30),
        ("score", 1),
    ] {
        let file = fs::read(folder.path().join(format!("rows/{name}.npy"))).unwrap();
        assert_eq!(file.len(), 128 + 4 * 10 * values, "{name}");
    }
    // What it read is not replaced by what it keeps.
    let again = ["--data", "rows/rows.npy", "--rows", "rows"];
    refused(
        folder.path(),
        &[&export[..], &again].concat(),
        &["the output would replace"],
    );
}

#[test]
fn export_refuses_what_it_cannot_do() {
    let folder = folder();
    let export = |output| ["export", "model.safetensors", "-o", output];
    refused(
        folder.path(),
        &export("model.pt"),
        &["model.pt", ".onnx", "found .pt"],
    );
    refused(folder.path(), &export("model"), &[".onnx", "found none"]);
    let wrong = [&export("model.onnx")[..], &["--data", "mnist"]].concat();
    refused(folder.path(), &wrong, &["rows of 30 values", "rows of 784"]);
    assert!(!folder.path().join("model.onnx").exists());
}

#[test]
fn import_makes_a_model_of_weights() {
    let folder = folder();
    let import = [
        "import",
        "model.safetensors",
        "--recipe",
        "tiny.toml",
        "-o",
        "again.safetensors",
    ];
    let table = printed(
        folder.path(),
        &[&import[..], &["--shape", "1x6x5"]].concat(),
    );
    for part in ["again.safetensors", "tiny", "1 × 6 × 5", "3 values", "unit"] {
        assert!(table.contains(part), "`{part}` is missing in: {table}");
    }
    let load = |name: &str| Model::load(folder.path().join(name)).unwrap();
    let (before, after) = (load("model.safetensors"), load("again.safetensors"));
    assert_eq!(before.parameters().flat(), after.parameters().flat());

    let more = ["--data", "images", "--json", "--set", "scaling.kind=minmax"];
    let json = printed(folder.path(), &[&import[..], &more].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["scaling"], "minmax");
    assert_eq!(json["input_shape"], serde_json::json!([1, 6, 5]));
    assert!(json["test_mse"].as_f64().unwrap() > 0.0);
    assert_eq!(
        load("again.safetensors").metrics()["test_mse"],
        json["test_mse"]
    );

    // A model of Narrows knows its shape.
    let table = printed(folder.path(), &import);
    assert!(table.contains("1 × 6 × 5"), "{table}");
    let shape = [&import[..], &["--shape", "1x6xa"]].concat();
    refused(folder.path(), &shape, &["--shape", "1x28x28"]);
    let scaling = ["--shape", "1x6x5", "--set", "scaling.kind=minmax"];
    refused(
        folder.path(),
        &[&import[..], &scaling].concat(),
        &["minmax", "--data"],
    );
}

#[test]
fn an_imported_model_knows_its_table() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let recipe = "
        name = 'flat'
        encoder = [{ layer = 'dense', outputs = 1 }]
        decoder = [{ layer = 'dense' }]
    ";
    fs::write(folder.join("flat.toml"), recipe).unwrap();
    let parsed = Recipe::parse(recipe, "flat.toml").unwrap();
    let network = Network::new(&parsed.encoder, &parsed.decoder, &[2]).unwrap();
    let parameters = Parameters::initial(&network, parsed.initialization, 1);
    let model = Model::new(
        parsed,
        Scaling::without_data(&ScalingSpec::None).unwrap(),
        &[2],
        parameters.flat(),
    );
    model
        .unwrap()
        .save(folder.join("weights.safetensors"))
        .unwrap();
    let rows = |line: &dyn Fn(usize) -> String| (0..20).map(line).collect::<String>();
    let (a, b) = (|i: usize| i * 3 % 7, |i: usize| 100 * i);
    let table = rows(&|i| format!("{},{}\n", a(i), b(i)));
    let turned = rows(&|i| format!("{},{}\n", b(i), a(i)));
    fs::write(folder.join("table.csv"), format!("a,b\n{table}")).unwrap();
    fs::write(folder.join("turned.csv"), format!("b,a\n{turned}")).unwrap();
    let line = "import weights.safetensors --recipe flat.toml --data table.csv --missing mean -o model.safetensors";
    let imported = narrows(folder, &line.split(' ').collect::<Vec<_>>());
    let said = String::from_utf8_lossy(&imported.stderr);
    let read = "table.csv: read as: commas, decimal points, header on line 1\n";
    assert!(imported.status.success() && said == read, "{said}");
    let codes = |data: &str| {
        let line = format!("encode model.safetensors --data {data} -o codes.csv");
        narrows(folder, &line.split(' ').collect::<Vec<_>>());
        fs::read_to_string(folder.join("codes.csv")).unwrap()
    };
    assert_eq!(codes("table.csv"), codes("turned.csv"));
    let model = Model::load(folder.join("model.safetensors")).unwrap();
    let origin = model.origin();
    assert_eq!(origin.data.as_deref(), Some("table.csv"));
    assert_eq!(origin.columns.as_deref().unwrap(), ["a", "b"]);
    assert_eq!(origin.split.as_ref().unwrap().rows, [18, 0, 2]);
    assert!(origin.fill.is_some() && origin.range.is_some());
}
