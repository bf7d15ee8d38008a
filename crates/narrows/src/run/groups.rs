//! Messages about groups that must stay together, if rows come from several sources.

use super::event::Event;
use crate::data::{OtherRows, Split};
use crate::error::Result;
use crate::train::Warning;

/// Reports whether rows for validation or testing from other sources are in groups of the training rows.
pub(super) fn tell_of_known_groups(
    split: &Split<'_>,
    other: OtherRows<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let Some(column) = &split.plan.group else {
        return Ok(());
    };
    let is_set_apart = split.is_held_out || split.is_tested_on_training_rows();
    let given = [
        (
            "validation",
            other.validation.and(split.validation.as_deref()),
        ),
        ("testing", split.test.as_deref().filter(|_| !is_set_apart)),
    ];
    for (given_for, rows) in given {
        let Some(rows) = rows else { continue };
        let column = column.clone();
        if !rows.has_groups(&column) {
            observe(Event::Warning(&Warning::NoGroups { given_for, column }));
            continue;
        }
        let shared = rows.groups_shared_with(&split.train, &column)?;
        if shared.groups > 0 {
            observe(Event::Warning(&Warning::KnownGroups {
                given_for,
                column,
                groups: (shared.groups, shared.of_groups),
                rows: (shared.rows, rows.rows()),
            }));
        }
    }
    Ok(())
}
