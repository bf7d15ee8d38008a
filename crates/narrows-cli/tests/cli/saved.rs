//! Saved files survive: the files of a run that diverges, fails, is killed or is damaged. Only one training at a time
//! uses a folder.
#![cfg(unix)]

mod diverged;
mod folders;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

struct Bench(TempDir);

impl Bench {
    /// A folder with a table of 300 rows.
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let mut table = "a,b,c,d\n".to_string();
        for row in 0..300 {
            let of = |k: u32| ((row * (k + 3) + k) as f64 / 7.0).sin();
            table += &format!("{:.4},{:.4},{:.4},{:.4}\n", of(1), of(2), of(3), of(4));
        }
        fs::write(folder.path().join("t.csv"), table).unwrap();
        Bench(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
        command
            .current_dir(self.0.path())
            .args(words.split_whitespace());
        command
    }

    fn run(&self, words: &str) -> (Option<i32>, String, Output) {
        let output = self.command(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "{said}");
        (output.status.code(), said, output)
    }

    #[track_caller]
    fn done(&self, words: &str) -> String {
        let (code, said, _) = self.run(words);
        assert_eq!(code, Some(0), "{words}: {said}");
        said
    }

    #[track_caller]
    fn refused(&self, words: &str, code: i32, parts: &[&str]) -> String {
        let (found, said, _) = self.run(words);
        assert_eq!(found, Some(code), "{words}: {said}");
        for part in parts {
            assert!(said.contains(part), "`{part}` is missing in: {said}");
        }
        said
    }

    fn start(&self, words: &str) -> Child {
        let mut command = self.command(words);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// A run that goes on for long, once it is saved.
    fn long(&self, out: &str) -> Child {
        let words = "train table --data t.csv --epochs 100000 --checkpoint 0.01s --out";
        self.once_saved(out, self.start(&format!("{words} {out}")))
    }

    /// The same, which a closed terminal reaches also where the tests themselves run under `nohup`.
    fn long_at_terminal(&self, out: &str) -> Child {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
        if ignored.unwrap_or(0) & 1 == 0 {
            return self.long(out);
        }
        let words = "train table --data t.csv --epochs 100000 --checkpoint 0.01s --out";
        let mut command = Command::new("env");
        command
            .args(["--default-signal=HUP", env!("CARGO_BIN_EXE_narrows")])
            .args(words.split(' '))
            .arg(out)
            .current_dir(self.0.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        self.once_saved(out, command.spawn().unwrap())
    }

    /// A run that was begun, once it is saved.
    fn once_saved(&self, out: &str, mut child: Child) -> Child {
        let start = Instant::now();
        while !self
            .path(out)
            .join("checkpoint.previous.safetensors")
            .is_file()
        {
            assert_eq!(child.try_wait().unwrap(), None, "it has ended before");
            assert!(start.elapsed() < Duration::from_secs(120));
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }
}

const TRAIN: &str = "train table --data t.csv --epochs 4";

#[test]
fn one_training_a_folder_and_the_second_is_told_who_it_is() {
    let bench = Bench::new();
    let mut first = bench.long("r");
    let who = format!("process {} on ", first.id());
    let parts = ["another training is using the folder", &who, " since 20"];
    bench.refused(&format!("{TRAIN} --out r"), 2, &parts);
    bench.refused(&format!("{TRAIN} --out r --force"), 2, &parts);
    bench.refused("train --resume r", 2, &parts);
    first.kill().unwrap();
    first.wait().unwrap();
    // The lock of a killed process is no obstacle.
    assert!(bench.path("r/.narrows-lock").exists());
    bench.done(&format!("{TRAIN} --out r --force"));
    assert!(!bench.path("r/.narrows-lock").exists());
}

#[test]
fn of_two_that_begin_at_once_in_a_new_folder_one_trains() {
    let bench = Bench::new();
    for round in 0..5 {
        let both = [0, 1].map(|seed| bench.start(&format!("{TRAIN} --seed {seed} --out r{round}")));
        let codes = both.map(|child| child.wait_with_output().unwrap().status.code());
        assert!(
            codes.contains(&Some(0)) && codes.contains(&Some(2)),
            "{codes:?}"
        );
    }
    let both = [0, 1]
        .map(|_| bench.start("compare table --data t.csv --set training.epochs=2 --out study"));
    let codes = both.map(|child| child.wait_with_output().unwrap().status.code());
    assert!(
        codes.contains(&Some(0)) && codes.contains(&Some(2)),
        "{codes:?}"
    );
}

#[test]
fn a_limit_of_a_files_size_is_an_error_of_writing() {
    let bench = Bench::new();
    let limited = |words: &str| {
        let script = format!(
            "ulimit -f 16; exec {} {TRAIN} {words}",
            env!("CARGO_BIN_EXE_narrows")
        );
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(bench.0.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("cannot write"), "{said}");
        said
    };
    bench.done(&format!("{TRAIN} --out other"));
    let said = limited("--out other --force");
    assert!(
        said.contains(" other/") && !said.contains(".narrows-"),
        "{said}"
    );
    limited("--out r");
    let left = fs::read_dir(bench.path("r")).unwrap();
    let left = left.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".narrows-")
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn a_closed_terminal_saves_the_run_unless_nohup_says_otherwise() {
    let bench = Bench::new();
    let send = |signal: &str, id: u32| {
        let sent = Command::new("kill")
            .args([signal, &id.to_string()])
            .status();
        assert!(sent.unwrap().success());
    };
    // A closed terminal, and Ctrl-\.
    for (signal, code, out) in [("-HUP", 129, "r"), ("-QUIT", 131, "q")] {
        let child = bench.long_at_terminal(out);
        send(signal, child.id());
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{said}");
        let way = format!("narrows train --resume {out}");
        assert!(said.contains(&way), "{said}");
    }

    let script = format!(
        "trap '' HUP; exec {} train --resume r",
        env!("CARGO_BIN_EXE_narrows")
    );
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .current_dir(bench.0.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    send("-HUP", child.id());
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(child.try_wait().unwrap(), None);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_recipe_that_is_a_named_pipe_is_refused_and_one_from_the_shell_is_read() {
    let bench = Bench::new();
    let made = Command::new("mkfifo").arg(bench.path("r.toml")).status();
    assert!(made.unwrap().success());
    bench.refused(
        "train ./r.toml --data t.csv --out r",
        2,
        &["a named pipe or a device"],
    );
    let command = env!("CARGO_BIN_EXE_narrows");
    let script =
        format!("{command} train <({command} recipes show table) --data t.csv --epochs 1 --out r");
    let mut bash = Command::new("bash");
    let output = bash
        .args(["-c", &script])
        .current_dir(bench.0.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_threshold_is_not_chosen_while_the_run_goes_on() {
    let bench = Bench::new();
    let mut child = bench.long("r");
    bench.refused(
        "calibrate r --data t.csv",
        2,
        &["another training is using the folder", "process"],
    );
    bench.refused(
        "fit-prior r --data t.csv",
        2,
        &["another training is using the folder"],
    );
    child.kill().unwrap();
    child.wait().unwrap();
    bench.done("calibrate r --data t.csv");
}
