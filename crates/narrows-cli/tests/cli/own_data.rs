//! A run knows its data: commands without `--data`, data that were moved, rows that have changed, and more epochs.
#![cfg(unix)]

use serde_json::Value;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const RECIPE: &str = r#"
name = "small"
encoder = [{ layer = "dense", outputs = 6 }, { layer = "tanh" }, { layer = "dense", outputs = 2 }]
decoder = [{ layer = "dense", outputs = 6 }, { layer = "tanh" }, { layer = "dense" }]
[scaling]
kind = "standardize"
[training]
epochs = 4
batch_size = 16
"#;

/// A folder with a recipe and a table of as many rows.
struct Bench(TempDir);

impl Bench {
    fn new(rows: usize) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.toml"), RECIPE).unwrap();
        let bench = Bench(folder);
        fs::write(bench.path("rows.csv"), table(rows)).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        narrows(self.0.path(), arguments)
    }

    /// What a command says that goes well: its results, and the rest.
    fn said(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let rest = text(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {rest}");
        (text(&output.stdout), rest)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let (result, _) = self.said(&[arguments, &["--json"]].concat());
        serde_json::from_str(&result).unwrap()
    }

    /// What a command says that is refused.
    fn refused(&self, arguments: &[&str], parts: &[&str]) {
        let output = self.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        for part in parts {
            assert!(said.contains(part), "{part} is missing in {said}");
        }
    }

    fn train(&self, out: &str, more: &[&str]) -> Value {
        let train = ["train", "small.toml", "--data", "rows.csv", "--out", out];
        self.json(&[&train[..], more].concat())
    }

    fn model(&self, run: &str) -> Vec<u8> {
        fs::read(self.path(run).join("model.safetensors")).unwrap()
    }

    fn lines(&self, file: &str) -> usize {
        fs::read_to_string(self.path(file)).map_or(0, |text| text.lines().count())
    }
}

fn narrows(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
    command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A table with a column of names and one of classes beside four of numbers.
fn table(rows: usize) -> String {
    let row = |row: usize| {
        let t = row as f64 / 7.0;
        let (a, b, c) = (t.sin(), t.cos(), (2.0 * t).sin());
        format!("r{row},{},{a:.4},{b:.4},{c:.4},{:.4}\n", row % 3, a * b)
    };
    let rows: String = (0..rows).map(row).collect();
    format!("name,kind,a,b,c,d\n{rows}")
}

const READ: [&str; 4] = ["--id", "name", "--label", "kind"];

#[test]
fn a_run_is_measured_on_its_own_rows_and_not_on_mnist() {
    let bench = Bench::new(30);
    let convert = "data convert --data mnist:test --rows 200 -o own.npy";
    bench.said(&convert.split(' ').collect::<Vec<_>>());
    let train = "train simple-linear --data own.npy --epochs 1 --out run";
    let trained = bench.json(&train.split(' ').collect::<Vec<_>>());
    let (_, notes) = bench.said(&["evaluate", "run"]);
    assert!(
        notes.contains("data: `own.npy`, as in training (its 20 test rows, held out of the data)"),
        "{notes}"
    );
    let evaluated = bench.json(&["evaluate", "run"]);
    assert_eq!(evaluated["test_rows"], 20);
    assert_eq!(evaluated["train_rows"], 180);
    let errors =
        [&evaluated["model"]["mse"], &trained["test_mse"]].map(|mse| mse.as_f64().unwrap());
    assert!((errors[0] / errors[1] - 1.0).abs() < 1e-6, "{errors:?}");
    assert_eq!(bench.json(&["score", "run/model.safetensors"])["rows"], 20);
    // A file that has left its run says nothing of its data.
    fs::copy(
        bench.path("run/model.safetensors"),
        bench.path("alone.safetensors"),
    )
    .unwrap();
    for command in [
        "evaluate",
        "score",
        "calibrate",
        "reconstruct",
        "interpolate",
        "compare",
    ] {
        let parts = ["does not say where its data lie", "--data", "own.npy"];
        bench.refused(&[command, "alone.safetensors"], &parts);
    }
    fs::remove_file(bench.path("run/run.json")).unwrap();
    bench.refused(&["evaluate", "run"], &["does not say where", "own.npy"]);
}

#[test]
fn every_command_on_a_run_takes_its_test_rows_with_its_reading_options() {
    let bench = Bench::new(60);
    bench.train("run", &READ);
    let head = |file: &str| {
        let text = fs::read_to_string(bench.path(file)).unwrap();
        (
            text.lines().next().unwrap().to_string(),
            text.lines().count(),
        )
    };
    for (command, columns) in [
        ("encode", "code0,code1,kind,name"),
        ("reconstruct", "a,b,c,d,kind,name"),
        ("denoise", "a,b,c,d,kind,name"),
        ("score", "score,kind,name"),
    ] {
        let (_, notes) = bench.said(&[command, "run", "-o", "out.csv"]);
        assert!(notes.contains("its 6 test rows, held out"), "{notes}");
        let (found, lines) = head("out.csv");
        let sorted = |line: &str| {
            let mut names: Vec<String> = line.split(',').map(String::from).collect();
            names.sort();
            names
        };
        assert_eq!((sorted(&found), lines), (sorted(columns), 7), "{command}");
    }
    bench.said(&["interpolate", "run", "-o", "way.csv"]);
    // The rows are divided first, and chosen by their labels then.
    let all = bench.json(&["score", "run"])["rows"].as_u64().unwrap();
    let of = |kind: &str| {
        bench.json(&["score", "run", "--classes", kind])["rows"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(of("0-1") + of("2"), all);
    bench.refused(
        &["score", "run", "--classes", "7"],
        &["no row has the label `7`"],
    );
    // What a run reads is not replaced.
    bench.refused(
        &["score", "run", "-o", "rows.csv"],
        &["would replace the data"],
    );
    // Other rows than its own are given with `--data` alone.
    bench.refused(
        &["score", "run", "--skip-end", "1"],
        &["not those that the run began with"],
    );
    assert_eq!(
        bench.json(&["score", "run", "--data", "rows.csv", "--skip-end", "1"])["rows"],
        59
    );
    // Ids and labels may be others: what was learned from stays.
    bench.train("plain", &["--drop", "name,kind"]);
    bench.said(&[
        "encode", "plain", "--id", "name", "--drop", "kind", "-o", "out.csv",
    ]);
    assert_eq!(head("out.csv").0, "name,code0,code1");
}

#[test]
fn a_threshold_comes_from_the_validation_rows_of_a_run() {
    let bench = Bench::new(100);
    bench.train("without", &READ);
    bench.refused(
        &["calibrate", "without"],
        &["no validation rows", "--data", "--validation 0.1"],
    );
    bench.train("with", &[&READ[..], &["--validation", "0.2"]].concat());
    let (_, notes) = bench.said(&["calibrate", "with", "--quantile", "0.9"]);
    assert!(notes.contains("its 18 validation rows"), "{notes}");
    let inspected = bench.json(&["inspect", "with"]);
    assert_eq!(inspected["threshold"]["rows"], 18);
    // More epochs make another model, without the threshold.
    let more = ["train", "--resume", "with", "--epochs", "5"];
    let (_, notes) = bench.said(&more);
    assert!(
        notes.contains("the threshold that was chosen for the model so far does not fit"),
        "{notes}"
    );
    assert!(bench.json(&["inspect", "with"])["threshold"].is_null());
    // A source of its own.
    fs::write(bench.path("watched.csv"), table(7)).unwrap();
    bench.train(
        "second",
        &[&READ[..], &["--validation", "watched.csv"]].concat(),
    );
    let (_, notes) = bench.said(&["calibrate", "second", "--quantile", "0.5"]);
    assert!(notes.contains("its 7 validation rows"), "{notes}");
    fs::rename(bench.path("watched.csv"), bench.path("elsewhere.csv")).unwrap();
    bench.refused(
        &["train", "--resume", "second"],
        &["watched.csv", "not there any more", "--validation SOURCE"],
    );
    let resume = ["train", "--resume", "second", "--validation"];
    bench.refused(
        &[&resume[..], &["0.1"]].concat(),
        &["the validation rows that it has"],
    );
    bench.refused(
        &[&resume[..], &["rows.csv"]].concat(),
        &["the validation rows are not those"],
    );
    bench.said(&[&resume[..], &["elsewhere.csv"]].concat());
    bench.said(&["train", "--resume", "second"]);
    let given = ["train", "--resume", "without", "--validation", "rows.csv"];
    bench.refused(&given, &["no source of its own for validation"]);
}

#[test]
fn data_that_moved_are_found_or_told_and_other_rows_are_refused() {
    let bench = Bench::new(80);
    fs::create_dir(bench.path("old")).unwrap();
    fs::rename(bench.path("rows.csv"), bench.path("old/rows.csv")).unwrap();
    let train = "train small.toml --data old/rows.csv --id name --label kind --out old/run";
    let before = bench.json(&train.split(' ').collect::<Vec<_>>());
    fs::rename(bench.path("old"), bench.path("new")).unwrap();
    let (_, notes) = bench.said(&["evaluate", "new/run"]);
    assert!(
        notes.contains("found at") && notes.contains("new/rows.csv"),
        "{notes}"
    );
    let again = bench.json(&["train", "--resume", "new/run"]);
    assert_eq!(again["test_mse"], before["test_mse"]);
    // A table of another place that only has the name is not taken for the run's own.
    fs::create_dir(bench.path("old")).unwrap();
    fs::write(bench.path("old/rows.csv"), table(81)).unwrap();
    fs::create_dir(bench.path("third")).unwrap();
    fs::rename(bench.path("new/run"), bench.path("third/run")).unwrap();
    fs::write(bench.path("third/rows.csv"), table(70)).unwrap();
    let (_, notes) = bench.said(&["score", "third/run"]);
    assert!(!notes.contains("found at"), "it lies where it lay: {notes}");
    fs::rename(bench.path("new/rows.csv"), bench.path("here.csv")).unwrap();
    bench.refused(
        &["score", "third/run"],
        &[
            "not those that the run began with",
            "expected the 72 rows of `rows.csv`",
        ],
    );
    fs::remove_file(bench.path("third/rows.csv")).unwrap();
    bench.refused(
        &["train", "--resume", "third/run"],
        &["not there any more", "--data SOURCE"],
    );
    let resume = ["train", "--resume", "third/run", "--data"];
    let other = [&resume[..], &["old/rows.csv"]].concat();
    bench.refused(&other, &["the training rows are not those", "--init-from"]);
    let (_, notes) = bench.said(&[&resume[..], &["here.csv"]].concat());
    assert!(
        notes.contains("the same rows are at here.csv now"),
        "{notes}"
    );
    bench.said(&["score", "third/run"]);
    let anew = "train small.toml --data old/rows.csv --id name --label kind --init-from third/run --out anew";
    bench.said(&anew.split(' ').collect::<Vec<_>>());
    // A run that begins with another's model has that run's data, unless it is given others.
    let again = "train small.toml --init-from third/run --out again";
    let (_, notes) = bench.said(&again.split(' ').collect::<Vec<_>>());
    assert!(
        notes.contains("here.csv, as in the run that it begins with"),
        "{notes}"
    );
    fs::copy(
        bench.path("third/run/model.safetensors"),
        bench.path("alone.safetensors"),
    )
    .unwrap();
    let guess = "train small.toml --init-from alone.safetensors";
    bench.refused(
        &guess.split(' ').collect::<Vec<_>>(),
        &["does not say where its data lie", "--data"],
    );
}

#[test]
fn one_changed_row_of_many_is_noticed_wherever_it_is() {
    let bench = Bench::new(3000);
    bench.train(
        "run",
        &[&READ[..], &["--epochs", "1", "--validation", "0.1"]].concat(),
    );
    let whole = fs::read_to_string(bench.path("rows.csv")).unwrap();
    for row in [0, 7, 1234, 2222, 2999] {
        let name = format!("\nr{row},");
        let (start, rest) = whole.split_once(&name).unwrap();
        let rest = rest.replacen("0.", "0.9", 1);
        fs::write(bench.path("rows.csv"), format!("{start}{name}{rest}")).unwrap();
        for command in [&["train", "--resume", "run"][..], &["score", "run"]] {
            bench.refused(
                command,
                &["rows are not those that the run began with", "other values"],
            );
        }
    }
    fs::write(bench.path("rows.csv"), whole).unwrap();
    bench.said(&["train", "--resume", "run"]);
}

#[test]
fn more_epochs_end_in_the_bytes_of_as_many_at_once() {
    let bench = Bench::new(90);
    let watched = [&READ[..], &["--validation", "0.1"]].concat();
    let settings = ["--set", "optimizer.kind=adam", "--epochs"];
    bench.train("whole", &[&watched[..], &settings, &["9"]].concat());
    bench.train("parts", &[&watched[..], &settings, &["4"]].concat());
    for epochs in ["6", "9"] {
        let (_, notes) = bench.said(&["train", "--resume", "parts", "--epochs", epochs]);
        assert!(
            notes.contains(&format!("{epochs} epochs in all instead of")),
            "{notes}"
        );
        assert!(
            notes.contains("`constant` does not depend on them"),
            "{notes}"
        );
    }
    assert!(bench.model("parts") == bench.model("whole"));
    assert_eq!(bench.lines("parts/metrics.jsonl"), 9);
    let recipes = ["parts", "whole"]
        .map(|run| fs::read_to_string(bench.path(run).join("recipe.toml")).unwrap());
    assert_eq!(recipes[0], recipes[1]);
    bench.refused(
        &["train", "--resume", "parts", "--epochs", "8"],
        &[
            "more epochs than these already",
            "at least 9 epochs",
            "found 8",
        ],
    );
    bench.refused(
        &["train", "--resume", "parts", "--epochs", "few"],
        &["--epochs few"],
    );
    // What a person writes into the recipe counts as the same; other keys do not.
    let edit = |from: &str, to: &str| {
        let path = bench.path("parts/recipe.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    };
    edit("epochs = 9", "epochs = 10");
    let (_, notes) = bench.said(&["train", "--resume", "parts"]);
    assert!(notes.contains("10 epochs in all instead of 9"), "{notes}");
    edit("batch_size = 16", "batch_size = 8");
    bench.refused(
        &["train", "--resume", "parts"],
        &["the recipe is not the one of the checkpoint", "--epochs"],
    );
}

#[test]
fn a_schedule_is_formed_anew_and_early_stopping_goes_on_counting() {
    let bench = Bench::new(90);
    let cosine = ["--set", "schedule.kind=cosine", "--lr", "0.01"];
    bench.train("run", &[&READ[..], &cosine].concat());
    let (_, notes) = bench.said(&["train", "--resume", "run", "--epochs", "8"]);
    // Half of the way of a cosine.
    assert!(
        notes.contains("goes on at a learning rate of 0.005000"),
        "{notes}"
    );
    let early = [
        "--set",
        "training.patience=1",
        "--lr",
        "1e-30",
        "--validation",
        "0.2",
    ];
    let early = bench.train("early", &[&READ[..], &early].concat());
    assert_eq!(early["epochs"], 2);
    bench.refused(
        &["train", "--resume", "early", "--epochs", "8"],
        &[
            "early stopping has ended the run",
            "epoch 1 of 2",
            "--init-from early",
        ],
    );
    let (_, notes) = bench.said(&["train", "--resume", "early"]);
    assert!(notes.contains("early stopping has ended it"), "{notes}");
    assert!(!notes.contains("--epochs"), "{notes}");
}

#[test]
fn a_finished_run_is_said_to_be_finished_with_what_can_be_done() {
    let bench = Bench::new(50);
    bench.train("run", &READ);
    let before = bench.model("run");
    let (_, notes) = bench.said(&["train", "--resume", "run"]);
    for part in [
        "the run is finished: its 4 epochs are trained",
        "narrows train --resume run --epochs 8",
        "--init-from run",
        "narrows evaluate run",
        "narrows score run",
    ] {
        assert!(notes.contains(part), "{part} is missing in {notes}");
    }
    assert!(bench.model("run") == before);
    let page = fs::read_to_string(bench.path("run/report.html")).unwrap();
    assert!(
        page.contains("small on rows.csv"),
        "the page says where the data lie"
    );
    bench.refused(&["train", "--resume", "run", "--lr", "1"], &["--lr"]);
}

#[test]
fn a_comparison_takes_the_data_of_its_runs() {
    let bench = Bench::new(70);
    bench.train("one", &READ);
    bench.train("two", &[&READ[..], &["--seed", "3"]].concat());
    let compare = [
        "compare",
        "one",
        "two",
        "small.toml",
        "--epochs",
        "1",
        "--out",
    ];
    let (_, notes) = bench.said(&[&compare[..], &["all"]].concat());
    assert!(
        notes.contains("data: `rows.csv`, as in training (for all of them)"),
        "{notes}"
    );
    // What was trained there goes on from its own data too.
    bench.said(&["train", "--resume", "all/3-small-seed-0"]);
    fs::write(bench.path("other.csv"), table(71)).unwrap();
    let other = "train small.toml --data other.csv --id name --label kind --out other";
    bench.said(&other.split(' ').collect::<Vec<_>>());
    bench.refused(
        &["compare", "one", "other", "--out", "refused"],
        &[
            "not trained on the same data",
            "`one`",
            "rows.csv",
            "other.csv",
            "--data",
        ],
    );
    assert!(!bench.path("refused").exists());
    let given = [
        "compare", "one", "other", "--data", "rows.csv", "--out", "given",
    ];
    bench.said(&[&given[..], &READ].concat());
}

#[test]
fn a_file_that_changes_while_it_is_trained_on_is_warned_of() {
    let bench = Bench::new(2000);
    let arguments = "train small.toml --data rows.csv --id name --label kind --epochs 100000 --checkpoint 0.05s --out run";
    let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
    command
        .current_dir(bench.path(""))
        .args(arguments.split(' '));
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while bench.lines("run/metrics.jsonl") < 2 {
        assert_eq!(child.try_wait().unwrap(), None, "it has ended before");
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "it takes for ever"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    fs::write(bench.path("rows.csv"), table(2001)).unwrap();
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let ended = child.wait_with_output().unwrap();
    let said = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(
        said.contains("warning: ") && said.contains("rows.csv changed after the run began"),
        "{said}"
    );
    bench.refused(
        &["train", "--resume", "run"],
        &["the training rows are not those"],
    );
}

#[test]
fn a_folder_whose_name_is_no_text_goes_on() {
    let bench = Bench::new(40);
    let inner = bench.path("").join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&inner).unwrap();
    for file in ["rows.csv", "small.toml"] {
        fs::rename(bench.path(file), inner.join(file)).unwrap();
    }
    let train = "train small.toml --data rows.csv --id name --label kind --out run";
    let trained = narrows(&inner, &train.split(' ').collect::<Vec<_>>());
    assert!(trained.status.success(), "{}", text(&trained.stderr));
    // From there, and from elsewhere.
    for (folder, run) in [
        (&inner, PathBuf::from("run")),
        (&bench.path(""), inner.join("run")),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
        command
            .current_dir(folder)
            .args(["train", "--resume"])
            .arg(run);
        let output = command.args(["--epochs", "5"]).output().unwrap();
        let said = text(&output.stderr);
        if folder == &inner {
            assert!(output.status.success(), "{said}")
        } else {
            // The rows lie where no text names them.
            assert!(said.contains("is not UTF-8"), "{said}")
        }
    }
}

#[test]
fn a_comparison_divides_the_rows_as_the_run_did() {
    let bench = Bench::new(60);
    fs::write(bench.path("later.csv"), table(17)).unwrap();
    for (run, test, counts) in [
        ("end", "last:0.3", [42, 0, 18]),
        ("other", "later.csv", [60, 0, 17]),
    ] {
        let train = ["--id", "name", "--label", "kind", "--test", test];
        bench.train(run, &train);
        let out = format!("{run}-compared");
        let compare = ["compare", run, "small.toml", "--epochs", "1", "--out", &out];
        let found = bench.json(&compare);
        for row in found["rows"].as_array().unwrap() {
            let of = ["train_rows", "validation_rows", "test_rows"].map(|key| row[key].as_u64());
            assert_eq!(of, counts.map(Some), "{row}");
        }
        // No output replaces rows that the run is tested on.
        if test == "later.csv" {
            bench.refused(
                &["encode", run, "-o", "later.csv"],
                &["would replace the data"],
            );
        }
    }
}

#[test]
fn a_model_that_was_trained_on_the_rows_for_testing_is_said_to_be() {
    let bench = Bench::new(200);
    bench.train("first", &READ);
    let begin = |seed: &str, out: &str| {
        let line = format!("train small.toml --init-from first --seed {seed} --out {out}");
        bench.said(&line.split(' ').collect::<Vec<_>>()).1
    };
    let said = begin("5", "second");
    assert!(
        said.contains("the model that training begins with was trained on about"),
        "{said}"
    );
    let same = begin("0", "third");
    assert!(!same.contains("begins with was trained on"), "{same}");
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[test]
fn no_output_replaces_a_file_of_a_pattern_or_folder() {
    let bench = Bench::new(60);
    bench.train("run", &READ);
    fs::create_dir_all(bench.path("fold/deep")).unwrap();
    for name in ["a.csv", "b.csv", "fold/tr.csv", "fold/_beside.csv"] {
        fs::write(bench.path(name), table(20)).unwrap();
    }
    let before = fs::read(bench.path("a.csv")).unwrap();
    let train = "train small.toml --id name --label kind --epochs 1";
    bench.said(&words(&format!("{train} --data [ab].csv --out pattern")));
    bench.said(&words(&format!("{train} --data fold --out folder")));
    let refused = "would replace the data that are read";
    for line in [
        "score run --data [ab].csv -o a.csv",
        "score pattern -o a.csv",
        "score run --data fold -o fold/tr.csv",
        "score folder -o fold/tr.csv",
        "data convert --data fold -o fold/tr.csv",
    ] {
        bench.refused(&words(line), &[refused]);
    }
    for name in ["a.csv", "fold/tr.csv"] {
        assert_eq!(fs::read(bench.path(name)).unwrap(), before, "{name}");
    }
    // What is not read may be written, more than once.
    for output in ["fold/_beside.csv", "fold/deep/scores.csv", "c.csv"] {
        for _ in 0..2 {
            let source = if output == "c.csv" {
                "[ab].csv"
            } else {
                "fold"
            };
            bench.said(&["score", "run", "--data", source, "-o", output]);
        }
    }
}

#[test]
fn bad_rows_are_kept_only_where_rows_are_written() {
    let bench = Bench::new(60);
    bench.train("run", &READ);
    for line in [
        "train small.toml --init-from run --out no",
        "train --resume run",
        "evaluate run",
        "evaluate run --data rows.csv",
        "compare run small.toml --out no",
        "compare small.toml --data rows.csv --out no",
        "calibrate run",
        "interpolate run -o no.png",
    ] {
        let all = [&words(line)[..], &["--on-bad", "null"]].concat();
        bench.refused(&all, &["`--on-bad null` keeps rows without values"]);
    }
    for how in ["refuse", "null", "drop"] {
        let (_, notes) = bench.said(&["score", "run", "--on-bad", how]);
        let note = format!("`--on-bad {how}` has no effect on a run's own rows");
        assert_eq!(notes.matches(&note).count(), 1, "{notes}");
    }
}

#[test]
fn messages_name_the_source_that_they_are_about() {
    let bench = Bench::new(60);
    fs::create_dir(bench.path("beside")).unwrap();
    for (name, rows) in [("beside/v.csv", 15), ("beside/t.csv", 17)] {
        fs::write(bench.path(name), table(rows)).unwrap();
    }
    let both = ["--validation", "beside/v.csv", "--test", "beside/t.csv"];
    bench.train("run", &[&READ[..], &both].concat());
    bench.train("tested", &[&READ[..], &both[2..]].concat());
    let (_, notes) = bench.said(&["score", "run"]);
    assert!(
        notes.contains("data: `t.csv`, as in training (its 17 test rows"),
        "{notes}"
    );
    let (_, notes) = bench.said(&words(
        "calibrate run --quantile 1 -o calibrated.safetensors",
    ));
    assert!(
        notes.contains("data: `v.csv`, as in training (its 15 validation rows"),
        "{notes}"
    );
    // Other rows are refused with the name of their file.
    fs::write(bench.path("other.csv"), table(9)).unwrap();
    let resume = ["train", "--resume", "run"];
    let other = [&resume[..], &["--test", "other.csv"]].concat();
    bench.refused(
        &other,
        &[
            "other.csv: the test rows are not those that the run began with",
            "expected the 17 rows of `",
            "t.csv`",
        ],
    );
    fs::rename(bench.path("beside/t.csv"), bench.path("moved.csv")).unwrap();
    for run in ["run", "tested"] {
        bench.refused(
            &["score", run],
            &[
                "the test rows of the run are not there any more",
                &format!("`narrows train --resume {run} --test SOURCE`"),
            ],
        );
        let resume = ["train", "--resume", run];
        bench.refused(&resume, &["say with `--test SOURCE` where they are now"]);
        let begin = ["train", "small.toml", "--init-from", run, "--out", "no"];
        bench.refused(&begin, &[&format!("--resume {run} --test SOURCE")]);
    }
    let (_, notes) = bench.said(&[&resume[..], &["--test", "moved.csv"]].concat());
    assert!(
        notes.contains("the same rows are at moved.csv now"),
        "{notes}"
    );
    bench.said(&["score", "run"]);
    fs::write(bench.path("moved.csv"), table(9)).unwrap();
    bench.refused(
        &["score", "run"],
        &[
            "moved.csv: the test rows are not those",
            "the 17 rows that it had",
        ],
    );
    fs::write(bench.path("moved.csv"), table(17)).unwrap();
    fs::remove_file(bench.path("beside/v.csv")).unwrap();
    bench.refused(
        &resume,
        &["v.csv: the validation rows", "--validation SOURCE"],
    );
    // Where nothing has moved, nothing is said to have.
    let again = ["train", "--resume", "tested", "--data", "rows.csv"];
    let (_, notes) = bench.said(&[&again[..], &["--test", "moved.csv"]].concat());
    assert!(
        notes.contains("the same rows are at moved.csv now"),
        "{notes}"
    );
    let (_, notes) = bench.said(&again);
    assert!(!notes.contains("the same rows"), "{notes}");
}
