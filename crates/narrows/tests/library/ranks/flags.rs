//! The library has no command line, so that no message of it names a flag: it names a `Setting`, which `advice` words.

use super::source::literals;
use std::fs;
use std::path::{Path, PathBuf};

/// Files with custom properties of CSS, which look like flags.
const STYLES: &[&str] = &["report/chart.rs"];

/// The files of a folder and of all below it that are not for tests only.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Whether a text has a flag in it, as `--data`, or one that is put together, as `--{name}`.
fn has_flag(text: &str) -> bool {
    let mut rests = text
        .match_indices("--")
        .map(|(place, _)| &text[place + 2..]);
    rests.any(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '{'))
}

#[test]
fn no_message_of_the_library_names_a_flag() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&root, &mut all);
    assert!(all.len() > 300, "the files are found: {}", all.len());
    let mut count = 0;
    let mut found = Vec::new();
    for path in all {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let literals = literals(&fs::read_to_string(&path).unwrap());
        count += literals.len();
        if !STYLES.contains(&name.as_str()) {
            let flags = literals.into_iter().filter(|text| has_flag(text));
            found.extend(flags.map(|text| format!("{name}: {text}")));
        }
    }
    assert!(count > 3000, "the literals are found: {count}");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_flag_is_seen_in_messages_alone() {
    let text = r###"
        // Not "--in-a-comment".
        const A: &str = "use `--data`";
        const B: &str = r#"say "--{name}""#;
        const C: &str = "a -- b --- c";
        const D: char = '"';
        #[cfg(test)]
        mod tests {
            const E: &str = "--for-tests";
        }
    "###;
    let literals = literals(text);
    assert_eq!(literals.len(), 3, "{literals:?}");
    let flags: Vec<&String> = literals.iter().filter(|text| has_flag(text)).collect();
    assert_eq!(flags, ["\"use `--data`\"", "\"say \"--{name}\""]);
}
