//! Commands on a run without `--data`: its own rows, read as in training.

use super::*;

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
    assert_eq!(
        evaluated["model"]["test_mse"],
        trained["evaluation"]["model"]["test_mse"]
    );
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
        "fit-prior",
        "reconstruct",
        "interpolate",
        "compare",
    ] {
        let parts = ["does not say where its data are", "--data", "own.npy"];
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
    bench.refused(&["score", "run", "--skip-end", "1"], &["rows of the run"]);
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
        notes.contains("the threshold of the model is removed"),
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
        &["watched.csv", "no longer there", "--validation SOURCE"],
    );
    let resume = ["train", "--resume", "second", "--validation"];
    bench.refused(
        &[&resume[..], &["0.1"]].concat(),
        &["a resumed run keeps its validation rows"],
    );
    bench.refused(
        &[&resume[..], &["rows.csv"]].concat(),
        &["these are not the validation rows"],
    );
    bench.said(&[&resume[..], &["elsewhere.csv"]].concat());
    bench.said(&["train", "--resume", "second"]);
    let given = ["train", "--resume", "without", "--validation", "rows.csv"];
    bench.refused(
        &given,
        &["the validation rows of this run are a share of its data"],
    );
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
        said.contains("the model that training starts from was trained on about"),
        "{said}"
    );
    let same = begin("0", "third");
    assert!(!same.contains("starts from was trained on"), "{same}");
}
