//! Rows that cannot be read.

use super::*;

/// Runs a command on the table with bad rows.
fn on_bad(folder: &Folder, command: &str, how: &str, output: &str) -> Output {
    let (model, output) = (models().at("table"), folder.at(output));
    let rows = folder.write("rows.csv", ROWS);
    let arguments = [
        command, &model, "--data", &rows, "--id", "id", "--label", "kind", "--on-bad", how, "-o",
        &output,
    ];
    narrows(&arguments)
}

#[test]
fn a_bad_row_of_a_table_is_refused_kept_empty_or_left_out() {
    let folder = Folder::new();
    let run = |command: &str, how: &str, output: &str| on_bad(&folder, command, how, output);
    bad(
        &run("score", "refuse", "no.csv"),
        "the lines differ in length",
    );

    let text = good(run("score", "null", "null.csv"));
    assert!(
        out(&text).contains(
            "4 of 6 rows have no score: 1 with missing cells, 1 with unreadable cells, 1 with values that are not \
             finite, 1 with another number of cells; see the column `reason`"
        ),
        "{}",
        out(&text)
    );
    assert!(out(&text).contains("null.csv: 6 rows"), "{}", out(&text));
    let table = folder.read("null.csv");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "id,kind,score,reason");
    assert!(
        lines[1].starts_with("r0,0,") && lines[1].ends_with(','),
        "{table}"
    );
    assert_eq!(
        lines[2..6],
        [
            "r1,1,,`a` is missing",
            "r2,0,,\"`b`: \"\"x\"\" cannot be read as a number\"",
            ",,,\"the line has 2 cells, not 4\"",
            "r4,1,,\"`a`: \"\"inf\"\" is not finite\"",
        ]
    );
    assert!(lines[6].starts_with("r5,1,"), "{table}");

    let text = good(run("encode", "drop", "drop.csv"));
    let said = "4 of 6 rows left out: 1 with missing cells, 1 with unreadable cells, 1 with values that are not finite, \
                1 with another number of cells; the first: line 3 (`a` is missing), line 4 (`b`: \"x\" cannot be read \
                as a number), line 5 (the line has 2 cells, not 4)";
    assert!(err(&text).contains(said), "{}", err(&text));
    let table = folder.read("drop.csv");
    let ids: Vec<&str> = table
        .lines()
        .map(|line| line.split(',').next().unwrap())
        .collect();
    assert_eq!(ids, ["id", "r0", "r5"]);
}

#[test]
fn a_bad_row_is_null_in_parquet_which_is_read_again() {
    let folder = Folder::new();
    good(on_bad(&folder, "reconstruct", "null", "null.parquet"));
    let back = folder.at("back.csv");
    let parquet = folder.at("null.parquet");
    let text = good(narrows(&["data", "info", &parquet, "--json"]));
    let info: serde_json::Value = serde_json::from_str(&out(&text)).unwrap();
    let column = |name: &str| {
        let columns = info["columns"].as_array().unwrap();
        columns
            .iter()
            .find(|column| column["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(info["rows"], 6);
    assert_eq!(
        (&column("a")["missing"], &column("kind")["missing"]),
        (&4.into(), &1.into())
    );
    assert_eq!(column("reason")["missing"], 2);
    good(narrows(&[
        "data",
        "convert",
        "--data",
        &parquet,
        "--missing",
        "drop",
        "-o",
        &back,
    ]));
    assert_eq!(fs::read_to_string(&back).unwrap().lines().count(), 3);
}

#[test]
fn a_text_of_few_rows_keeps_each_in_its_place() {
    let (model, folder) = (models().at("table"), Folder::new());
    let one = folder.write("one.csv", "id,a,b\nx,oops,2\n");
    let two = folder.write("two.csv", "id,a,b\nx,,2\n");
    let scored = |data: &str| {
        good(narrows(&[
            "score", &model, "--data", data, "--on-bad", "null", "-o", "-",
        ]))
    };
    assert_eq!(
        out(&scored(&one)),
        "score,reason\n,\"`a`: \"\"oops\"\" cannot be read as a number\"\n"
    );
    assert_eq!(out(&scored(&two)), "score,reason\n,`a` is missing\n");
    bad(
        &narrows(&["score", &model, "--data", &two, "--on-bad", "drop"]),
        "found only 1 bad row, left out: 1 with missing cells",
    );
    let json = good(narrows(&[
        "score", &model, "--data", &two, "--on-bad", "null", "--json",
    ]));
    let json: serde_json::Value = serde_json::from_str(&out(&json)).unwrap();
    let counts = ["rows", "rows_without_score", "bad_rows"].map(|key| json[key].as_u64());
    assert_eq!(counts, [Some(1), Some(1), Some(1)], "{json}");
    // The means of a model that saw no gaps fill, and then the row is not bad.
    let filled = narrows(&[
        "score",
        &model,
        "--data",
        &two,
        "--on-bad",
        "null",
        "--missing",
        "mean",
        "-o",
        "-",
    ]);
    assert!(out(&good(filled)).lines().nth(1).unwrap().ends_with(','));
}

#[test]
fn several_files_count_their_bad_rows_together() {
    let (model, folder) = (models().at("table"), Folder::new());
    let first = folder.write("first.csv", "id,a,b\nx,oops,2\ny,1,2\n");
    let second = folder.write("second.csv", "id,a,b\nz,1,2,3\n");
    // With one row most lines have more cells than the header, and still it is the row that is bad.
    let output = narrows(&[
        "score", &model, "--data", &first, "--data", &second, "--id", "id", "--on-bad", "null",
        "-o", "-",
    ]);
    let text = out(&good(output));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[1],
        "x,,\"`a`: \"\"oops\"\" cannot be read as a number\""
    );
    assert_eq!(lines[3], ",,\"the line has 4 cells, not 3\"");
}

#[test]
fn a_bad_row_of_an_array_is_nan_with_its_reason_beside() {
    let (model, folder) = (models().at("array"), Folder::new());
    let data = [
        [1.0, 2.0],
        [f32::NAN, 2.0],
        [f32::INFINITY, 1.0],
        [2.0, 3.0],
    ];
    let rows = folder.write("rows.npy", npy(&data));
    let output = folder.at("scores.npy");
    let score = |how: &str| {
        narrows(&[
            "score", &model, "--data", &rows, "--on-bad", how, "-o", &output,
        ])
    };
    bad(&score("refuse"), "`--on-bad drop`");
    let text = good(score("null"));
    assert!(out(&text).contains("scores.reasons.csv"), "{}", out(&text));
    let scores = values(&fs::read(&output).unwrap());
    let are_nan: Vec<bool> = scores.iter().map(|score| score.is_nan()).collect();
    assert_eq!(are_nan, [false, true, true, false]);
    assert_eq!(
        folder.read("scores.reasons.csv"),
        "row,reason\n1,column 0 (counted from 0) is missing (NaN)\n2,column 0 (counted from 0) is not finite (inf)\n"
    );
    let text = good(score("drop"));
    assert!(
        err(&text).contains("2 of 4 rows left out"),
        "{}",
        err(&text)
    );
    assert_eq!(values(&fs::read(&output).unwrap()).len(), 2);
    // The reasons replace no rows that are read.
    let read = folder.write("own.reasons.csv", "a,b\n1,2\n,3\n");
    let before = folder.read("own.reasons.csv");
    let beside = folder.at("own.npy");
    let score = |how: &str| {
        narrows(&[
            "score",
            &models().at("table"),
            "--data",
            &read,
            "--on-bad",
            how,
            "-o",
            &beside,
        ])
    };
    bad(
        &score("null"),
        "own.reasons.csv: the reasons beside the output would replace the data that are read",
    );
    assert_eq!(folder.read("own.reasons.csv"), before);
    good(score("drop"));
    // To standard output there is no file beside.
    bad(
        &narrows(&[
            "score", &model, "--data", &rows, "--on-bad", "null", "-o", "-", "--format", "npy",
        ]),
        "need a file beside the array",
    );
}

#[test]
fn a_bad_image_has_no_image_and_a_reason() {
    let folder = Folder::new();
    fs::create_dir_all(folder.at("images")).unwrap();
    for name in ["a", "c", "d"] {
        let image = image::GrayImage::from_fn(4, 4, |x, y| image::Luma([(x * 60 + y) as u8]));
        image
            .save(folder.at(&format!("images/{name}.png")))
            .unwrap();
    }
    let (images, run) = (folder.at("images"), folder.at("run"));
    let train = [
        "train",
        "simple-linear",
        "--data",
        &images,
        "--epochs",
        "1",
        "--out",
        &run,
        "--set",
        "decoder[0].outputs=16",
    ];
    let trained = narrows(&train);
    let model = if trained.status.success() {
        run.clone()
    } else {
        panic!("{}", err(&trained))
    };
    folder.write("images/b.png", b"\x89PNG\r\n\x1a\nno more");
    let output = folder.at("made");
    let reconstruct = |how: &str, output: &str| {
        narrows(&[
            "reconstruct",
            &model,
            "--data",
            &images,
            "--on-bad",
            how,
            "-o",
            output,
        ])
    };
    bad(&reconstruct("refuse", &output), "`--on-bad drop`");
    good(reconstruct("null", &output));
    let mut names: Vec<String> = fs::read_dir(&output)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["a.png", "c.png", "d.png"]);
    let reasons = folder.read("made.reasons.csv");
    assert!(reasons.starts_with("row,reason\n1,"), "{reasons}");
    assert!(reasons.contains("b.png"), "{reasons}");

    let text = good(reconstruct("null", &folder.at("made.csv")));
    assert!(
        out(&text).contains("1 of 4 rows has no reconstruction: 1 from images that cannot be read"),
        "{}",
        out(&text)
    );
    let table = folder.read("made.csv");
    assert!(
        table.lines().nth(2).unwrap().starts_with("b.png,,"),
        "{table}"
    );

    let text = narrows(&["score", &model, "--data", &images, "--skip-bad"]);
    assert!(
        err(&text).contains("`--skip-bad` is now `--on-bad drop`"),
        "{}",
        err(&text)
    );
    assert!(
        err(&good(text))
            .contains("1 of 4 rows left out: 1 from images that cannot be read; the first: b.png")
    );
}

#[test]
fn training_leaves_bad_rows_out_where_that_is_asked_for() {
    let folder = Folder::new();
    let table = folder.write("rows.csv", training() + "x,\"2,262\",1,0\ny,1,2\n");
    let run = folder.at("run");
    let train = |how: &str| {
        narrows(&[
            "train", "table", "--data", &table, "--id", "id", "--on-bad", how, "--epochs", "1",
            "--out", &run,
        ])
    };
    bad(&train("null"), "needs a command that writes rows");
    bad(&train("refuse"), "the lines differ in length");
    let text = good(train("drop"));
    assert!(
        err(&text).contains(
            "2 of 62 rows left out: 1 with unreadable cells, 1 with another number of cells"
        ),
        "{}",
        err(&text)
    );
    let text = good(narrows(&["data", "info", &table, "--on-bad", "drop"]));
    assert!(out(&text).contains("leaves out 2 rows"), "{}", out(&text));
    assert!(out(&text).contains("--on-bad drop"), "{}", out(&text));
}

#[test]
fn missing_cells_are_refused_if_they_are_to_be_even_by_a_model_that_fills_them() {
    let folder = Folder::new();
    let gap = format!("{}x,,2,0\n", training());
    let data = folder.write("gap.csv", gap);
    for how in ["mean", "zero"] {
        let run = folder.at(how);
        let train = ["train", "table", "--data", &data, "--label", "kind"];
        let more = ["--missing", how, "--epochs", "1", "--out", &run];
        good(narrows(&[train, more].concat()));
        let output = folder.at("out.csv");
        for command in [
            &["score"][..],
            &["evaluate"],
            &["calibrate", "--quantile", "0.9"],
            &["fit-prior"],
            &["encode", "-o", &output],
            &["reconstruct", "-o", &output],
            &["interpolate", "--from", "0", "--to", "1", "-o", &output],
            &["sample", "--around", "-o", &output],
        ] {
            let on_data = [&command[..1], &[&run, "--data", &data], &command[1..]].concat();
            good(narrows(&on_data));
            let refused = [&on_data[..], &["--missing", "refuse"]].concat();
            bad(&narrows(&refused), "1 cell (the first on line 62)");
        }
        // The run's own rows.
        let own = narrows(&["evaluate", &run, "--missing", "refuse"]);
        bad(&own, "1 cell (the first on line 62)");
    }
}
