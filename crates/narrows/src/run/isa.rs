//! The instruction sets that a run was trained with.

use super::folder::is_saved;
use super::sources::RunFile;
use super::{Event, Notice, load_model_of};
use crate::isa::name;
use crate::train::Training;
use std::path::Path;

/// The instruction sets of a resumed run: those recorded in its model, and the current one if there is anything left to
/// train. The next model stores them.
pub(super) fn goes_on(
    training: &mut Training<'_>,
    folder: &Path,
    file: Option<&RunFile>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Vec<String> {
    let model = load_model_of(folder, &training.recipe().parts());
    let mut all = match (is_saved(folder), model, file) {
        // The run begins anew.
        (false, _, _) => Vec::new(),
        (true, Ok(model), _) => model.origin().isa.clone(),
        (true, Err(_), Some(file)) => file.isa.clone(),
        (true, Err(_), None) => Vec::new(),
    };
    let now = name();
    let before = all.last().cloned();
    if !training.is_finished() && before.as_deref() != Some(now) {
        all.push(now.to_string());
        if let Some(before) = before {
            observe(Event::Notice(&Notice::OtherIsa { before, now }));
        }
    }
    training.record_isa(all.clone());
    all
}
