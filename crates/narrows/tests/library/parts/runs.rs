//! Runs of such parts: finished and resumed runs, and models that are applied and compared.

use super::*;

/// A finished run of such parts in a folder, with its data in a file.
fn finished(folder: &Path) -> (PathBuf, Source, Sources) {
    let data = folder.join("data.csv");
    let mut text = "a,b,c,d,e\n".to_string();
    for row in data_rows().outer_iter() {
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        text += &(cells.join(",") + "\n");
    }
    std::fs::write(&data, text).unwrap();
    let sources = Sources {
        data: vec![data.display().to_string()],
        ..Sources::default()
    };
    let source = sources.open().unwrap().source;
    let out = folder.join("run");
    let options = Options {
        out: Some(&out),
        sources: Some(sources.clone()),
        ..Options::default()
    };
    let recipe = parts().parse(RECIPE, "mine.toml", &[]).unwrap();
    run::run(&recipe, &source, &options, &mut |_| ()).unwrap();
    (out, source, sources)
}

#[test]
fn a_finished_run_of_such_parts_is_known_as_one_and_keeps_its_instruction_sets() {
    let folder = tempfile::tempdir().unwrap();
    let (out, source, _) = finished(folder.path());
    let isa = |model: &Model| model.origin().isa.clone();
    let model = || run::load_model_of(&out, &parts()).unwrap();
    let before = isa(&model());
    assert_eq!(before.len(), 1);
    // Where the model says it, the run's file is not asked.
    let file = out.join(RUN_FILE);
    let text = std::fs::read_to_string(&file).unwrap();
    let other = text.replace(&before[0], "another");
    assert_ne!(other, text);
    std::fs::write(&file, other).unwrap();
    let known = parts();
    let options = Options {
        parts: Some(&known),
        ..Options::default()
    };
    let mut ends = Vec::new();
    run::resume(&out, &source, &options, &mut |event| {
        if let Event::Finished(_, finished) = event {
            ends.push(finished.is_at_end);
        }
    })
    .unwrap();
    assert_eq!(ends, [true]);
    assert_eq!(isa(&model()), before);
    let options = Options {
        epochs: Some(3),
        ..options
    };
    run::resume(&out, &source, &options, &mut |event| {
        assert!(!matches!(event, Event::Notice(_)), "{event:?}");
    })
    .unwrap();
    assert_eq!(isa(&model()), before);
}

#[test]
fn a_run_goes_on_that_began_with_a_model_of_parts_that_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let (first, source, _) = finished(folder.path());
    let model = run::load_model_of(&first, &parts()).unwrap();
    // The same layers, without the noise, the loss and the penalty of another crate.
    let plain = RECIPE
        .replace("[corruption]\nkind = 'shift'\nby = 0.25\n", "")
        .replace(
            "reconstruction = 'capped'\ncap = 2",
            "reconstruction = 'mse'",
        )
        .replace(
            "[[objective.penalties]]\nkind = 'one'\nwhich = 1\nweight = 0.01\n",
            "",
        );
    let recipe = parts().parse(&plain, "plain.toml", &[]).unwrap();
    let (out, known, stop) = (
        folder.path().join("second"),
        parts(),
        AtomicBool::new(false),
    );
    let options = Options {
        out: Some(&out),
        parts: Some(&known),
        init_from: Some(&model),
        stop: Some(&stop),
        ..Options::default()
    };
    // Stopped before it is saved: what it begins with is read again.
    let stopped = run::run(&recipe, &source, &options, &mut |event| {
        if let Event::Start(_) = event {
            stop.store(true, Ordering::Relaxed);
        }
    });
    assert!(stopped.is_err());
    let begun = out.join("initial.safetensors");
    assert!(begun.is_file(), "{begun:?}");
    for name in ["checkpoint.safetensors", "checkpoint.previous.safetensors"] {
        let _ = std::fs::remove_file(out.join(name));
    }
    let options = Options {
        parts: Some(&known),
        ..Options::default()
    };
    run::resume(&out, &source, &options, &mut |_| ()).unwrap();
    let options = Options {
        out: Some(&first),
        force: true,
        init_from: Some(&model),
        ..options
    };
    run::run(&recipe, &source, &options, &mut |_| ()).unwrap();
    let parameters = |run: &Path| {
        let model = run::load_model_of(run, &known).unwrap();
        model.parameters().flat().to_vec()
    };
    assert_eq!(parameters(&out), parameters(&first));
}

#[test]
fn a_model_of_such_parts_is_applied_measured_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let (out, source, _) = finished(folder.path());
    let (known, rows) = (parts(), &source.train);
    let model = run::load_for(&out, &source, Some(&known)).unwrap();
    let refused = run::load_for(&out, &source, None).unwrap_err().to_string();
    assert!(refused.contains("`shift`"), "{refused}");
    // Applied, to rows with the noise of its recipe too.
    let made = |noise: Option<&Corruption>, name: &str| {
        let path = folder.path().join(name);
        apply::reconstruct(&model, rows, noise, &path, &mut |_| Ok(())).unwrap();
        std::fs::read(path).unwrap()
    };
    let noise = model.recipe().corruption.clone().unwrap();
    assert_ne!(made(None, "clean.csv"), made(Some(&noise), "noisy.csv"));
    let scores = apply::score(&model, rows, None, false, &mut |_| Ok(())).unwrap();
    assert_eq!(scores.len(), rows.rows());
    // Measured.
    let options = Options {
        parts: Some(&known),
        ..Options::default()
    };
    let (recipe, outcome) = run::evaluate_run(&out, &source, &options, &mut |_| ()).unwrap();
    assert_eq!(&recipe, model.recipe());
    assert!(outcome.summary.evaluation.is_some());
    // Compared, on the run's own rows: the run, and its recipe trained again.
    let recipe = out.join(RECIPE_FILE).display().to_string();
    let names = [out.display().to_string(), recipe];
    let own = OwnData::of_comparison(&names, Some(&known), &Clone::clone).unwrap();
    assert_eq!(own.unwrap().opened.source.train.rows(), rows.rows());
    assert!(OwnData::of_comparison(&names, None, &Clone::clone).is_err());
    let study = folder.path().join("study");
    let options = StudyOptions {
        out: Some(&study),
        parts: Some(&known),
        ..StudyOptions::default()
    };
    let compared = compare(&ToCompare::of(&names), &source, &options, &mut |_| ()).unwrap();
    let errors: Vec<f64> = compared.rows.iter().map(|row| row.test_mse.mean).collect();
    assert!(errors[0] == errors[1], "{errors:?}");
    let options = StudyOptions {
        out: None,
        parts: None,
        ..options
    };
    for name in &names {
        let refused = compare(
            &ToCompare::of(std::slice::from_ref(name)),
            &source,
            &options,
            &mut |_| (),
        );
        let refused = refused.err().unwrap().to_string();
        assert!(refused.contains("`shift`"), "{refused}");
    }
}
