//! Studies: their runs are trained at the same time, and the results depend neither on this nor on threads.

use narrows::data::{Dataset, Source};
use narrows::run::{Event, MODEL_FILE, Options, REPORT_FILE, RUN_FILE, Sources, resume};
use narrows::study::{Comparison, StudyEvent, StudyOptions, ToCompare, compare};
use narrows::{ErrorKind, Recipe, Result};
use ndarray::Array2;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

const SEEDS: usize = 2;

fn source() -> Source {
    let values = Array2::from_shape_fn((500, 6), |(row, column)| {
        ((row * (column + 3)) as f32 / 17.0).sin()
    });
    Source::new(Dataset::from_array(values.view()).unwrap(), None).unwrap()
}

/// Writes the recipe of tables, changed, and gives its name.
fn write(folder: &Path, name: &str, changes: &[&str]) -> String {
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let mut recipe = Recipe::load("table", &changes).unwrap();
    recipe.name = name.into();
    let path = folder.join(format!("{name}.toml"));
    fs::write(&path, recipe.to_toml()).unwrap();
    path.display().to_string()
}

fn compared(
    names: &[String],
    out: &Path,
    threads: usize,
    observe: &mut (dyn FnMut(StudyEvent<'_>) + Send),
) -> Result<Comparison> {
    let options = StudyOptions {
        seeds: SEEDS,
        out: Some(out),
        threads,
        ..StudyOptions::default()
    };
    compare(&ToCompare::of(names), &source(), &options, observe)
}

#[test]
fn what_runs_side_by_side_give_depends_on_no_threads() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["one", "other", "third"].map(|name| {
        let batch = format!("training.batch_size={}", 10 * name.len());
        write(folder.path(), name, &["training.epochs=2", &batch])
    });
    let of = |threads: usize| {
        let out = folder.path().join(threads.to_string());
        let mut going = Vec::new();
        let (mut most, mut ended) = (0, 0);
        let comparison = compared(&names, &out, threads, &mut |event| match event {
            StudyEvent::Begin { which, titles } => {
                assert_eq!(titles.len(), names.len() * SEEDS);
                assert!(titles[which - 1].contains("seed"), "{titles:?}");
                going.push(which);
                most = most.max(going.len());
            }
            StudyEvent::Run { which, .. } => assert!(going.contains(&which)),
            StudyEvent::End { which } => {
                going.retain(|other| *other != which);
                ended += 1;
            }
        });
        let mut rows = comparison.unwrap().rows;
        assert!(going.is_empty());
        assert_eq!(ended, names.len() * SEEDS);
        assert!(
            most <= threads && (most > 1 || threads == 1),
            "{most} runs at a time"
        );
        // What may depend on threads.
        rows.iter_mut().for_each(|row| row.seconds = None);
        let models = (1..=names.len()).flat_map(|place| {
            let name = Path::new(&names[place - 1]).file_stem().unwrap();
            let name = name.to_str().unwrap().to_string();
            let out = &out;
            (0..SEEDS).map(move |seed| {
                let run = out.join(format!("{place}-{name}-seed-{seed}"));
                fs::read(run.join(MODEL_FILE)).unwrap()
            })
        });
        (rows, models.collect::<Vec<_>>())
    };
    let alone = of(1);
    let stds = alone.0.iter().map(|row| row.test_mse.std);
    assert!(stds.flatten().all(|std| std > 0.0), "seeds differ");
    for threads in [2, 3, 20] {
        assert!(of(threads) == alone, "{threads} threads");
    }
}

#[test]
fn one_that_fails_ends_the_others_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    // So many epochs that others would begin long before these end.
    let long = write(folder.path(), "long", &["training.epochs=2000"]);
    let wild = write(folder.path(), "wild", &["optimizer.learning_rate=1e30"]);
    let never = write(folder.path(), "never", &[]);
    let names = [long, wild, never];
    let out = folder.path().join("out");
    let mut began = Vec::new();
    let asked = AtomicBool::new(false);
    let options = StudyOptions {
        seeds: SEEDS,
        out: Some(&out),
        threads: 3,
        stop: Some(&asked),
        ..StudyOptions::default()
    };
    let failed = compare(&ToCompare::of(&names), &source(), &options, &mut |event| {
        if let StudyEvent::Begin { which, .. } = event {
            began.push(which);
        }
    });
    assert!(!asked.into_inner(), "nobody asked");
    let Err(error) = failed else {
        panic!("it diverges")
    };
    assert_eq!(error.kind(), ErrorKind::Diverged, "{error}");
    let said = error.to_string();
    assert!(said.contains("wild.toml, seed 0"), "{said}");
    // Both long ones and the first that fails; nothing after it.
    began.sort_unstable();
    assert_eq!(began, [1, 2, 3]);
}

#[test]
fn a_study_that_is_stopped_keeps_its_runs_which_can_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["one", "other"].map(|name| write(folder.path(), name, &["training.epochs=2000"]));
    let whole = folder.path().join("whole");
    let alone = StudyOptions {
        out: Some(&whole),
        ..StudyOptions::default()
    };
    compare(&ToCompare::of(&names[..1]), &source(), &alone, &mut |_| ()).unwrap();

    let out = folder.path().join("out");
    let stop = AtomicBool::new(false);
    let options = StudyOptions {
        out: Some(&out),
        threads: 2,
        sources: Some(Sources {
            data: vec!["rows.csv".into()],
            ..Sources::default()
        }),
        stop: Some(&stop),
        ..StudyOptions::default()
    };
    let stopped = compare(&ToCompare::of(&names), &source(), &options, &mut |event| {
        if let StudyEvent::Run {
            which: 1,
            event: Event::Epoch(record),
            ..
        } = event
        {
            stop.fetch_or(record.epoch == 3, Ordering::Relaxed);
        }
    });
    let Err(error) = stopped else {
        panic!("it was stopped")
    };
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert!(error.to_string().contains("run::resume("), "{error}");
    let run = out.join("1-one-seed-0");
    let sources = fs::read_to_string(run.join(RUN_FILE)).unwrap();
    assert!(sources.contains("rows.csv"));

    // It is not done, and is not compared.
    let names = [run.display().to_string()];
    let again = compared(&names, &folder.path().join("again"), 1, &mut |_| ());
    let said = again.map(drop).unwrap_err().to_string();
    assert!(said.contains("is not finished"), "{said}");

    let mut done = 0;
    resume(&run, &source(), &Options::default(), &mut |event| {
        if let Event::Resume(_, epochs, _) = event {
            done = epochs;
        }
    })
    .unwrap();
    assert!(done < 2000);
    let model = |run: &Path| fs::read(run.join(MODEL_FILE)).unwrap();
    assert!(model(&run) == model(&whole.join("1-one-seed-0")));
}

#[test]
fn a_study_stopped_between_two_runs_or_while_it_measures_is_no_smaller_study() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["one", "other"].map(|name| write(folder.path(), name, &["training.epochs=2"]));
    let stopped = |names: &[String], out: &Path, at: fn(&StudyEvent<'_>) -> bool| {
        let stop = AtomicBool::new(false);
        let options = StudyOptions {
            out: Some(out),
            threads: 1,
            stop: Some(&stop),
            ..StudyOptions::default()
        };
        let study = compare(&ToCompare::of(names), &source(), &options, &mut |event| {
            stop.fetch_or(at(&event), Ordering::Relaxed);
        });
        let error = study.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        assert!(!out.join(REPORT_FILE).exists());
    };
    let out = folder.path().join("between");
    stopped(&names, &out, |event| {
        matches!(event, StudyEvent::End { .. })
    });
    let done = [out.join("1-one-seed-0").display().to_string()];
    let out = folder.path().join("measuring");
    stopped(&done, &out, |event| {
        matches!(event, StudyEvent::Begin { .. })
    });
}

#[test]
fn runs_that_are_there_are_measured_beside_others() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = write(folder.path(), "new", &["training.epochs=2"]);
    let first = folder.path().join("first");
    compared(std::slice::from_ref(&recipe), &first, 2, &mut |_| ()).unwrap();
    let run = first.join("1-new-seed-1").display().to_string();
    let measured = [1, 3].map(|threads| {
        let out = folder.path().join(format!("again-{threads}"));
        let names = [run.clone(), recipe.clone()];
        let comparison = compared(&names, &out, threads, &mut |_| ()).unwrap();
        let [old, new] = &comparison.rows[..] else {
            panic!("two rows")
        };
        assert_eq!((old.is_finished, old.seeds), (true, 1));
        assert_eq!((new.is_finished, new.seeds), (false, SEEDS));
        // The run was trained from the second seed.
        let mean = new.test_mse.mean;
        let std = new.test_mse.std.unwrap();
        assert!(std > 0.0);
        // Two values lie so far from their mean.
        let apart = (old.test_mse.mean - mean).abs();
        assert!((apart - std / 2f64.sqrt()).abs() < 1e-9 * mean);
        (old.test_mse, new.test_mse)
    });
    assert_eq!(measured[0], measured[1]);
}
