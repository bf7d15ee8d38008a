//! Runs that are stopped after some steps of an epoch or after training. A resumed run gives the same bytes.

use narrows::data::{Dataset, Source};
use narrows::run::{CHECKPOINT_FILE, Event, Every, MODEL_FILE, Options, REPORT_FILE, resume, run};
use narrows::{ErrorKind, Recipe};
use ndarray::Array2;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn source() -> Source {
    let values = Array2::from_shape_fn((700, 6), |(row, column)| {
        ((row * (column + 3)) as f32 / 17.0).sin()
    });
    Source::new(Dataset::from_array(values.view()).unwrap(), None).unwrap()
}

fn recipe() -> Recipe {
    let mut recipe = Recipe::named("table").unwrap();
    recipe.epochs = 2;
    // Validation takes more than one batch, and the last step of an epoch is not full.
    recipe.batch_size = 40;
    recipe.validation = Some(0.3);
    recipe
}

fn model(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join(MODEL_FILE)).unwrap()
}

/// Stops a run at the first event that `is_end` likes, goes on with it, and compares it with one that was
/// never stopped.
fn stopped_at(is_end: impl Fn(&Event<'_>) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let out = |out| Options {
        out: Some(out),
        ..Options::default()
    };
    run(&recipe(), &source(), &out(&whole), &mut |_| ()).unwrap();

    let stop = AtomicBool::new(false);
    let options = Options {
        stop: Some(&stop),
        ..out(&cut)
    };
    let mut events = 0;
    let error = run(&recipe(), &source(), &options, &mut |event| {
        // What is not the answer to the signal would count here.
        events += usize::from(stop.load(Ordering::Relaxed));
        stop.fetch_or(is_end(&event), Ordering::Relaxed);
    });
    let Err(error) = error else {
        panic!("it was not stopped")
    };
    assert_eq!((error.kind(), events), (ErrorKind::Interrupted, 0));
    assert!(error.to_string().contains("run::resume("), "{error}");
    assert!(cut.join(MODEL_FILE).is_file() && cut.join(CHECKPOINT_FILE).is_file());
    assert!(!cut.join(REPORT_FILE).is_file());

    let mut epochs = 0;
    let resumed = resume(&cut, &source(), &Options::default(), &mut |event| {
        epochs += usize::from(matches!(event, Event::Epoch(_)));
    });
    assert_eq!(resumed.unwrap().summary.epochs, 2);
    assert!(cut.join(REPORT_FILE).is_file());
    assert!(model(&cut) == model(&whole), "after {epochs} epochs more");
}

#[test]
fn a_run_stops_before_and_within_validation() {
    for batch in [1, 2, 3] {
        let seen = std::cell::Cell::new(0);
        stopped_at(|event| match event {
            Event::Progress(progress) if progress.rows == progress.rows_in_epoch => {
                seen.set(seen.get() + 1);
                seen.get() == batch
            }
            _ => false,
        });
    }
}

#[test]
fn a_run_stops_at_each_stage_after_training() {
    for stage in [
        "testing",
        "principal components",
        "robustness",
        "figures",
        "report",
    ] {
        stopped_at(|event| matches!(event, Event::Stage(_, name) if *name == stage));
    }
}

#[test]
fn a_run_that_is_stopped_in_its_first_epoch_does_not_take_the_place_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let options = Options {
        out: Some(&out),
        force: true,
        // Each step is an occasion to save.
        checkpoint: Every::Time(Duration::ZERO),
        ..Options::default()
    };
    run(&recipe(), &source(), &options, &mut |_| ()).unwrap();
    let before = (model(&out), std::fs::read(out.join(REPORT_FILE)).unwrap());
    let stopped = |is_end: &dyn Fn(&Event<'_>) -> bool| {
        let stop = AtomicBool::new(false);
        let options = Options {
            stop: Some(&stop),
            ..options.clone()
        };
        let recipe = Recipe {
            seed: 7,
            ..recipe()
        };
        let outcome = run(&recipe, &source(), &options, &mut |event| {
            stop.fetch_or(is_end(&event), Ordering::Relaxed);
        });
        let Err(error) = outcome else {
            panic!("it was not stopped")
        };
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        error.to_string()
    };
    let said = stopped(
        &|event| matches!(event, Event::Progress(progress) if progress.rows > 2 * recipe().batch_size),
    );
    for part in ["nothing is saved", "still has the complete run from before"] {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
    assert!(before == (model(&out), std::fs::read(out.join(REPORT_FILE)).unwrap()));
    // After an epoch it does.
    let said = stopped(&|event| matches!(event, Event::Epoch(_)));
    assert!(said.contains("run::resume("), "{said}");
    assert!(before.0 != model(&out) && !out.join(REPORT_FILE).exists());
}
