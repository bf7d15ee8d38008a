//! Parts of another crate: each with a key of its own, in recipes, training, models, runs and exports.

mod runs;

use narrows::apply;
use narrows::corruption::{Corruption, CorruptionPart, Target};
use narrows::data::{Dataset, Source};
use narrows::declaration::{
    Alias, Conflict, Declaration, Key, Kind, Part, Preset, Range, Settings,
};
use narrows::layer::{Activation, LayerPart};
use narrows::objective::{PenaltyPart, PenaltyPlace, ReconstructionPart, ReconstructionPlace};
use narrows::onnx::{Attribute, Graph, Place};
use narrows::parts::Parts;
use narrows::program::{Builder, Elementwise, JacobianNorm, Mean, Probes, Var};
use narrows::run::{self, Event, MODEL_FILE, Options, OwnData, RECIPE_FILE, RUN_FILE, Sources};
use narrows::study::{StudyOptions, ToCompare, compare};
use narrows::train::Warning;
use narrows::{Model, Recipe, Result};
use narrows_kernels::Isa;
use narrows_kernels::loss::Loss;
use ndarray::Array2;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// An activation that is bounded below by a value of its own.
#[derive(Debug)]
struct Bounded;

const FLOOR: Key = Key::new(
    "floor",
    Kind::Number(Range::ABOVE_0),
    "how far below 0 it goes",
)
.default(Preset::Number(0.5));

impl Part for Bounded {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new("bounded", "an exponential below 0")
                .aliases(&["limited"])
                .elsewhere(&["bent"])
                .keys(&[FLOOR])
        }
    }
}

impl LayerPart for Bounded {
    fn output_range(&self, settings: &Settings) -> (f32, f32) {
        (-settings.get::<f32>(&FLOOR), f32::INFINITY)
    }

    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        _: &[usize],
    ) -> Result<Var> {
        let elu = Elementwise {
            function: Activation::Elu {
                alpha: settings.get(&FLOOR),
            },
            width: builder.width(x),
        };
        let shape = builder.shape(x).to_vec();
        Ok(builder.apply(elu, Vec::new(), x, shape))
    }

    fn nodes(&self, settings: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        let alpha = Attribute::float("alpha", settings.get(&FLOOR));
        place.single(graph, "Elu", &[alpha])
    }
}

/// The same is added to every value.
#[derive(Debug)]
struct Shift;

const BY: Key = Key::new("by", Kind::Number(Range::ANY), "what is added")
    .aliases(&[Alias::Renamed("amount")])
    .unit("scaled units");

const MOST: Key = Key::new("most", Kind::Number(Range::ANY), "what no value passes")
    .default(Preset::Open("no value is too large"));

impl Part for Shift {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new("shift", "the same is added to every value")
                .keys(&[BY, MOST])
                .check(|settings| match settings.get::<Option<f64>>(&MOST) {
                    Some(most) if most < settings.get(&BY) => Err(Conflict {
                        key: MOST.name,
                        expected: "a number no smaller than `by`".into(),
                    }),
                    _ => Ok(()),
                })
        }
    }
}

impl CorruptionPart for Shift {
    fn measure(&self) -> &'static str {
        "what is added, in scaled units"
    }

    fn apply(&self, settings: &Settings, target: Target<'_>) {
        let by: f32 = settings.get(&BY);
        target.row.iter_mut().for_each(|value| *value += by);
    }
}

/// Huber's loss with another name for its key.
#[derive(Debug)]
struct Capped;

const CAP: Key = Key::new(
    "cap",
    Kind::Whole { least: 1, most: 9 },
    "the largest slope",
);

impl Part for Capped {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("capped", "squares with a bounded slope").keys(&[CAP]) }
    }
}

impl ReconstructionPart for Capped {
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        place: &ReconstructionPlace,
    ) -> Result<()> {
        let cap: usize = settings.get(&CAP);
        place.compare(builder, Loss::Huber { delta: cap as f32 })
    }
}

/// The squared gradient of one value of the code.
#[derive(Debug)]
struct One;

const WHICH: Key = Key::new(
    "which",
    Kind::Whole {
        least: 0,
        most: 100,
    },
    "the value's place",
)
.default(Preset::Whole(0));

impl Part for One {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("one", "squared gradient of one value").keys(&[WHICH]) }
    }
}

impl PenaltyPart for One {
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        place: &PenaltyPlace,
    ) -> Result<()> {
        let norm = JacobianNorm {
            name: place.name.into(),
            weight: place.weight,
            probes: Arc::new(OneProbe(settings.get(&WHICH))),
        };
        norm.apply(builder, place.input, place.encoded)
    }
}

/// The basis vector of one value.
#[derive(Debug)]
struct OneProbe(usize);

impl Probes for OneProbe {
    fn count(&self, _: usize) -> usize {
        1
    }

    fn fill(&self, _: Isa, _: u32, _: u32, _: usize, probes: &mut [f32]) {
        probes.fill(0.0);
        if let Some(value) = probes.get_mut(self.0) {
            *value = 1.0;
        }
    }

    fn mean(&self) -> Mean {
        Mean::OverRows(1)
    }
}

const RECIPE: &str = "name = 'mine'
[corruption]
kind = 'shift'
by = 0.25
[[encoder]]
layer = 'dense'
outputs = 3
[[encoder]]
layer = 'bounded'
floor = 0.75
[[decoder]]
layer = 'dense'
[objective]
reconstruction = 'capped'
cap = 2
[[objective.penalties]]
kind = 'one'
which = 1
weight = 0.01
[training]
epochs = 2
";

fn parts() -> Parts {
    Parts::standard()
        .with_layer(&Bounded)
        .and_then(|parts| parts.with_corruption(&Shift))
        .and_then(|parts| parts.with_reconstruction(&Capped))
        .and_then(|parts| parts.with_penalty(&One))
        .unwrap()
}

fn data_rows() -> Array2<f32> {
    Array2::from_shape_fn((60, 5), |(i, j)| ((i * (j + 3)) % 17) as f32)
}

fn data() -> Dataset {
    Dataset::from_array(data_rows().view()).unwrap()
}

#[test]
fn parts_of_another_crate_are_read_checked_and_written() {
    let recipe = parts().parse(RECIPE, "mine.toml", &[]).unwrap();
    assert_eq!(recipe.encoder[1].get("floor"), Some(0.75f32));
    assert_eq!(recipe.corruption.as_ref().unwrap().strength(), 0.25);
    assert_eq!(recipe.penalties[0].kind.get("which"), Some(1usize));
    // It knows its own parts, and so checks itself.
    recipe.check().unwrap();
    let again = recipe.parts().parse(&recipe.to_toml(), "again", &[]);
    assert_eq!(again.unwrap(), recipe);
    for (from, to, words) in [
        (
            "floor = 0.75",
            "flor = 1",
            &["mine.toml, line 10", "did you mean `floor`?"][..],
        ),
        (
            "floor = 0.75",
            "floor = 0",
            &["encoder[1].floor", "above 0, representable as float32"],
        ),
        ("'bounded'", "'bent'", &["did you mean `bounded`?"]),
        (
            "cap = 2",
            "",
            &["`cap` is missing", "a whole number from 1 to 9"],
        ),
        (
            "which = 1",
            "probes = 1",
            &["`probes` is a key of `hutchinson`"],
        ),
        (
            "by = 0.25",
            "by = 0.25\nmost = 0",
            &["mine.toml, line 5", "no smaller than `by`", "found 0"],
        ),
    ] {
        let error = parts().parse(&RECIPE.replace(from, to), "mine.toml", &[]);
        let error = error.unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "`{word}` is missing in: {error}");
        }
    }
    let older = RECIPE
        .replace("'bounded'", "'limited'")
        .replace("by =", "amount =");
    let read = parts().parse(&older, "mine.toml", &[]).unwrap();
    assert_eq!(read, recipe);
    let notes = [
        "mine.toml, line 4: `amount` is now called `by`",
        "mine.toml, line 9: `limited` is now called `bounded`",
    ];
    assert_eq!(read.notes(), notes);
    let reference = parts().reference();
    for line in [
        "| `\"bounded\"` | an exponential below 0 |",
        "(a number, in scaled units; default: required)",
    ] {
        assert!(reference.contains(line), "{line}");
    }
    let (noise, _) =
        narrows::corruption::Corruption::parse_of(parts().corruptions(), "shift=0.25").unwrap();
    assert_eq!(Some(noise), recipe.corruption);
}

#[test]
fn an_unknown_part_is_refused_by_its_name() {
    for (part, known) in [
        ("bounded", parts_without(0)),
        ("shift", parts_without(1)),
        ("capped", parts_without(2)),
        ("one", parts_without(3)),
    ] {
        let error = known
            .parse(RECIPE, "mine.toml", &[])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("`{part}`")) && error.contains("mine.toml, line"),
            "{error}"
        );
    }
    let error = Parts::standard()
        .with_layer(&Bounded)
        .unwrap()
        .with_layer(&Bounded);
    assert!(error.unwrap_err().to_string().contains("`bounded`"));
}

/// All parts but one.
fn parts_without(which: usize) -> Parts {
    let mut parts = Parts::standard();
    if which != 0 {
        parts = parts.with_layer(&Bounded).unwrap();
    }
    if which != 1 {
        parts = parts.with_corruption(&Shift).unwrap();
    }
    if which != 2 {
        parts = parts.with_reconstruction(&Capped).unwrap();
    }
    if which != 3 {
        parts = parts.with_penalty(&One).unwrap();
    }
    parts
}

#[test]
fn a_model_of_such_parts_is_trained_saved_loaded_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let data = data();
    let source = Source {
        train: data.clone(),
        test: None,
    };
    let out = folder.path().join("run");
    let options = Options {
        out: Some(&out),
        parts: Some(&parts()),
        ..Options::default()
    };
    // An older name is told once.
    let older = RECIPE.replace("by = 0.25", "amount = 0.25");
    let recipe = parts().parse(&older, "older.toml", &[]).unwrap();
    let mut told = Vec::new();
    run::run(&recipe, &source, &options, &mut |event| {
        if let Event::Warning(warning @ Warning::OlderName { .. }) = event {
            told.push(warning.to_string());
        }
    })
    .unwrap();
    assert_eq!(told, ["older.toml, line 4: `amount` is now called `by`"]);
    let path = out.join(MODEL_FILE);
    let model = Model::load_of(&path, &parts()).unwrap();
    let rows = data.to_array();
    let codes = model.encode(rows.view()).unwrap();
    assert!(codes.iter().all(|&value| value >= -0.75));
    let error = Model::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("the model's recipe") && error.contains("`shift`"),
        "{error}"
    );
    // The run goes on, for more epochs.
    let refused = run::resume(&out, &source, &Options::default(), &mut |_| ()).err();
    let error = refused.unwrap().to_string();
    assert!(error.contains("`shift`"), "{error}");
    let options = Options {
        epochs: Some(3),
        out: None,
        ..options
    };
    run::resume(&out, &source, &options, &mut |_| ()).unwrap();
    let lines = std::fs::read_to_string(out.join("metrics.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 3);
    assert!(
        lines.lines().all(|line| line.contains("\"penalty.one\":")),
        "{lines}"
    );
    let written = parts().load_file(&out.join(RECIPE_FILE), &[]).unwrap();
    assert_eq!(written.penalties, recipe.penalties);
    let graph = narrows::export::onnx::bytes(&model).unwrap();
    let has = |name: &[u8]| graph.windows(name.len()).any(|part| part == name);
    assert!(has(b"Elu") && has(b"encoder.1"));
    // What the layer is: the same as the library's own of the same function.
    let same = RECIPE.replace("layer = 'bounded'\nfloor", "layer = 'elu'\nalpha");
    let same = parts().parse(&same, "same.toml", &[]).unwrap();
    let fit = |recipe: &Recipe| {
        narrows::fit(recipe, &data)
            .unwrap()
            .encode(rows.view())
            .unwrap()
    };
    assert_eq!(fit(&recipe), fit(&same));
}
