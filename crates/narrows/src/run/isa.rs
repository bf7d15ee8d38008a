//! With which instruction sets a run was trained.

use super::sources::RunFile;
use super::{Event, Notice};
use crate::isa::name;
use crate::train::Training;

/// The instruction sets that train a run which goes on: those so far, and this one if there is anything left to train.
/// The model keeps them.
pub(super) fn goes_on(
    training: &mut Training<'_>,
    file: Option<&RunFile>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Vec<String> {
    let mut all = file.map_or(Vec::new(), |file| file.isa.clone());
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
