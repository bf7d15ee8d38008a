//! The imports between the modules of a folder have no cycle: if a module uses another, the other does not use it,
//! directly or indirectly.
//!
//! The file of the folder itself (its `mod.rs`) is included if it has code. A file that only lists modules and
//! re-exports their names is not. A re-exported name belongs to the module that defines it. Methods are not seen.

use super::source::{Module, Sources};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Who uses whom in a room: its modules, each with all that is below it, and the code of the room's own file as `(root)`.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// The graph of each module that has others below it.
fn rooms(sources: &Sources) -> BTreeMap<Module, Graph> {
    let mut rooms: BTreeMap<Module, Graph> = BTreeMap::new();
    for module in sources.0.keys() {
        for used in sources.used_by(module) {
            let shared = module.iter().zip(&used).take_while(|(a, b)| a == b).count();
            let room = module[..shared].to_vec();
            let node = |of: &Module| of.get(shared).map_or("(root)", String::as_str).to_string();
            let graph = rooms.entry(room).or_default();
            graph.entry(node(module)).or_default().insert(node(&used));
        }
    }
    rooms
}

/// The shortest circle through a module of a room.
fn circle(graph: &Graph, start: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_string()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in &ways {
            for next in graph.get(&way[way.len() - 1]).into_iter().flatten() {
                let onward = [&way[..], std::slice::from_ref(next)].concat();
                if next == start {
                    return Some(onward);
                }
                if seen.insert(next.clone()) {
                    longer.push(onward);
                }
            }
        }
        ways = longer;
    }
    None
}

/// The circles of a crate: the room, and the modules from the least of them on.
fn circles(root: &Path) -> Vec<(String, String)> {
    let sources = Sources::read(root);
    let mut found = BTreeSet::new();
    for (room, graph) in rooms(&sources) {
        for start in graph.keys() {
            let Some(mut way) = circle(&graph, start) else {
                continue;
            };
            way.pop();
            let least = (0..way.len()).min_by_key(|&i| &way[i]).unwrap();
            way.rotate_left(least);
            found.insert((room.join("/"), way.join(" → ")));
        }
    }
    found.into_iter().collect()
}

#[test]
fn no_modules_beside_each_other_use_each_other() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let library = circles(&crates.join("narrows/src/lib.rs"));
    let library = library.iter();
    let mut forbidden: Vec<String> = library
        .map(|(room, way)| format!("narrows, {room}: {way}"))
        .collect();
    for (name, root) in [
        ("narrows-kernels", "narrows-kernels/src/lib.rs"),
        ("narrows-cli", "narrows-cli/src/main.rs"),
    ] {
        let found = circles(&crates.join(root)).into_iter();
        forbidden.extend(found.map(|(room, way)| format!("{name}, {room}: {way}")));
    }
    assert!(forbidden.is_empty(), "circles:\n{}", forbidden.join("\n"));
}

/// The circles of a crate whose files are these.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let found = circles(&folder.path().join("lib.rs")).into_iter();
    found.map(|(room, way)| format!("{room}: {way}")).collect()
}

#[test]
fn a_circle_is_found_by_whatever_path_it_is_written() {
    let root = "mod one; mod two; pub use two::Two;";
    for one in [
        "use super::Two;",
        "use super::two::{self, Two as Other};",
        "use super::{two::{Two}};",
        "fn f(x: crate::Two) {}",
        "fn f() { super::two::make::<u8>() }",
        "use super::two; fn f() { two::make() }",
        "use crate::two::*;",
    ] {
        let two = "use crate::one::One; pub struct Two(One);";
        let found = circles_of(&[("lib.rs", root), ("one.rs", one), ("two.rs", two)]);
        assert_eq!(found, [": one → two"], "{one}");
    }
}

#[test]
fn what_is_no_circle_is_none() {
    for one in [
        "// use super::Two;",
        "const TEXT: &str = \"super::two::Two\"; const RAW: &str = r#\"crate::Two\"#;",
        "#[cfg(test)] mod tests { use super::super::Two; }",
        "#[cfg(test)] use super::Two;",
        "fn f(c: char) -> bool { c == '\"' || c == '\\'' } /* use super::Two; */",
    ] {
        let root = "mod one; mod two; pub use {one::One, two::Two};";
        let two = "use super::One;";
        let found = circles_of(&[("lib.rs", root), ("one.rs", one), ("two.rs", two)]);
        assert!(found.is_empty(), "{one}: {found:?}");
    }
}

#[test]
fn a_root_with_code_takes_part_in_circles_and_a_door_plate_does_not() {
    let child = "use super::SIZE; pub fn f() -> u8 { SIZE }";
    let files = |root: &'static str| {
        [
            ("lib.rs", "mod room;"),
            ("room/mod.rs", root),
            ("room/child.rs", child),
        ]
    };
    let found = circles_of(&files(
        "mod child; const SIZE: u8 = 1; fn g() -> u8 { child::f() }",
    ));
    assert_eq!(found, ["room: (root) → child"]);
    let found = circles_of(&files("mod child; pub use child::f; const SIZE: u8 = 1;"));
    assert!(found.is_empty(), "{found:?}");
    let found = circles_of(&files("mod child; pub use child::f; const SIZE: u8 = f();"));
    assert_eq!(found, ["room: (root) → child"]);
}

#[test]
fn a_longer_circle_is_found_too() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B;"),
        ("b/mod.rs", "mod inner; pub struct B;"),
        ("b/inner.rs", "use super::super::c::C;"),
        ("c.rs", "use crate::a::A;"),
    ]);
    assert_eq!(found, [": a → b → c"]);
}
