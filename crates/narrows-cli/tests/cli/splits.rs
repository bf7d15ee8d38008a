//! The split of the rows, the values that are computed from each part, and the messages.

mod groups;

use serde_json::Value;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

/// A folder with a table of 2,000 rows: times in order, 60 patients, four columns of numbers, one of them with gaps.
struct Folder(tempfile::TempDir);

/// Numbers that look random, from -1 to 1.
fn noise(number: usize) -> f64 {
    let mixed = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((mixed ^ (mixed >> 32)) >> 40) as f64 / f64::from(1 << 23) - 1.0
}

/// The numbers of a row; `first` keeps rows of different tables apart.
fn numbers(first: usize, row: usize) -> [f64; 4] {
    let [a, b] = [0, 1].map(|place| noise(2 * (first + row) + place));
    [a + b, a - b, 3.0 * a + 10.0, 0.5 * b]
}

fn table(rows: usize, first: usize) -> String {
    let mut text = "when,patient,a,b,c,d\n".to_string();
    for row in 0..rows {
        let [a, b, c, d] = numbers(first, row).map(|number| format!("{number:.6}"));
        let b = if row % 50 == 7 { "" } else { &b };
        let (day, hour) = (1 + row / 24 % 28, row % 24);
        let month = 1 + row / (24 * 28);
        let patient = row * 37 % 60;
        writeln!(
            text,
            "2024-{month:02}-{day:02} {hour:02}:00,p{patient},{a},{b},{c},{d}"
        )
        .unwrap();
    }
    text
}

impl Folder {
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.put("a.csv", &table(2000, 0));
        folder.put("new.csv", &table(500, 5000));
        folder
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, words: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_narrows"))
            .args(words.split(' '))
            .current_dir(self.0.path())
            .output()
            .unwrap()
    }

    /// Standard output as JSON, and standard error.
    fn json(&self, words: &str) -> (Value, String) {
        let output = self.run(&format!("{words} --json"));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{words}: {said}");
        (serde_json::from_slice(&output.stdout).unwrap(), said)
    }

    fn train(&self, words: &str) -> (Value, String) {
        self.json(&format!(
            "train table --epochs 2 --set encoder[4].outputs=2 --missing mean --data a.csv {words}"
        ))
    }

    fn refused(&self, words: &str) -> String {
        let output = self.run(&format!(
            "train table --missing mean --data a.csv --out no {words}"
        ));
        assert!(!output.status.success(), "{words}");
        assert!(!self.path("no").exists(), "{words}");
        String::from_utf8(output.stderr).unwrap()
    }
}

fn counts(object: &Value) -> [u64; 3] {
    ["train_rows", "validation_rows", "test_rows"].map(|key| object[key].as_u64().unwrap())
}

#[test]
fn by_default_a_tenth_is_for_testing_and_a_tenth_of_the_rest_for_validation() {
    let folder = Folder::new();
    let (object, said) = folder.train("--out run");
    assert_eq!(counts(&object), [1620, 180, 200]);
    assert!(
        said.contains("rows: 1,620 for training, 180 for validation, 200 for testing\n"),
        "{said}"
    );
    assert!(
        said.contains("missing values are filled with the means of the 1,620 training rows\n"),
        "{said}"
    );
    assert_eq!(object["threshold"]["rows"], 180);
    assert_eq!(object["threshold"]["level"], 0.99);
    assert_eq!(object["threshold"]["from"], "validation");
    let recipe = std::fs::read_to_string(folder.path("run/recipe.toml")).unwrap();
    assert!(recipe.contains("validation = 0.1\n"), "{recipe}");
    let (inspected, _) = folder.json("inspect run");
    assert_eq!(inspected["threshold"], object["threshold"]);
    assert_eq!(counts(&inspected["split"]), [1620, 180, 200]);

    let (object, said) = folder.train("--out without --validation 0 --test none");
    assert_eq!(counts(&object), [2000, 0, 0]);
    assert!(
        said.contains("rows: 2,000 for training, none for validation, none for testing\n"),
        "{said}"
    );
    assert_eq!(
        (&object["evaluation"], &object["threshold"]),
        (&Value::Null, &Value::Null)
    );
    let report = std::fs::read_to_string(folder.path("without/report.html")).unwrap();
    assert!(report.contains("no test rows") && !report.contains("NaN"));
    // It has come to its end all the same; but there is nothing to measure it on.
    let output = folder.run("compare without --data a.csv --missing mean --out compared");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("there are no rows to measure the model on"),
        "{said}"
    );
    let output = folder.run("train --resume without");
    assert!(output.status.success());
}

#[test]
fn mnist_is_trained_on_whole() {
    let folder = Folder::new();
    let (object, said) = folder.json("train simple-linear --data mnist --epochs 1 --out run");
    assert_eq!(counts(&object), [60_000, 0, 10_000]);
    assert!(
        said.contains("rows: 60,000 for training, none for validation, 10,000 for testing"),
        "{said}"
    );
    assert_eq!(object["threshold"], Value::Null);
    let recipe = std::fs::read_to_string(folder.path("run/recipe.toml")).unwrap();
    assert!(recipe.contains("validation = 0.0\n"), "{recipe}");
    let output = folder.run("train simple-linear --data mnist --test 0.2 --out other");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the data have their own test rows"), "{said}");
}

#[test]
fn test_rows_may_be_a_share_or_the_last_or_of_another_source() {
    let folder = Folder::new();
    let (object, said) = folder.train("--out share --test 0.25");
    assert_eq!(counts(&object), [1350, 150, 500]);
    assert!(said.contains("in the order of the column `when`"), "{said}");
    assert!(said.contains("`--test last:0.1`"), "{said}");

    let (object, said) = folder.train("--out last --test last:0.25");
    assert_eq!(counts(&object), [1350, 150, 500]);
    assert!(
        said.contains("the last 500 rows of the data are for testing, and the 150 rows before them for validation"),
        "{said}"
    );
    assert!(!said.contains("in the order of the column"), "{said}");
    // The first rows are the training rows, and the means theirs.
    let there = (0..1350).filter(|row| row % 50 != 7);
    let values: Vec<f64> = there.map(|row| numbers(0, row)[1]).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let model = std::fs::read(folder.path("last/model.safetensors")).unwrap();
    let columns = metadata(&model)["columns"].clone();
    let b = columns
        .as_array()
        .unwrap()
        .iter()
        .find(|column| column["name"] == "b")
        .unwrap();
    let fill = b["fill"].as_f64().or(b["mean"].as_f64()).unwrap();
    assert!((fill - mean).abs() < 1e-6, "{fill} {mean}");

    let (object, said) = folder.train("--out other --test new.csv --validation 0");
    assert_eq!(counts(&object), [2000, 0, 500]);
    assert!(!said.contains("are training rows"), "{said}");
    assert_eq!(object["held_out"], false);
    let (inspected, _) = folder.json("inspect other");
    assert_eq!(inspected["test"], "new.csv");

    let (_, said) = folder.train("--out leak --test a.csv --validation 0");
    assert!(
        said.contains("100 % of the rows for testing are training rows"),
        "{said}"
    );

    for (words, expected) in [
        (
            "--test last:x",
            "expected a number above 0 and below 1, as in `last:0.2`",
        ),
        ("--test 1.5", "this share for testing is not possible"),
        ("--test nosuch.csv", "nosuch.csv: there is no such file"),
        ("--validation 1", "a number from 0 to below 1"),
    ] {
        let said = folder.refused(words);
        assert!(said.contains(expected), "{words}: {said}");
    }
}

/// What a model file says of the model.
fn metadata(model: &[u8]) -> Value {
    let len = u64::from_le_bytes(model[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&model[8..8 + len]).unwrap();
    serde_json::from_str(header["__metadata__"]["narrows"].as_str().unwrap()).unwrap()
}

#[test]
fn evaluate_fits_pca_on_the_training_rows_alone_and_says_which_rows_are_others() {
    let folder = Folder::new();
    let (object, _) = folder.train("--out run --validation 0.3");
    let (evaluated, said) = folder.json("evaluate run --data a.csv");
    assert!(
        !said.contains("not the data that the model was trained on"),
        "{said}"
    );
    assert_eq!(evaluated["train_rows"], 1260);
    assert_eq!(
        evaluated["pca"]["test_mse"],
        object["evaluation"]["pca"]["test_mse"]
    );

    let (_, said) = folder.json("evaluate run --data new.csv");
    assert!(
        said.contains(
            "these are not the data that the model was trained on: now 500 rows, in training 2,000"
        ),
        "{said}"
    );
    assert!(!said.contains("were training rows of the model,"), "{said}");
    let some: String = table(2000, 0)
        .lines()
        .take(1501)
        .map(|line| format!("{line}\n"))
        .collect();
    folder.put("some.csv", &some);
    let (_, said) = folder.json("evaluate run --data some.csv");
    assert!(
        said.contains("of the test rows were training rows of the model"),
        "{said}"
    );
}

#[test]
fn calibration_on_training_rows_warns_and_may_take_the_largest_score() {
    let folder = Folder::new();
    folder.train("--out run");
    let (threshold, said) = folder.json("calibrate run --data a.csv");
    assert!(
        said.contains("narrows: warning: about 8")
            && said.contains("equal to training rows of the model"),
        "{said}"
    );
    assert!(
        said.contains("Choose it from normal rows that training has not seen"),
        "{said}"
    );
    assert_eq!(
        (&threshold["from"], &threshold["source"]),
        (&"source".into(), &"a.csv".into())
    );
    let (threshold, said) = folder.json("calibrate run --data new.csv --quantile 1");
    assert!(!said.contains("warning"), "{said}");
    let (scores, _) = folder.json("score run --data new.csv");
    assert_eq!(scores["largest"], threshold["value"]);
    assert_eq!(scores["above"], 0);
    let (rate, _) = folder.json("calibrate run --data new.csv --false-positive-rate 0");
    assert_eq!(rate["value"], threshold["value"]);
    for words in ["--quantile 99", "--quantile 0", "--false-positive-rate 1"] {
        let output = folder.run(&format!("calibrate run --data new.csv {words}"));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("is not possible: expected a number"),
            "{words}: {said}"
        );
    }
    // Of few training rows all are known.
    let few: String = table(2000, 0)
        .lines()
        .take(51)
        .map(|line| format!("{line}\n"))
        .collect();
    folder.put("few.csv", &few);
    folder.json("train table --data few.csv --missing mean --epochs 1 --out few");
    let (_, said) = folder.json("calibrate few --data few.csv --false-positive-rate 0.05");
    assert!(
        said.contains("90 % of these rows are equal to training rows"),
        "{said}"
    );
}

#[test]
fn going_on_ends_in_the_same_bytes_with_its_threshold() {
    let folder = Folder::new();
    folder.train("--out whole --group patient --test 0.2");
    folder.train("--out again --group patient --test 0.2");
    let model = |run: &str| std::fs::read(folder.path(run).join("model.safetensors")).unwrap();
    assert_eq!(model("whole"), model("again"));
    // Without the model's last stage, which what follows training does again.
    let report = folder.path("again/report.html");
    std::fs::remove_file(&report).unwrap();
    let (object, said) = folder.json("train --resume again");
    assert!(said.contains("rows: "), "{said}");
    assert!(report.exists() && object["threshold"]["from"] == "validation");
    assert_eq!(model("whole"), model("again"));
}

#[test]
fn a_copy_of_the_data_in_another_format_is_known_again() {
    let folder = Folder::new();
    folder.train("--out run --columns a,c,d");
    let converted = folder.run("data convert --data a.csv --columns a,c,d -o a.parquet");
    assert!(converted.status.success() && Path::new(&folder.path("a.parquet")).exists());
    let (_, said) = folder.json("calibrate run --data a.parquet");
    assert!(said.contains("are equal to training rows"), "{said}");
}

#[test]
fn a_series_that_is_tested_on_its_earliest_rows_is_warned_of_and_only_what_was_drawn_is_said() {
    let folder = Folder::new();
    let whole = table(2000, 0);
    let mut lines: Vec<&str> = whole.lines().collect();
    lines[1..].reverse();
    folder.put("latest.csv", &(lines.join("\n") + "\n"));
    let train = "train table --epochs 1 --missing mean --data";
    let (_, said) = folder.json(&format!("{train} latest.csv --test last:0.1 --out latest"));
    assert!(
        said.contains(
            "with the latest first. So the test rows, which are the last rows, are the earliest"
        ),
        "{said}"
    );
    let (_, said) = folder.json(&format!("{train} a.csv --test new.csv --out other"));
    assert!(
        said.contains("the rows for validation were drawn at random")
            && said.contains("`--validation 0`"),
        "{said}"
    );
    assert!(!said.contains("--test last"), "{said}");
    // A comparison says so too, and once.
    let (_, said) = folder.json("compare table --seeds 2 --epochs 1 --missing mean --data a.csv");
    assert_eq!(
        said.matches("in the order of the column").count(),
        1,
        "{said}"
    );
}

#[test]
fn a_model_is_not_compared_on_other_rows_without_a_word() {
    let folder = Folder::new();
    folder.train("--out run --columns a,c,d");
    let (_, said) = folder.json("compare run --data new.csv --columns a,c,d --out compared");
    assert!(
        said.contains("these are not the data that the model was trained on: now 500 rows"),
        "{said}"
    );
    // The validation rows of the run are none that it was trained on, whatever values they have.
    let rows: String = (0..1500)
        .map(|row| format!("{},{}\n", row % 3, row % 2))
        .collect();
    folder.put("few-values.csv", &format!("a,b\n{rows}"));
    folder.json("train table --epochs 1 --data few-values.csv --out few-values");
    let (_, said) = folder.json("calibrate few-values");
    assert!(!said.contains("training rows"), "{said}");
}
