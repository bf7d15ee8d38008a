//! The names of what is in a run's folder.

pub use crate::model::MODEL_FILE;

/// The name of the picture's file in a run's folder.
pub const PICTURE_FILE: &str = "reconstructions.png";

/// The name of the record of training in a run's folder.
pub const METRICS_FILE: &str = "metrics.jsonl";

/// The name of the report's file in a run's folder.
pub const REPORT_FILE: &str = "report.html";

/// The name of the recipe's file in a run's folder.
pub const RECIPE_FILE: &str = "recipe.toml";

/// The name of the file in a run's folder that says where the data come from.
pub const RUN_FILE: &str = "run.json";

/// The figure that a model has once its run has come to its end.
pub(super) const TRAIN_LOSS: &str = "train_loss";

/// The name of the file in a run's folder that says where the run stands.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// The same as it was at the save before, for where the newer is damaged.
pub const OLDER_CHECKPOINT_FILE: &str = "checkpoint.previous.safetensors";

/// The name of the file in a run's folder that says that and how the run diverged.
pub const DIVERGED_FILE: &str = "diverged.json";

/// The name of the model in a run's folder whose parameters training began with, if it did.
pub(super) const INIT_FILE: &str = "initial.safetensors";

/// The folder of the report's pictures in a run's folder.
pub const FIGURES_FOLDER: &str = "figures";
