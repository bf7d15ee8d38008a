//! A run: training with its folder, from the recipe to the report.
//!
//! The folder holds `recipe.toml` (with every default filled in), `run.json` (the source of the data), `metrics.jsonl`
//! (one line per epoch), `checkpoint.safetensors` (the state of the run, to resume it),
//! `checkpoint.previous.safetensors` (the state at the save before), `model.safetensors`, `report.html` with its
//! pictures in `figures` and, for images, `reconstructions.png`. If a run diverged, `diverged.json` describes it.

mod again;
mod blame;
mod checkpoint;
mod division;
mod epochs;
mod event;
mod folder;
mod groups;
mod guard;
mod isa;
mod load;
mod lock;
mod measure;
mod names;
mod notice;
mod options;
mod own;
mod page;
mod place;
mod replan;
mod report;
mod rows;
mod sources;
mod summary;
mod threshold;
mod variational;
mod whole;

pub use again::evaluate_run;
pub use blame::blame_recipe;
pub use checkpoint::Every;
pub use event::{Event, Finished, Replanned};
pub(crate) use folder::is_empty;
pub use folder::{is_file_of_run, new_folder, recipe_of};
pub use load::{check_done, is_run, load_for, load_model, load_model_of};
pub use lock::Lock;
pub use names::{
    CHECKPOINT_FILE, DIVERGED_FILE, FIGURES_FOLDER, METRICS_FILE, MODEL_FILE,
    OLDER_CHECKPOINT_FILE, PICTURE_FILE, RECIPE_FILE, REPORT_FILE, RUN_FILE,
};
pub use notice::Notice;
pub use options::Options;
pub use own::{Change, OwnData, Part, folder_of, needs_data};
pub use page::write_report;
pub use place::recover;
pub use sources::{Opened, Sources};
pub use summary::{Outcome, Summary};
pub use whole::{check_recipe, resume, run};
