//! A part that another crate adds to the lists.

use crate::Result;
use crate::declaration::{Declaration, Key, Kind, Part, Preset, Range, Settings, Value};
use crate::layer::LayerPart;
use crate::onnx::{Graph, Place};
use crate::parts::Parts;
use crate::program::{Builder, Var};
use crate::recipe::Recipe;

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
