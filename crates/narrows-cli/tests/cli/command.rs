//! The command, run as a person or a script runs it.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const RECIPE: &str = r#"
name = "tiny"
about = "a test"
encoder = [{ layer = "dense", outputs = 12 }, { layer = "relu" }, { layer = "dense", outputs = 3 }]
decoder = [{ layer = "dense" }, { layer = "sigmoid" }]
[training]
epochs = 3
batch_size = 8
"#;

/// IDX bytes of `count` images of 6 × 5 pixels.
fn images(count: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    for size in [count, 6, 5] {
        bytes.extend(size.to_be_bytes());
    }
    bytes.extend((0..count * 30).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8));
    bytes
}

fn labels(count: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 1];
    bytes.extend(count.to_be_bytes());
    bytes.extend((0..count).map(|i| (i % 10) as u8));
    bytes
}

/// A folder with a recipe and with data of a training and a test split.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("tiny.toml", RECIPE.as_bytes());
    fs::create_dir(folder.path().join("data")).unwrap();
    write("data/train-images-idx3-ubyte", &images(50));
    write("data/train-labels-idx1-ubyte", &labels(50));
    write("data/t10k-images-idx3-ubyte", &images(10));
    write("data/t10k-labels-idx1-ubyte", &labels(10));
    folder
}

fn narrows(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_narrows"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn refused(folder: &Path, arguments: &[&str], code: i32, parts: &[&str]) {
    let output = narrows(folder, arguments);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(output.stdout.is_empty());
    for part in parts {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}

#[test]
fn train_fills_the_folder_and_prints_a_table() {
    let folder = folder();
    let output = narrows(folder.path(), &["train", "tiny.toml", "--data", "data"]);
    let (table, progress) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{progress}");
    for part in [
        "test MSE",
        "PCA-3 MSE",
        "PCA",
        "30 -> 3 values",
        "images/s",
        "runs/tiny",
    ] {
        assert!(table.contains(part), "`{part}` is missing in: {table}");
    }
    let epochs = progress
        .lines()
        .filter(|line| line.starts_with("epoch "))
        .count();
    assert_eq!(epochs, 3, "one plain line an epoch: {progress}");
    assert!(
        !progress.contains(['\r', '\u{1b}']),
        "no control characters: {progress:?}"
    );

    let run = folder.path().join("runs/tiny");
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let lines: Vec<Value> = metrics
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["epoch"], 3);
    assert!(lines[2]["train_loss"].as_f64() < lines[0]["train_loss"].as_f64());
    let png = fs::read(run.join("reconstructions.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    // The written recipe is complete: it repeats the run to the bit.
    let recipe = run.join("recipe.toml");
    let again = [
        "train",
        recipe.to_str().unwrap(),
        "--data",
        "data",
        "--threads",
        "3",
    ];
    assert!(narrows(folder.path(), &again).status.success());
    let model = |run: &str| fs::read(folder.path().join(run).join("model.safetensors")).unwrap();
    assert!(
        model("runs/tiny") == model("runs/tiny-2"),
        "the same model for other threads"
    );
}

#[test]
fn json_is_one_object_on_standard_output() {
    let folder = folder();
    let arguments = [
        "train",
        "tiny.toml",
        "--data",
        "data",
        "--epochs",
        "2",
        "--json",
        "--out",
        "x",
    ];
    let output = narrows(folder.path(), &arguments);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["recipe"], "tiny");
    assert_eq!(object["epochs"], 2);
    assert_eq!(object["code_size"], 3);
    assert_eq!(object["run"], "x");
    for key in [
        "train_loss",
        "test_mse",
        "pca_mse",
        "seconds",
        "rows_per_second",
    ] {
        assert!(object[key].as_f64().unwrap() > 0.0, "{key}");
    }
}

#[test]
fn a_profile_is_printed_when_it_is_asked_for() {
    let folder = folder();
    let train = ["train", "tiny.toml", "--data", "data", "--threads", "2"];
    let print = |more: &[&str]| {
        let output = narrows(folder.path(), &[&train[..], more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).to_string()
    };
    let table = print(&["--profile"]);
    for part in ["forward: products", "GFLOP/s", "together", "over 2 threads"] {
        assert!(table.contains(part), "`{part}` is missing in: {table}");
    }
    assert!(!print(&[]).contains("GFLOP/s"));
    let object: Value = serde_json::from_str(&print(&["--profile", "--json"])).unwrap();
    let parts = object["profile"]["parts"].as_array().unwrap();
    let shares = parts.iter().map(|part| part["share"].as_f64().unwrap());
    assert!((shares.sum::<f64>() - 1.0).abs() < 1e-6, "{object}");
}

#[test]
fn options_are_keys_of_the_recipe() {
    let folder = folder();
    let arguments = [
        "train",
        "tiny.toml",
        "--data",
        "data",
        "--epochs",
        "1",
        "--batch-size",
        "5",
        "--lr",
        "0.01",
        "--seed",
        "7",
        "--set",
        "encoder[0].outputs=4",
        "--out",
        "x",
    ];
    assert!(narrows(folder.path(), &arguments).status.success());
    let recipe = fs::read_to_string(folder.path().join("x/recipe.toml")).unwrap();
    let lines = [
        "epochs = 1",
        "batch_size = 5",
        "learning_rate = 0.01",
        "seed = 7",
        "outputs = 4",
    ];
    for line in lines
        .into_iter()
        .chain(["kind = \"unit\"", "beta1 = 0.9", "bias = true"])
        // The width that the decoder's last dense layer takes from the data.
        .chain(["outputs = 30"])
    {
        assert!(
            recipe.lines().any(|found| found == line),
            "`{line}` is missing in: {recipe}"
        );
    }
}

#[test]
fn reconstruct_needs_the_model_file_alone() {
    let folder = folder();
    let train = [
        "train",
        "tiny.toml",
        "--data",
        "data",
        "--epochs",
        "1",
        "--out",
        "x",
    ];
    assert!(narrows(folder.path(), &train).status.success());
    let drawn = fs::read(folder.path().join("x/reconstructions.png")).unwrap();
    let moved = folder.path().join("elsewhere.safetensors");
    fs::rename(folder.path().join("x/model.safetensors"), &moved).unwrap();
    fs::remove_dir_all(folder.path().join("x")).unwrap();
    let draw = [
        "reconstruct",
        "elsewhere.safetensors",
        "--data",
        "data",
        "-o",
        "y.png",
    ];
    let output = narrows(folder.path(), &draw);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        fs::read(folder.path().join("y.png")).unwrap() == drawn,
        "the same picture"
    );
    refused(
        folder.path(),
        &["reconstruct", "elsewhere.safetensors", "--data", "mnist"],
        2,
        &["do not fit", "30", "784"],
    );
    let nowhere = [
        "reconstruct",
        "elsewhere.safetensors",
        "--data",
        "data",
        "-o",
        "no/y.png",
    ];
    refused(folder.path(), &nowhere, 2, &["no/y.png"]);
    // What cannot be written is refused before anything is read, here data that are not there.
    let jpeg = [
        "reconstruct",
        "elsewhere.safetensors",
        "--data",
        "nowhere",
        "-o",
        "x.jpg",
    ];
    refused(
        folder.path(),
        &jpeg,
        2,
        &["x.jpg", ".png (a picture", ".npy"],
    );
}

#[test]
fn recipes_are_listed_shown_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let list = text(&narrows(folder.path(), &["recipes"]).stdout);
    assert!(
        list.contains("simple-linear") && list.contains("deep-linear"),
        "{list}"
    );
    let shown = text(&narrows(folder.path(), &["recipes", "show", "deep-linear"]).stdout);
    assert!(
        shown.contains("name = \"deep-linear\"") && shown.contains("# "),
        "{shown}"
    );
    let keys = text(&narrows(folder.path(), &["recipes", "keys"]).stdout);
    assert!(
        keys.contains("learning_rate") && keys.contains("leaky-relu"),
        "{keys}"
    );
    let variant = ["recipes", "show", "denoising-masking:original"];
    let variant = text(&narrows(folder.path(), &variant).stdout);
    for line in [
        "name = \"denoising-masking-original\"",
        "fraction = 0.8",
        "mean = 0.5",
    ] {
        assert!(variant.contains(line), "`{line}` is missing in: {variant}");
    }
    refused(
        folder.path(),
        &["recipes", "show", "denoising-masking:orignal"],
        2,
        &["did you mean `original`?"],
    );
    refused(
        folder.path(),
        &["recipes", "show", "deep-liner"],
        2,
        &["did you mean `deep-linear`?"],
    );
}

#[test]
fn what_cannot_work_is_refused_with_exit_code_2() {
    let folder = folder();
    let at = folder.path();
    refused(at, &["train", "tinny"], 2, &["there is no recipe `tinny`"]);
    refused(at, &["train", "no.toml"], 2, &["no.toml"]);
    refused(
        at,
        &["train", "tiny.toml", "--set", "training.epoch=1"],
        2,
        &["did you mean `epochs`?"],
    );
    refused(
        at,
        &["train", "tiny.toml", "--epochs", "0"],
        2,
        &["training.epochs", "found 0"],
    );
    refused(
        at,
        &["train", "tiny.toml", "--threads", "0"],
        2,
        &["--threads"],
    );
    refused(
        at,
        &["train", "tiny.toml", "--data", "nowhere"],
        2,
        &["nowhere"],
    );
    fs::write(at.join("data/t10k-images-idx3-ubyte"), &images(10)[..200]).unwrap();
    refused(
        at,
        &["train", "tiny.toml", "--data", "data"],
        2,
        &["t10k-images-idx3-ubyte"],
    );
    fs::write(at.join("file"), "").unwrap();
    refused(at, &["reconstruct", "file"], 2, &["file", "safetensors"]);
    refused(
        at,
        &["train"],
        2,
        &["train needs a recipe", "simple-linear:original"],
    );
    let wide = [
        "train",
        "tiny.toml",
        "--data",
        "data/train-images-idx3-ubyte",
        "--set",
        "decoder[0].outputs=7",
    ];
    refused(at, &wide, 2, &["30 values", "found [7]"]);
}

#[test]
fn what_was_named_wrongly_is_bad_input_however_it_is_wrong() {
    let folder = folder();
    let at = folder.path();
    fs::write(at.join("bytes.toml"), b"name = \"\xff\"").unwrap();
    fs::create_dir(at.join("folder.toml")).unwrap();
    let train = |recipe| ["train", recipe, "--data", "data"];
    refused(at, &train("bytes.toml"), 2, &["bytes.toml", "UTF-8"]);
    refused(
        at,
        &train("folder.toml"),
        2,
        &["folder.toml", "a TOML file"],
    );
    let compare = ["compare", "data", "--data", "data"];
    refused(at, &compare, 2, &["data", "model.safetensors"]);
    let out = |out| [&train("tiny.toml")[..], &["--out", out]].concat();
    refused(at, &out("tiny.toml"), 2, &["tiny.toml", "folder"]);
    refused(at, &out("tiny.toml/x"), 2, &["tiny.toml/x", "folder"]);
    if cfg!(target_os = "linux") {
        refused(at, &out("/proc/x"), 2, &["/proc/x", "folder"]);
    }
    // An option is named as it was written, and what only the data show comes with the recipe.
    let epochs = [&train("tiny.toml")[..], &["--epochs", "abc"]].concat();
    refused(at, &epochs, 2, &["error: --epochs abc: training.epochs"]);
    let wide = [&train("tiny.toml")[..], &["--set", "decoder[0].outputs=7"]].concat();
    refused(at, &wide, 2, &["error: tiny.toml: decoder"]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_lost_is_a_failure() {
    let folder = folder();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in [
        &["recipes", "show", "simple-linear"][..],
        &["train", "tiny.toml", "--data", "data", "--json"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_narrows"))
            .args(arguments)
            .current_dir(folder.path())
            .stdout(full())
            .output()
            .unwrap();
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("cannot write to standard output"), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_plan_beyond_the_memory_is_refused_with_its_size_after_the_warnings() {
    let folder = folder();
    let output = Command::new("sh")
        .arg("-c")
        .arg("ulimit -v 4000000; exec \"$0\" train tiny.toml --data data --set encoder[2].outputs=16777216")
        .arg(env!("CARGO_BIN_EXE_narrows"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    for part in ["more memory than there is", "GiB", "fewer outputs"] {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
    let warning = error.find("the code has 16777216 values");
    assert!(
        warning < error.find("more memory") && warning.is_some(),
        "{error}"
    );
    assert!(!folder.path().join("runs").exists());
}

#[test]
fn constant_images_and_an_empty_about_make_sound_sentences() {
    let folder = folder();
    let mut constant = images(50);
    constant[16..].fill(7);
    let recipe = RECIPE.replace("about = \"a test\"\n", "");
    fs::write(folder.path().join("plain.toml"), recipe).unwrap();
    fs::write(folder.path().join("constant-ubyte"), constant).unwrap();
    let train = [
        "train",
        "plain.toml",
        "--data",
        "constant-ubyte",
        "--epochs",
        "1",
    ];
    let output = narrows(folder.path(), &train);
    let (table, progress) = (text(&output.stdout), text(&output.stderr));
    assert!(table.contains("PCA is nearly exact"), "{table}{progress}");
    assert!(!table.contains("inf"), "{table}");
    assert!(progress.contains("tiny -> runs/tiny"), "{progress}");
    let report = fs::read_to_string(folder.path().join("runs/tiny/report.html")).unwrap();
    assert!(report.contains("1 epoch of 45 rows"));
    assert!(!report.contains("inf %"));
}

#[test]
fn what_is_no_model_says_what_to_give_instead() {
    let folder = folder();
    let train = ["train", "tiny.toml", "--data", "data", "--out", "x"];
    assert!(narrows(folder.path(), &train).status.success());
    let checkpoint = ["inspect", "x/checkpoint.safetensors"];
    refused(
        folder.path(),
        &checkpoint,
        2,
        &["this is a checkpoint", "model.safetensors"],
    );
    let error = text(&narrows(folder.path(), &checkpoint).stderr);
    assert!(
        !error.contains("batch_size") && error.lines().count() == 1,
        "{error}"
    );
    let mut bare = 16u64.to_le_bytes().to_vec();
    bare.extend(b"{              }");
    fs::write(folder.path().join("bare.safetensors"), bare).unwrap();
    let bare = ["inspect", "bare.safetensors"];
    refused(folder.path(), &bare, 2, &["narrows import"]);
}

#[test]
fn a_run_is_never_written_over() {
    let folder = folder();
    let train = [
        "train",
        "tiny.toml",
        "--data",
        "data",
        "--epochs",
        "1",
        "--out",
        "x",
    ];
    assert!(narrows(folder.path(), &train).status.success());
    let before = fs::read(folder.path().join("x/model.safetensors")).unwrap();
    refused(folder.path(), &train, 2, &["not empty", "--out"]);
    assert!(fs::read(folder.path().join("x/model.safetensors")).unwrap() == before);
}

#[test]
fn a_run_that_diverges_says_where_and_keeps_what_was_saved() {
    let folder = folder();
    let recipe = RECIPE.replace(", { layer = \"sigmoid\" }", "");
    fs::write(folder.path().join("open.toml"), &recipe).unwrap();
    let diverge = |rate: &str, epochs: &str, out: &str| {
        let rate = format!("optimizer.learning_rate={rate}");
        let arguments = [
            "train",
            "open.toml",
            "--data",
            "data",
            "--set",
            "optimizer.kind=sgd",
            "--set",
            &rate,
            "--epochs",
            epochs,
            "--checkpoint",
            "1",
            "--out",
            out,
        ];
        narrows(folder.path(), &arguments)
    };
    let output = diverge("1e6", "3", "x");
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    for part in ["epoch 1, step", "of 7", "finite", "smaller learning rate"] {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
    // Slower, so that at least one epoch ends before.
    let kept = (1..60)
        .map(|exponent| 1.1f64.powi(exponent))
        .find_map(|rate| {
            let out = format!("y{rate}");
            let output = diverge(&rate.to_string(), "40", &out);
            let error = text(&output.stderr);
            (output.status.code() == Some(1)
                && error.contains("saved last")
                && !error.contains("no model was saved"))
            .then_some((out, error))
        });
    let (out, error) = kept.expect("a rate at which training diverges later");
    let model = folder.path().join(&out).join("model.safetensors");
    assert!(
        error.contains("model.safetensors") && model.exists(),
        "{error}"
    );
    let metrics = fs::read_to_string(folder.path().join(&out).join("metrics.jsonl")).unwrap();
    assert!(metrics.lines().count() >= 1, "{metrics}");
    let arguments = ["reconstruct", model.to_str().unwrap(), "--data", "data"];
    assert!(narrows(folder.path(), &arguments).status.success());
}

#[test]
fn data_beyond_the_decoders_reach_come_with_the_floor() {
    let folder = folder();
    let arguments = [
        "train",
        "tiny.toml",
        "--data",
        "data",
        "--epochs",
        "1",
        "--set",
        "scaling.kind=standardize",
        "--set",
        "scaling.mean=0.5",
        "--set",
        "scaling.std=0.25",
    ];
    let output = narrows(folder.path(), &arguments);
    // The floor, from the bytes of the file.
    let errors: Vec<f64> = images(50)[16..]
        .iter()
        .map(|&byte| (f64::from(byte) / 255.0 - 0.5) / 0.25)
        .map(|x| (x - x.clamp(0.0, 1.0)).powi(2))
        .collect();
    let floor = errors.iter().sum::<f64>() / errors.len() as f64;
    let warning = text(&output.stderr);
    assert!(warning.contains("narrows: warning: "), "{warning}");
    assert!(
        warning.contains(&format!("below {floor:.4}")),
        "{floor}: {warning}"
    );
    let wide = [
        "train",
        "tiny.toml",
        "--data",
        "data",
        "--epochs",
        "1",
        "--set",
        "encoder[2].outputs=30",
    ];
    let warning = text(&narrows(folder.path(), &wide).stderr);
    assert!(warning.contains("the code has 30 values"), "{warning}");
}

#[test]
fn without_test_rows_some_are_held_out() {
    let folder = folder();
    let arguments = [
        "train",
        "tiny.toml",
        "--data",
        "data/train-images-idx3-ubyte",
        "--epochs",
        "1",
        "--json",
    ];
    let output = narrows(folder.path(), &arguments);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["held_out"], true);
    assert_eq!(
        (&object["train_rows"], &object["test_rows"]),
        (&45.into(), &5.into())
    );
}

#[test]
fn evaluate_prints_tables_with_pca_beside_the_model() {
    let folder = folder();
    let train = ["train", "tiny.toml", "--data", "data"];
    assert!(narrows(folder.path(), &train).status.success());
    let output = narrows(folder.path(), &["evaluate", "runs/tiny", "--data", "data"]);
    let (tables, progress) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{progress}");
    for part in [
        "PCA-3",
        "MSE",
        "PSNR",
        "dB",
        "linear-probe accuracy",
        "5-NN accuracy",
        "encoder.2 (code)",
        "measured on 10 rows",
        "values span 255",
    ] {
        assert!(tables.contains(part), "`{part}` is missing in: {tables}");
    }
    // Images of 6 × 5 hold no window of 7 × 7.
    assert!(!tables.contains("  SSIM "), "{tables}");
    assert!(progress.contains("principal components"), "{progress}");
    assert!(!progress.contains(['\r', '\u{1b}']), "{progress:?}");

    let json = ["evaluate", "runs/tiny", "--data", "data", "--json"];
    let output = narrows(folder.path(), &json);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["recipe"], "tiny");
    assert_eq!(object["class_errors"].as_array().unwrap().len(), 10);
    assert!(object["pca"]["mse"].is_f64() && object["model"]["psnr"].is_f64());
    assert!(object["model"]["ssim"].is_null());
    let alone = [&json[..], &["--threads", "1"]].concat();
    assert_eq!(narrows(folder.path(), &alone).stdout, output.stdout);

    // Without labels, and without test rows.
    let file = "alone-idx3-ubyte";
    let images = folder.path().join("data/train-images-idx3-ubyte");
    fs::copy(images, folder.path().join(file)).unwrap();
    let output = narrows(folder.path(), &["evaluate", "runs/tiny", "--data", file]);
    let tables = text(&output.stdout);
    assert!(tables.contains("the data have no labels"), "{tables}");
    assert!(tables.contains("5 rows, held out of the data"), "{tables}");
    assert!(
        !tables.contains("5-NN accuracy") && !tables.contains("linear-probe accuracy"),
        "{tables}"
    );
    // What does not fit is refused.
    refused(
        folder.path(),
        &["evaluate", "runs/tiny", "--data", "mnist"],
        2,
        &["do not fit the model", "[1, 6, 5]", "784"],
    );
}

#[test]
fn evaluate_calls_classes_by_their_names() {
    let folder = folder();
    let convert = ["data", "convert", "--data", "data", "-o", "pets"];
    assert!(narrows(folder.path(), &convert).status.success());
    let pets = folder.path().join("pets");
    for entry in fs::read_dir(&pets).unwrap() {
        let path = entry.unwrap().path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some("0") => fs::rename(&path, pets.join("cat")).unwrap(),
            Some("1") => fs::rename(&path, pets.join("dog")).unwrap(),
            _ => fs::remove_dir_all(&path).unwrap(),
        }
    }
    let train = ["train", "tiny.toml", "--data", "pets", "--out", "run"];
    assert!(narrows(folder.path(), &train).status.success());
    let evaluate = ["evaluate", "run", "--data", "pets"];
    let tables = text(&narrows(folder.path(), &evaluate).stdout);
    let output = narrows(folder.path(), &[&evaluate[..], &["--json"]].concat());
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    for class in object["class_errors"].as_array().unwrap() {
        let name = class["name"].as_str().unwrap();
        assert!(["cat", "dog"].contains(&name), "{object}");
        assert!(tables.contains(&format!("  {name} ")), "{tables}");
    }
}

const DENOISING: &str = r#"
name = "tiny-denoising"
encoder = [{ layer = "dense", outputs = 9 }, { layer = "tanh" }]
decoder = [{ layer = "dense" }, { layer = "sigmoid" }]
[corruption]
kind = "gaussian"
std = 0.3
[objective]
penalties = [{ kind = "jacobian", weight = 1e-3 }]
[training]
epochs = 2
batch_size = 8
[variants]
masked = ["corruption.kind=masking", "corruption.fraction=0.5"]
"#;

#[test]
fn a_run_writes_a_report_that_stands_alone() {
    let folder = folder();
    fs::write(folder.path().join("noise.toml"), DENOISING).unwrap();
    let output = narrows(
        folder.path(),
        &["train", "noise.toml:masked", "--data", "data", "--json"],
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["recipe"], "tiny-denoising-masked");
    assert!(json["noise_mse"].as_f64().unwrap() > 0.0);
    assert!(json["clean_test_mse"].as_f64().unwrap() > 0.0);
    let evaluated = narrows(
        folder.path(),
        &[
            "evaluate",
            "runs/tiny-denoising-masked",
            "--data",
            "data",
            "--json",
        ],
    );
    let evaluated: Value = serde_json::from_slice(&evaluated.stdout).unwrap();
    let errors = [&json["test_mse"], &evaluated["model"]["noisy_mse"]].map(|e| e.as_f64().unwrap());
    assert!((errors[0] / errors[1] - 1.0).abs() < 1e-6, "{errors:?}");
    let run = folder.path().join("runs/tiny-denoising-masked");
    let report = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(report.len() < 5_000_000 && report.contains("tiny-denoising-masked"));
    assert!(!report.contains("src=\"http") && !report.contains("href=\"http"));
    for figure in [
        "noisy.png",
        "interpolation.png",
        "filters.png",
        "loss.svg",
        "codes.svg",
        "spectrum.svg",
    ] {
        assert!(run.join("figures").join(figure).is_file(), "{figure}");
    }
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let line: Value = serde_json::from_str(metrics.lines().next().unwrap()).unwrap();
    let (loss, reconstruction) = (line["train_loss"].as_f64(), line["reconstruction"].as_f64());
    let penalty = line["penalty.jacobian"].as_f64().unwrap();
    assert!((loss.unwrap() - reconstruction.unwrap() - 1e-3 * penalty).abs() < 1e-9);
}

#[test]
fn reconstruct_takes_a_noise() {
    let folder = folder();
    let trained = narrows(
        folder.path(),
        &["train", "tiny.toml", "--data", "data", "--out", "run"],
    );
    assert!(trained.status.success());
    let with = |noise: &str, file: &str| {
        let arguments = [
            "reconstruct",
            "run",
            "--data",
            "data",
            "--corrupt",
            noise,
            "-o",
            file,
        ];
        let output = narrows(folder.path(), &arguments);
        assert!(output.status.success());
        // An older name of a key is told once.
        let told = text(&output.stderr);
        let warnings = told.matches("narrows: warning: ").count();
        assert_eq!(warnings, usize::from(noise.contains("keep")), "{told}");
        assert!(warnings == 0 || told.contains("`keep` is now given as `fraction`"));
        fs::read(folder.path().join(file)).unwrap()
    };
    assert_eq!(with("gaussian=0.5", "a.png"), with("gaussian=0.5", "b.png"));
    assert_ne!(with("gaussian=0.5", "a.png"), with("masking=0.5", "c.png"));
    let older = with("masking-keep=0.5", "d.png");
    assert_eq!(with("masking=0.5", "c.png"), older);
    let bad = ["reconstruct", "run", "--data", "data", "--corrupt"];
    for (noise, part) in [
        ("gauss=1", "gaussian"),
        ("gaussian", "strength"),
        ("masking=2", "0 to 1"),
        ("keep=0.2", "masking=FRACTION"),
    ] {
        refused(folder.path(), &[&bad[..], &[noise]].concat(), 2, &[part]);
    }
}

#[test]
fn compare_puts_recipes_and_runs_side_by_side() {
    let folder = folder();
    fs::write(folder.path().join("noise.toml"), DENOISING).unwrap();
    let trained = narrows(
        folder.path(),
        &["train", "tiny.toml", "--data", "data", "--out", "run"],
    );
    assert!(trained.status.success());
    let arguments = [
        "compare",
        "tiny.toml",
        "noise.toml",
        "run",
        "--data",
        "data",
        "--seeds",
        "3",
    ];
    let output = narrows(folder.path(), &[&arguments[..], &["--json"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    assert!(rows[0]["test_mse"]["std"].as_f64().unwrap() > 0.0);
    assert!(rows[2]["test_mse"]["std"].is_null());
    // The run was trained with the first of the seeds, so its error is among theirs.
    let mean = rows[0]["test_mse"]["mean"].as_f64().unwrap();
    let std = rows[0]["test_mse"]["std"].as_f64().unwrap();
    let run = rows[2]["test_mse"]["mean"].as_f64().unwrap();
    assert!((run - mean).abs() <= 2.0 * std);
    let sizes = |row: &Value| row["clean_mse"]["mean"].as_f64().unwrap();
    assert!(sizes(&rows[1]) < rows[1]["test_mse"]["mean"].as_f64().unwrap());
    assert_eq!(sizes(&rows[0]), mean);
    assert_eq!(
        (&rows[0]["finished"], &rows[2]["finished"]),
        (&false.into(), &true.into())
    );
    assert!(folder.path().join("runs/compare/report.html").is_file());
    let again = [&arguments[..], &["--out", "runs/compare"]].concat();
    refused(folder.path(), &again, 2, &["not empty", "--out"]);
    let again = narrows(folder.path(), &["compare", "run", "--data", "data"]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert!(folder.path().join("runs/compare-2/report.html").is_file());
    let wrong = ["compare", "tiny.toml", "--data", "data", "--epochs", "few"];
    refused(folder.path(), &wrong, 2, &["--epochs few", "whole number"]);
    let table = narrows(
        folder.path(),
        &["compare", "run", "--data", "data", "--out", "other"],
    );
    let table = text(&table.stdout);
    for part in ["test MSE", "own", "Finished runs keep the seeds"] {
        assert!(table.contains(part), "{part} is missing in {table}");
    }
    let unknown = [
        "compare",
        "run",
        "simple-liner",
        "--data",
        "data",
        "--out",
        "third",
    ];
    refused(folder.path(), &unknown, 2, &["simple-linear"]);
    assert!(!folder.path().join("third").exists());
    // A run that does not fit is refused before a recipe is trained.
    let other = [
        "compare",
        "tiny.toml",
        "run",
        "--data",
        "wide.csv",
        "--out",
        "fourth",
    ];
    fs::write(
        folder.path().join("wide.csv"),
        "1,2,3\n4,5,7\n6,8,9\n".repeat(20),
    )
    .unwrap();
    refused(folder.path(), &other, 2, &["do not fit the model"]);
    assert!(!folder.path().join("fourth").exists());
}

#[test]
fn reproduce_refuses_a_folder_that_holds_something() {
    let folder = folder();
    refused(
        folder.path(),
        &["reproduce", "classic", "--quick", "--out", "data"],
        2,
        &["not empty", "--out"],
    );
}

#[test]
fn inspect_shows_a_model_and_gives_its_recipe_back() {
    let folder = folder();
    let trained = narrows(
        folder.path(),
        &["train", "tiny.toml", "--data", "data", "--out", "run"],
    );
    assert!(trained.status.success());
    let table = text(&narrows(folder.path(), &["inspect", "run"]).stdout);
    for part in [
        "tiny",
        "1 × 6 × 5",
        "encoder.0.weight",
        "12 × 30",
        "test_mse",
    ] {
        assert!(table.contains(part), "{part} is missing in {table}");
    }
    let json = narrows(folder.path(), &["inspect", "run", "--json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["code_size"], 3);
    assert_eq!(json["tensors"].as_array().unwrap().len(), 6);
    let recipe = narrows(folder.path(), &["inspect", "run", "--recipe"]);
    let written = fs::read_to_string(folder.path().join("run/recipe.toml")).unwrap();
    assert_eq!(text(&recipe.stdout).trim_end(), written.trim_end());
    refused(folder.path(), &["inspect", "nowhere"], 2, &["nowhere"]);
}
