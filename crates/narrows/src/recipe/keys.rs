//! The keys of a recipe that do not belong to a part: its sections, and the settings of training.

use super::Recipe;
use crate::declaration::{Declaration, Key, Kind, Preset, Range, Settings, ToValue};
use crate::document::Tree;
use crate::objective::PENALTIES;

const NONE: Preset = Preset::Open("none");
const LEFT_OUT: Preset = Preset::Open("the defaults of its keys");
const SECTION: Kind = Kind::Section("a section");

pub(super) const NAME: Key = Key::new(
    "name",
    Kind::Text,
    "a short name: letters, digits, `-`, `_`, `.`",
);

pub(super) const ABOUT: Key = Key::new(
    "about",
    Kind::Text,
    "a description of the recipe, in one line",
)
.default(Preset::Text(""));

pub(super) const VARIANTS: Key = Key::new(
    "variants",
    Kind::Section("a section of lists"),
    "for each variant the keys that it sets, as in `[\"training.epochs=3\"]`; `NAME:VARIANT` chooses it",
)
.default(NONE);

pub(super) const SCALING: Key = Key::new(
    "scaling",
    SECTION,
    "the map from the units of the data to the units of the network",
)
.default(Preset::Open("from the data"));

pub(super) const CORRUPTION: Key =
    Key::new("corruption", SECTION, "noise on the input of the encoder").default(NONE);

pub(super) const NETWORK: Key = Key::new(
    "network",
    SECTION,
    "settings of encoder and decoder together",
)
.default(LEFT_OUT);

pub(super) const ENCODER: Key =
    Key::new("encoder", Kind::List("layers"), "from the data to the code");

pub(super) const BOTTLENECK: Key = Key::new(
    "bottleneck",
    SECTION,
    "what becomes of the code between encoder and decoder",
)
.default(LEFT_OUT);

pub(super) const DECODER: Key = Key::new(
    "decoder",
    Kind::List("layers"),
    "from the code back to the data",
);

pub(super) const OBJECTIVE: Key =
    Key::new("objective", SECTION, "the quantity that training minimizes").default(LEFT_OUT);

pub(super) const OPTIMIZER: Key =
    Key::new("optimizer", SECTION, "how training minimizes it").default(LEFT_OUT);

pub(super) const SCHEDULE: Key =
    Key::new("schedule", SECTION, "the learning rate over time").default(LEFT_OUT);

pub(super) const TRAINING: Key = Key::new(
    "training",
    SECTION,
    "epochs, batch size, seed, validation and early stopping",
)
.default(LEFT_OUT);

/// The keys of the whole recipe, in the order in which they are written.
pub(super) const ROOT: Declaration = Declaration::new("recipe", "the whole recipe").keys(&[
    NAME, ABOUT, VARIANTS, SCALING, CORRUPTION, NETWORK, ENCODER, BOTTLENECK, DECODER, OBJECTIVE,
    OPTIMIZER, SCHEDULE, TRAINING,
]);

/// The key of the list of penalties, which comes after the keys of the reconstruction loss.
pub(super) const PENALTY_LIST: Key = Key::new(
    PENALTIES,
    Kind::List("penalties"),
    "terms that are added to the reconstruction loss",
)
.default(NONE);

/// The most epochs, and the largest patience.
const MAX_EPOCHS: i64 = 1_000_000;

const EPOCHS: Key = Key::new(
    "epochs",
    Kind::Whole {
        least: 1,
        most: MAX_EPOCHS,
    },
    "the number of passes over all rows",
)
.default(Preset::Whole(10));

const BATCH_SIZE: Key = Key::new(
    "batch_size",
    Kind::Whole {
        least: 1,
        most: 1 << 20,
    },
    "the number of rows in a step",
)
.default(Preset::Whole(64));

const SEED: Key = Key::new(
    "seed",
    Kind::Whole {
        least: 0,
        most: i64::MAX,
    },
    "the random seed",
)
.default(Preset::Whole(0));

const VALIDATION: Key = Key::new(
    "validation",
    Kind::Number(Range::BELOW_1),
    "the fraction of the training rows that is set apart. The model with the lowest loss on these rows is kept",
)
.default(Preset::Open(
    "0.1 of 1,000 training rows or more, else 0; 0 for the built-in MNIST",
));

const PATIENCE: Key = Key::new(
    "patience",
    Kind::Whole {
        least: 0,
        most: MAX_EPOCHS,
    },
    "stop after so many epochs without a lower validation loss (without validation rows: training loss). 0 never \
     stops early",
)
.default(Preset::Whole(0));

const CLIP_NORM: Key = Key::new(
    "clip_norm",
    Kind::Number(Range::FROM_0),
    "the largest norm of the gradient over all parameters: a larger gradient is scaled down to it. 0 sets no limit",
)
.default(Preset::Number(0.0));

const ACCUMULATION: Key = Key::new(
    "accumulation",
    Kind::Whole {
        least: 1,
        most: 1 << 16,
    },
    "the number of batches whose gradients are combined in one step",
)
.default(Preset::Whole(1));

/// The keys of training, each with its field of the recipe.
macro_rules! training {
    ($($field:ident: $key:ident),* $(,)?) => {
        pub(super) const TRAINING_KEYS: Declaration =
            Declaration::new("training", "training").keys(&[$($key),*]);

        impl Recipe {
            /// Takes the settings of training.
            pub(super) fn set_training(&mut self, settings: &Settings) {
                $(self.$field = settings.get(&$key);)*
            }

            /// The section of training.
            pub(super) fn training(&self) -> Tree {
                let values = [$(($key.name, self.$field.to_value())),*].into_iter();
                Tree::table(values.filter_map(|(key, value)| Some((key, value?.into()))))
            }
        }
    };
}

training! {
    epochs: EPOCHS,
    batch_size: BATCH_SIZE,
    seed: SEED,
    validation: VALIDATION,
    patience: PATIENCE,
    clip_norm: CLIP_NORM,
    accumulation: ACCUMULATION,
}
