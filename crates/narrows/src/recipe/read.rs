//! From a document to a recipe.

use super::describe::{is_description, may_change};
use super::file::{is_a_folder, read_text};
use super::keys::{
    ABOUT, BOTTLENECK, CORRUPTION, DECODER, ENCODER, NAME, NETWORK, OBJECTIVE, OPTIMIZER,
    PENALTY_LIST, ROOT, SCALING, SCHEDULE, TRAINING, TRAINING_KEYS, VARIANTS,
};
use super::write::quoted;
use super::{MAX_LAYERS, Notes, Override, Recipe};
use crate::declaration::{Key, suggest};
use crate::document::{Document, Level, Section, Tree, refuse};
use crate::error::{Error, Result};
use crate::layer::{self, LayerSpec};
use crate::objective::{self, Objective, Penalty};
use crate::optimizer;
use crate::parts::Parts;
use crate::scaling;
use crate::{bottleneck, corruption};
use std::path::Path;

/// The settings of a variant of a recipe, by its name.
pub(super) fn read_variant(root: &Section<'_>, variant: &str) -> Result<(String, Vec<String>)> {
    let variants = root.section(VARIANTS.name)?;
    if !variants.has(variant) {
        let known: Vec<&str> = variants.keys().collect();
        let error = root.error(
            VARIANTS.name,
            format!("the recipe has no variant `{variant}`"),
        );
        return Err(if known.is_empty() {
            error.expected("the recipe's name alone, as it has no variants")
        } else {
            suggest(error, variant, &known)
        });
    }
    let name = format!("{}-{variant}", root.text(NAME.name)?.unwrap_or_default());
    let settings = variants.texts(variant)?;
    Ok((name, settings.into_iter().map(String::from).collect()))
}

fn missing(section: &Section<'_>, key: &Key) -> Error {
    section.error(key.name, format!("`{}` is missing", key.name))
}

/// Reads a whole recipe whose parts are in the lists.
pub(super) fn read(root: &Section<'_>, parts: &Parts) -> Result<Recipe> {
    let own = root.read(&ROOT)?;
    let name: String = own.get(&NAME);
    if name.is_empty()
        || name.len() > 64
        || !name.chars().all(is_name_character)
        || name.starts_with('.')
    {
        return Err(root
            .error(NAME.name, "this name is not possible")
            .expected("1 to 64 letters, digits, `-`, `_` or `.`; the first is not `.`")
            .found(format!("\"{name}\"")));
    }
    let variants = root.section(VARIANTS.name)?;
    for variant in variants.keys() {
        variants.texts(variant)?;
    }
    let network = root.section(NETWORK.name)?;
    let objective = root.section(OBJECTIVE.name)?;
    let optimizer = root.section(OPTIMIZER.name)?;
    let training = root.section(TRAINING.name)?.read(&TRAINING_KEYS)?;
    let mut recipe = Recipe {
        name,
        about: own.get(&ABOUT),
        ..Recipe::default()
    };
    recipe.set_training(&training);
    recipe.schedule = root
        .section(SCHEDULE.name)?
        .pick(&optimizer::SCHEDULE, optimizer::SCHEDULES)?
        .unwrap_or_default();
    let section = root.section(SCALING.name)?;
    recipe.scaling =
        section.pick_beside(&scaling::KIND, scaling::COMMON.keys, scaling::SCALINGS)?;
    let draw: Option<String> = section.settings(&scaling::COMMON)?.get(&scaling::DRAW);
    recipe.binarize = draw.is_some();
    let corruption = root.section(CORRUPTION.name)?;
    recipe.corruption = parts
        .corruptions()
        .read(&corruption, &corruption::KIND, &[])?;
    recipe.encoder = layers(root, ENCODER.name, parts)?;
    recipe.decoder = layers(root, DECODER.name, parts)?;
    let section = root.section(BOTTLENECK.name)?;
    recipe.bottleneck = parts
        .bottlenecks()
        .read(&section, &bottleneck::KIND, &[])?
        .ok_or_else(|| missing(&section, &bottleneck::KIND))?;
    let warmup = recipe.bottleneck.warmup();
    if warmup > 0 && warmup >= recipe.epochs {
        return Err(section
            .error("warmup", "the warm-up is at least as long as the training")
            .expected(format!(
                "fewer epochs than training.epochs, {}",
                recipe.epochs
            ))
            .found(warmup)
            .hint("lower `bottleneck.warmup`, or train for more epochs, so that the divergence has its full weight at \
                   the end"));
    }
    recipe.reconstruction = parts
        .reconstructions()
        .read(&objective, &objective::RECONSTRUCTION, &[PENALTY_LIST])?
        .ok_or_else(|| missing(&objective, &objective::RECONSTRUCTION))?;
    Objective::new(&recipe.reconstruction, &recipe.bottleneck, &recipe.decoder)
        .map_err(|error| error.at(objective.place(objective::RECONSTRUCTION.name)))?;
    recipe.initialization = network
        .pick(&layer::INITIALIZATION, layer::INITIALIZATIONS)?
        .ok_or_else(|| missing(&network, &layer::INITIALIZATION))?;
    recipe.penalties = penalties(&objective, parts)?;
    recipe.optimizer = optimizer
        .pick(&optimizer::KIND, optimizer::OPTIMIZERS)?
        .ok_or_else(|| missing(&optimizer, &optimizer::KIND))?;
    Ok(recipe)
}

/// The penalties of an objective. Two penalties must not be of the same kind, because each has a column in the record.
fn penalties(objective: &Section<'_>, parts: &Parts) -> Result<Vec<Penalty>> {
    if !objective.has(PENALTY_LIST.name) {
        return Ok(Vec::new());
    }
    let mut penalties: Vec<Penalty> = Vec::new();
    for section in objective.sections(PENALTY_LIST.name)? {
        let penalty = Penalty::read(&section, parts.penalties())?;
        let name = penalty.kind.name();
        if penalties.iter().any(|other| other.kind.name() == name) {
            return Err(section
                .error("kind", format!("there are two `{name}` penalties"))
                .expected("one penalty of a kind")
                .hint("add their weights up"));
        }
        penalties.push(penalty);
    }
    Ok(penalties)
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The layers of the encoder or decoder. At least one layer must have parameters. Only the decoder's last layer with
/// parameters may leave its width to the data.
fn layers(root: &Section<'_>, side: &str, parts: &Parts) -> Result<Vec<LayerSpec>> {
    let sections = root.sections(side)?;
    if sections.len() > MAX_LAYERS {
        return Err(root
            .error(side, format!("the {side} has too many layers"))
            .expected(format!("at most {MAX_LAYERS}"))
            .found(sections.len()));
    }
    let mut layers = Vec::new();
    for section in &sections {
        let layer = parts.layers().read(section, &layer::LAYER, &[])?;
        layers.push(layer.ok_or_else(|| missing(section, &layer::LAYER))?);
    }
    if !layers.iter().any(LayerSpec::has_parameters) {
        let learn = parts.layers().iter().filter(|part| part.has_parameters());
        let learn: Vec<&str> = learn.map(|part| part.declaration().name).collect();
        return Err(root
            .error(side, format!("the {side} has nothing to learn"))
            .expected(format!(
                "at least one layer with parameters: {}",
                learn.join(", ")
            )));
    }
    let last = layers.iter().rposition(LayerSpec::has_width);
    for (index, (layer, section)) in layers.iter().zip(&sections).enumerate() {
        let may_be_open = side == DECODER.name && Some(index) == last;
        if let Some(key) = layer.open_width().filter(|_| !may_be_open) {
            return Err(section
                .error(key, format!("`{key}` is missing"))
                .expected("a whole number; only the decoder's last dense or convolution layer follows the width of \
                           the data"));
        }
    }
    Ok(layers)
}

impl Parts {
    /// As [`Recipe::parse_with`], for a recipe of these parts.
    ///
    /// # Errors
    ///
    /// As [`Recipe::parse_with`].
    pub fn parse(&self, text: &str, origin: &str, overrides: &[Override]) -> Result<Recipe> {
        self.parse_variant(text, origin, None, overrides)
    }

    /// As [`Recipe::load`], for a recipe of these parts.
    ///
    /// # Errors
    ///
    /// As [`Recipe::load`].
    pub fn load(&self, name_or_path: &str, overrides: &[Override]) -> Result<Recipe> {
        // A variant comes after the last colon, and no path separator follows it.
        let (name_or_path, variant) = match name_or_path.rsplit_once(':') {
            Some((name, variant)) if !variant.contains(['/', '\\']) => (name, Some(variant)),
            _ => (name_or_path, None),
        };
        let path = Path::new(name_or_path);
        if path.extension().is_some_and(|ending| ending == "toml") || path.components().count() > 1
        {
            let text = read_text(path)?;
            self.parse_variant(&text, name_or_path, variant, overrides)
        } else {
            let text = Recipe::text(name_or_path).map_err(|error| {
                if path.is_dir() {
                    is_a_folder(path)
                } else {
                    error
                }
            })?;
            self.parse_variant(text, name_or_path, variant, overrides)
        }
    }

    /// As [`Recipe::load_file`], for a recipe of these parts.
    ///
    /// # Errors
    ///
    /// As [`Recipe::load_file`].
    pub fn load_file(&self, path: &Path, overrides: &[Override]) -> Result<Recipe> {
        let origin = path.display().to_string();
        self.parse_variant(&read_text(path)?, &origin, None, overrides)
    }

    fn parse_variant(
        &self,
        text: &str,
        origin: &str,
        variant: Option<&str>,
        overrides: &[Override],
    ) -> Result<Recipe> {
        let mut document = with_newer_names(Document::parse(text, origin)?)?;
        // The overrides decide whether the text's description is still valid for the recipe.
        let mut is_described = true;
        let mut set = |assignments: &mut dyn Iterator<Item = &String>| {
            let all: Vec<&String> = assignments.collect();
            if all.iter().any(|text| is_description(text)) {
                is_described = true;
            } else if all.iter().any(|text| may_change(text)) {
                is_described = false;
            }
        };
        if let Some(variant) = variant {
            let (name, settings) = read_variant(&document.root(), variant)?;
            set(&mut settings.iter());
            let name = format!("name={}", quoted(&name));
            for assignment in std::iter::once(&name).chain(&settings) {
                let origin = format!("{origin}, variant `{variant}`");
                document.set(assignment, &origin, Level::Variant)?;
            }
        }
        set(&mut overrides.iter().map(|set| &set.assignment));
        for Override { assignment, origin } in overrides {
            document.set(assignment, origin, Level::Set)?;
        }
        let mut recipe = self.read(&document)?;
        if !is_described && !recipe.about.is_empty() {
            recipe.about = recipe.description();
        }
        Ok(recipe)
    }

    /// Reads a recipe from a tree, which was made in code or from another format than TOML; `origin` names it in
    /// errors.
    pub(crate) fn read_tree(&self, tree: Tree, origin: &str) -> Result<Recipe> {
        if !matches!(tree, Tree::Table(_)) {
            return Err(refuse("this is not a recipe")
                .at(origin)
                .expected("a table as in TOML")
                .found(tree.describe()));
        }
        self.read(&with_newer_names(Document::of(tree, origin))?)
    }

    fn read(&self, document: &Document) -> Result<Recipe> {
        let recipe = read(&document.root(), self)?;
        Ok(Recipe {
            notes: Notes(document.notes()),
            ..recipe
        })
    }
}

/// The document with the newer names of lists.
fn with_newer_names(document: Document) -> Result<Document> {
    document.renamed(
        OBJECTIVE.name,
        objective::OLDER_PENALTIES,
        objective::PENALTIES,
    )
}
