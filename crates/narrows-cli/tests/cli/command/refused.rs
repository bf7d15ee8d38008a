//! Input that cannot work: the exit code and the messages.

use super::*;

#[test]
fn what_cannot_work_is_refused_with_exit_code_2() {
    let folder = folder();
    let at = folder.path();
    refused(at, &["train", "tinny"], 2, &["there is no recipe `tinny`"]);
    refused(at, &["train", "no.toml"], 2, &["no.toml"]);
    refused(
        at,
        &["train", "tiny.toml", "--set", "training.epoch=1"],
        2,
        &["did you mean `epochs`?"],
    );
    refused(
        at,
        &["train", "tiny.toml", "--epochs", "0"],
        2,
        &["training.epochs", "found 0"],
    );
    refused(
        at,
        &["train", "tiny.toml", "--threads", "0"],
        2,
        &["--threads"],
    );
    refused(
        at,
        &["train", "tiny.toml", "--data", "nowhere"],
        2,
        &["nowhere"],
    );
    fs::write(at.join("data/t10k-images-idx3-ubyte"), &images(10)[..200]).unwrap();
    refused(
        at,
        &["train", "tiny.toml", "--data", "data"],
        2,
        &["t10k-images-idx3-ubyte"],
    );
    fs::write(at.join("file"), "").unwrap();
    refused(at, &["reconstruct", "file"], 2, &["file", "safetensors"]);
    refused(
        at,
        &["train"],
        2,
        &["train needs a recipe", "simple-linear:original"],
    );
    let wide = [
        "train",
        "tiny.toml",
        "--data",
        "data/train-images-idx3-ubyte",
        "--set",
        "decoder[0].outputs=7",
    ];
    refused(at, &wide, 2, &["30 values", "found [7]"]);
}

#[test]
fn what_was_named_wrongly_is_bad_input_however_it_is_wrong() {
    let folder = folder();
    let at = folder.path();
    fs::write(at.join("bytes.toml"), b"name = \"\xff\"").unwrap();
    fs::create_dir(at.join("folder.toml")).unwrap();
    let train = |recipe| ["train", recipe, "--data", "data"];
    refused(at, &train("bytes.toml"), 2, &["bytes.toml", "UTF-8"]);
    refused(
        at,
        &train("folder.toml"),
        2,
        &["folder.toml", "a TOML file"],
    );
    let compare = ["compare", "data", "--data", "data"];
    refused(at, &compare, 2, &["data", "model.safetensors"]);
    let out = |out| [&train("tiny.toml")[..], &["--out", out]].concat();
    refused(at, &out("tiny.toml"), 2, &["tiny.toml", "folder"]);
    refused(at, &out("tiny.toml/x"), 2, &["tiny.toml/x", "folder"]);
    if cfg!(target_os = "linux") {
        refused(at, &out("/proc/x"), 2, &["/proc/x", "folder"]);
    }
    // An option is named as it was written, and what only the data show comes with the recipe.
    let epochs = [&train("tiny.toml")[..], &["--epochs", "abc"]].concat();
    refused(at, &epochs, 2, &["error: --epochs abc: training.epochs"]);
    let wide = [&train("tiny.toml")[..], &["--set", "decoder[0].outputs=7"]].concat();
    refused(at, &wide, 2, &["error: tiny.toml: decoder[0] (dense)"]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_lost_is_a_failure() {
    let folder = folder();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in [
        &["recipes", "show", "simple-linear"][..],
        &["train", "tiny.toml", "--data", "data", "--json"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_narrows"))
            .args(arguments)
            .current_dir(folder.path())
            .stdout(full())
            .output()
            .unwrap();
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("cannot write to standard output"), "{error}");
    }
}

#[test]
fn what_is_no_model_says_what_to_give_instead() {
    let folder = folder();
    let train = ["train", "tiny.toml", "--data", "data", "--out", "x"];
    assert!(narrows(folder.path(), &train).status.success());
    let checkpoint = ["inspect", "x/checkpoint.safetensors"];
    refused(
        folder.path(),
        &checkpoint,
        2,
        &["this is the checkpoint", "model.safetensors"],
    );
    let error = text(&narrows(folder.path(), &checkpoint).stderr);
    assert!(
        !error.contains("batch_size") && error.lines().count() == 1,
        "{error}"
    );
    let mut bare = 16u64.to_le_bytes().to_vec();
    bare.extend(b"{              }");
    fs::write(folder.path().join("bare.safetensors"), bare).unwrap();
    let bare = ["inspect", "bare.safetensors"];
    refused(folder.path(), &bare, 2, &["narrows import"]);
}

#[test]
fn reproduce_refuses_a_folder_that_holds_something() {
    let folder = folder();
    refused(
        folder.path(),
        &["reproduce", "classic", "--quick", "--out", "data"],
        2,
        &["not empty", "--out"],
    );
}

#[test]
fn an_argument_of_any_length_fits_a_screen() {
    let folder = folder();
    let long = "x".repeat(100_000);
    for arguments in [
        &[long.as_str()][..],
        &["train", "basic", "--epochs", &long],
        &["train", "basic", &format!("--{long}")],
    ] {
        let output = narrows(folder.path(), arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.len() < 2000 && error.contains("xxx"),
            "{}",
            error.len()
        );
    }
}
