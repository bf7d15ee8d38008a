//! More epochs for a run that is finished.

use super::*;

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
            notes.contains(&format!("{epochs} epochs in total instead of")),
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
            "the run already has more epochs",
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
    assert!(notes.contains("10 epochs in total instead of 9"), "{notes}");
    edit("batch_size = 16", "batch_size = 8");
    bench.refused(
        &["train", "--resume", "parts"],
        &["the recipe is not the recipe of the checkpoint", "--epochs"],
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
        notes.contains("continues with a learning rate of 0.005000"),
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
