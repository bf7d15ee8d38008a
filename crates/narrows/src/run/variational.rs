//! Notices about variational autoencoders: what will collapse, and which stds have reached their minimum.

use super::event::Event;
use super::measure::threads_or_all;
use super::notice::Notice;
use crate::error::Result;
use crate::evaluate::Forecast;
use crate::model::Model;
use crate::train::Training;
use std::collections::BTreeMap;

/// Says how many values of the code can stay active, if that can be forecast and some cannot.
pub(super) fn tell_of_collapse(
    training: &Training<'_>,
    threads: usize,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let (recipe, data) = (training.recipe(), training.data());
    let (code, threads) = (training.code_size(), threads_or_all(threads));
    let forecast = Forecast::of(recipe, code, data, training.scaling(), threads)?;
    if let Some(forecast) = forecast.filter(|forecast| forecast.active < forecast.code) {
        observe(Event::Notice(&Notice::Collapse(forecast)));
    }
    Ok(())
}

/// Says which learned stds have reached their minimum.
pub(super) fn tell_of_stds(model: &Model, observe: &mut dyn FnMut(Event<'_>)) {
    let places = model.stds_at_minimum();
    let (false, Some(minimum)) = (places.is_empty(), model.minimum_std()) else {
        return;
    };
    let columns = model.columns().unwrap_or_default().iter();
    let names: BTreeMap<usize, &str> = columns
        .filter_map(|column| Some((column.input.as_ref()?.place, &column.name[..])))
        .collect();
    let is_one = model.learned_stds().is_none_or(|stds| stds.len() == 1);
    let name = |place: &usize| match names.get(place) {
        Some(name) => name.to_string(),
        None => format!("value {}", place + 1),
    };
    let columns = if is_one {
        Vec::new()
    } else {
        places.iter().map(name).collect()
    };
    observe(Event::Notice(&Notice::StdAtMinimum { columns, minimum }));
}
