//! `--isa` and `NARROWS_ISA`: the instruction set of a command, and the files that record it.

use narrows::isa;
use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;

struct Bench(TempDir);

impl Bench {
    /// A folder with a table.
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let mut table = "a,b,c,d,e,f,g,h,i\n".to_string();
        for row in 0..200 {
            let cells = (1..10).map(|k| format!("{:.4}", ((row * (k + 3)) as f64 / 7.0).sin()));
            table += &(cells.collect::<Vec<_>>().join(",") + "\n");
        }
        fs::write(folder.path().join("t.csv"), table).unwrap();
        Bench(folder)
    }

    fn run(&self, words: &str, variable: Option<&str>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
        command
            .current_dir(self.0.path())
            .args(words.split_whitespace());
        match variable {
            Some(name) => command.env("NARROWS_ISA", name),
            None => command.env_remove("NARROWS_ISA"),
        };
        command.output().unwrap()
    }

    #[track_caller]
    fn done(&self, words: &str, variable: Option<&str>) -> (String, String) {
        let output = self.run(words, variable);
        let [out, said] = [&output.stdout, &output.stderr]
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert_eq!(output.status.code(), Some(0), "{words}: {said}");
        (out, said)
    }

    #[track_caller]
    fn json(&self, words: &str, variable: Option<&str>) -> Value {
        serde_json::from_str(&self.done(words, variable).0).unwrap()
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }
}

const TRAIN: &str = "train table --data t.csv --epochs 1 --json --out";

#[test]
fn the_option_wins_over_the_variable_and_both_over_the_fastest() {
    let bench = Bench::new();
    let isa_of = |out: &str, option: &str, variable| {
        let result = bench.json(&format!("{TRAIN} {out} {option}"), variable);
        result["isa"].as_str().unwrap().to_string()
    };
    let fastest = isa::available()[0];
    assert_eq!(isa_of("a", "", None), fastest);
    assert_eq!(isa_of("b", "", Some("")), fastest);
    assert_eq!(isa_of("c", "", Some("PORTABLE")), "portable");
    assert_eq!(isa_of("d", "--isa portable", Some("nonsense")), "portable");
    assert_eq!(
        isa_of("e", &format!("--isa {fastest}"), Some("portable")),
        fastest
    );
    let model = |name: &str| fs::read(bench.0.path().join(name).join("model.safetensors")).unwrap();
    assert_eq!(model("a"), model("e"));
    assert_eq!(model("c"), model("d"));
}

#[test]
fn what_the_cpu_lacks_is_refused_with_what_it_has() {
    let bench = Bench::new();
    let all = isa::available().join(", ");
    for (option, variable, place) in [
        ("--isa neon", None, "--isa"),
        ("", Some("neon"), "NARROWS_ISA"),
    ] {
        let output = bench.run(&format!("{TRAIN} run {option}"), variable);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let expected =
            format!("{place}: this CPU has no such instruction set: expected {all}, found `neon`");
        assert!(said.contains(&expected), "{said}");
        assert!(!bench.0.path().join("run").exists());
    }
    // It computes nothing.
    bench.done("recipes", Some("neon"));
}

#[test]
fn a_run_and_its_model_name_what_trained_them() {
    let bench = Bench::new();
    bench.done(
        "train table --data t.csv --epochs 1 --out run --isa portable",
        None,
    );
    let run = |name: &str| serde_json::from_str::<Value>(&bench.file(name)).unwrap();
    assert_eq!(run("run/run.json")["isa"], serde_json::json!(["portable"]));
    assert!(
        bench
            .file("run/report.html")
            .contains("Computed with portable.")
    );
    let inspected = bench.done("inspect run", None).0;
    let line = inspected
        .lines()
        .find(|line| line.contains("trained with"))
        .unwrap();
    assert!(line.ends_with(" portable"), "{inspected}");
    // To go on with the same is nothing to tell.
    let said = bench
        .done("train --resume run --epochs 2 --isa portable", None)
        .1;
    assert!(!said.contains("now uses portable"), "{said}");
    let fastest = isa::available()[0];
    if fastest == "portable" {
        return;
    }
    let (out, said) = bench.done("train --resume run --epochs 3", None);
    let notice = format!("the run was trained with portable so far and now uses {fastest}");
    assert!(said.contains(&notice), "{said}");
    assert!(out.contains(&format!("rows/s with {fastest}")), "{out}");
    let both = serde_json::json!(["portable", fastest]);
    assert_eq!(run("run/run.json")["isa"], both);
    assert_eq!(bench.json("inspect run --json", None)["isa"], both);
    // What is done already is trained with nothing more.
    bench.done("train --resume run --isa portable", None);
    assert_eq!(bench.json("inspect run --json", None)["isa"], both);
    assert_eq!(run("run/run.json")["isa"], both);
}

#[test]
fn every_command_that_computes_has_the_option() {
    let bench = Bench::new();
    bench.done(&format!("{TRAIN} run"), None);
    for words in [
        "evaluate run",
        "score run --data t.csv",
        "calibrate run --data t.csv",
        "fit-prior run --data t.csv",
        "export run -o m.onnx",
        "compare run table --data t.csv --epochs 1",
    ] {
        let found = bench.json(&format!("{words} --json --isa portable"), None);
        assert_eq!(found["isa"], "portable", "{words}");
    }
    for words in [
        "encode run --data t.csv -o codes.csv",
        "decode run --data codes.csv -o decoded.csv",
        "reconstruct run --data t.csv -o again.csv",
        "denoise run --data t.csv -o clean.csv",
        "interpolate run --data t.csv -o way.csv",
        "sample run -o new.csv",
    ] {
        bench.done(&format!("{words} --isa portable"), None);
    }
    for words in ["import", "reproduce classic"] {
        let help = bench.done(&format!("{words} --help"), None).0;
        assert!(help.contains("--isa <NAME>"), "{help}");
    }
}
