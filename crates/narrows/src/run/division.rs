//! Messages about the split of a run's rows.

use super::event::Event;
use crate::data::{OtherRows, Split, TestRows};
use crate::error::Result;
use crate::model::Model;
use crate::train::{Training, Warning};

/// Reports the split of the rows, and warns about a suspicious split when a run begins.
pub(super) fn tell_of_split(split: &Split<'_>, is_new: bool, observe: &mut dyn FnMut(Event<'_>)) {
    observe(Event::Note(&format!("rows: {}", split.counts_in_words())));
    for note in &split.notes {
        observe(Event::Note(note));
    }
    let Some(order) = split.train.in_order_of().filter(|_| is_new) else {
        return;
    };
    let column = order.column.clone();
    let is_last = matches!(split.plan.test, TestRows::Last(_));
    // Whole groups are a choice of its own.
    if split.is_random() && split.plan.group.is_none() {
        observe(Event::Warning(&Warning::DrawnFromSeries {
            column,
            has_drawn_test: split.is_test_random,
            is_latest_first: order.is_latest_first,
        }));
    } else if is_last && order.is_latest_first {
        observe(Event::Warning(&Warning::LastIsEarliest { column }));
    }
}

/// Reports rows from other sources that are also training rows.
pub(super) fn tell_of_known_rows(
    training: &Training<'_>,
    split: &Split<'_>,
    other: OtherRows<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let given = [
        (
            "validation",
            other.validation.and(split.validation.as_deref()),
        ),
        ("testing", other.test.and(split.test.as_deref())),
    ];
    for (given_for, rows) in given {
        let (Some(rows), Some(known)) = (rows, training.row_sketch()) else {
            continue;
        };
        let overlap = known.overlap(rows)?;
        if overlap.is_noticeable() {
            let share = overlap.share();
            observe(Event::Warning(&Warning::KnownRows { given_for, share }));
        }
    }
    Ok(())
}

/// Warns if a run begins with the parameters of a model, and is measured on rows that this model was trained on.
pub(super) fn tell_of_begun_on(
    model: &Model,
    split: &Split<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let Some(known) = &model.origin().rows else {
        return Ok(());
    };
    for (used_for, rows) in [("validation", &split.validation), ("testing", &split.test)] {
        let Some(rows) = rows else { continue };
        let overlap = known.overlap(rows)?;
        if overlap.is_noticeable() {
            let share = overlap.share();
            observe(Event::Warning(&Warning::BegunOn { used_for, share }));
        }
    }
    Ok(())
}
