//! No circle among the modules of a room: of two modules beside each other, at most one uses the other.

use crate::source::{Module, Sources};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Rooms whose circles are known.
const KNOWN: &[(&str, &str)] = &[];

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
    let mut unknown = Vec::new();
    for root in [
        "narrows/src/lib.rs",
        "narrows-kernels/src/lib.rs",
        "narrows-cli/src/main.rs",
    ] {
        for (room, way) in circles(&crates.join(root)) {
            unknown.push(format!("{root} {room}: {way}"));
        }
    }
    assert!(unknown.is_empty(), "circles:\n{}", unknown.join("\n"));
}
