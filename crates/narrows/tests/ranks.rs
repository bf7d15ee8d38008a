//! Modules rank in an order, and import only what stands above them.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules, as ARCHITECTURE.md has them.
const RANKS: &[&str] = &[
    "error",
    "files",
    "rng",
    "settings",
    "text",
    "threads",
    "data",
    "layer",
    "network",
    "corruption",
    "objective",
    "optimizer",
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
    let root = include_str!("../src/lib.rs");
    let modules: Vec<&str> = root
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(modules.len(), RANKS.len());
    for module in modules {
        assert!(RANKS.contains(&module), "{module}");
    }
}
