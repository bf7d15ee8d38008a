//! Recipes in other formats than TOML, through serde.

use super::Recipe;
use crate::document::Tree;
use crate::parts::Parts;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

/// With the keys and values of [`Recipe::to_toml`].
///
/// ```
/// use narrows::Recipe;
///
/// let recipe = Recipe::named("table")?;
/// let json = serde_json::to_string(&recipe)?;
/// assert!(json.contains(r#""training":{"epochs":"#));
/// assert_eq!(serde_json::from_str::<Recipe>(&json)?, recipe);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Serialize for Recipe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_tree().serialize(serializer)
    }
}

/// A recipe of the library's parts, checked like [`Recipe::parse`] does. Values that are left out have their defaults.
impl<'de> Deserialize<'de> for Recipe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Recipe, D::Error> {
        let tree = Tree::deserialize(deserializer)?;
        let recipe = Parts::standard().read_tree(tree, "the recipe");
        recipe.map_err(|error| D::Error::custom(error.to_string()))
    }
}
