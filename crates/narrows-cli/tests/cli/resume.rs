//! Runs that are stopped or killed and then resumed: they give the same bytes.
#![cfg(unix)]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn narrows(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
    command.current_dir(folder).args(arguments);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    narrows(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = narrows(folder, arguments);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([name, &id])
            .status()
            .unwrap()
            .success()
    );
}

/// Waits until what was started has written so many lines.
fn wait_for_lines(child: &mut Child, path: &Path, lines: usize) {
    let start = Instant::now();
    while fs::read_to_string(path).map_or(0, |text| text.lines().count()) < lines {
        assert_eq!(child.try_wait().unwrap(), None, "it has ended before");
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "it takes for ever"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A folder with rows to train on, and what trains on them.
struct Bench {
    folder: TempDir,
    epochs: String,
}

impl Bench {
    fn new(epochs: usize) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let made = run(
            folder.path(),
            &[
                "data",
                "convert",
                "--data",
                "mnist:test",
                "--rows",
                "1500",
                "-o",
                "rows.npy",
            ],
        );
        assert!(made.status.success(), "{}", text(&made.stderr));
        let epochs = format!("training.epochs={epochs}");
        Bench { folder, epochs }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Training with all that has a state: noise, a plateau, validation, accumulation, clipping.
    fn train<'a>(&'a self, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec![
            "train",
            "simple-linear",
            "--data",
            "rows.npy",
            "--validation",
            "0.1",
            "--out",
            out,
        ];
        for setting in [
            &self.epochs,
            "scaling.kind=minmax",
            "corruption.kind=gaussian",
            "corruption.std=0.2",
            "schedule.kind=plateau",
            "schedule.patience=1",
            "training.accumulation=2",
            "training.clip_norm=0.05",
        ] {
            arguments.extend(["--set", setting]);
        }
        arguments.extend(more);
        arguments
    }

    fn model(&self, run: &str) -> Vec<u8> {
        fs::read(self.file(run, "model.safetensors")).unwrap()
    }

    fn file(&self, run: &str, name: &str) -> PathBuf {
        self.path().join(run).join(name)
    }

    /// The epochs in the record of a run.
    fn epochs(&self, run: &str) -> Vec<u64> {
        let text = fs::read_to_string(self.file(run, "metrics.jsonl")).unwrap();
        let epoch = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["epoch"].as_u64().unwrap()
        };
        text.lines().map(epoch).collect()
    }
}

#[test]
fn a_run_that_is_killed_twenty_times_ends_in_the_same_bytes() {
    const EPOCHS: usize = 60;
    const KILLS: usize = 20;
    let bench = Bench::new(EPOCHS);
    let whole = run(bench.path(), &bench.train("whole", &["--threads", "2"]));
    assert!(whole.status.success(), "{}", text(&whole.stderr));

    // What stands for chance is the same every time, so that a failure can be looked at again.
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut chance = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let begin = bench.train("killed", &["--checkpoint", "0.02s"]);
    let again = [
        "train",
        "--resume",
        "killed",
        "--checkpoint",
        "0.02s",
        "--threads",
    ];
    let (mut kills, mut has_ended) = (0, false);
    while kills < KILLS {
        let threads = (1 + chance(3)).to_string();
        let is_begun = bench.file("killed", "run.json").is_file() && !has_ended;
        let mut arguments = begin.clone();
        if is_begun {
            arguments = again.into_iter().chain([&*threads]).collect()
        } else {
            arguments.push("--force")
        }
        let mut child = start(bench.path(), &arguments);
        std::thread::sleep(Duration::from_millis(10 + chance(150)));
        child.kill().unwrap();
        let ended = child.wait_with_output().unwrap();
        has_ended = ended.status.signal() != Some(9);
        if !has_ended {
            kills += 1;
            continue;
        }
        // A machine so fast that the run ended before all kills: the next life begins.
        assert!(ended.status.success(), "{}", text(&ended.stderr));
        assert!(
            bench.model("killed") == bench.model("whole"),
            "after {kills} kills"
        );
    }
    assert_eq!(kills, KILLS);
    let end = run(
        bench.path(),
        &["train", "--resume", "killed", "--threads", "3"],
    );
    assert!(end.status.success(), "{}", text(&end.stderr));
    assert!(
        bench.model("killed") == bench.model("whole"),
        "after {kills} kills"
    );
    let files = fs::read_dir(bench.path().join("killed")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
    assert_eq!(names.filter(|name| name.starts_with('.')).count(), 0);
    assert_eq!(
        bench.epochs("killed"),
        (1..=EPOCHS as u64).collect::<Vec<_>>()
    );
}

#[test]
fn a_signal_saves_the_run_and_says_how_to_go_on() {
    let bench = Bench::new(400);
    let whole = run(bench.path(), &bench.train("whole", &[]));
    assert!(whole.status.success(), "{}", text(&whole.stderr));
    let mut arguments = bench.train("stopped", &["--threads", "1"]);
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let metrics = bench.file("stopped", "metrics.jsonl");
        let before = fs::read_to_string(&metrics).map_or(0, |text| text.lines().count());
        let mut child = start(bench.path(), &arguments);
        wait_for_lines(&mut child, &metrics, before + 3);
        signal(&child, name);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(code), "{}", text(&ended.stderr));
        let said = text(&ended.stderr);
        assert!(said.contains("narrows train --resume stopped"), "{said}");
        arguments = vec!["train", "--resume", "stopped", "--threads", "2"];
    }
    let end = run(bench.path(), &arguments);
    assert!(end.status.success(), "{}", text(&end.stderr));
    assert!(
        text(&end.stderr).contains("resumed after"),
        "{}",
        text(&end.stderr)
    );
    assert!(bench.model("stopped") == bench.model("whole"));
}

#[test]
fn the_runs_of_a_comparison_that_is_stopped_go_on() {
    let bench = Bench::new(400);
    let mut arguments = vec![
        "compare",
        "simple-linear",
        "--data",
        "rows.npy",
        "--out",
        "all",
    ];
    arguments.extend(["--seeds", "2", "--set", &bench.epochs]);
    let mut child = start(bench.path(), &arguments);
    let begun = "all/1-simple-linear-seed-0";
    wait_for_lines(&mut child, &bench.file(begun, "metrics.jsonl"), 3);
    signal(&child, "-INT");
    let ended = child.wait_with_output().unwrap();
    let said = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("narrows train --resume"), "{said}");
    assert!(bench.epochs(begun).len() < 400 && !bench.file("all", "report.html").exists());
    let end = run(bench.path(), &["train", "--resume", begun]);
    assert!(end.status.success(), "{}", text(&end.stderr));
    let alone = [
        "train",
        "simple-linear",
        "--data",
        "rows.npy",
        "--out",
        "alone",
        "--set",
    ];
    let alone = run(bench.path(), &[&alone[..], &[&bench.epochs]].concat());
    assert!(alone.status.success(), "{}", text(&alone.stderr));
    assert!(bench.model(begun) == bench.model("alone"));
}

#[test]
fn a_run_goes_on_with_its_own_data_only() {
    let bench = Bench::new(3);
    let trained = run(bench.path(), &bench.train("run", &[]));
    assert!(trained.status.success(), "{}", text(&trained.stderr));
    // A run that is done says the same again.
    let before = bench.model("run");
    let again = run(bench.path(), &["train", "--resume", "run"]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert!(bench.model("run") == before);

    let convert = [
        "data",
        "convert",
        "--data",
        "mnist:train",
        "--rows",
        "1500",
        "-o",
        "rows.npy",
    ];
    assert!(run(bench.path(), &convert).status.success());
    let other = run(bench.path(), &["train", "--resume", "run"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(
        text(&other.stderr).contains("rows of the run"),
        "{}",
        text(&other.stderr)
    );

    let damaged = fs::read(bench.file("run", "checkpoint.safetensors")).unwrap();
    fs::write(
        bench.file("run", "checkpoint.safetensors"),
        &damaged[..damaged.len() / 2],
    )
    .unwrap();
    let cut = run(bench.path(), &["train", "--resume", "run"]);
    assert!(
        text(&cut.stderr).contains("the checkpoint is damaged"),
        "{}",
        text(&cut.stderr)
    );

    let none = run(bench.path(), &["train", "--resume", "nothing"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(
        text(&none.stderr).contains("not the folder of a run"),
        "{}",
        text(&none.stderr)
    );
}

#[test]
fn a_folder_is_overwritten_only_by_force() {
    let bench = Bench::new(2);
    let train = |out, more: &[&str]| run(bench.path(), &bench.train(out, more));
    assert!(train("run", &["--tensorboard"]).status.success());
    // As a run that was killed leaves them.
    fs::create_dir_all(bench.file("run", "figures")).unwrap();
    for old in [".narrows-half", "figures/old.png"] {
        fs::write(bench.file("run", old), "").unwrap();
    }
    let before = bench.model("run");
    let refused = train("run", &["--seed", "7"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("--force"),
        "{}",
        text(&refused.stderr)
    );
    assert!(bench.model("run") == before);
    fs::write(bench.file("run", "notes.txt"), "mine").unwrap();
    assert!(train("run", &["--seed", "7", "--force"]).status.success());
    assert!(bench.model("run") != before);
    assert!(!bench.file("run", "figures/old.png").exists());
    let files = fs::read_dir(bench.path().join("run")).unwrap();
    for file in files {
        let name = file.unwrap().file_name().to_string_lossy().into_owned();
        assert!(
            !name.starts_with(".narrows-") && !name.contains("tfevents"),
            "{name}"
        );
    }
    assert_eq!(
        fs::read_to_string(bench.file("run", "notes.txt")).unwrap(),
        "mine"
    );
}

#[test]
fn a_run_that_fails_before_it_is_saved_leaves_the_run_before_as_it_was() {
    let bench = Bench::new(2);
    let train = |out, more: &[&str]| run(bench.path(), &bench.train(out, more));
    assert!(train("run", &["--seed", "7"]).status.success());
    let files = [
        "recipe.toml",
        "run.json",
        "metrics.jsonl",
        "report.html",
        "model.safetensors",
        "checkpoint.safetensors",
    ];
    let read = || files.map(|name| fs::read(bench.file("run", name)).unwrap());
    let before = read();
    let diverged = train("run", &["--lr", "1e30", "--force"]);
    assert_eq!(diverged.status.code(), Some(1));
    let said = text(&diverged.stderr);
    assert!(
        said.contains("run still has the complete run from before"),
        "{said}"
    );
    assert!(read() == before);
    // The folder is known as a run's, whatever is left of it.
    let before = bench.model("run");
    fs::remove_file(bench.file("run", "run.json")).unwrap();
    assert!(train("run", &["--seed", "7", "--force"]).status.success());
    assert!(bench.model("run") == before);
}

#[test]
fn a_run_that_was_killed_before_it_was_saved_goes_on_as_itself() {
    let bench = Bench::new(2);
    let train = |out, more: &[&str]| run(bench.path(), &bench.train(out, more));
    assert!(train("run", &["--seed", "7"]).status.success());
    // The model and the threshold of another are in its place.
    assert!(train("other-run", &["--seed", "8"]).status.success());
    let calibrate = ["calibrate", "run", "--data", "rows.npy"];
    assert!(run(bench.path(), &calibrate).status.success());
    for checkpoint in ["checkpoint.safetensors", "checkpoint.previous.safetensors"] {
        let _ = fs::remove_file(bench.file("run", checkpoint));
    }
    for file in ["recipe.toml", "run.json"] {
        fs::copy(bench.file("other-run", file), bench.file("run", file)).unwrap();
    }
    let resumed = run(bench.path(), &["train", "--resume", "run"]);
    assert!(resumed.status.success(), "{}", text(&resumed.stderr));
    assert!(bench.model("run") == bench.model("other-run"));
    assert!(train("run", &["--seed", "7", "--force"]).status.success());
}

#[test]
fn a_model_can_be_begun_from() {
    let bench = Bench::new(2);
    let train = |out, more: &[&str]| run(bench.path(), &bench.train(out, more));
    assert!(train("run", &["--seed", "7"]).status.success());
    // Two epochs more, from where the others ended.
    let loss = |name: &str| {
        let text = fs::read_to_string(bench.file(name, "metrics.jsonl")).unwrap();
        let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        line["train_loss"].as_f64().unwrap()
    };
    let more = train("more", &["--init-from", "run"]);
    assert!(more.status.success(), "{}", text(&more.stderr));
    assert!(
        loss("more") < 0.9 * loss("run"),
        "{} {}",
        loss("more"),
        loss("run")
    );
    let other = run(
        bench.path(),
        &[
            "train",
            "deep-linear",
            "--init-from",
            "run",
            "--out",
            "other",
        ],
    );
    assert_eq!(other.status.code(), Some(2));
    assert!(
        text(&other.stderr).contains("has other layers"),
        "{}",
        text(&other.stderr)
    );
}
