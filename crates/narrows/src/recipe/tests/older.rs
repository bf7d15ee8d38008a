//! The older names of keys.

use super::cases::cases;
use crate::declaration::Alias;
use crate::parts::Parts;
use crate::recipe::{Override, Recipe};

#[test]
fn every_older_name_is_read_with_one_note_and_not_beside_the_newer() {
    let mut seen = Vec::new();
    for case in cases() {
        for key in case.keys.iter().filter(|key| !key.aliases.is_empty()) {
            let new = case.read(key, &format!("{} = 0.75", key.name)).unwrap();
            for alias in key.aliases {
                let (old, value) = (
                    alias.name(),
                    match alias {
                        Alias::Renamed(_) => 0.75,
                        Alias::Complement(_) => 0.25,
                    },
                );
                let line = format!("{old} = {value}");
                let recipe = case.read(key, &line).unwrap();
                assert_eq!(recipe, new, "{line}");
                let [note] = recipe.notes() else {
                    panic!("{line}: {:?}", recipe.notes());
                };
                let names = format!("`{old}` is now");
                assert!(
                    note.starts_with("a.toml, line 4: ") && note.contains(&names),
                    "{note}"
                );
                assert!(note.contains(&format!("`{}`", key.name)), "{note}");
                // The written recipe has only the newer name.
                assert!(!recipe.to_toml().contains(&format!("\n{old} =")), "{old}");
                let both = format!("{line}\n{} = 0.5", key.name);
                let error = case.read(key, &both).unwrap_err().to_string();
                assert!(error.contains("twice") && error.contains(old), "{error}");
                // A set value replaces the one in the text, under either name.
                let text = case.text(key, &format!("{old} = 0.5"));
                let set = |name: &str, value: f64| {
                    let assignment = format!("{}.{name}={value}", case.section);
                    let overrides = [Override::set(&assignment)];
                    Parts::standard()
                        .parse(&text, "a.toml", &overrides)
                        .unwrap()
                };
                assert_eq!(set(key.name, 0.75), new, "{old}");
                let recipe = set(old, value);
                assert_eq!(recipe, new, "{old}");
                let note = recipe.notes().first().unwrap();
                assert!(note.contains(" in overrides: "), "{note}");
                seen.push(old);
            }
        }
    }
    let expected = [
        "deviation",
        "deviation",
        "level",
        "drop",
        "keep",
        "last",
        "minimum",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn terms_are_read_as_penalties_wherever_they_stand() {
    let layers = "encoder = [{ layer = 'dense', outputs = 2 }]\ndecoder = [{ layer = 'dense' }]\n";
    let text = |list: &str| format!("name = 'a'\n{layers}{list}");
    let read = |text: &str, set: &[&str]| {
        let set: Vec<Override> = set.iter().map(|set| Override::set(set)).collect();
        Parts::standard().parse(text, "a.toml", &set)
    };
    let new = "[[objective.penalties]]\nkind = 'jacobian'\nweight = 1\n";
    let old = new.replace("penalties", "terms");
    let expected = read(&text(new), &[]).unwrap();
    assert_eq!(expected.penalties.len(), 1);
    assert!(expected.notes().is_empty());
    let inside = "objective = { terms = [{ kind = 'jacobian', weight = 1 }] }\n";
    for (list, line) in [(&old[..], 4), (inside, 4)] {
        let recipe = read(&text(list), &[]).unwrap();
        assert_eq!(recipe, expected);
        let note = format!("a.toml, line {line}: `terms` is now called `penalties`");
        assert_eq!(recipe.notes(), [note]);
        assert!(recipe.to_toml().contains("[[objective.penalties]]"));
    }
    for (list, path) in [(new, "terms"), (&old, "penalties"), (&old, "terms")] {
        let set = format!("objective.{path}[0].weight=2");
        let recipe = read(&text(list), &[&set]).unwrap();
        assert_eq!(recipe.penalties[0].weight, 2.0, "{set}");
        let is_old = list == old || path == "terms";
        assert_eq!(recipe.notes().len(), usize::from(is_old), "{set}");
    }
    let set = "objective.terms=[{ kind = \"jacobian\", weight = 1 }]";
    assert_eq!(read(&text(""), &[set]).unwrap(), expected);
    let error = read(&text(&format!("{new}{old}")), &[]).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("twice") && error.contains("a.toml, line 7"),
        "{error}"
    );
}

#[test]
fn each_older_name_is_told_once() {
    let text = "name = 'a'\nencoder = [{ layer = 'dense', outputs = 2 }]\ndecoder = [{ layer = 'dense' }]\n\
                [scaling]\nkind = 'standardize'\ndeviation = 1\n[corruption]\nkind = 'gaussian'\ndeviation = 1\n";
    let recipe = Recipe::parse(text, "a.toml").unwrap();
    let note = "a.toml, line 6: `deviation` is now called `std`";
    assert_eq!(recipe.notes(), [note]);
    // Recipes that differ only in their notes are the same.
    assert_eq!(Recipe::parse(&recipe.to_toml(), "new").unwrap(), recipe);
}
