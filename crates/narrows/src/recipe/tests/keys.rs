//! Each key: its default, the ends of its range, values just outside of the range, values of other types, and its place
//! in the reference.

use super::cases::cases;
use super::values::{bad, good, is_same};
use crate::declaration::Preset;
use crate::recipe::Recipe;

#[test]
fn every_key_has_its_default_and_its_range() {
    let mut seen = 0;
    for case in cases() {
        for key in &case.keys {
            let name = key.name;
            let what = format!("{} {} {name}", case.section, case.selector);
            let path = format!("{}.{name}", case.section);
            match (key.default, case.read(key, "")) {
                (Preset::Required, Err(error)) => {
                    let error = error.to_string();
                    let parts = [&path, "is missing", "expected", "a.toml, line"];
                    let has_all = parts.iter().all(|part| error.contains(part));
                    assert!(has_all, "{what}: {error}");
                }
                (Preset::Open(_), Ok(recipe)) => {
                    assert_eq!(case.written(&recipe, name), None, "{what}");
                }
                (_, Ok(recipe)) => {
                    let written = case.written(&recipe, name).expect(&what);
                    let expected = key.preset().expect(&what).to_string();
                    assert!(is_same(&written, &expected), "{what}: {written}");
                }
                (default, result) => panic!("{what}: {default:?}, {result:?}"),
            }
            for value in good(&key.kind) {
                let recipe = case.read(key, &format!("{name} = {value}"));
                let recipe = recipe.unwrap_or_else(|error| panic!("{what} = {value}: {error}"));
                let written = case.written(&recipe, name).expect(&what);
                assert!(is_same(&written, &value), "{what} = {value}: {written}");
                let again = Recipe::parse(&recipe.to_toml(), "again").unwrap();
                assert_eq!(again, recipe, "{what}");
                assert!(recipe.notes().is_empty(), "{what}");
            }
            for value in bad(&key.kind) {
                let error = case.read(key, &format!("{name} = {value}"));
                let error = error.expect_err(&format!("{what} = {value}")).to_string();
                for part in [&path, "a.toml, line", "this value is not possible", "found"] {
                    assert!(error.contains(part), "{what} = {value}: {error}");
                }
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "the keys are found: {seen}");
}

#[test]
fn the_reference_says_what_the_declarations_say() {
    let reference = Recipe::reference();
    for case in cases() {
        for key in &case.keys {
            let (values, default) = (key.values_in_words(), key.default_in_words());
            let in_list = format!(
                "`{}`: {} ({values}; default: {default})",
                key.name, key.about
            );
            let in_table = format!("| `{}` | {values} | {default} | {} |", key.name, key.about);
            assert!(
                reference.contains(&in_list) || reference.contains(&in_table),
                "{in_list}"
            );
        }
    }
    for line in [
        "`std`: the standard deviation (above 0, in scaled units; default: required)",
        "`fraction`: the fraction of values that become 0 (0 to 1; default: required)",
        "`outputs`: the number of values of the output (1 to 2^24; default: for the decoder's last dense or convolution \
         layer the width of the data; for tied weights the input width of the other layer; else required)",
        "`kernel`: the size of the kernel (1 to 1,024, or [height, width]; default: required)",
        "`slope`: the slope of the negative part (a number; default: 0.01)",
        "`epsilon`: the number that is added to the root of the second moment (above 0; default: 1e-8)",
        "| `seed` | 0 to 2^63 - 1 | 0 | the random seed |",
        "`kind` names the optimizer (default: \"adam\"):",
    ] {
        assert!(reference.contains(line), "{line}");
    }
    for older in ["deviation`", "`keep`", "`level`", "`terms`"] {
        assert!(!reference.contains(older), "{older}");
    }
}
