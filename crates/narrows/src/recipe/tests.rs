//! Every key of every part, in a recipe: its default, the ends of its range, values just outside of the range, values
//! of other types, and its older names. The cases follow from the declarations.

use super::keys::{ROOT, TRAINING_KEYS, VARIANTS};
use super::{Override, Recipe};
use crate::Result;
use crate::declaration::{
    Alias, Choice, Declaration, End, Key, Kind, List, Part, Preset, Range, Settings, Value,
};
use crate::layer::LayerPart;
use crate::objective::WEIGHT;
use crate::onnx::{Graph, Place};
use crate::optimizer::{OPTIMIZERS, SCHEDULES};
use crate::parts::Parts;
use crate::program::{Builder, Var};
use crate::scaling::SCALINGS;

/// A part in its section of a recipe.
struct Case {
    /// The path of the section.
    section: &'static str,
    /// The line that names the part, if there is such a line.
    selector: String,
    keys: Vec<Key>,
}

impl Case {
    fn new(section: &'static str, selector: &str, part: &Declaration) -> Case {
        Case {
            section,
            selector: match selector {
                "" => String::new(),
                selector => format!("{selector} = \"{}\"", part.name),
            },
            keys: part.keys.to_vec(),
        }
    }

    /// A recipe whose section has these lines and the keys that the part requires besides `key`.
    fn text(&self, key: &Key, lines: &str) -> String {
        let required = self.keys.iter().filter(|other| {
            let is_other = other.name != key.name;
            is_other && other.default == Preset::Required
        });
        let required: Vec<String> = required
            .map(|other| format!("{} = {}", other.name, good(&other.kind)[0]))
            .collect();
        let head = match self.section {
            // The decoder's last layer with parameters, which may have no width.
            "decoder[1]" => "[[decoder]]\nlayer = \"dense\"\noutputs = 2\n[[decoder]]".to_string(),
            "objective.penalties[0]" => "[[objective.penalties]]".to_string(),
            section => format!("[{section}]"),
        };
        let own = format!(
            "{head}\n{}\n{lines}\n{}\n",
            self.selector,
            required.join("\n")
        );
        let epochs = match self.section {
            "schedule" | "bottleneck" => "[training]\nepochs = 1000000\n",
            _ => "",
        };
        // Drawn codes need a likelihood.
        let objective = match (self.section, &self.selector[..]) {
            ("bottleneck", selector) if selector.contains("variational") => {
                "[objective]\nreconstruction = \"gaussian\"\n"
            }
            _ => "",
        };
        let decoder = match self.section {
            "decoder[1]" => "",
            _ => "[[decoder]]\nlayer = \"dense\"\n",
        };
        format!(
            "name = \"a\"\n{own}{epochs}{objective}[[encoder]]\nlayer = \"dense\"\noutputs = 2\n\
             {decoder}[[decoder]]\nlayer = \"sigmoid\"\n"
        )
    }

    fn read(&self, key: &Key, lines: &str) -> crate::Result<Recipe> {
        Recipe::parse(&self.text(key, lines), "a.toml")
    }

    /// The value of a key in the written recipe.
    fn written(&self, recipe: &Recipe, key: &str) -> Option<toml::Value> {
        let table: toml::Table = recipe.to_toml().parse().unwrap();
        let mut value = Some(toml::Value::Table(table));
        for step in self.section.split('.') {
            let (name, index) = match step.strip_suffix(']').and_then(|s| s.split_once('[')) {
                Some((name, index)) => (name, Some(index.parse::<usize>().unwrap())),
                None => (step, None),
            };
            value = value.and_then(|value| value.get(name).cloned());
            if let Some(index) = index {
                value = value.and_then(|value| value.get(index).cloned());
            }
        }
        value.and_then(|value| value.get(key).cloned())
    }
}

fn of_list<P: Part + ?Sized>(section: &'static str, selector: &str, list: &List<P>) -> Vec<Case> {
    list.iter()
        .map(|part| Case::new(section, selector, part.declaration()))
        .collect()
}

fn of_choices<T>(section: &'static str, choices: &[Choice<T>]) -> Vec<Case> {
    let case = |choice: &Choice<T>| Case::new(section, "kind", &choice.declaration);
    choices.iter().map(case).collect()
}

/// Every part that has keys.
fn cases() -> Vec<Case> {
    let parts = Parts::standard();
    let mut penalties = of_list("objective.penalties[0]", "kind", parts.penalties());
    penalties.iter_mut().for_each(|case| case.keys.push(WEIGHT));
    let all = [
        of_choices("scaling", SCALINGS),
        of_list("corruption", "kind", parts.corruptions()),
        of_list("decoder[1]", "layer", parts.layers()),
        of_list("bottleneck", "kind", parts.bottlenecks()),
        of_list("objective", "reconstruction", parts.reconstructions()),
        penalties,
        of_choices("optimizer", OPTIMIZERS),
        of_choices("schedule", SCHEDULES),
        vec![Case::new("training", "", &TRAINING_KEYS)],
    ];
    all.into_iter().flatten().collect()
}

/// Values that are allowed: the ends of the range, or the nearest values inside.
fn good(kind: &Kind) -> Vec<String> {
    match *kind {
        Kind::Whole { least, most } => vec![least.to_string(), most.to_string()],
        Kind::Number(Range { low, high }) => {
            let low = match low {
                End::None => -3e38,
                End::Closed(low) => low,
                End::Open(low) => low + 1e-3,
            };
            let high = match high {
                End::None => 3e38,
                End::Closed(high) => high,
                End::Open(high) => high - 1e-3,
            };
            vec![format!("{low:?}"), format!("{high:?}")]
        }
        Kind::Flag => vec!["true".into(), "false".into()],
        Kind::Pair { least, most } => vec![
            least.to_string(),
            most.to_string(),
            format!("[{least}, {most}]"),
        ],
        Kind::Triple { least, most } => vec![
            format!("[{least}, {least}, {least}]"),
            format!("[{most}, {most}, {most}]"),
        ],
        Kind::OneOf(words) => words.iter().map(|word| format!("\"{word}\"")).collect(),
        // The only text is the name of a layer.
        Kind::Text => vec!["\"encoder[0]\"".into()],
        Kind::Name | Kind::Section(_) | Kind::List(_) => panic!("no part has such a key"),
    }
}

/// Values that are not allowed: just outside of the range, or of another type.
fn bad(kind: &Kind) -> Vec<String> {
    let outside = match *kind {
        Kind::Whole { least, most } => vec![
            (least - 1).to_string(),
            (i128::from(most) + 1).to_string(),
            "1.5".into(),
            "[1]".into(),
        ],
        Kind::Number(Range { low, high }) => {
            let low = match low {
                End::None => "-3.5e38".into(),
                End::Closed(low) => format!("{:?}", low - 1e-9),
                End::Open(low) => format!("{low:?}"),
            };
            let high = match high {
                End::None => "3.5e38".into(),
                End::Closed(high) => format!("{:?}", high + 1e-9),
                End::Open(high) => format!("{high:?}"),
            };
            let others = ["nan", "inf", "-inf", "1e-46", "[0.5]"].map(String::from);
            [vec![low, high], others.to_vec()].concat()
        }
        Kind::Flag => vec!["0".into(), "1.0".into()],
        Kind::Pair { least, most } => vec![
            (least - 1).to_string(),
            (most + 1).to_string(),
            format!("[{least}, {}]", most + 1),
            format!("[{least}]"),
            format!("[{least}, {least}, {least}]"),
            format!("[{least}, 1.5]"),
            "1.5".into(),
        ],
        Kind::Triple { least, most } => vec![
            least.to_string(),
            format!("[{least}, {least}]"),
            format!("[{least}, {least}, {}]", least - 1),
            format!("[{}, {least}, {least}]", most + 1),
            format!("[{least}, {least}, \"{least}\"]"),
        ],
        Kind::OneOf(words) => vec![format!("\"{}s\"", words[0]), "\"\"".into(), "1.5".into()],
        Kind::Text => vec!["0".into(), "1.5".into(), "[0]".into(), "true".into()],
        Kind::Name | Kind::Section(_) | Kind::List(_) => panic!("no part has such a key"),
    };
    let others = ["\"true\"", "1979-05-27", "{ a = 1 }"].map(String::from);
    [outside, others.to_vec()].concat()
}

/// Whether the value that was written is the one that was given; equal numbers count as the same value.
fn is_same(written: &toml::Value, given: &str) -> bool {
    let given: toml::Value = format!("x = {given}").parse::<toml::Table>().unwrap()["x"].clone();
    let number = |value: &toml::Value| match value {
        toml::Value::Integer(number) => Some(*number as f64),
        toml::Value::Float(number) => Some(*number),
        _ => None,
    };
    match (number(written), number(&given)) {
        // In single precision, because most numbers are stored in it.
        (Some(written), Some(given)) => written as f32 == given as f32,
        _ => *written == given,
    }
}

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
        "`fraction`: the fraction of values that are dropped (0 to 1; default: required)",
        "`outputs`: the values that the layer gives (1 to 2^24; default: the data's width, \
         in the decoder's last dense or convolution layer only; where weights are tied, the width that the other layer \
         reads)",
        "`kernel`: the size of the kernel (1 to 1024, or [height, width]; default: required)",
        "`slope`: the slope of the negative part (a number; default: 0.01)",
        "`epsilon`: added to the root of the second moment (above 0; default: 1e-8)",
        "| `seed` | 0 to 2^63 - 1 | 0 | random seed |",
        "`kind` names the optimizer (default: \"adam\"):",
    ] {
        assert!(reference.contains(line), "{line}");
    }
    for older in ["deviation`", "`keep`", "`level`", "`terms`"] {
        assert!(!reference.contains(older), "{older}");
    }
}

/// A layer with a key that is in no list.
#[derive(Debug)]
struct Loud;

const LOUDNESS: Key = Key::new("loudness", Kind::Number(Range::FRACTION), "how loud it is")
    .default(Preset::Number(0.5))
    .unit("phon");

impl Part for Loud {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("loud", "nothing but loud").keys(&[LOUDNESS]) }
    }
}

impl LayerPart for Loud {
    fn build(&self, _: &Settings, _: &mut Builder, x: Var, _: &[usize]) -> Result<Var> {
        Ok(x)
    }

    fn nodes(&self, _: &Settings, _: &mut Graph, place: Place<'_>) -> String {
        place.input.to_string()
    }
}

/// A key that is added to a list works everywhere.
#[test]
fn the_key_of_a_part_that_is_added_is_read_checked_written_and_in_the_reference() {
    let parts = Parts::standard().with_layer(&Loud).unwrap();
    let words = "`loudness`: how loud it is (0 to 1, in phon; default: 0.5)";
    assert!(!Recipe::reference().contains(words));
    // The page, and the output in the terminal.
    assert!(parts.reference().contains(words));
    let sections = parts.reference_sections();
    let mut choices = sections.iter().flat_map(|section| &section.choices);
    let loud = choices.find(|choice| choice.name == "loud").unwrap();
    assert_eq!(
        (loud.keys[0].name, &loud.keys[0].default[..]),
        ("loudness", "0.5")
    );
    // The parser.
    let text = |line: &str| {
        format!(
            "name = \"a\"\nencoder = [{{ layer = \"dense\", outputs = 2 }}, {{ layer = \"loud\", {line} }}]\n\
             decoder = [{{ layer = \"dense\" }}]\n"
        )
    };
    let read = |line: &str| parts.parse(&text(line), "a.toml", &[]);
    let recipe = read("loudness = 0.25").unwrap();
    assert_eq!(recipe.encoder[1].get::<f64>("loudness"), Some(0.25));
    let error = read("loudnes = 0.25").unwrap_err().to_string();
    assert!(error.contains("did you mean `loudness`?"), "{error}");
    let error = read("loudness = 2").unwrap_err().to_string();
    assert!(
        error.contains("encoder[1].loudness") && error.contains("from 0 to 1"),
        "{error}"
    );
    // The complete recipe, and the check of a recipe that was made in code.
    assert!(
        recipe
            .to_toml()
            .contains("layer = \"loud\"\nloudness = 0.25\n")
    );
    let preset = parts.parse(&text("").replace(", }", " }"), "a.toml", &[]);
    assert!(preset.unwrap().to_toml().contains("loudness = 0.5\n"));
    recipe.check().unwrap();
    let mut loud = recipe;
    loud.encoder[1].set(&LOUDNESS, Value::from(2.0));
    let error = loud.check().unwrap_err().to_string();
    let start = "recipe a: encoder[1].loudness: this value is not possible";
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn every_section_is_written() {
    let mut recipe = Recipe::named("contractive").unwrap();
    recipe.corruption = Recipe::named("denoising").unwrap().corruption;
    recipe.validation = Some(0.1);
    let written: toml::Table = recipe.to_toml().parse().unwrap();
    for key in ROOT.keys.iter().filter(|key| key.name != VARIANTS.name) {
        assert!(written.contains_key(key.name), "{}", key.name);
    }
    let training = written["training"].as_table().unwrap();
    assert_eq!(training.len(), TRAINING_KEYS.keys.len());
}

#[test]
fn a_number_that_toml_does_not_have_is_refused_by_its_key() {
    let mut recipe = Recipe::named("table").unwrap();
    recipe.seed = u64::MAX;
    let error = recipe.check().unwrap_err().to_string();
    assert!(
        error.starts_with("recipe table: training.seed: "),
        "{error}"
    );
    recipe.seed = 0;
    recipe.clip_norm = f64::NAN;
    let error = recipe.check().unwrap_err().to_string();
    assert!(
        error.starts_with("recipe table: training.clip_norm: "),
        "{error}"
    );
}

#[test]
fn other_formats_have_the_same_keys_as_toml() {
    for name in Recipe::shipped() {
        let recipe = Recipe::named(name).unwrap();
        let json = serde_json::to_value(&recipe).unwrap();
        let table: toml::Table = recipe.to_toml().parse().unwrap();
        assert_eq!(json, serde_json::to_value(&table).unwrap(), "{name}");
        assert_eq!(serde_json::from_value::<Recipe>(json).unwrap(), recipe);
        let text = toml::to_string(&recipe).unwrap();
        assert_eq!(text.parse::<toml::Table>().unwrap(), table);
        assert_eq!(toml::from_str::<Recipe>(&text).unwrap(), recipe);
    }
    let mut json = serde_json::to_value(Recipe::named("table").unwrap()).unwrap();
    json["training"]["epochs"] = 0.into();
    let error = serde_json::from_value::<Recipe>(json)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("the recipe: training.epochs: this value is not possible"),
        "{error}"
    );
    for text in ["[]", "null", "1", r#"{"name": "a", "name": "b"}"#] {
        assert!(serde_json::from_str::<Recipe>(text).is_err(), "{text}");
    }
}
