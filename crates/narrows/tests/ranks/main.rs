//! Modules rank in an order, and import only what stands above them.

mod circles;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

/// The modules, as ARCHITECTURE.md has them.
const RANKS: &[&str] = &[
    "plain",
    "error",
    "files",
    "rng",
    "text",
    "document",
    "declaration",
    "memory",
    "threads",
    "isa",
    "data",
    "program",
    "scaling",
    "onnx",
    "layer",
    "bottleneck",
    "network",
    "corruption",
    "objective",
    "optimizer",
    "parts",
    "recipe",
    "model",
    "apply",
    "train",
    "evaluate",
    "export",
    "report",
    "figures",
    "run",
    "study",
];

/// Pairs that ignore each other though their ranks would allow an import.
const STRANGERS: &[(&str, &str)] = &[
    ("report", "evaluate"),
    ("report", "train"),
    ("report", "model"),
    ("report", "export"),
    ("export", "train"),
    ("export", "evaluate"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The modules that `crate::` paths in a text name, those in groups included.
fn imports(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let group = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split('}').next());
        let parts: Vec<&str> = group.map_or(vec![rest], |group| group.split(',').collect());
        for part in parts {
            let name: String = part
                .trim()
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            names.push(name);
        }
    }
    names
}

#[test]
fn no_module_imports_one_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rank = |name: &str| RANKS.iter().position(|module| *module == name);
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut seen = 0;
    for file in files {
        let place = file.strip_prefix(&root).unwrap();
        let module = place
            .iter()
            .next()
            .unwrap()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let own = rank(module).unwrap_or_else(|| panic!("`{module}` has no rank"));
        for import in imports(&fs::read_to_string(&file).unwrap()) {
            // Names of the crate's root, such as `Error` and `Result`, come from the top.
            let Some(other) = rank(&import) else { continue };
            seen += 1;
            assert!(
                other <= own,
                "{} imports `{import}`, which stands below",
                place.display()
            );
            let strangers = STRANGERS.contains(&(module, import.as_str()));
            assert!(
                !strangers,
                "{} imports `{import}`, which it should ignore",
                place.display()
            );
        }
    }
    assert!(seen > 50, "the imports are found: {seen}");
}

#[test]
fn every_module_of_the_library_has_a_rank() {
    let root = include_str!("../../src/lib.rs");
    let modules: Vec<&str> = root
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(modules.len(), RANKS.len());
    for module in modules {
        assert!(RANKS.contains(&module), "{module}");
    }
}

/// The modules of `data`, each of which imports only from those above it.
const DATA: &[&str] = &[
    "limits",
    "guard",
    "element",
    "schema",
    "options",
    "bad",
    "fault",
    "column",
    "time",
    "unreadable",
    "records",
    "values",
    "number",
    "builder",
    "dataset",
    "shuffle",
    "choose",
    "fill",
    "group",
    "sift",
    "source",
    "spool",
    "split",
    "sample",
    "sketch",
    "precision",
    "summary",
    "columns",
    "roles",
    "table",
    "output",
    "reasons",
    "formats",
    "look",
    "several",
    "tables",
    "watch",
    "open",
    "write",
    "woven",
    "info",
];

/// The names that `super::` and `crate::data::` paths of a file take from the room's root; `depth` is the number of
/// `super` that lead there.
fn from_root(text: &str, depth: usize) -> Vec<String> {
    let up = "super::".repeat(depth);
    let mut names = Vec::new();
    for start in [up.as_str(), "crate::data::"] {
        for (at, _) in text.match_indices(start) {
            let before = &text[..at];
            // A longer path leads elsewhere.
            if before.ends_with("super::")
                || before.ends_with(|c: char| c.is_alphanumeric() || c == ':')
            {
                continue;
            }
            let rest = &text[at + start.len()..];
            if rest.starts_with("super::") {
                continue;
            }
            let group = rest
                .strip_prefix('{')
                .and_then(|rest| rest.split('}').next());
            let parts: Vec<&str> = group.map_or(vec![rest], |group| group.split(',').collect());
            for part in parts {
                let is_part = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
                names.push(part.trim().chars().take_while(is_part).collect());
            }
        }
    }
    names
}

/// Which module of the room each name of its root comes from.
fn owners(root: &str) -> std::collections::HashMap<String, String> {
    let mut owners = std::collections::HashMap::new();
    for use_of in root.split(';').filter(|part| part.contains("use ")) {
        let path = use_of.split("use ").last().unwrap();
        let Some((module, names)) = path.split_once("::") else {
            continue;
        };
        for name in names.trim_matches(['{', '}']).split(',') {
            owners.insert(
                name.trim().trim_matches(['{', '}']).to_string(),
                module.trim().to_string(),
            );
        }
    }
    owners
}

#[test]
fn no_module_of_the_data_room_imports_one_below_it() {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/data");
    let root = fs::read_to_string(room.join("mod.rs")).unwrap();
    let owners = owners(&root);
    let rank = |name: &str| DATA.iter().position(|module| *module == name);
    let mut files = Vec::new();
    sources(&room, &mut files);
    let mut seen = 0;
    for file in files {
        let place = file.strip_prefix(&room).unwrap();
        let parts: Vec<&str> = place.iter().map(|part| part.to_str().unwrap()).collect();
        let module = parts[0].trim_end_matches(".rs");
        // Tests may use whatever they test with.
        if module == "mod"
            || parts
                .iter()
                .any(|part| part.trim_end_matches(".rs") == "tests")
        {
            continue;
        }
        let own = rank(module).unwrap_or_else(|| panic!("`data::{module}` has no rank"));
        let is_root_of_folder = parts.last() == Some(&"mod.rs");
        let depth = parts.len() - usize::from(is_root_of_folder);
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let text: String = text
            .lines()
            .filter(is_code)
            .map(|line| format!("{line}\n"))
            .collect();
        for name in from_root(&text, depth) {
            let other = owners.get(&name).map_or(name.as_str(), String::as_str);
            let Some(other) = rank(other) else { continue };
            seen += 1;
            assert!(
                other <= own,
                "data/{} takes `{name}`, which stands below it",
                place.display()
            );
        }
    }
    assert!(seen > 150, "the imports are found: {seen}");
    let modules = root
        .lines()
        .filter(|line| line.contains("mod ") && line.ends_with(';'));
    assert_eq!(modules.count(), DATA.len(), "each module has a rank");
}
