//! Standard input and output, pipes and links.

use super::*;

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
        "cannot get both",
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
        err(&text).contains("written as csv, because of `--format`"),
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
        "a .png file gets a picture of eight rows, not the rows",
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
