//! Studies: their runs go on side by side, and what comes of them depends neither on that nor on threads.

use narrows::data::{Dataset, Source};
use narrows::run::{Event, MODEL_FILE};
use narrows::study::{Comparison, StudyEvent, compare};
use narrows::{ErrorKind, Recipe, Result};
use ndarray::Array2;
use std::fs;
use std::path::Path;

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
    compare(names, &[], &source(), SEEDS, Some(out), threads, observe)
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
            StudyEvent::Begin(which, titles) => {
                assert_eq!(titles.len(), names.len() * SEEDS);
                assert!(titles[which - 1].contains("seed"), "{titles:?}");
                going.push(which);
                most = most.max(going.len());
            }
            StudyEvent::Run(which, ..) => assert!(going.contains(&which)),
            StudyEvent::End(which) => {
                going.retain(|other| *other != which);
                ended += 1;
            }
        });
        let mut rows = comparison.unwrap().rows;
        assert!(going.is_empty());
        assert_eq!(ended, names.len() * SEEDS);
        assert!(most <= threads, "{most} runs at a time");
        // What may depend on threads.
        rows.iter_mut().for_each(|row| row.seconds.mean = 0.0);
        rows.iter_mut().for_each(|row| row.seconds.deviation = None);
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
    assert_ne!(alone.1[0], alone.1[1], "seeds differ");
    for threads in [2, 3, 20] {
        assert!(of(threads) == alone, "{threads} threads");
    }
}

#[test]
fn one_that_fails_ends_the_others_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    // So many that only a stop ends them soon.
    let long = write(folder.path(), "long", &["training.epochs=1000000"]);
    let wild = write(folder.path(), "wild", &["optimizer.learning_rate=1e30"]);
    let out = folder.path().join("out");
    let mut long_began = false;
    let failed = compared(&[long, wild], &out, 4, &mut |event| {
        if let StudyEvent::Run(1, _, Event::Start(_)) = event {
            long_began = true;
        }
    });
    let Err(error) = failed else {
        panic!("it diverges")
    };
    assert_eq!(error.kind(), ErrorKind::Diverged, "{error}");
    assert!(long_began);
}
