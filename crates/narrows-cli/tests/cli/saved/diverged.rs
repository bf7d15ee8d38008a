//! Runs that diverge, and scores that overflow.

use super::*;

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
    bench.refused("train --resume r", 1, &["the run diverged", "--lr X"]);
    let said = bench.refused(&format!("{TRAIN} --out r"), 2, &["is not empty", "--force"]);
    assert!(!said.contains("--resume"), "{said}");
    fs::write(bench.path("r/diverged.json"), b"\xff\xfe").unwrap();
    let parts = ["the run diverged", "found a damaged diverged.json"];
    bench.refused("train --resume r", 1, &parts);
    bench.done(&format!("{TRAIN} --out r --force"));
    assert!(!bench.path("r/diverged.json").exists());

    // An old run stays whole.
    let before = fs::read(bench.path("r/model.safetensors")).unwrap();
    let parts = ["r still has the complete run from before"];
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
                &["the run diverged", "--init-from"],
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
        "outputs of `encoder[",
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
fn scores_that_overflow_are_counted() {
    let bench = Bench::new();
    bench.done(&format!("{TRAIN} --out r"));
    fs::write(bench.path("huge.csv"), "a,b,c,d\n1,1,1,1\n1e30,1,1,1\n").unwrap();
    let said = bench.done("score r --data huge.csv");
    assert!(said.contains("1 of 2 scores are not finite"), "{said}");
}
