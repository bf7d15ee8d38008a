//! Saved means saved: what a run that diverges, fails, is killed or is damaged leaves, and that one trains at a time.
#![cfg(unix)]

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
fn a_run_that_diverges_in_its_last_step_fails_and_leaves_no_bad_model() {
    let bench = Bench::new();
    // Of an epoch of one step nobody sees the loss after it.
    let diverge = "--lr 1e38 --epochs 1 --batch-size 512 --set schedule.kind=constant";
    let parts = [
        "epoch 1",
        "diverged",
        "smaller learning rate",
        "no model was saved",
    ];
    bench.refused(
        &format!("train table --data t.csv {diverge} --out r"),
        1,
        &parts,
    );
    assert!(!bench.path("r/model.safetensors").exists());
    // It can be overwritten, and going on says what happened.
    bench.refused("train --resume r", 1, &["diverged before", "--lr X"]);
    let said = bench.refused(&format!("{TRAIN} --out r"), 2, &["is not empty", "--force"]);
    assert!(!said.contains("--resume"), "{said}");
    fs::write(bench.path("r/diverged.json"), b"\xff\xfe").unwrap();
    let parts = ["diverged before", "found a damaged diverged.json"];
    bench.refused("train --resume r", 1, &parts);
    bench.done(&format!("{TRAIN} --out r --force"));
    assert!(!bench.path("r/diverged.json").exists());

    // An old run stays whole.
    let before = fs::read(bench.path("r/model.safetensors")).unwrap();
    let parts = ["r still holds the run before, whole"];
    bench.refused(
        &format!("train table --data t.csv {diverge} --out r --force"),
        1,
        &parts,
    );
    assert!(fs::read(bench.path("r/model.safetensors")).unwrap() == before);
    bench.done("train --resume r");
    assert!(fs::read(bench.path("r/model.safetensors")).unwrap() == before);
}

#[test]
fn saves_at_every_step_keep_a_model_that_loads() {
    let bench = Bench::new();
    let words = "train table --data t.csv --set optimizer.kind=sgd --set schedule.kind=constant --epochs 40 \
                 --checkpoint 0.000001s --out";
    let mut kept = 0;
    for exponent in 0..12 {
        let out = format!("r{exponent}");
        let rate = 1.5f64.powi(exponent);
        let (code, said, _) = bench.run(&format!("{words} {out} --lr {rate}"));
        if code == Some(0) {
            continue;
        }
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("training diverged"), "{said}");
        if bench.path(&out).join("model.safetensors").exists() {
            kept += 1;
            assert!(
                said.contains(&format!("is kept in {out}/model.safetensors")),
                "{said}"
            );
            bench.done(&format!("inspect {out}"));
            bench.done(&format!("score {out} --data t.csv -o s.csv"));
            bench.refused(
                &format!("train --resume {out}"),
                1,
                &["diverged before", "--init-from"],
            );
        }
    }
    assert!(kept > 0);
}

#[test]
fn divergence_names_the_part_and_the_layer() {
    let bench = Bench::new();
    let words = "train table --data t.csv --lr 1e30 --epochs 3 --batch-size 16 --out";
    let parts = [
        "step 2 of",
        "the reconstruction loss is not finite",
        "outputs of `encoder.",
        "(dense)",
    ];
    bench.refused(&format!("{words} a"), 1, &parts);
}

#[test]
fn what_diverges_before_the_first_step_is_not_blamed_on_the_learning_rate() {
    let bench = Bench::new();
    let noise = "--set corruption.kind=gaussian --set corruption.std=1e38";
    let parts = [
        "epoch 1, step 1 of",
        "the learning rate is not the cause",
        "use less noise",
    ];
    let said = bench.refused(&format!("{TRAIN} {noise} --out a"), 1, &parts);
    // They are standardized already.
    assert!(!said.contains("scale the data"), "{said}");
    fs::write(
        bench.path("huge.csv"),
        "a,b\n1e30,2e30\n".to_string() + &"3e30,1e30\n".repeat(30),
    )
    .unwrap();
    let words = "train table --data huge.csv --set scaling.kind=none --out b";
    bench.refused(
        words,
        1,
        &["the learning rate is not the cause", "scale the data"],
    );
    // What is there is no run that could be whole.
    let parts = ["b is left as it was"];
    bench.refused(&format!("{words} --force"), 1, &parts);
}

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
        said.contains("goes on from the checkpoint before it"),
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
    for key in [
        "train_loss",
        "validation_loss",
        "test_mse",
        "rows_per_second",
    ] {
        assert!(json[key].is_f64(), "{key}: {json}");
    }
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
fn scores_that_overflow_are_counted() {
    let bench = Bench::new();
    bench.done(&format!("{TRAIN} --out r"));
    fs::write(bench.path("huge.csv"), "a,b,c,d\n1,1,1,1\n1e30,1,1,1\n").unwrap();
    let said = bench.done("score r --data huge.csv");
    assert!(said.contains("1 of 2 scores are not finite"), "{said}");
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
    child.kill().unwrap();
    child.wait().unwrap();
    bench.done("calibrate r --data t.csv");
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
