//! The names of the files in a run's folder.

pub use crate::model::MODEL_FILE;

/// The name of the picture's file in a run's folder.
pub const PICTURE_FILE: &str = "reconstructions.png";

/// The name of the file in a run's folder with the record of training.
pub const METRICS_FILE: &str = "metrics.jsonl";

/// The name of the report's file in a run's folder.
pub const REPORT_FILE: &str = "report.html";

/// The name of the recipe's file in a run's folder.
pub const RECIPE_FILE: &str = "recipe.toml";

/// The name of the file in a run's folder with the source of the data.
pub const RUN_FILE: &str = "run.json";

/// The metric that a model has only after the end of its run.
pub(super) const TRAIN_LOSS: &str = "train_loss";

/// The name of the file in a run's folder with the state of the run.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// The checkpoint of the save before, in case the newer one is damaged.
pub const OLDER_CHECKPOINT_FILE: &str = "checkpoint.previous.safetensors";

/// The name of the file in a run's folder that describes a divergence of the run.
pub const DIVERGED_FILE: &str = "diverged.json";

/// The name of the file in a run's folder with the model whose parameters training began with, if there is one.
pub(super) const INIT_FILE: &str = "initial.safetensors";

/// The folder of the report's pictures in a run's folder.
pub const FIGURES_FOLDER: &str = "figures";

/// The files of a run that are removed before another run takes its place, in this order: first the one that makes the
/// run resumable.
pub(super) const REPLACED_FILES: [&str; 8] = [
    RUN_FILE,
    CHECKPOINT_FILE,
    OLDER_CHECKPOINT_FILE,
    DIVERGED_FILE,
    INIT_FILE,
    METRICS_FILE,
    PICTURE_FILE,
    REPORT_FILE,
];

/// All files of a run's folder with a fixed name.
pub(super) fn files() -> impl Iterator<Item = &'static str> {
    [MODEL_FILE, RECIPE_FILE].into_iter().chain(REPLACED_FILES)
}
