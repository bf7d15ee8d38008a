//! Commands that take a model or a recipe.

use super::*;

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
fn evaluate_prints_tables_with_pca_beside_the_model() {
    let folder = folder();
    let train = ["train", "tiny.toml", "--data", "data"];
    assert!(narrows(folder.path(), &train).status.success());
    let output = narrows(folder.path(), &["evaluate", "runs/tiny", "--data", "data"]);
    let (tables, progress) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{progress}");
    for part in [
        "PCA-3",
        "test MSE",
        "PSNR",
        "dB",
        "linear-probe accuracy",
        "5-NN accuracy",
        "encoder.2 (code)",
        "Measured on 10 test rows",
        "with a range of 255",
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
    assert_eq!(object["classes"].as_array().unwrap().len(), 10);
    assert!(object["pca"]["test_mse"].is_f64() && object["model"]["psnr"].is_f64());
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
    assert!(
        tables.contains("5 test rows, held out of the data"),
        "{tables}"
    );
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
    for class in object["classes"].as_array().unwrap() {
        let name = class["name"].as_str().unwrap();
        assert!(["cat", "dog"].contains(&name), "{object}");
        assert!(tables.contains(&format!("  {name} ")), "{tables}");
    }
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
    let denoising = rows[1]["denoising"]["denoising_mse"]["mean"]
        .as_f64()
        .unwrap();
    assert!(denoising > rows[1]["test_mse"]["mean"].as_f64().unwrap());
    assert!(rows[0]["denoising"].is_null());
    assert_eq!(
        (&rows[0]["finished"], &rows[2]["finished"]),
        (&false.into(), &true.into())
    );
    assert!(folder.path().join("runs/compare/report.html").is_file());
    assert_eq!(rows[1]["denoising"]["noise"], "gaussian");
    let settings = [
        "compare",
        "run",
        "--data",
        "data",
        "--vary",
        "training.epochs=1,2",
    ];
    refused(
        folder.path(),
        &settings,
        2,
        &["only finished runs", "a recipe among the names"],
    );
    let again = [&arguments[..], &["--out", "runs/compare"]].concat();
    refused(folder.path(), &again, 2, &["not empty", "--out"]);
    let again = narrows(folder.path(), &["compare", "run", "--data", "data"]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert!(folder.path().join("runs/compare-2/report.html").is_file());
    let table = narrows(
        folder.path(),
        &["compare", "run", "--data", "data", "--out", "other"],
    );
    let table = text(&table.stdout);
    for part in ["test MSE", "own", "Finished runs were not trained again"] {
        assert!(table.contains(part), "{part} is missing in {table}");
    }
}

#[test]
fn compare_refuses_what_cannot_be_compared_before_a_recipe_is_trained() {
    let folder = folder();
    let trained = narrows(
        folder.path(),
        &["train", "tiny.toml", "--data", "data", "--out", "run"],
    );
    assert!(trained.status.success());
    let wrong = ["compare", "tiny.toml", "--data", "data", "--epochs", "few"];
    refused(folder.path(), &wrong, 2, &["--epochs few", "whole number"]);
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
