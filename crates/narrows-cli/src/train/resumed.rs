//! The messages about a resumed run.

use crate::output::{count_of, figures, kept, shown_path};
use narrows::run::{Finished, RUN_FILE, Replanned};
use narrows::text::path_for_shell;
use std::path::Path;

/// Where the rows of a run that goes on were found, or that they are read with other options; its folder remembers it.
pub(super) fn found_at(moved: &[String], folder: &Path) -> String {
    let file = folder.join(RUN_FILE);
    let how = match moved {
        [] => "read with other options".to_string(),
        moved => format!("at {}", kept(&moved.join(" "))),
    };
    format!(
        "data: the same rows are {how} now, and {} says so",
        shown_path(&file)
    )
}

/// A run that is to have more or fewer epochs than before, and what becomes of its learning rate.
pub(super) fn replanned(name: &str, new: &Replanned) -> String {
    let rate = figures(new.learning_rate);
    let rate = match new.schedule {
        "cosine" => format!(
            "the schedule `cosine` is computed again for them, and continues with a learning rate of {rate}"
        ),
        schedule => format!(
            "the schedule `{schedule}` does not depend on them, and continues with a learning rate of {rate}"
        ),
    };
    format!(
        "{name}: {} in total instead of {}; {rate}",
        count_of(new.epochs, "epoch"),
        new.before
    )
}

/// A run that is trained already, and what can be done next.
pub(super) fn finished(name: &str, folder: &Path, run: Finished) -> String {
    let Finished { epochs, .. } = run;
    let shown = shown_path(folder);
    let done = match epochs {
        1 => "its 1 epoch is trained".to_string(),
        _ => format!("its {epochs} epochs are trained"),
    };
    if !run.is_at_end {
        return format!("{name}: {done}; testing and the report are still to do -> {shown}");
    }
    let quoted = path_for_shell(folder);
    let longer = if run.has_stopped_early {
        "  early stopping has ended it, so it cannot be trained for longer\n".to_string()
    } else {
        format!(
            "  narrows train --resume {quoted} --epochs {}   trains it for longer\n",
            2 * epochs
        )
    };
    format!(
        "{name}: the run is finished: {done}. It is only tested again -> {shown}\n{longer}  narrows train … \
         --init-from {quoted}   starts a new run from its parameters\n  narrows evaluate {quoted}, narrows score \
         {quoted} --data …   use its model"
    )
}
