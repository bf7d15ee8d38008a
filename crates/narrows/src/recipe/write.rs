//! From a recipe to a document.

use super::Recipe;
use super::keys::{
    ABOUT, BOTTLENECK, CORRUPTION, DECODER, ENCODER, NAME, NETWORK, OBJECTIVE, OPTIMIZER,
    PENALTY_LIST, ROOT, SCALING, SCHEDULE, TRAINING,
};
use crate::declaration::{Key, Value};
use crate::document::Tree;
use crate::layer::{INITIALIZATION, LAYER, LayerSpec};
use crate::objective::{Penalty, RECONSTRUCTION};
use crate::{bottleneck, corruption, optimizer, scaling};

impl Recipe {
    /// The recipe as TOML, with every default filled in.
    pub fn to_toml(&self) -> String {
        self.to_tree().to_string()
    }

    /// The recipe as a document, with every default filled in, in the order of the declaration.
    pub(crate) fn to_tree(&self) -> Tree {
        let layers =
            |layers: &[LayerSpec]| Tree::list(layers.iter().map(|layer| layer.to_tree(&LAYER)));
        let Recipe {
            optimizer,
            schedule,
            ..
        } = self;
        let scaling = self.scaling.as_ref().map(|of| {
            let mut section = of.settings().to_tree(&scaling::KIND, of.name());
            if self.binarize {
                section.push(scaling::DRAW.name, Tree::Text(scaling::BERNOULLI.into()));
            }
            section
        });
        let corruption = self.corruption.as_ref();
        let initialization = Tree::Text(self.initialization.name().into());
        let mut all: Vec<(&Key, Option<Tree>)> = vec![
            (&NAME, Some(Tree::Text(self.name.clone()))),
            (&ABOUT, Some(Tree::Text(self.about.clone()))),
            (&SCALING, scaling),
            (
                &CORRUPTION,
                corruption.map(|noise| noise.to_tree(&corruption::KIND)),
            ),
            (
                &NETWORK,
                Some(Tree::table([(INITIALIZATION.name, initialization)])),
            ),
            (&ENCODER, Some(layers(&self.encoder))),
            (
                &BOTTLENECK,
                Some(self.bottleneck.to_tree(&bottleneck::KIND)),
            ),
            (&DECODER, Some(layers(&self.decoder))),
            (&OBJECTIVE, Some(self.objective())),
            (
                &OPTIMIZER,
                Some(
                    optimizer
                        .settings()
                        .to_tree(&optimizer::KIND, optimizer.name()),
                ),
            ),
            (
                &SCHEDULE,
                Some(
                    schedule
                        .settings()
                        .to_tree(&optimizer::SCHEDULE, schedule.name()),
                ),
            ),
            (&TRAINING, Some(self.training())),
        ];
        let of = |key: &Key| {
            let given = all.iter_mut().find(|(given, _)| given.name == key.name);
            Some((key.name, given?.1.take()?))
        };
        Tree::table(ROOT.keys.iter().filter_map(of))
    }

    /// The section of the objective.
    fn objective(&self) -> Tree {
        let mut objective = self.reconstruction.to_tree(&RECONSTRUCTION);
        if !self.penalties.is_empty() {
            let penalties = self.penalties.iter().map(Penalty::to_tree);
            objective.push(PENALTY_LIST.name, Tree::list(penalties));
        }
        objective
    }
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
