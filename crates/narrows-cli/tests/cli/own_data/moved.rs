//! Data that were moved, changed or renamed.

use super::*;

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
    assert_eq!(again["evaluation"]["model"], before["evaluation"]["model"]);
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
        &["rows of the run", "expected the 72 rows of `rows.csv`"],
    );
    fs::remove_file(bench.path("third/rows.csv")).unwrap();
    bench.refused(
        &["train", "--resume", "third/run"],
        &["no longer there", "--data SOURCE"],
    );
    let resume = ["train", "--resume", "third/run", "--data"];
    let other = [&resume[..], &["old/rows.csv"]].concat();
    bench.refused(&other, &["these are not the training rows", "--init-from"]);
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
        notes.contains("here.csv, as in the run that it starts from"),
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
        &["does not say where its data are", "--data"],
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
            bench.refused(command, &["rows of the run", "other values"]);
        }
    }
    fs::write(bench.path("rows.csv"), whole).unwrap();
    bench.said(&["train", "--resume", "run"]);
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
        said.contains("warning: ") && said.contains("rows.csv changed after the run started"),
        "{said}"
    );
    bench.refused(
        &["train", "--resume", "run"],
        &["these are not the training rows"],
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
        "fit-prior run",
        "sample run --around -o no.csv",
    ] {
        let all = [&words(line)[..], &["--on-bad", "null"]].concat();
        bench.refused(&all, &["`--on-bad null` needs a command that writes rows"]);
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
            "other.csv: these are not the test rows of the run",
            "expected the 17 rows of `",
            "t.csv`",
        ],
    );
    fs::rename(bench.path("beside/t.csv"), bench.path("moved.csv")).unwrap();
    for run in ["run", "tested"] {
        bench.refused(
            &["score", run],
            &[
                "the test rows of the run are no longer there",
                &format!("`narrows train --resume {run} --test SOURCE`"),
            ],
        );
        let resume = ["train", "--resume", run];
        bench.refused(&resume, &["give their new place with `--test SOURCE`"]);
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
            "moved.csv: these are not the test rows",
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
