//! Modules have an order, and use only modules above them, in any form of path: `crate::`, `super::`, or a name that
//! the root re-exports. Tests may use all modules that they need.

mod circles;
mod flags;
mod source;

use source::{Module, Sources};
use std::fs;
use std::path::Path;

/// The modules, as ARCHITECTURE.md has them.
const RANKS: &[&str] = &[
    "plain",
    "error",
    "advice",
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

/// The library, from its root.
fn library() -> Sources {
    Sources::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"))
}

/// A use of one module of a room by another, each of them with all that is below it.
#[derive(Debug)]
struct Use {
    /// The module whose file has it.
    place: String,
    user: String,
    used: String,
}

/// What the modules of a room use of each other.
fn uses(sources: &Sources, room: &[&str]) -> Vec<Use> {
    let of_room = |module: &Module| {
        let is_inside = module.len() > room.len() && module.iter().zip(room).all(|(a, b)| a == b);
        is_inside.then(|| module[room.len()].clone())
    };
    let mut uses = Vec::new();
    for module in sources.0.keys() {
        let Some(user) = of_room(module) else {
            continue;
        };
        let used = sources.used_by(module);
        let others = used.iter().filter_map(of_room).filter(|used| *used != user);
        uses.extend(others.map(|used| Use {
            place: module.join("/"),
            user: user.clone(),
            used,
        }));
    }
    uses
}

/// The uses of a module that stands below its user.
fn upward<'a>(uses: &'a [Use], ranks: &[&str]) -> Vec<&'a Use> {
    let rank = |name: &str| {
        let rank = ranks.iter().position(|module| *module == name);
        rank.unwrap_or_else(|| panic!("`{name}` has no rank"))
    };
    let is_upward = |of: &&Use| rank(&of.used) > rank(&of.user);
    uses.iter().filter(is_upward).collect()
}

#[test]
fn no_module_uses_one_below_it() {
    let uses = uses(&library(), &[]);
    let found = upward(&uses, RANKS);
    assert!(found.is_empty(), "{found:#?}");
    assert!(uses.len() > 50, "the uses are found: {}", uses.len());
    let is_strange = |of: &&Use| STRANGERS.contains(&(of.user.as_str(), of.used.as_str()));
    let found: Vec<&Use> = uses.iter().filter(is_strange).collect();
    assert!(
        found.is_empty(),
        "they should ignore each other: {found:#?}"
    );
}

#[test]
fn a_use_is_seen_by_whatever_path_it_is_written() {
    for text in [
        "use crate::Model;",
        "use crate::{error::Error, model::Model};",
        "use super::super::model::Model;",
        "fn f(_: &crate::Model) {}",
        "use super::Page;",
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            (
                "lib.rs",
                "mod error; mod model; mod report; pub use model::Model;",
            ),
            ("error.rs", "pub struct Error;"),
            ("model.rs", "pub struct Model;"),
            ("report/mod.rs", "mod page; use crate::Model as Page;"),
            ("report/page.rs", text),
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let uses = uses(&Sources::read(&folder.path().join("lib.rs")), &[]);
        let is_seen = |of: &Use| of.place == "report/page" && of.used == "model";
        assert!(uses.iter().any(is_seen), "{text}: {uses:?}");
        assert!(!upward(&uses, &["error", "report", "model"]).is_empty());
        assert!(upward(&uses, &["error", "model", "report"]).is_empty());
    }
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
    "texts",
    "column",
    "time",
    "unreadable",
    "records",
    "values",
    "number",
    "into_rows",
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

#[test]
fn no_module_of_the_data_room_uses_one_below_it() {
    let uses = uses(&library(), &["data"]);
    let found = upward(&uses, DATA);
    assert!(found.is_empty(), "{found:#?}");
    assert!(uses.len() > 150, "the uses are found: {}", uses.len());
    let root = include_str!("../../src/data/mod.rs");
    let modules = root
        .lines()
        .filter(|line| line.contains("mod ") && line.ends_with(';'));
    assert_eq!(modules.count(), DATA.len(), "each module has a rank");
}
