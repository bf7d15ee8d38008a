//! The printed programs of the shipped recipes, and of a network with every part that these recipes lack. A change of a
//! plan shows as a difference. After an intended change, write them again:
//!
//! ```text
//! NARROWS_WRITE_PROGRAMS=1 cargo test -p narrows --test library programs
//! ```

use narrows::Recipe;
use narrows::train::{Described, describe};
use std::env;
use std::fs;
use std::path::Path;

const WRITE: &str = "NARROWS_WRITE_PROGRAMS";

/// Networks of parts that no shipped recipe has.
const OTHERS: &[(&str, &str)] = &[
    (
        "top-k",
        "encoder = [{ layer = 'dense', outputs = 32 }]
bottleneck = { kind = 'top-k', k = 4 }
decoder = [{ layer = 'dense' }]",
    ),
    (
        "l1",
        "encoder = [{ layer = 'dense', outputs = 32 }, { layer = 'relu' }]
decoder = [{ layer = 'dense' }]
objective = { penalties = [{ kind = 'l1', weight = 0.01 }] }",
    ),
    (
        "kl-sparsity",
        "encoder = [{ layer = 'dense', outputs = 32 }, { layer = 'sigmoid' }]
decoder = [{ layer = 'dense' }]
objective = { penalties = [{ kind = 'kl-sparsity', weight = 0.01 }] }",
    ),
    (
        "batch-norm",
        "encoder = [{ layer = 'dense', outputs = 32 }, { layer = 'batch-norm' }, { layer = 'relu' }, \
         { layer = 'dense', outputs = 4 }]
decoder = [{ layer = 'dense' }]",
    ),
    (
        "layer-norm",
        "encoder = [{ layer = 'dense', outputs = 32 }, { layer = 'layer-norm' }, { layer = 'relu' }, \
         { layer = 'dense', outputs = 4 }]
decoder = [{ layer = 'dense' }]",
    ),
    (
        "dropout",
        "encoder = [{ layer = 'dense', outputs = 32 }, { layer = 'relu' }, { layer = 'dropout', fraction = 0.2 }, \
         { layer = 'dense', outputs = 4 }]
decoder = [{ layer = 'dense' }]",
    ),
    (
        "tied",
        "encoder = [{ layer = 'dense', outputs = 32 }, { layer = 'relu' }, { layer = 'dense', outputs = 4 }]
decoder = [{ layer = 'dense', tied = 'encoder[2]' }, { layer = 'relu' }, { layer = 'dense', tied = 'encoder[0]' }]",
    ),
];

fn compare(name: &str, recipe: &Recipe, shape: &[usize]) -> Option<String> {
    let described = Described {
        shape: shape.to_vec(),
        threads: 2,
        is_raw: false,
    };
    let found = describe(recipe, &described).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
    let path = folder.join(format!("{}.txt", name.replace(':', "-")));
    if env::var_os(WRITE).is_some() {
        fs::write(&path, &found).unwrap();
        return None;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let lines = || expected.lines().zip(found.lines());
    let line = lines().position(|(expected, found)| expected != found);
    match line {
        None if expected == found => None,
        None => Some(format!("{name}: one has more lines than the other")),
        Some(line) => {
            let (expected, found) = lines().nth(line).unwrap();
            Some(format!(
                "{name}, line {}:\n  expected {expected}\n  found    {found}",
                line + 1
            ))
        }
    }
}

#[test]
fn programs_are_what_is_committed() {
    let mut differing = Vec::new();
    for name in Recipe::shipped() {
        let recipe = Recipe::named(name).unwrap();
        let shape: &[usize] = if name == "table" { &[10] } else { &[1, 28, 28] };
        differing.extend(compare(name, &recipe, shape));
    }
    for (name, text) in OTHERS {
        let recipe = Recipe::parse(&format!("name = '{name}'\n{text}"), name).unwrap();
        differing.extend(compare(name, &recipe, &[20]));
    }
    assert!(
        differing.is_empty(),
        "{}\nif that is meant, write them anew with {WRITE}=1",
        differing.join("\n")
    );
}

#[test]
fn passes_leave_the_operations_of_the_parts_where_they_are_told_to() {
    let described = |is_raw| Described {
        shape: vec![1, 28, 28],
        threads: 2,
        is_raw,
    };
    let linear = Recipe::named("simple-linear").unwrap();
    let folded = describe(&linear, &described(false)).unwrap();
    let raw = describe(&linear, &described(true)).unwrap();
    assert!(folded.contains("folded") && !raw.contains("folded"));
    assert!(raw.contains("dense 784 -> "), "{raw}");
}

#[test]
fn the_program_in_the_documentation_is_the_real_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("../../ARCHITECTURE.md")).unwrap();
    let described = Described {
        shape: vec![1, 28, 28],
        threads: 2,
        is_raw: false,
    };
    let programs = describe(&Recipe::named("contractive").unwrap(), &described).unwrap();
    let (training, _) = programs.split_once("\n\nvalidation").unwrap();
    assert!(text.contains(training.trim_end()), "{training}");
}
