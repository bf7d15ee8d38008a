//! The content of a run's folder: damage, leftovers, links and pipes.

use super::*;

#[test]
fn a_damaged_checkpoint_gives_way_to_the_one_before() {
    let bench = Bench::new();
    bench.done(&format!("{TRAIN} --out whole"));
    let mut child = bench.start(&format!("{TRAIN} --checkpoint 1 --out r"));
    assert!(child.wait().unwrap().success());
    let newer = bench.path("r/checkpoint.safetensors");
    let mut bytes = fs::read(&newer).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&newer, &bytes).unwrap();
    let older = bench.path("r/checkpoint.previous.safetensors");
    let good = fs::read(&older).unwrap();
    let said = bench.done("train --resume r");
    // It was saved once since then, over the damaged one.
    assert!(fs::read(&older).unwrap() == good);
    assert!(!said.contains("import"), "{said}");
    assert!(said.contains("the checkpoint is damaged"), "{said}");
    assert!(
        said.contains("resumed from the checkpoint before it"),
        "{said}"
    );
    let [whole, resumed] =
        ["whole", "r"].map(|run| fs::read(bench.path(run).join("model.safetensors")).unwrap());
    assert!(whole == resumed);
    let lines = fs::read_to_string(bench.path("r/metrics.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 4, "{lines}");

    let mut bytes = fs::read(bench.path("r/model.safetensors")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(bench.path("r/model.safetensors"), &bytes).unwrap();
    bench.refused(
        "inspect r",
        2,
        &["the tensor `", "is damaged: its checksum differs"],
    );
    let said = bench.done("train --resume r");
    assert!(
        said.contains("the model is written again from the checkpoint"),
        "{said}"
    );
    bench.done("inspect r");
}

#[test]
fn links_in_a_runs_folder_are_not_followed() {
    let bench = Bench::new();
    bench.done(&format!("{TRAIN} --out r --tensorboard"));
    fs::create_dir(bench.path("victim")).unwrap();
    for name in [".narrows-keep", "note", "log"] {
        fs::write(bench.path("victim").join(name), "mine").unwrap();
    }
    fs::remove_dir_all(bench.path("r/figures")).unwrap();
    fs::remove_file(bench.path("r/metrics.jsonl")).unwrap();
    fs::remove_file(bench.path("r/report.html")).unwrap();
    symlink("../victim", bench.path("r/figures")).unwrap();
    symlink("../victim/note", bench.path("r/metrics.jsonl")).unwrap();
    symlink("../victim/note", bench.path("r/report.html")).unwrap();
    symlink(
        "../victim/log",
        bench.path("r/events.out.tfevents.9999999999.narrows"),
    )
    .unwrap();
    bench.done("train --resume r --tensorboard");
    bench.done(&format!("{TRAIN} --out r --force"));
    assert_eq!(fs::read_dir(bench.path("victim")).unwrap().count(), 3);
    for name in [".narrows-keep", "note", "log"] {
        assert_eq!(
            fs::read_to_string(bench.path("victim").join(name)).unwrap(),
            "mine"
        );
    }
}

#[test]
fn metrics_that_cannot_be_read_are_said_and_no_figure_is_lost() {
    let bench = Bench::new();
    bench.done(&format!("{TRAIN} --validation 0.1 --out r"));
    let before = fs::read(bench.path("r/model.safetensors")).unwrap();
    fs::write(bench.path("r/metrics.jsonl"), b"\xff\xfe\x00 no text").unwrap();
    let (code, said, output) = bench.run("train --resume r --json");
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("metrics.jsonl: 4 epochs of this run cannot be read"),
        "{said}"
    );
    assert!(fs::read(bench.path("r/model.safetensors")).unwrap() == before);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["epochs"], 4);
    for key in ["train_loss", "validation_loss", "rows_per_second"] {
        assert!(json[key].is_f64(), "{key}: {json}");
    }
    assert!(json["evaluation"]["model"]["test_mse"].is_f64(), "{json}");
}

#[test]
fn a_folder_with_leftovers_of_a_killed_run_is_as_good_as_empty() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("r/.narrows-new")).unwrap();
    fs::write(bench.path("r/.narrows-new/recipe.toml"), "half").unwrap();
    fs::write(bench.path("r/.narrows-abcdef"), "half").unwrap();
    bench.done(&format!("{TRAIN} --out r"));
    let names = fs::read_dir(bench.path("r")).unwrap();
    let hidden = names.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with('.')
    });
    assert_eq!(hidden.count(), 0);
}

#[test]
fn pipes_in_a_runs_folder_are_not_waited_for() {
    let bench = Bench::new();
    bench.done(&format!("{TRAIN} --checkpoint 1 --out r"));
    let pipe = |name: &str| {
        let path = bench.path("r").join(name);
        let kept = fs::read(&path).ok();
        let _ = fs::remove_file(&path);
        assert!(
            Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        let output = Command::new("timeout")
            .args(["100", env!("CARGO_BIN_EXE_narrows"), "train", "--resume"])
            .arg("r")
            .current_dir(bench.0.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        assert!(
            [Some(0), Some(1), Some(2)].contains(&code),
            "{name}: {said}"
        );
        assert!(
            said.contains(name) && said.contains("it is not a file"),
            "{name}: {said}"
        );
        fs::remove_file(&path).unwrap();
        if let Some(kept) = kept {
            fs::write(&path, kept).unwrap();
        }
        code
    };
    for name in ["run.json", "metrics.jsonl", "diverged.json"] {
        assert_ne!(pipe(name), Some(0), "{name}");
    }
    // There is the one before.
    assert_eq!(pipe("checkpoint.safetensors"), Some(0));
    bench.done("train --resume r");
}

#[test]
fn a_run_that_was_killed_while_it_was_put_in_place_is_said_to_be_so() {
    let bench = Bench::new();
    bench.done(&format!("{TRAIN} --out r"));
    let model = fs::read(bench.path("r/model.safetensors")).unwrap();
    fs::create_dir(bench.path("r/.narrows-in")).unwrap();
    for name in ["model.safetensors", "run.json"] {
        fs::rename(
            bench.path("r").join(name),
            bench.path("r/.narrows-in").join(name),
        )
        .unwrap();
    }
    for words in [
        "inspect r",
        "score r --data t.csv",
        "encode r --data t.csv -o codes.csv",
        "export r -o model.onnx",
        "calibrate r --data t.csv",
        "fit-prior r --data t.csv",
        "sample r -o new.csv",
        "compare r table --data t.csv",
    ] {
        bench.refused(words, 2, &["was killed", "narrows train --resume r"]);
    }
    bench.done("train --resume r");
    assert!(fs::read(bench.path("r/model.safetensors")).unwrap() == model);
    bench.done("inspect r");
}

#[test]
fn links_in_place_of_the_hidden_folders_lead_nobody_astray() {
    let bench = Bench::new();
    bench.done(&format!("{TRAIN} --out r"));
    fs::create_dir(bench.path("victim")).unwrap();
    fs::write(bench.path("victim/thesis.txt"), "mine").unwrap();
    for words in [
        "train --resume r".to_string(),
        format!("{TRAIN} --out r --force"),
    ] {
        for name in [".narrows-new", ".narrows-swap", ".narrows-in"] {
            symlink("../victim", bench.path("r").join(name)).unwrap();
            bench.done(&words);
            assert!(bench.path("victim/thesis.txt").is_file(), "{name}");
            assert!(!bench.path("r/thesis.txt").exists(), "{name}");
        }
    }
}
