//! Recipes: an autoencoder as one sentence (data, scaling, encoder, decoder, objective) with the
//! settings of its training, as TOML.
//!
//! The named autoencoders are recipes that ship with Narrows, not types in code. Each part reads its
//! own keys, next to its code; this file puts them together. Values are checked in one place only,
//! when TOML is read: a recipe made in code is checked by writing and reading it.

mod reference;

use crate::corruption::{self, Corruption};
use crate::data::scaling::{self, ScalingSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::layer::{self, Initialization, LayerSpec};
use crate::objective::{self, Objective, Reconstruction, Term};
use crate::optimizer::{self, OptimizerSpec, ScheduleSpec};
use crate::settings::{Document, Key, Level, Section, suggest};
use std::io::Read;
use std::path::Path;

/// The recipes that ship with Narrows: name and text.
const SHIPPED: &[(&str, &str)] = &[
    (
        "simple-linear",
        include_str!("../recipes/simple-linear.toml"),
    ),
    ("deep-linear", include_str!("../recipes/deep-linear.toml")),
    ("denoising", include_str!("../recipes/denoising.toml")),
    (
        "denoising-salt-pepper",
        include_str!("../recipes/denoising-salt-pepper.toml"),
    ),
    (
        "denoising-masking",
        include_str!("../recipes/denoising-masking.toml"),
    ),
    ("contractive", include_str!("../recipes/contractive.toml")),
    (
        "contractive-strong",
        include_str!("../recipes/contractive-strong.toml"),
    ),
    ("table", include_str!("../recipes/table.toml")),
];

/// An autoencoder and its training, complete but for what the data decide.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// A short name, for folders and tables.
    pub name: String,
    /// What it is, in one line.
    pub about: String,
    /// The scaling; `None` lets the data decide.
    pub scaling: Option<ScalingSpec>,
    /// What happens to the rows that the encoder reads.
    pub corruption: Option<Corruption>,
    /// How parameters start.
    pub initialization: Initialization,
    /// The layers from the data to the code.
    pub encoder: Vec<LayerSpec>,
    /// The layers from the code back to the data.
    pub decoder: Vec<LayerSpec>,
    /// The reconstruction loss.
    pub reconstruction: Reconstruction,
    /// The terms beside it.
    pub terms: Vec<Term>,
    /// The optimiser.
    pub optimizer: OptimizerSpec,
    /// How often training passes over all rows.
    pub epochs: usize,
    /// The rows in a step.
    pub batch_size: usize,
    /// What all randomness of a run follows from.
    pub seed: u64,
    /// The learning rate over time.
    pub schedule: ScheduleSpec,
    /// The share of the training rows that is set apart for validation, 0 for none. In a run, `None` decides from the
    /// data, as [`SplitPlan::validation`](crate::data::SplitPlan::validation) says; elsewhere it is none.
    pub validation: Option<f64>,
    /// The epochs without a lower loss after which training stops, 0 for never.
    pub patience: usize,
    /// The largest norm of a gradient over all parameters, 0 for any.
    pub clip_norm: f64,
    /// The batches whose gradients make one step.
    pub accumulation: usize,
}

const ROOT: &[Key] = &[
    Key {
        name: "name",
        value: "a text",
        default: "required",
        about: "a short name: letters, digits, `-`, `_`, `.`",
    },
    Key {
        name: "about",
        value: "a text",
        default: "\"\"",
        about: "what it is, in one line",
    },
    Key {
        name: "variants",
        value: "a section of lists",
        default: "none",
        about: "for each variant what it sets, as in `[\"training.epochs=3\"]`; chosen as `NAME:VARIANT`",
    },
    Key {
        name: "scaling",
        value: "a section",
        default: "from the data",
        about: "the map from the data's units to the network's",
    },
    Key {
        name: "corruption",
        value: "a section",
        default: "none",
        about: "noise on what the encoder reads",
    },
    Key {
        name: "network",
        value: "a section",
        default: "",
        about: "settings of encoder and decoder together",
    },
    Key {
        name: "encoder",
        value: "a list of layers",
        default: "required",
        about: "from the data to the code",
    },
    Key {
        name: "decoder",
        value: "a list of layers",
        default: "required",
        about: "from the code back to the data",
    },
    Key {
        name: "objective",
        value: "a section",
        default: "",
        about: "what training makes small",
    },
    Key {
        name: "optimizer",
        value: "a section",
        default: "",
        about: "how training makes it small",
    },
    Key {
        name: "schedule",
        value: "a section",
        default: "",
        about: "the learning rate over time",
    },
    Key {
        name: "training",
        value: "a section",
        default: "",
        about: "how long and on how much at a time",
    },
];

const TRAINING: &[Key] = &[
    Key {
        name: "epochs",
        value: "1 to 1000000",
        default: "10",
        about: "passes over all rows",
    },
    Key {
        name: "batch_size",
        value: "1 to 1048576",
        default: "64",
        about: "rows in a step",
    },
    Key {
        name: "seed",
        value: "0 to 2^63 - 1",
        default: "0",
        about: "random seed",
    },
    Key {
        name: "validation",
        value: "0 to below 1",
        default: "0.1 of 1,000 training rows or more, else 0; 0 for the built-in MNIST",
        about: "the share of the training rows that is set apart; the model of the lowest loss on it is kept",
    },
    Key {
        name: "patience",
        value: "0 to 1000000",
        default: "0",
        about: "stop after so many epochs without a lower validation loss (training loss without validation); 0 never stops early",
    },
    Key {
        name: "clip_norm",
        value: "0 or more",
        default: "0",
        about: "gradients of a larger norm over all parameters are brought down to it; 0 leaves all as they are",
    },
    Key {
        name: "accumulation",
        value: "1 to 65536",
        default: "1",
        about: "batches whose gradients make one step together",
    },
];

const MAX_EPOCHS: u64 = 1_000_000;
const MAX_BATCH: u64 = 1 << 20;

/// The most layers of an encoder or a decoder: a guard against damaged files.
pub(crate) const MAX_LAYERS: usize = 4096;

/// The largest file of a recipe, in bytes: a guard against files that are something else.
const MAX_FILE: u64 = 1 << 20;

/// A value to set over that of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// `key=value`, as in `encoder[0].outputs=64`.
    pub assignment: String,
    /// What it is called in errors: what its user wrote.
    pub origin: String,
}

impl Override {
    /// Of `key=value`, as the command's `--set` takes it.
    pub fn set(assignment: &str) -> Override {
        Override {
            assignment: assignment.to_string(),
            origin: format!("--set {}", shortened(assignment)),
        }
    }

    fn all(assignments: &[String]) -> Vec<Override> {
        assignments.iter().map(|text| Override::set(text)).collect()
    }
}

impl Recipe {
    /// The names of the shipped recipes, in the order in which they are listed.
    pub fn shipped() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }

    /// The names of a shipped recipe's variants.
    ///
    /// # Errors
    ///
    /// When there is none of that name.
    pub fn variants(name: &str) -> Result<Vec<String>> {
        let document = Document::parse(Recipe::text(name)?, name)?;
        let variants = document.root().section("variants")?;
        Ok(variants.keys().map(String::from).collect())
    }

    /// The text of a shipped recipe, to copy and edit.
    ///
    /// # Errors
    ///
    /// When there is none of that name.
    pub fn text(name: &str) -> Result<&'static str> {
        if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            return Ok(text);
        }
        let known: Vec<&str> = Recipe::shipped().collect();
        let error = Error::new(ErrorKind::Recipe, format!("there is no recipe `{name}`"));
        Err(suggest(error, name, &known))
    }

    /// A shipped recipe.
    ///
    /// # Errors
    ///
    /// When there is none of that name.
    pub fn named(name: &str) -> Result<Recipe> {
        Recipe::parse(Recipe::text(name)?, name)
    }

    /// Reads a recipe from TOML; `origin` names it in errors.
    ///
    /// # Errors
    ///
    /// When a key is unknown or a value impossible, with the key's path and line.
    pub fn parse(text: &str, origin: &str) -> Result<Recipe> {
        Recipe::parse_with(text, origin, &[])
    }

    /// As [`Recipe::parse`], with values set over those of the text: `training.epochs=3`,
    /// `encoder[0].outputs=64`. Setting the `kind` of a section, or the `layer`, drops those of the
    /// text's keys that the new kind does not have.
    ///
    /// # Errors
    ///
    /// As [`Recipe::parse`]; an error about a value that was set names it.
    pub fn parse_with(text: &str, origin: &str, overrides: &[String]) -> Result<Recipe> {
        Recipe::parse_variant(text, origin, None, &Override::all(overrides))
    }

    fn parse_variant(
        text: &str,
        origin: &str,
        variant: Option<&str>,
        overrides: &[Override],
    ) -> Result<Recipe> {
        let mut document = Document::parse(text, origin)?;
        if let Some(variant) = variant {
            let (name, settings) = read_variant(&document.root(), variant)?;
            let name = format!("name={}", quoted(&name));
            for assignment in std::iter::once(&name).chain(&settings) {
                let origin = format!("{origin}, variant `{variant}`");
                document.set(assignment, &origin, Level::Variant)?;
            }
        }
        for Override { assignment, origin } in overrides {
            document.set(assignment, origin, Level::Set)?;
        }
        read(&document.root())
    }

    /// Reads a shipped recipe by its name, or a file by its path (with a separator or ending in
    /// `.toml`), with values set over it. `NAME:VARIANT` first sets what the recipe says of a variant.
    ///
    /// # Errors
    ///
    /// When it does not exist, or as [`Recipe::parse_with`].
    pub fn load(name_or_path: &str, overrides: &[String]) -> Result<Recipe> {
        Recipe::load_with(name_or_path, &Override::all(overrides))
    }

    /// As [`Recipe::load`], with values that have names of their own in errors.
    ///
    /// # Errors
    ///
    /// As [`Recipe::load`].
    pub fn load_with(name_or_path: &str, overrides: &[Override]) -> Result<Recipe> {
        // A variant comes behind the last colon, which no separator follows.
        let (name_or_path, variant) = match name_or_path.rsplit_once(':') {
            Some((name, variant)) if !variant.contains(['/', '\\']) => (name, Some(variant)),
            _ => (name_or_path, None),
        };
        let path = Path::new(name_or_path);
        if path.extension().is_some_and(|ending| ending == "toml") || path.components().count() > 1
        {
            let text = read_text(path)?;
            Recipe::parse_variant(&text, name_or_path, variant, overrides)
        } else {
            let text = Recipe::text(name_or_path).map_err(|error| match path.is_dir() {
                true => is_a_folder(path),
                false => error,
            })?;
            Recipe::parse_variant(text, name_or_path, variant, overrides)
        }
    }

    /// Reads a recipe from a file, with values set over it, which have names of their own in errors.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or as [`Recipe::parse_with`].
    pub fn load_file(path: &Path, overrides: &[Override]) -> Result<Recipe> {
        let origin = path.display().to_string();
        Recipe::parse_variant(&read_text(path)?, &origin, None, overrides)
    }

    /// Checks the values of a recipe that was made or changed in code.
    ///
    /// # Errors
    ///
    /// As [`Recipe::parse`].
    pub fn check(&self) -> Result<()> {
        Recipe::parse(&self.to_toml(), &format!("recipe {}", self.name)).map(|_| ())
    }

    /// The recipe with the width that it leaves to the data, whose rows are of a shape that fits it.
    pub(crate) fn with_widths_of(mut self, data: &[usize]) -> Recipe {
        self.decoder
            .iter_mut()
            .for_each(|layer| layer.fill_width(data));
        self
    }

    /// The recipe as TOML, with every default filled in.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        line(format!("name = {}", quoted(&self.name)));
        line(format!("about = {}", quoted(&self.about)));
        if let Some(scaling) = &self.scaling {
            line("\n[scaling]".into());
            line(format!("kind = {}", quoted(scaling.name())));
            scaling
                .settings()
                .into_iter()
                .for_each(|(key, value)| line(format!("{key} = {value}")));
        }
        if let Some(corruption) = &self.corruption {
            line("\n[corruption]".into());
            line(format!("kind = {}", quoted(corruption.name())));
            corruption
                .settings()
                .into_iter()
                .for_each(|(key, value)| line(format!("{key} = {value}")));
        }
        line("\n[network]".into());
        line(format!(
            "initialization = {}",
            quoted(self.initialization.name())
        ));
        for (side, layers) in [("encoder", &self.encoder), ("decoder", &self.decoder)] {
            if layers.is_empty() {
                continue;
            }
            for layer in layers {
                line(format!("\n[[{side}]]"));
                line(format!("layer = {}", quoted(layer.name())));
                layer
                    .settings()
                    .into_iter()
                    .for_each(|(key, value)| line(format!("{key} = {value}")));
            }
        }
        line("\n[objective]".into());
        line(format!(
            "reconstruction = {}",
            quoted(self.reconstruction.name())
        ));
        let settings = self.reconstruction.settings();
        settings
            .into_iter()
            .for_each(|(key, value)| line(format!("{key} = {value}")));
        for term in &self.terms {
            line("\n[[objective.terms]]".into());
            line(format!("kind = {}", quoted(term.kind.name())));
            term.settings()
                .into_iter()
                .for_each(|(key, value)| line(format!("{key} = {value}")));
        }
        line("\n[optimizer]".into());
        line(format!("kind = {}", quoted(self.optimizer.name())));
        let settings = self.optimizer.settings();
        settings
            .into_iter()
            .for_each(|(key, value)| line(format!("{key} = {value}")));
        line("\n[schedule]".into());
        line(format!("kind = {}", quoted(self.schedule.name())));
        let settings = self.schedule.settings();
        settings
            .into_iter()
            .for_each(|(key, value)| line(format!("{key} = {value}")));
        line("\n[training]".into());
        line(format!("epochs = {}", self.epochs));
        line(format!("batch_size = {}", self.batch_size));
        line(format!("seed = {}", self.seed));
        if let Some(share) = self.validation {
            line(format!("validation = {share:?}"));
        }
        line(format!("patience = {}", self.patience));
        line(format!("clip_norm = {:?}", self.clip_norm));
        line(format!("accumulation = {}", self.accumulation));
        text
    }
}

/// The text of a recipe's file.
fn read_text(path: &Path) -> Result<String> {
    if path.is_dir() {
        return Err(is_a_folder(path));
    }
    let refused = |error| Error::io("cannot read the recipe", path, error);
    // Before it is opened: to open a pipe may wait for ever, and a device may have no end.
    if !may_end(path, &std::fs::metadata(path).map_err(refused)?) {
        return Err(Error::new(ErrorKind::Recipe, "this is no recipe")
            .at(path.display())
            .expected("a text file in TOML")
            .found("a named pipe or a device")
            .hint("write the recipe to a file first"));
    }
    let file = std::fs::File::open(path).map_err(refused)?;
    let mut bytes = Vec::new();
    // One byte more tells that there is more.
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(refused)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Error::new(ErrorKind::Recipe, "this is no recipe")
            .at(path.display())
            .expected(format!("a text file of at most {MAX_FILE} bytes"))
            .found("a larger file"));
    }
    String::from_utf8(bytes).map_err(|_| {
        Error::new(ErrorKind::Recipe, "this is no recipe")
            .at(path.display())
            .expected("a text file in TOML")
            .found("bytes that are no UTF-8")
    })
}

/// Whether reading to the end comes to one: that of a file, or of a pipe that a shell made for `<(…)`, which has its
/// writer.
#[cfg(unix)]
fn may_end(path: &Path, found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let is_of_shell = path.starts_with("/dev") || path.starts_with("/proc");
    found.is_file() || (is_of_shell && found.file_type().is_fifo())
}

#[cfg(not(unix))]
fn may_end(_: &Path, found: &std::fs::Metadata) -> bool {
    found.is_file()
}

fn is_a_folder(path: &Path) -> Error {
    Error::new(
        ErrorKind::Recipe,
        "this folder is neither a recipe nor a run",
    )
    .at(path.display())
    .expected("a TOML file, or a run's folder where one is taken, which has a model.safetensors")
    .found("neither")
}

/// The name of a recipe's variant, and what it sets.
fn read_variant(root: &Section<'_>, variant: &str) -> Result<(String, Vec<String>)> {
    let variants = root.section("variants")?;
    if !variants.has(variant) {
        let known: Vec<&str> = variants.keys().collect();
        let error = root.error("variants", format!("the recipe has no variant `{variant}`"));
        return Err(match known.is_empty() {
            true => error.expected("the recipe's name alone, as it has no variants"),
            false => suggest(error, variant, &known),
        });
    }
    let name = format!("{}-{variant}", root.text("name")?.unwrap_or_default());
    let settings = variants.texts(variant)?;
    Ok((name, settings.into_iter().map(String::from).collect()))
}

fn read(root: &Section<'_>) -> Result<Recipe> {
    root.allow(ROOT)?;
    let name = root.text("name")?.ok_or_else(|| {
        root.error("name", "`name` is missing")
            .expected("a text in quotes")
    })?;
    if name.is_empty()
        || name.len() > 64
        || !name.chars().all(is_name_character)
        || name.starts_with('.')
    {
        return Err(root
            .error("name", "this name is not possible")
            .expected("1 to 64 letters, digits, `-`, `_` or `.`, the first no `.`")
            .found(format!("\"{name}\"")));
    }
    let about = root.text("about")?.unwrap_or_default();
    let variants = root.section("variants")?;
    for variant in variants.keys() {
        variants.texts(variant)?;
    }
    let network = root.section("network")?;
    let objective = root.section("objective")?;
    let optimizer = root.section("optimizer")?;
    let training = root.section("training")?;
    training.allow(TRAINING)?;
    let whole = |key, range, default| -> Result<u64> {
        Ok(training.integer(key, range)?.unwrap_or(default))
    };
    let common = [optimizer::LEARNING_RATE];
    let missing = |section: &Section<'_>, key: &Key| {
        section.error(key.name, format!("`{}` is missing", key.name))
    };
    let epochs = whole("epochs", 1..=MAX_EPOCHS, 10)? as usize;
    let schedule = root
        .section("schedule")?
        .choose(
            &optimizer::SCHEDULE,
            Some("constant"),
            &[],
            optimizer::SCHEDULES,
        )?
        .unwrap_or_default();
    if let ScheduleSpec::Cosine { warmup, .. } = schedule
        && warmup >= epochs as f64
    {
        let section = root.section("schedule")?;
        return Err(section
            .error("warmup", "the rise takes all of training")
            .expected(format!("fewer than the {epochs} epochs"))
            .found(warmup));
    }
    let scaling = root
        .section("scaling")?
        .choose(&scaling::KIND, None, &[], scaling::SCALINGS)?;
    let corruption = root.section("corruption")?.choose(
        &corruption::KIND,
        None,
        &[],
        corruption::CORRUPTIONS,
    )?;
    let encoder = layers(root, "encoder")?;
    let decoder = layers(root, "decoder")?;
    let reconstruction = objective
        .choose(
            &objective::RECONSTRUCTION,
            Some("mse"),
            &[objective::TERMS],
            objective::RECONSTRUCTIONS,
        )?
        .ok_or_else(|| missing(&objective, &objective::RECONSTRUCTION))?;
    Objective::new(reconstruction, &decoder)
        .map_err(|error| error.at(objective.place(objective::RECONSTRUCTION.name)))?;
    Ok(Recipe {
        name: name.to_string(),
        about: about.to_string(),
        scaling,
        corruption,
        initialization: network
            .choose(
                &layer::INITIALIZATION,
                Some("pytorch"),
                &[],
                layer::INITIALIZATIONS,
            )?
            .ok_or_else(|| missing(&network, &layer::INITIALIZATION))?,
        encoder,
        decoder,
        reconstruction,
        terms: terms(&objective)?,
        optimizer: optimizer
            .choose(
                &optimizer::KIND,
                Some("adam"),
                &common,
                optimizer::OPTIMIZERS,
            )?
            .ok_or_else(|| missing(&optimizer, &optimizer::KIND))?,
        epochs,
        batch_size: whole("batch_size", 1..=MAX_BATCH, 64)? as usize,
        seed: whole("seed", 0..=i64::MAX as u64, 0)?,
        schedule,
        validation: training.number("validation", "a number from 0 to below 1", |share| {
            (0.0..1.0).contains(&share)
        })?,
        patience: whole("patience", 0..=MAX_EPOCHS, 0)? as usize,
        clip_norm: training
            .number("clip_norm", "0 or more, representable as float32", |norm| {
                norm >= 0.0 && (norm as f32).is_finite()
            })?
            .unwrap_or(0.0),
        accumulation: whole("accumulation", 1..=65536, 1)? as usize,
    })
}

/// The terms of an objective, of which no two are of a kind: each has a column in the record.
fn terms(objective: &Section<'_>) -> Result<Vec<Term>> {
    if !objective.has(objective::TERMS.name) {
        return Ok(Vec::new());
    }
    let mut terms: Vec<Term> = Vec::new();
    for section in objective.sections(objective::TERMS.name)? {
        let term = Term::read(&section)?;
        if terms
            .iter()
            .any(|other| other.kind.name() == term.kind.name())
        {
            let what = format!("there are two `{}` terms", term.kind.name());
            return Err(section
                .error("kind", what)
                .expected("one term of a kind")
                .hint("add their weights up"));
        }
        terms.push(term);
    }
    Ok(terms)
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The layers of the encoder or decoder, of which at least one has parameters, and of which only the
/// decoder's last that has may leave its width to the data.
fn layers(root: &Section<'_>, side: &str) -> Result<Vec<LayerSpec>> {
    let sections = root.sections(side)?;
    if sections.len() > MAX_LAYERS {
        return Err(root
            .error(side, format!("the {side} has too many layers"))
            .expected(format!("at most {MAX_LAYERS}"))
            .found(sections.len()));
    }
    let mut layers = Vec::new();
    for section in &sections {
        let layer = section.choose(&layer::LAYER, None, &[], layer::LAYERS)?;
        layers.push(layer.ok_or_else(|| section.error("layer", "`layer` is missing"))?);
    }
    let Some(last) = layers.iter().rposition(LayerSpec::has_parameters) else {
        return Err(root
            .error(side, format!("the {side} has nothing to learn"))
            .expected("at least one layer with parameters: dense, conv2d or conv-transpose2d"));
    };
    for (index, (layer, section)) in layers.iter().zip(&sections).enumerate() {
        let may_be_open = side == "decoder" && index == last;
        if let Some(key) = layer.open_width().filter(|_| !may_be_open) {
            return Err(section
                .error(key, format!("`{key}` is missing"))
                .expected("a whole number; only the decoder's last layer with parameters is as wide as the data by itself"));
        }
    }
    Ok(layers)
}

/// A text for an error, cut where it is long.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(100) {
        None => text.to_string(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
