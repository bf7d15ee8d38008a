//! The commands of the list: `narrows`, and the few others that prepare files, as a shell would run them.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../narrows/tests/fixtures");

/// The exit code and what was written to standard error.
pub fn run(folder: &Path, line: &str) -> (i32, String) {
    let words = words(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let at = |name: &str| folder.join(name);
    match words[..] {
        ["narrows", ref rest @ ..] => return narrows(folder, rest),
        ["mkdir", name] => fs::create_dir(at(name)).unwrap(),
        ["rm", name] => fs::remove_file(at(name)).unwrap(),
        ["mv", from, to] => fs::rename(at(from), at(to)).unwrap(),
        ["ln", "-s", to, name] => std::os::unix::fs::symlink(to, at(name)).unwrap(),
        ["cp", from, to] => {
            // The committed fixtures of the library lie beside each folder, as it were.
            let from = match from.strip_prefix("fixtures/") {
                Some(name) => Path::new(FIXTURES).join(name),
                None => at(from),
            };
            fs::copy(&from, at(to)).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        }
        ["cp", "-r", from, to] => copy(&at(from), &at(to)),
        ["truncate", "-s", size, name] => {
            let file = File::options().write(true).open(at(name)).unwrap();
            file.set_len(size.parse().unwrap()).unwrap();
        }
        ["sed", "-i", change, name] => {
            let parts: Vec<&str> = change.split('/').collect();
            let [_, from, to, _] = parts[..] else {
                panic!("{line}")
            };
            let bytes = fs::read(at(name)).unwrap();
            let place = bytes
                .windows(from.len())
                .position(|part| part == from.as_bytes());
            let place = place.unwrap_or_else(|| panic!("{line}: it is not there"));
            let rest = &bytes[place + from.len()..];
            fs::write(at(name), [&bytes[..place], to.as_bytes(), rest].concat()).unwrap();
        }
        ["zip", archive, ref names @ ..] => {
            let mut zip = zip::ZipWriter::new(File::create(at(archive)).unwrap());
            for name in names {
                let stored = zip::CompressionMethod::Stored;
                let options = zip::write::SimpleFileOptions::default().compression_method(stored);
                zip.start_file(*name, options).unwrap();
                zip.write_all(&fs::read(at(name)).unwrap()).unwrap();
            }
            zip.finish().unwrap();
        }
        _ => panic!("this command is not known: {line}"),
    }
    (0, String::new())
}

fn narrows(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let (arguments, input) = match arguments {
        [rest @ .., "<", name] => (rest, Stdio::from(File::open(folder.join(name)).unwrap())),
        all => (all, Stdio::null()),
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NARROWS") {
            command.env_remove(name);
        }
    }
    let output = command
        // The same numbers on every machine.
        .env("NARROWS_ISA", "portable")
        .args(arguments)
        .current_dir(folder)
        .stdin(input)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap_or(-1), said)
}

/// A copy of a folder, into one that may be there.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let new = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &new);
        } else {
            fs::copy(&path, &new).unwrap();
        }
    }
}

/// The words of a line, of which those with spaces stand in quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut is_open) = (String::new(), None, false);
    for letter in line.chars() {
        match (letter, quote) {
            (_, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => word.push(letter),
            ('\'' | '"', None) => (quote, is_open) = (Some(letter), true),
            (' ', None) if word.is_empty() && !is_open => {}
            (' ', None) => {
                words.push(std::mem::take(&mut word));
                is_open = false;
            }
            _ => word.push(letter),
        }
    }
    if !word.is_empty() || is_open {
        words.push(word);
    }
    words
}
