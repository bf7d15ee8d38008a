//! `narrows train`: its files, its output, and its errors.

use super::*;

#[test]
fn train_fills_the_folder_and_prints_a_table() {
    let folder = folder();
    let output = narrows(folder.path(), &["train", "tiny.toml", "--data", "data"]);
    let (table, progress) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{progress}");
    for part in [
        "test MSE",
        "PCA-3 test MSE",
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
    for key in ["train_loss", "seconds", "rows_per_second"] {
        assert!(object[key].as_f64().unwrap() > 0.0, "{key}");
    }
    for of in ["model", "pca"] {
        let mse = &object["evaluation"][of]["test_mse"];
        assert!(mse.as_f64().unwrap() > 0.0, "{of}");
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
    for part in ["forward: products", "GFLOP/s", "together", "with 2 threads"] {
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
    for part in ["more memory than is left", "GiB", "fewer outputs"] {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
    let warning = error.find("the code has 16,777,216 values");
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
    assert!(table.contains("PCA-3 is nearly exact"), "{table}{progress}");
    assert!(!table.contains("inf"), "{table}");
    assert!(progress.contains("tiny -> runs/tiny"), "{progress}");
    let report = fs::read_to_string(folder.path().join("runs/tiny/report.html")).unwrap();
    assert!(report.contains("1 epoch of 45 rows"));
    assert!(!report.contains("inf %"));
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
    let denoising = &json["evaluation"]["denoising"];
    assert_eq!(denoising["noise"], "masking");
    assert!(denoising["noisy_input_mse"].as_f64().unwrap() > 0.0);
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
    // One computation: the numbers are the same, and so is what they are called.
    assert_eq!(&evaluated["denoising"], denoising);
    assert_eq!(
        evaluated["model"]["test_mse"],
        json["evaluation"]["model"]["test_mse"]
    );
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
