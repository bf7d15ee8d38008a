//! Runs whose rows have huge values or come from a stream, and runs in folders with links and spaces in their names.
#![cfg(unix)]

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

struct Bench(TempDir);

/// A table of 300 rows, `first` among them.
fn table(first: &str) -> String {
    let mut table = format!("a,b,c,d\n{first}\n");
    for row in 0..300 {
        let of = |k: u32| ((row * (k + 3) + k) as f64 / 7.0).sin();
        table += &format!("{:.4},{:.4},{:.4},{:.4}\n", of(1), of(2), of(3), of(4));
    }
    table
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("t.csv"), table("0,0,0,0")).unwrap();
        Bench(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a line of a shell, in which `narrows` is the command.
    fn shell(&self, line: &str, input: &str) -> Output {
        let mut child = Command::new("bash")
            .args([
                "-c",
                &format!("narrows() {{ \"$NARROWS\" \"$@\"; }}; {line}"),
            ])
            .env("NARROWS", env!("CARGO_BIN_EXE_narrows"))
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing closes it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    #[track_caller]
    fn done(&self, line: &str) -> (String, String) {
        let output = self.shell(line, "");
        let [out, said] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(output.status.code(), Some(0), "{line}: {said}");
        (out, said)
    }

    #[track_caller]
    fn refused(&self, line: &str, code: i32, parts: &[&str]) -> String {
        let output = self.shell(line, "no,rows\n1,2\n");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        for part in parts {
            assert!(said.contains(part), "`{part}` is missing in: {said}");
        }
        said
    }
}

#[test]
fn validation_rows_with_huge_values_end_the_run_and_are_named() {
    let bench = Bench::new();
    fs::write(bench.path("huge.csv"), table("3e22,0,0,0")).unwrap();
    let said = bench.refused(
        "narrows train table --data t.csv --validation huge.csv --epochs 3 --checkpoint 1 --out run",
        1,
        &[
            "epoch 1",
            "the validation loss on rows of `huge.csv` is not finite, while the training loss is",
            "narrows data info",
            "no model was saved",
        ],
    );
    assert!(!said.contains("learning rate"), "{said}");
    assert!(!bench.path("run/model.safetensors").exists());
    bench.refused(
        "narrows train --resume run",
        1,
        &["huge values in the rows"],
    );
}

#[test]
fn an_error_on_test_rows_beyond_single_precision_is_that_of_an_evaluation() {
    let bench = Bench::new();
    fs::write(bench.path("huge.csv"), table("1e30,0,0,0")).unwrap();
    let (out, _) =
        bench.done("narrows train table --data t.csv --test huge.csv --epochs 2 --out run --json");
    let trained: Value = serde_json::from_str(&out).unwrap();
    let (out, _) = bench.done("narrows evaluate run --json");
    let measured: Value = serde_json::from_str(&out).unwrap();
    let trained = trained["evaluation"]["model"]["test_mse"].as_f64().unwrap();
    let found = measured["model"]["test_mse"].as_f64().unwrap();
    assert!(trained > 1e40, "{trained}");
    assert!((trained / found - 1.0).abs() < 1e-6, "{trained}, {found}");
    bench.done("narrows train --resume run");
}

#[test]
fn rows_that_came_from_a_stream_are_not_waited_for_later() {
    let bench = Bench::new();
    bench.done("cat t.csv | narrows train table --data - --epochs 1 --out run");
    for command in [
        "narrows evaluate run",
        "narrows score run -o s.csv",
        "narrows compare run run",
        "narrows train table --init-from run --out other",
    ] {
        let parts = ["came from standard input", "`--data -`"];
        bench.refused(command, 2, &parts);
    }
    bench.done("cat t.csv | narrows evaluate run --data -");
    bench.done("cat t.csv | narrows train --resume run");

    let note = "the rows come from standard input";
    let (_, said) = bench.done(
        "mkfifo pipe; cat t.csv > pipe & narrows train table --data pipe --epochs 1 --out named",
    );
    assert!(said.contains(note), "{said}");
    bench.refused("narrows evaluate named", 2, &["came from a pipe"]);
    let (_, said) = bench.done("narrows train table --data <(cat t.csv) --epochs 1 --out nameless");
    assert!(said.contains(note), "{said}");
    bench.refused("narrows evaluate nameless", 2, &["came from a pipe"]);
}

#[test]
fn a_stream_that_cannot_be_read_is_not_said_to_lack_space() {
    let said = Bench::new().refused(
        "narrows data info - < /",
        2,
        &["standard input: cannot be read"],
    );
    assert!(!said.contains("TMPDIR"), "{said}");
}

#[test]
fn commands_in_hints_can_be_pasted() {
    let bench = Bench::new();
    let diverge = "--lr 1e38 --epochs 1 --batch-size 512 --set schedule.kind=constant";
    bench.refused(
        &format!("narrows train table --data t.csv {diverge} --out 'my run'"),
        1,
        &["diverged"],
    );
    let parts = ["narrows train RECIPE --out 'my run' --force"];
    bench.refused("narrows train --resume 'my run'", 1, &parts);
}

#[test]
fn links_that_lead_in_circles_or_nowhere() {
    let bench = Bench::new();
    fs::create_dir(bench.path("data")).unwrap();
    fs::copy(bench.path("t.csv"), bench.path("data/t.csv")).unwrap();
    for name in ["a", "b", "c", "d", "k=1", "l=1", "m=1"] {
        symlink(".", bench.path("data").join(name)).unwrap();
    }
    bench.done("narrows train table --data data --epochs 1 --out run");
    symlink("nowhere", bench.path("link")).unwrap();
    let parts = ["a symbolic link that leads nowhere", "a link to nowhere"];
    bench.refused("narrows train table --data t.csv --out link/run", 2, &parts);
}
