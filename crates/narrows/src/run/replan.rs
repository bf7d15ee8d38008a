//! More or fewer epochs for a resumed run.

use super::event::{Event, Replanned};
use super::folder;
use super::load::load_model_of;
use super::names::{RECIPE_FILE, TRAIN_LOSS};
use crate::advice::{Action, Keys, Setting, key, set};
use crate::error::{Error, ErrorKind, Result};
use crate::parts::Parts;
use crate::text::count_of;
use crate::train::Training;
use std::path::Path;

/// Whether the model of a run has its test metrics, and all files after training are written.
pub(super) fn has_come_to_its_end(folder: &Path, parts: &Parts) -> bool {
    load_model_of(folder, parts).is_ok_and(|model| model.metrics().contains_key(TRAIN_LOSS))
}

/// Gives a resumed run another number of epochs than the planned number `before`, if one is requested.
///
/// # Errors
///
/// If it has more epochs already, or if early stopping has ended it.
pub(super) fn replan(
    training: &Training<'_>,
    before: usize,
    folder: &Path,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let recipe = training.recipe();
    if recipe.epochs == before {
        return Ok(());
    }
    let refuse = |what: &str| Error::new(ErrorKind::Recipe, what).at(folder.display());
    let anew = |keys: Keys| Action::Train {
        recipe: "…".into(),
        keys,
        settings: set(Setting::InitFrom, folder.display()),
    };
    let (done, rows) = training.position();
    let begun = done + usize::from(rows > 0);
    if recipe.epochs < begun {
        return Err(refuse("the run already has more epochs")
            .expected(format!("at least {}", count_of(begun, "epoch")))
            .found(recipe.epochs)
            .hint("for fewer epochs, start a new run"));
    }
    if training.has_stopped_early() && recipe.epochs > done {
        return Err(
            refuse("early stopping has ended the run, so it cannot have more epochs")
                .expected(format!(
                    "a loss that falls within {}",
                    count_of(recipe.patience, "epoch")
                ))
                .found(format!(
                    "none lower since epoch {} of {done}",
                    training.best_epoch()
                ))
                .hint(format!(
                    "{} starts a new run from its parameters",
                    anew(key("training.patience", "…"))
                )),
        );
    }
    folder::write(&folder.join(RECIPE_FILE), recipe.to_toml().as_bytes())?;
    observe(Event::Replanned(&Replanned {
        before,
        epochs: recipe.epochs,
        schedule: recipe.schedule.name(),
        learning_rate: training.next_learning_rate(),
    }));
    Ok(())
}
