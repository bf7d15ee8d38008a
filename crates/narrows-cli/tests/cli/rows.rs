//! Rows in production: rows that cannot be read, pipes, standard input and output, links, and text for terminals.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.at(name), text).unwrap();
        self.at(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }
}

fn narrows(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
    command.args(arguments).stdin(Stdio::null());
    command.output().unwrap()
}

fn narrows_given(input: &[u8], arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_narrows"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn good(output: Output) -> Output {
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    output
}

fn bad(output: &Output, text: &str) {
    assert_eq!(output.status.code(), Some(2), "{}", err(output));
    assert!(err(output).contains(text), "{}", err(output));
}

/// Rows for training, without a gap.
const TRAINING: &str = "id,a,b,kind\n";

fn training() -> String {
    let row = |i: u32| format!("t{i},{},{},{}\n", i % 7, (3 * i) % 11, i % 2);
    (0..60).fold(TRAINING.to_string(), |text, i| text + &row(i))
}

/// Rows of which every kind of bad row is one.
const ROWS: &str = "id,a,b,kind\n\
    r0,1,2,0\n\
    r1,,2,1\n\
    r2,2,x,0\n\
    r3,2\n\
    r4,inf,2,1\n\
    r5,3,4,1\n";

/// A folder with a model of a table, and another of arrays and of images, made once.
fn models() -> &'static Folder {
    static MODELS: OnceLock<Folder> = OnceLock::new();
    MODELS.get_or_init(|| {
        let folder = Folder::new();
        let table = folder.write("train.csv", training());
        let array = folder.write(
            "train.npy",
            npy(&[[1.0, 2.0], [2.0, 3.0], [3.0, 5.0], [4.0, 4.0]]),
        );
        let train = |data: &str, out: &str, more: &[&str]| {
            let out = folder.at(out);
            let mut arguments = vec![
                "train", "table", "--data", data, "--epochs", "1", "--out", &out,
            ];
            arguments.extend(more);
            good(narrows(&arguments));
        };
        train(&table, "table", &["--id", "id", "--label", "kind"]);
        train(&array, "array", &[]);
        folder
    })
}

fn npy(rows: &[[f32; 2]]) -> Vec<u8> {
    let header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 2), }}",
        rows.len()
    );
    let header = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(rows.iter().flatten().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// The values of an array of float32, as `write` has them.
fn values(bytes: &[u8]) -> Vec<f32> {
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let values = bytes[start..].chunks_exact(4);
    values
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

#[test]
fn a_bad_row_of_a_table_is_refused_kept_empty_or_left_out() {
    let (model, folder) = (models().at("table"), Folder::new());
    let rows = folder.write("rows.csv", ROWS);
    let run = |command: &str, how: &str, output: &str| {
        let output = folder.at(output);
        let arguments = [
            command, &model, "--data", &rows, "--id", "id", "--label", "kind", "--on-bad", how,
            "-o", &output,
        ];
        narrows(&arguments)
    };
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

    // Parquet has nulls, and its rows are read again.
    good(run("reconstruct", "null", "null.parquet"));
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
        "found none but 1 bad row, all left out: 1 with missing cells",
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
    bad(&train("null"), "which only an output can have");
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
fn standard_input_and_output_are_a_source_and_an_output() {
    let (model, folder) = (models().at("table"), Folder::new());
    let rows = folder.write("rows.csv", "a,b\n1,2\n3,4\n");
    let text = fs::read(&rows).unwrap();
    let expected = good(narrows(&["score", &model, "--data", &rows, "-o", "-"]));
    assert!(out(&expected).starts_with("score\n") && out(&expected).lines().count() == 3);
    assert!(
        err(&expected).contains("standard output: 2 rows"),
        "{}",
        err(&expected)
    );

    let piped = good(narrows_given(
        &text,
        &["score", &model, "--data", "-", "-o", "-"],
    ));
    assert_eq!(out(&piped), out(&expected));
    assert!(
        err(&piped).contains("standard input: read as"),
        "{}",
        err(&piped)
    );

    let file = Command::new(env!("CARGO_BIN_EXE_narrows"))
        .args(["score", &model, "--data", "-", "-o", "/dev/stdout"])
        .stdin(fs::File::open(&rows).unwrap())
        .output()
        .unwrap();
    assert_eq!(out(&good(file)), out(&expected));

    // By content, whatever it is.
    let parquet = folder.at("rows.parquet");
    good(narrows(&[
        "data", "convert", "--data", &rows, "-o", &parquet,
    ]));
    let piped = narrows_given(
        &fs::read(&parquet).unwrap(),
        &["data", "convert", "--data", "-", "-o", "-"],
    );
    assert_eq!(out(&good(piped)), "a,b\n1,2\n3,4\n");
    let piped = narrows_given(
        &npy(&[[1.0, 2.0]]),
        &[
            "data", "convert", "--data", "-", "-o", "-", "--format", "tsv",
        ],
    );
    assert_eq!(out(&good(piped)), "x0\tx1\n1\t2\n");
    let info = good(narrows_given(&text, &["data", "info", "-"]));
    assert!(out(&info).contains("standard input"), "{}", out(&info));

    bad(
        &narrows_given(
            &text,
            &["score", &model, "--data", "-", "-o", "-", "--json"],
        ),
        "cannot have both",
    );
    bad(
        &narrows_given(b"a,b\n1,x\n", &["encode", &model, "--data", "-", "-o", "-"]),
        "standard input: ",
    );
    let run = folder.at("run");
    let trained = narrows_given(
        training().as_bytes(),
        &[
            "train", "table", "--data", "-", "--id", "id", "--epochs", "1", "--out", &run,
        ],
    );
    assert!(err(&good(trained)).contains("--resume RUN --data FILE"));
    let kept: serde_json::Value = serde_json::from_str(&folder.read("run/run.json")).unwrap();
    assert_eq!(kept["data"][0], "-");
}

#[test]
fn a_reader_that_goes_ends_the_command_quietly() {
    let (model, folder) = (models().at("table"), Folder::new());
    let row = |i: u32| format!("{i},{}\n", i % 5);
    let many = (0..200_000).fold("a,b\n".to_string(), |text, i| text + &row(i));
    let rows = folder.write("rows.csv", many);
    for format in ["csv", "csv.gz", "parquet", "npy"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_narrows"))
            .args([
                "encode", &model, "--data", &rows, "-o", "-", "--format", format,
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{format}: {}", err(&output));
        assert!(
            !err(&output).contains("error"),
            "{format}: {}",
            err(&output)
        );
    }
}

fn fifo(path: &str) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_named_pipe_is_read_and_written_and_stays() {
    let (model, folder) = (models().at("table"), Folder::new());
    let (input, output) = (folder.at("in"), folder.at("out"));
    fifo(&input);
    fifo(&output);
    let writer = {
        let input = input.clone();
        std::thread::spawn(move || fs::write(input, "a,b\n1,2\n3,4\n").unwrap())
    };
    let reader = {
        let output = output.clone();
        std::thread::spawn(move || fs::read_to_string(output).unwrap())
    };
    good(narrows(&["score", &model, "--data", &input, "-o", &output]));
    writer.join().unwrap();
    assert_eq!(reader.join().unwrap().lines().count(), 3);
    assert!(!PathBuf::from(&output).is_file());
}

#[test]
fn the_option_decides_the_format_and_says_so_against_an_ending() {
    let (model, folder) = (models().at("table"), Folder::new());
    let rows = folder.write("rows.csv", "a,b\n1,2\n");
    let encode = |output: &str, format: &[&str]| {
        let output = folder.at(output);
        let mut arguments = vec!["encode", &model, "--data", &rows, "-o", &output];
        arguments.extend(format);
        narrows(&arguments)
    };
    bad(&encode("codes.dat", &[]), "`--format`");
    good(encode("codes.dat", &["--format", "csv"]));
    assert!(folder.read("codes.dat").starts_with("code0,"));
    let text = good(encode("codes.npy", &["--format", "csv"]));
    assert!(
        err(&text).contains("written as csv, as `--format` says"),
        "{}",
        err(&text)
    );
    assert!(folder.read("codes.npy").starts_with("code0,"));
    good(encode("codes", &["--format", "tsv"]));
    assert!(folder.read("codes").starts_with("code0\t"));
    bad(&encode("-", &["--format", "xlsx"]), "expected one of csv");
    // An option that would say nothing is refused.
    let without = |command: &str| narrows(&[command, &model, "--data", &rows, "--format", "csv"]);
    bad(&without("score"), "`--format` needs an output");
    bad(
        &without("reconstruct"),
        "a .png file gets a picture of eight rows, no rows",
    );
}

#[test]
fn outputs_and_models_are_written_through_links() {
    let folder = Folder::new();
    fs::create_dir(folder.at("disk")).unwrap();
    let model = folder.at("model.safetensors");
    let stored = folder.at("disk/model.safetensors");
    fs::copy(models().at("table/model.safetensors"), &stored).unwrap();
    symlink(&stored, &model).unwrap();
    folder.write("disk/scores.csv", "old");
    symlink("disk/scores.csv", folder.at("scores.csv")).unwrap();
    symlink("disk/new.csv", folder.at("new.csv")).unwrap();
    symlink("b", folder.at("a")).unwrap();
    symlink("a", folder.at("b")).unwrap();
    let rows = folder.write("rows.csv", "a,b\n1,2\n3,4\n");
    let score = |output: &str, format: &[&str]| {
        let output = folder.at(output);
        let mut arguments = vec!["score", &model, "--data", &rows, "-o", &output];
        arguments.extend(format);
        narrows(&arguments)
    };
    good(score("scores.csv", &[]));
    good(score("new.csv", &[]));
    bad(&score("a", &["--format", "csv"]), "in a circle");
    good(narrows(&[
        "calibrate",
        &model,
        "--data",
        &rows,
        "--quantile",
        "0.5",
    ]));
    for link in ["scores.csv", "new.csv", "model.safetensors"] {
        assert!(PathBuf::from(folder.at(link)).is_symlink(), "{link}");
    }
    assert!(folder.read("disk/scores.csv").starts_with("score\n"));
    assert!(folder.read("disk/new.csv").starts_with("score\n"));
    let text = good(narrows(&["inspect", &stored, "--json"]));
    assert!(!out(&text).contains("\"threshold\":null"), "{}", out(&text));
    // Nothing else is left.
    assert_eq!(fs::read_dir(folder.at("disk")).unwrap().count(), 3);
}

#[test]
fn a_recipe_is_no_pipe_and_no_device() {
    let folder = Folder::new();
    let pipe = folder.at("recipe.toml");
    fifo(&pipe);
    bad(&narrows(&["train", &pipe]), "a named pipe or a device");
    bad(
        &narrows(&["train", "/dev/zero"]),
        "a named pipe or a device",
    );
}

#[test]
fn what_a_terminal_obeys_is_shown_and_an_error_fits_a_screen() {
    let folder = Folder::new();
    let escape = "\u{1b}]0;owned\u{7}";
    let named = folder.write(
        &format!("{escape}\n\u{202e}.csv"),
        format!("a,{escape}b\n1,{escape}\n2,3\n4,5\n"),
    );
    for arguments in [
        &["data", "info", &named][..],
        &["data", "info", escape],
        &["train", "table", "--data", &named],
        &[escape],
    ] {
        let output = narrows(arguments);
        let text = out(&output) + &err(&output);
        let is_obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(is_obeyed), "{text:?}");
        assert!(text.contains("\\x1b]0;owned\\x07"), "{text}");
    }
    let long = "x".repeat(300_000);
    let recipe = folder.write(
        "long.toml",
        format!("name = \"{long}\"\nencoder = \"{long}\"\n"),
    );
    let output = narrows(&["train", &recipe]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).chars().count() < 24 * 80,
        "{}",
        err(&output).len()
    );
}

#[test]
fn an_empty_list_or_name_is_not_shown() {
    let folder = Folder::new();
    let array = folder.write("rows.npy", npy(&[[1.0, 2.0], [2.0, 3.0], [3.0, 5.0]]));
    let out = folder.at("no");
    let train = |more: &[&str]| {
        let all = [&["train", "table", "--data", &array, "--out", &out], more].concat();
        narrows(&all)
    };
    let refused = train(&["--group", "0"]);
    bad(&refused, "there is no column `0` to group the rows by");
    assert!(!err(&refused).contains("there are"), "{}", err(&refused));
    bad(&train(&["--test="]), "`--test` is empty");
    bad(&train(&["--validation="]), "`--validation` is empty");
    let nameless = narrows(&["train", "table", "--data=", "--out", &out]);
    bad(&nameless, "error: the name of a source of data is empty");
}
