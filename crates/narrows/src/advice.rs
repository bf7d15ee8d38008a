//! Settings and actions that messages name, and who words them.
//!
//! An error, a note or a warning often advises another setting or another call. What that is called depends on who reads
//! it: `missing` is a field for a caller of the library, and an option for a user of a command. So messages hold
//! [`Settings`], [`Keys`] and [`Action`]s, and the [`Words`] of the program show them. A program chooses its words once,
//! with [`speak`]; without that they are the library's own.
//!
//! ```
//! use narrows::advice::{Action, Setting, Settings, Words, set, speak};
//!
//! /// The words of a program whose settings are environment variables.
//! struct Environment;
//!
//! impl Words for Environment {
//!     fn settings(&self, settings: &[(Setting, Option<String>)]) -> String {
//!         let word = |(setting, value): &(Setting, Option<String>)| {
//!             let name = setting.name().to_uppercase();
//!             value.as_ref().map_or(name.clone(), |value| format!("{name}={value}"))
//!         };
//!         settings.iter().map(word).collect::<Vec<_>>().join(" ")
//!     }
//! }
//!
//! let hint = || format!("fill missing values with {}", set(Setting::Missing, "mean"));
//! assert_eq!(hint(), "fill missing values with `missing = mean`");
//! assert!(speak(&Environment));
//! assert_eq!(hint(), "fill missing values with `MISSING=mean`");
//! // The words are chosen once, and what a program does not word stays the library's.
//! assert!(!speak(&Environment));
//! let go_on = Action::GoOn { run: "runs/x".into(), settings: Settings::default() };
//! assert_eq!(go_on.to_string(), "`run::resume(\"runs/x\")`");
//! ```

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The settings that messages name, each with its name in the library.
macro_rules! settings {
    ($($(#[$doc:meta])* $setting:ident $name:literal,)*) => {
        /// A setting that a message can name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Setting {
            $($(#[$doc])* $setting,)*
        }

        impl Setting {
            /// All settings.
            pub const ALL: &[Setting] = &[$(Setting::$setting),*];

            /// Its name in the library: that of a field or an argument.
            pub fn name(self) -> &'static str {
                match self {
                    $(Setting::$setting => $name,)*
                }
            }
        }
    };
}

settings! {
    /// The labels of the rows that are anomalies.
    Anomalous "anomalous",
    /// The labels of the rows to take.
    Classes "classes",
    /// The columns to learn from.
    Columns "columns",
    /// The character with which lines of comments begin.
    Comment "comment",
    /// Where rows come from.
    Data "data",
    /// The decimal sign of a table in text.
    Decimal "decimal",
    /// The columns to leave out.
    Drop "drop",
    /// The encoding of a text.
    Encoding "encoding",
    /// The number of epochs.
    Epochs "epochs",
    /// How images are brought to a size.
    Fit "fit",
    /// Whether a run may take the place of another.
    Force "force",
    /// The format of an output.
    Format "format",
    /// The column whose values name groups of rows.
    Group "group",
    /// Whether a table in text has a header.
    Header "header",
    /// The columns to keep beside the rows.
    Ids "ids",
    /// The size to which images are brought.
    ImageSize "image_size",
    /// The model with whose parameters training begins.
    InitFrom "init_from",
    /// The instruction set that computes.
    Isa "isa",
    /// The column of the labels.
    Label "label",
    /// Where the channels of an array of images stand.
    Layout "layout",
    /// The learning rate.
    LearningRate "learning_rate",
    /// Which tensor of another program is which of the recipe.
    Map "map",
    /// What becomes of missing values.
    Missing "missing",
    /// What becomes of rows that cannot be read.
    OnBad "on_bad",
    /// The folder for what is written.
    Out "out",
    /// Values to set over those of a recipe.
    Overrides "overrides",
    /// The quote of a table in text.
    Quote "quote",
    /// The folder of a run that goes on.
    Resume "resume",
    /// The seed of all that is drawn.
    Seed "seed",
    /// With how many seeds a study trains each recipe.
    Seeds "seeds",
    /// The separator of a table in text.
    Separator "separator",
    /// The shape of a row.
    Shape "shape",
    /// How many lines to skip at the end of a table in text.
    SkipEnd "skip_end",
    /// How many lines to skip before a table in text.
    SkipLines "skip_lines",
    /// The std by which codes are moved.
    Std "std",
    /// The rows for testing.
    Test "test",
    /// The sign between thousands in a table in text.
    Thousands "thousands",
    /// New rows along each value of the code.
    Traverse "traverse",
    /// Whether a table in text has a line of units.
    Units "units",
    /// The rows for validation.
    Validation "validation",
    /// The values of keys that a comparison tries.
    Variations "variations",
}

/// Settings with or without a value, to be used together. Shown in backticks, and without them by `{:#}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(pub Vec<(Setting, Option<String>)>);

/// A setting without a value.
pub fn setting(setting: Setting) -> Settings {
    Settings(vec![(setting, None)])
}

/// A setting with a value.
pub fn set(setting: Setting, value: impl fmt::Display) -> Settings {
    Settings::default().with(setting, value)
}

/// A setting with the name of a column, where that has one.
pub(crate) fn set_column(of: Setting, name: &str) -> Settings {
    match name {
        "" => setting(of),
        name => set(of, name),
    }
}

impl Settings {
    /// The same and one more.
    #[must_use]
    pub fn with(mut self, setting: Setting, value: impl fmt::Display) -> Settings {
        self.0.push((setting, Some(value.to_string())));
        self
    }
}

/// Keys of a recipe with their values, to be set together. Shown in backticks, and without them by `{:#}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(pub Vec<(String, String)>);

/// A key of a recipe, by its path, with a value.
pub fn key(path: &str, value: impl fmt::Display) -> Keys {
    Keys::default().with(path, value)
}

impl Keys {
    /// The same and one more.
    #[must_use]
    pub fn with(mut self, path: &str, value: impl fmt::Display) -> Keys {
        self.0.push((path.to_string(), value.to_string()));
        self
    }
}

/// A text as a person gave it for a setting, as the place of an error.
pub(crate) fn place(setting: Setting, text: &str) -> String {
    words().place(setting, text)
}

/// Something to do, as messages name it. Shown in backticks, and without them by `{:#}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Train a recipe.
    Train {
        /// Its name or file.
        recipe: String,
        /// The keys to set over those of the recipe.
        keys: Keys,
        /// The settings.
        settings: Settings,
    },
    /// Go on with a run.
    GoOn {
        /// Its folder.
        run: PathBuf,
        /// The settings.
        settings: Settings,
    },
    /// Measure a model on data.
    Evaluate {
        /// The model, or the run's folder.
        model: PathBuf,
    },
    /// Choose the threshold of a model.
    Calibrate,
    /// Fit a distribution to the codes of a model.
    FitPrior,
    /// Turn data into codes.
    Encode,
    /// See what a model makes of rows with noise.
    TryNoise,
    /// Look at what is in a model.
    Inspect {
        /// Its file, or the run's folder.
        model: String,
    },
    /// Look at the columns of a model.
    ModelColumns,
    /// Make a model of weights of other programs.
    Import {
        /// The file of the weights, where one is meant; the words then have `RECIPE` where the recipe stands.
        weights: Option<String>,
    },
    /// List the kinds of data that are read.
    ListKinds,
    /// Describe data.
    DescribeData,
    /// List all that an evaluation has measured.
    ListMeasures,
    /// Compare recipes.
    Compare,
    /// Repeat the classic study.
    Classic {
        /// Whether with few epochs.
        quick: bool,
        /// The number of seeds.
        seeds: usize,
    },
}

/// How a program calls settings and actions. Methods that are not written give the library's own words.
pub trait Words: Sync {
    /// Settings to be used together. Without a value the setting itself is meant.
    fn settings(&self, settings: &[(Setting, Option<String>)]) -> String {
        let word = |(setting, value): &(Setting, Option<String>)| match value {
            Some(value) => format!("{} = {}", setting.name(), plain(value)),
            None => setting.name().to_string(),
        };
        settings.iter().map(word).collect::<Vec<_>>().join(", ")
    }

    /// Keys of a recipe, by their paths, with values to be set together.
    fn keys(&self, keys: &[(String, String)]) -> String {
        let word = |(path, value): &(String, String)| format!("{path} = {}", plain(value));
        keys.iter().map(word).collect::<Vec<_>>().join(", ")
    }

    /// What a person gave for a setting, as it is called at the beginning of an error about it.
    fn place(&self, setting: Setting, text: &str) -> String {
        format!("{text} in {}", setting.name())
    }

    /// Something to do.
    fn action(&self, action: &Action) -> String {
        match action {
            Action::Train {
                recipe,
                keys,
                settings,
            } => {
                let rest = [self.keys(&keys.0), self.settings(&settings.0)];
                call("run::run", Some(recipe), &rest)
            }
            Action::GoOn { run, settings } => {
                let run = run.display().to_string();
                call("run::resume", Some(&run), &[self.settings(&settings.0)])
            }
            Action::Evaluate { model } => {
                let model = model.display().to_string();
                call("run::evaluate_run", Some(&model), &[])
            }
            Action::Calibrate => "evaluate::threshold".into(),
            Action::FitPrior => "Prior::fit".into(),
            Action::Encode => "Model::encode".into(),
            Action::TryNoise => "apply::reconstruct".into(),
            Action::Inspect { model } => call("Model::load", Some(model), &[]),
            Action::ModelColumns => "Model::columns".into(),
            Action::Import { weights: None } => "Model::import".into(),
            Action::Import { weights } => {
                let recipe = "recipe = RECIPE".to_string();
                call("Model::import", weights.as_deref(), &[recipe])
            }
            Action::ListKinds => "data::SOURCE_KINDS".into(),
            Action::DescribeData => "data::describe".into(),
            Action::ListMeasures => "Evaluation::to_json".into(),
            Action::Compare => "study::compare".into(),
            Action::Classic { quick, seeds } => {
                let quick = quick.then(|| "quick".to_string()).unwrap_or_default();
                let seeds = match seeds {
                    0 | 1 => String::new(),
                    seeds => self.settings(&set(Setting::Seeds, seeds).0),
                };
                call("study::classic", None, &[quick, seeds])
            }
        }
    }
}

/// A call of a function of the library, with those of the arguments that are not empty.
fn call(function: &str, first: Option<&str>, rest: &[String]) -> String {
    let first = first.map(|first| format!("{first:?}"));
    let rest = rest.iter().filter(|text| !text.is_empty()).cloned();
    let arguments: Vec<String> = first.into_iter().chain(rest).collect();
    format!("{function}({})", arguments.join(", "))
}

/// A value as it is, or in quotes where it is more than a word or a number.
fn plain(value: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:…".contains(c);
    let is_word = value.contains(char::is_alphanumeric) && value.chars().all(is_plain);
    if is_word {
        value.to_string()
    } else {
        format!("{value:?}")
    }
}

/// The library's own words, for a program that words only some of the actions.
pub struct Own;

impl Words for Own {}

static WORDS: OnceLock<&'static dyn Words> = OnceLock::new();

/// Chooses the words for settings and actions in all messages of this process. Only the first call counts: the result is
/// whether it was this one.
///
/// A library that uses Narrows should leave that to the program.
pub fn speak(words: &'static dyn Words) -> bool {
    WORDS.set(words).is_ok()
}

fn words() -> &'static dyn Words {
    WORDS.get().copied().unwrap_or(&Own)
}

/// In backticks, unless they are not wanted.
fn show(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    if f.alternate() {
        f.write_str(text)
    } else {
        write!(f, "`{text}`")
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &words().settings(&self.0))
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &words().keys(&self.0))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &words().action(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_fields_and_actions_are_calls() {
        let shown = |text: &dyn fmt::Display, expected: &str| {
            assert_eq!(text.to_string(), format!("`{expected}`"));
        };
        shown(&setting(Setting::OnBad), "on_bad");
        shown(&set(Setting::ImageSize, "28x28"), "image_size = 28x28");
        let marks = set(Setting::Decimal, '.').with(Setting::Thousands, ',');
        shown(&marks, "decimal = \".\", thousands = \",\"");
        shown(&key("scaling.kind", "minmax"), "scaling.kind = minmax");
        let train = Action::Train {
            recipe: "table".into(),
            keys: key("training.epochs", 3),
            settings: set(Setting::Data, "my t.csv").with(Setting::Label, "kind"),
        };
        let call = "run::run(\"table\", training.epochs = 3, data = \"my t.csv\", label = kind)";
        shown(&train, call);
        assert_eq!(format!("{train:#}"), call);
        let classic = |quick, seeds| Action::Classic { quick, seeds };
        shown(&classic(false, 1), "study::classic()");
        shown(&classic(true, 2), "study::classic(quick, seeds = 2)");
        assert_eq!(place(Setting::Map, "a=b"), "a=b in map");
    }

    #[test]
    fn each_setting_has_a_name_of_its_own() {
        let names: std::collections::HashSet<_> =
            Setting::ALL.iter().map(|setting| setting.name()).collect();
        assert_eq!(names.len(), Setting::ALL.len());
    }
}
