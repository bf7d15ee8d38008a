//! The recipes that ship with Narrows.

use super::Recipe;
use crate::declaration::suggest;
use crate::document::Document;
use crate::error::{Error, ErrorKind, Result};

/// The purpose of a shipped recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Images, for beginners.
    Images,
    /// Tables of numbers.
    Tables,
    /// Distributions of data: samples, likelihoods.
    Generating,
    /// Denoising: clean images from noisy ones.
    Denoising,
    /// The study of linear and contractive autoencoders.
    Study,
}

impl Purpose {
    /// The heading of these recipes in a list.
    pub fn title(self) -> &'static str {
        match self {
            Purpose::Images => "Images: start here",
            Purpose::Tables => "Tables of numbers",
            Purpose::Generating => "New samples: variational, Wasserstein and regularized",
            Purpose::Denoising => "Denoising",
            Purpose::Study => "Linear and contractive autoencoders, as in the classic study",
        }
    }
}

/// A shipped recipe.
struct Shipped {
    name: &'static str,
    purpose: Purpose,
    text: &'static str,
}

/// The recipe of a file in `recipes/`.
macro_rules! recipe {
    ($name:literal, $purpose:ident) => {
        Shipped {
            name: $name,
            purpose: Purpose::$purpose,
            text: include_str!(concat!("../../recipes/", $name, ".toml")),
        }
    };
}

/// All shipped recipes, by purpose.
const SHIPPED: &[Shipped] = &[
    recipe!("basic", Images),
    recipe!("deep", Images),
    recipe!("conv", Images),
    recipe!("table", Tables),
    recipe!("vae", Generating),
    recipe!("vae-conv", Generating),
    recipe!("beta-vae", Generating),
    recipe!("vae-table", Generating),
    recipe!("vae-linear", Generating),
    recipe!("iwae", Generating),
    recipe!("wae", Generating),
    recipe!("rae", Generating),
    recipe!("denoising", Denoising),
    recipe!("denoising-salt-pepper", Denoising),
    recipe!("denoising-masking", Denoising),
    recipe!("simple-linear", Study),
    recipe!("deep-linear", Study),
    recipe!("contractive", Study),
    recipe!("contractive-strong", Study),
];

impl Recipe {
    /// The names of the shipped recipes, in the order in which they are listed.
    pub fn shipped() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|recipe| recipe.name)
    }

    /// The shipped recipes by purpose: each purpose with the names of its recipes, in the order of the list.
    pub fn by_purpose() -> Vec<(Purpose, Vec<&'static str>)> {
        let mut groups: Vec<(Purpose, Vec<&'static str>)> = Vec::new();
        for recipe in SHIPPED {
            match groups.last_mut() {
                Some((purpose, names)) if *purpose == recipe.purpose => names.push(recipe.name),
                _ => groups.push((recipe.purpose, vec![recipe.name])),
            }
        }
        groups
    }

    /// The names of a shipped recipe's variants.
    ///
    /// # Errors
    ///
    /// If there is no shipped recipe of that name.
    pub fn variants(name: &str) -> Result<Vec<String>> {
        let document = Document::parse(Recipe::text(name)?, name)?;
        let variants = document.root().section("variants")?;
        Ok(variants.keys().map(String::from).collect())
    }

    /// The text of a shipped recipe, to copy and edit.
    ///
    /// # Errors
    ///
    /// If there is no shipped recipe of that name.
    pub fn text(name: &str) -> Result<&'static str> {
        if let Some(recipe) = SHIPPED.iter().find(|recipe| recipe.name == name) {
            return Ok(recipe.text);
        }
        let known: Vec<&str> = Recipe::shipped().collect();
        let error = Error::new(ErrorKind::Recipe, format!("there is no recipe `{name}`"));
        Err(suggest(error, name, &known))
    }

    /// A shipped recipe.
    ///
    /// # Errors
    ///
    /// If there is no shipped recipe of that name.
    pub fn named(name: &str) -> Result<Recipe> {
        Recipe::parse(Recipe::text(name)?, name)
    }
}
