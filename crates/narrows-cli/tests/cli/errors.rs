//! The list of error messages, with the input that causes each of them: `errors.md`.
//!
//! The list contains both the input and the expected output. Each case is a title, files and command lines. The test
//! runs the commands in their own folder and compares the message of the last one with the list. A new case needs no
//! code: write it into `errors.md` without the message, and `NARROWS_UPDATE=1 cargo test -p narrows-cli error_messages`
//! adds the message. Read the difference before you commit it.
#![cfg(unix)]

mod files;
mod list;
mod shell;

use list::{Case, Part};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/errors.md");

/// Each case of the list again, with what the command says now; `None` where it did not fail.
fn run_all(parts: &[Part]) -> Vec<Option<(i32, String)>> {
    let cases: Vec<&Case> = parts.iter().filter_map(Part::case).collect();
    let (first, rest) = cases.split_first().expect("the list has no cases");
    // The first one fails in nothing: its files are those that all others find in their folders.
    let shared = tempfile::tempdir().unwrap();
    first.put_files(shared.path());
    for command in &first.commands {
        let (code, said) = shell::run(shared.path(), command);
        assert_eq!(code, 0, "{command}: {said}");
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some(case) = rest.get(next.fetch_add(1, Ordering::Relaxed)) {
            found.push((case.title.clone(), run(case, shared.path())));
        }
        found
    };
    let mut found = thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        let found = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap());
        found.collect::<std::collections::HashMap<_, _>>()
    });
    assert_eq!(found.len(), rest.len(), "two cases have one title");
    let rest = rest.iter().map(|case| found.remove(&case.title).unwrap());
    std::iter::once(None).chain(rest).collect()
}

fn run(case: &Case, shared: &Path) -> Option<(i32, String)> {
    let folder = tempfile::tempdir().unwrap();
    shell::copy(shared, folder.path());
    case.put_files(folder.path());
    let (last, before) = case.commands.split_last().expect(&case.title);
    for command in before {
        let (code, said) = shell::run(folder.path(), command);
        // 1 is that of a training that diverges.
        assert!(matches!(code, 0 | 1), "{}: {command}: {said}", case.title);
    }
    let (code, said) = shell::run(folder.path(), last);
    let is_error =
        |line: &&str| line.starts_with("narrows: error: ") || line.starts_with("error: ");
    let at = said.lines().position(|line| is_error(&line));
    let said: Vec<&str> = said.lines().skip(at?).collect();
    let said = said.join("\n").trim_end().to_string();
    // What differs from one time to the next.
    let path = folder.path().canonicalize().unwrap();
    let elsewhere = shared.canonicalize().unwrap();
    assert!(
        !said.contains(elsewhere.to_str().unwrap()),
        "{}: train the run in the case, as its data lie elsewhere: {said}",
        case.title
    );
    let said = without_checksums(&said.replace(path.to_str().unwrap(), "/folder"));
    (code != 0).then_some((code, said))
}

/// The text with `xxxxxxxx` for each checksum: the path of the folder is among what they are of.
fn without_checksums(text: &str) -> String {
    if !text.contains("checksum differs") {
        return text.to_string();
    }
    let is_checksum =
        |word: &str| word.len() == 8 && word.chars().all(|letter| letter.is_ascii_hexdigit());
    let words = text.split_inclusive(|letter: char| !letter.is_alphanumeric());
    let shown = words.map(|word| {
        let (bare, end) = match word.chars().last() {
            Some(last) if !last.is_alphanumeric() => word.split_at(word.len() - last.len_utf8()),
            _ => (word, ""),
        };
        let bare = if is_checksum(bare) { "xxxxxxxx" } else { bare };
        [bare, end].concat()
    });
    shown.collect()
}

#[test]
fn the_error_messages_are_those_of_the_list() {
    let text = fs::read_to_string(LIST).unwrap();
    let parts = list::parse(&text);
    let found = run_all(&parts);
    let now = list::render(&parts, &found);
    if std::env::var_os("NARROWS_UPDATE").is_some() {
        fs::write(LIST, &now).unwrap();
    }
    let mut cases = parts.iter().filter_map(Part::case).zip(&found).skip(1);
    let no_error: Vec<&str> = cases
        .by_ref()
        .filter(|(_, found)| found.is_none())
        .map(|(case, _)| &*case.title)
        .collect();
    assert!(no_error.is_empty(), "no error: {no_error:#?}");
    if std::env::var_os("NARROWS_UPDATE").is_none() {
        let differ = text.lines().zip(now.lines()).find(|(old, new)| old != new);
        if let Some((old, new)) = differ {
            panic!(
                "errors.md is out of date; NARROWS_UPDATE=1 rewrites it:\n  {old}\nis now\n  {new}"
            );
        }
        assert_eq!(text, now);
    }
}
