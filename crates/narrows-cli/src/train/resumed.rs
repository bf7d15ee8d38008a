//! What is said of a run that goes on.

use crate::output::{count_of, figures};
use narrows::run::{RUN_FILE, Replanned};
use narrows::text::for_shell;
use std::path::Path;

/// Where the rows of a run that goes on were found, or that they are read with other options; its folder remembers it.
pub(super) fn found_at(moved: &[String], folder: &Path) -> String {
    let file = folder.join(RUN_FILE);
    let how = match moved {
        [] => "read with other options".to_string(),
        moved => format!("at {}", moved.join(" ")),
    };
    format!(
        "data: the same rows are {how} now, and {} says so",
        file.display()
    )
}

/// A run that is to have more or fewer epochs than before, and what becomes of its learning rate.
pub(super) fn replanned(name: &str, new: &Replanned) -> String {
    let rate = figures(new.learning_rate);
    let rate = match new.schedule {
        "cosine" => format!(
            "the schedule `cosine` is formed anew for them, and goes on at a learning rate of {rate}"
        ),
        schedule => format!(
            "the schedule `{schedule}` does not depend on them, and goes on at a learning rate of {rate}"
        ),
    };
    format!(
        "{name}: {} in all instead of {}; {rate}",
        count_of(new.epochs, "epoch"),
        new.before
    )
}

/// A run that is trained already, and what can be done next.
pub(super) fn finished(name: &str, folder: &Path, epochs: usize, is_at_end: bool) -> String {
    let run = for_shell(&folder.display().to_string());
    let epochs_text = count_of(epochs, "epoch");
    if !is_at_end {
        return format!(
            "{name}: is trained already, with {epochs_text}; what is left is testing and the report -> {}",
            folder.display()
        );
    }
    format!(
        "{name}: the run is finished: its {epochs_text} are trained, and it is only tested again -> {}\n  \
         narrows train --resume {run} --epochs {}   trains it for longer\n  \
         narrows train … --init-from {run}   begins a new run with its parameters\n  \
         narrows evaluate {run}, narrows score {run} --data …   use it",
        folder.display(),
        2 * epochs
    )
}
