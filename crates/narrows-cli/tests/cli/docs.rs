//! The examples in `docs/`: all commands of a page run, in order, in their own folder.
//!
//! The commands run as they are written, except that `--epochs 1` is added to each `narrows train`. Each page says so,
//! except the README. So the test compares only the parts that do not depend on the length of training. If a line says
//! `# all epochs`, nothing is added. Besides commands of Narrows, a block may make folders (`mkdir -p`) and small files
//! (`cat > FILE <<'END'`).

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the commands of a document wrote and printed.
struct Walk {
    folder: tempfile::TempDir,
    /// What each command printed on standard output, by the command.
    printed: Vec<(String, String)>,
}

impl Walk {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the first command that begins so printed.
    #[track_caller]
    fn printed(&self, beginning: &str) -> &str {
        let found = self
            .printed
            .iter()
            .find(|(command, _)| command.starts_with(beginning));
        &found
            .unwrap_or_else(|| panic!("no command begins with `{beginning}`"))
            .1
    }
}

/// A file of the repository, from its root.
fn document(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(name)).unwrap()
}

/// A line of shell in a document.
enum Step {
    Narrows(String),
    Folders(Vec<String>),
    /// A file's name and content.
    File(String, String),
}

/// The steps of the blocks of shell in a document.
fn steps(text: &str) -> Vec<Step> {
    let mut inside = false;
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if !inside => (),
            _ if line.starts_with("mkdir -p ") => {
                found.push(Step::Folders(words(line).split_off(2)));
            }
            _ if line.starts_with("cat > ") => {
                let name = line["cat > ".len()..].strip_suffix(" <<'END'").unwrap();
                let content = lines.by_ref().take_while(|line| *line != "END");
                let content: String = content.map(|line| format!("{line}\n")).collect();
                found.push(Step::File(name.to_string(), content));
            }
            // What sets up, and the tests that this one is of.
            "cargo install --path crates/narrows-cli" | "cargo test --workspace" => (),
            _ => {
                let line = line.replace("cargo run --release -- ", "narrows ");
                assert!(
                    line.starts_with("narrows "),
                    "no command of narrows: {line}"
                );
                found.push(Step::Narrows(line));
            }
        }
    }
    found
}

/// Each block of output in a document, with the command that prints it: the last `narrows data info` before it.
fn outputs(text: &str) -> Vec<(String, String)> {
    let mut command = String::new();
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("narrows data info ") {
            command = line.to_string();
        }
        if line == "```text" {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push((command.clone(), block.join("\n")));
        }
    }
    found
}

/// The words of a command; `'…'` is one word, and a comment ends it.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in command.split(" #").next().unwrap_or_default().chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Runs a document.
#[track_caller]
fn walk(name: &str) -> Walk {
    walk_beside(name, &[])
}

/// Runs a document in a folder that has some files already.
#[track_caller]
fn walk_beside(name: &str, files: &[(&str, &str)]) -> Walk {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        fs::write(folder.path().join(path), content).unwrap();
    }
    let mut printed = Vec::new();
    let steps = steps(&document(name));
    assert!(steps.len() > 3, "{name} has too few commands");
    for step in steps {
        let command = match step {
            Step::Narrows(command) => command,
            Step::Folders(folders) => {
                for path in folders {
                    fs::create_dir_all(folder.path().join(path)).unwrap();
                }
                continue;
            }
            Step::File(path, content) => {
                fs::write(folder.path().join(path), content).unwrap();
                continue;
            }
        };
        let mut arguments = words(&command).split_off(1);
        // Standard output may go to a file.
        let redirected = arguments.iter().position(|word| word == ">");
        let into = redirected.map(|place| arguments.split_off(place).remove(1));
        if arguments.first().is_some_and(|word| word == "train")
            && !command.ends_with("# all epochs")
        {
            arguments.extend(["--epochs", "1"].map(String::from));
        }
        let output = Command::new(env!("CARGO_BIN_EXE_narrows"))
            .args(&arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {command}\n{error}");
        // What a command is told to write is there.
        for pair in arguments.windows(2) {
            if ["-o", "--out"].contains(&pair[0].as_str()) {
                assert!(
                    folder.path().join(&pair[1]).exists(),
                    "{name}: {command}: no {}",
                    pair[1]
                );
            }
        }
        let said = String::from_utf8(output.stdout).unwrap();
        if let Some(file) = into {
            fs::write(folder.path().join(file), &said).unwrap();
        }
        printed.push((command, said));
    }
    Walk { folder, printed }
}

/// The number after a text.
#[track_caller]
fn number(text: &str, after: &str) -> f64 {
    let (_, rest) = text
        .split_once(after)
        .unwrap_or_else(|| panic!("no `{after}` in: {text}"));
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn anomalies() {
    let walk = walk("docs/anomalies.md");
    assert!(
        walk.printed("narrows calibrate runs/no-nines")
            .contains("threshold")
    );
    let nines = walk.printed("narrows score runs/no-nines --data mnist:test");
    for part in [
        "anomalies",
        "PR AUC",
        "1,009 anomalies, 8,991 normal rows",
        "anomalies found",
    ] {
        assert!(nines.contains(part), "no `{part}` in: {nines}");
    }
    // Zeros are easy and nines are not, after one epoch already.
    let zeros = number(walk.printed("narrows score runs/no-zeros"), "ROC AUC ");
    let nines = number(nines, "ROC AUC ");
    assert!(
        zeros > 0.8 && zeros > nines + 0.1,
        "zeros {zeros}, nines {nines}"
    );
    let scores = fs::read_to_string(walk.path("scores.csv")).unwrap();
    assert!(
        scores.starts_with("label,score,above,error_x0,"),
        "{}",
        &scores[..40]
    );
    assert_eq!(scores.lines().count(), 201);
    // What the values contribute adds up to the score, as the document says.
    for row in scores.lines().skip(1) {
        let values: Vec<f64> = row.split(',').map(|value| value.parse().unwrap()).collect();
        let sum = values[3..].iter().sum::<f64>();
        assert!(
            (sum - values[1]).abs() < 1e-4 * values[1],
            "{sum} {}",
            values[1]
        );
    }
}

#[test]
fn denoising() {
    let walk = walk("docs/denoising.md");
    let pixels = |name: &str| {
        // The command reads its own images, so that the test needs no decoder.
        let table = walk.path(&format!("{name}.csv"));
        let status = Command::new(env!("CARGO_BIN_EXE_narrows"))
            .args(["data", "convert", "--data", name, "-o"])
            .arg(&table)
            .current_dir(walk.folder.path())
            .status()
            .unwrap();
        assert!(status.success());
        let text = fs::read_to_string(table).unwrap();
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next().unwrap().split(',').collect();
        let first = head.iter().position(|column| *column == "x0").unwrap();
        let file = head.iter().position(|column| *column == "file").unwrap();
        let rows = lines.map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let values = cells[first..first + 784]
                .iter()
                .map(|cell| cell.parse().unwrap());
            (cells[file].to_string(), values.collect::<Vec<f64>>())
        });
        rows.collect::<HashMap<String, Vec<f64>>>()
    };
    let (clean, noisy, denoised) = (pixels("clean"), pixels("noisy"), pixels("denoised"));
    assert_eq!(clean.len(), 500);
    let distance = |images: &HashMap<String, Vec<f64>>| {
        assert_eq!(images.len(), clean.len());
        let squares = images.iter().flat_map(|(name, image)| {
            let pairs = image.iter().zip(&clean[name]);
            pairs.map(|(value, true_value)| (value - true_value).powi(2))
        });
        squares.sum::<f64>() / (784 * clean.len()) as f64
    };
    let (noise, left) = (distance(&noisy), distance(&denoised));
    println!("mean squared error of a pixel: noisy {noise:.0}, denoised {left:.0}");
    assert!(left < 0.25 * noise, "noisy {noise:.0}, denoised {left:.0}");
}

#[test]
fn generating() {
    let walk = walk("docs/generating.md");
    let trained = walk.printed("narrows train vae --out");
    let [bound, reconstruction, kl] =
        ["negative bound ", "\n  reconstruction ", "\n  KL "].map(|name| number(trained, name));
    assert!(
        (bound - reconstruction - kl).abs() < 0.011,
        "{bound}, {reconstruction}, {kl}"
    );
    assert!(bound < 140.0, "{bound}");
    let evaluated = walk.printed("narrows evaluate");
    for part in [
        "nats a row",
        "importance-weighted (100 samples, 1,000 rows)",
    ] {
        assert!(evaluated.contains(part), "no `{part}` in: {evaluated}");
    }
    let collapsed = walk.printed("narrows train vae-linear");
    assert!(
        collapsed.contains("of 30 values of the code active"),
        "{collapsed}"
    );
    let bytes = fs::read(walk.path("new.npy")).unwrap();
    assert!(bytes.len() > 1000 * 784, "{}", bytes.len());
    for picture in ["samples", "values", "around", "holes", "mixture"] {
        let png = fs::read(walk.path(&format!("{picture}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG"), "{picture}");
    }
}

#[test]
fn codes() {
    let walk = walk("docs/codes.md");
    let rows = |name: &str| -> Vec<Vec<String>> {
        let text = fs::read_to_string(walk.path(name)).unwrap();
        let cells = |line: &str| line.split(',').map(String::from).collect();
        text.lines().map(cells).collect()
    };
    let (digits, codes) = (rows("digits.csv"), rows("codes.csv"));
    assert_eq!(codes[0][..3], ["label", "code0", "code1"]);
    assert_eq!(codes[0].len(), 17);
    assert_eq!(codes.len(), digits.len());
    // Row by row the codes keep the labels.
    let label = digits[0]
        .iter()
        .position(|column| column == "label")
        .unwrap();
    assert!(
        codes
            .iter()
            .zip(&digits)
            .all(|(code, digit)| code[0] == digit[label])
    );
    let measures = walk.printed("narrows evaluate");
    let line = |name: &str| {
        let found = measures
            .lines()
            .find(|line| line.trim_start().starts_with(name));
        found
            .unwrap_or_else(|| panic!("no `{name}` in: {measures}"))
            .to_string()
    };
    assert!(number(&line("linear-probe accuracy"), "accuracy") > 40.0);
    assert!(number(&line("5-NN accuracy"), "accuracy") > 50.0);
    // Noise goes on 8-bit images alone.
    let output = Command::new(env!("CARGO_BIN_EXE_narrows"))
        .args("data convert --data digits.csv --corrupt gaussian=0.4 -o noisy.csv".split(' '))
        .current_dir(walk.folder.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("8-bit"));
    assert!(!walk.path("noisy.csv").exists());
}

#[test]
fn data() {
    let walk = walk("docs/data.md");
    let outputs = outputs(&document("docs/data.md"));
    assert!(outputs.len() > 5, "{} outputs", outputs.len());
    for (command, output) in outputs {
        assert_eq!(walk.printed(&command).trim_end(), output, "{command}");
    }
    // There and back through Parquet every number is the same.
    let rows = |name: &str| -> Vec<Vec<f64>> {
        let text = fs::read_to_string(walk.path(name)).unwrap();
        let cells = |line: &str| line.split(',').map(|cell| cell.parse().unwrap()).collect();
        text.lines().skip(1).map(cells).collect()
    };
    assert_eq!(rows("seconds.csv"), rows("again.csv"));
    assert_eq!(rows("again.csv").len(), 5);
}

#[test]
fn readme() {
    let mut customers = String::from("customer,age,income,churned\n");
    for row in 0..300 {
        let (age, income) = (20 + row % 50, 1500 + 17 * (row % 83));
        customers.push_str(&format!(
            "c-{row},{age},{income},{}\n",
            u8::from(row % 9 == 0)
        ));
    }
    let walk = walk_beside("README.md", &[("customers.csv", &customers)]);
    let info = walk.printed("narrows data info customers.csv");
    assert!(info.contains("To train on it:"), "{info}");
    let scores = walk.printed("narrows score runs/customers");
    assert!(scores.contains("column most to blame"), "{scores}");
    // The block under the first command has the lines that it prints.
    let readme = document("README.md");
    let (_, shown) = readme.split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let first = |line: &str| {
        line.split("   ")
            .find(|part| !part.is_empty())
            .map(String::from)
    };
    let names = |text: &str| text.lines().filter_map(first).collect::<Vec<_>>();
    assert_eq!(names(shown), names(walk.printed("narrows train basic")));
    let report = fs::metadata(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/report.png"));
    assert!(report.unwrap().len() < 300_000);
}

#[test]
fn recipes() {
    let walk = walk("docs/recipes.md");
    let compared = walk.printed("narrows compare basic --vary");
    for part in [
        "encoder[2].outputs=8",
        "encoder[2].outputs=32 has the smallest test MSE",
    ] {
        assert!(compared.contains(part), "no `{part}` in: {compared}");
    }
    assert!(walk.path("runs/compare/figures/sweep.svg").is_file());
}

#[test]
fn the_page_of_commands_is_the_reference() {
    let page = document("docs/commands.md");
    let (_, made) = page.split_once("\n| command |").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_narrows"))
        .arg("reference")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(format!("| command |{made}").trim_end(), printed.trim_end());
}
