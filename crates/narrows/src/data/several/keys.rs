//! Columns of keys, from the names of the folders of a file (`year=2024`).

use crate::data::column::{As, Cells};
use crate::data::schema::ColumnKind;
use crate::data::texts::Texts;

/// The type of a key's value, as in a file.
pub(super) fn kind_of(value: &str) -> ColumnKind {
    let is_number = value.parse::<f64>().is_ok_and(f64::is_finite);
    let lower = value.to_ascii_lowercase();
    match lower.as_str() {
        "" => ColumnKind::Empty,
        "true" | "false" | "yes" | "no" => ColumnKind::Boolean,
        _ if value.parse::<i64>().is_ok() => ColumnKind::Integer,
        _ if is_number => ColumnKind::Float,
        _ => ColumnKind::Text,
    }
}

/// The cells of a key's column: the same value in all rows.
pub(super) fn cells_of(value: &str, how: As, rows: usize) -> Cells {
    if how != As::Numbers {
        let mut texts = Texts::default();
        (0..rows).for_each(|_| texts.push(value));
        return Cells::Texts(Box::new(texts));
    }
    match (kind_of(value), value.parse::<i64>(), value.parse::<f64>()) {
        (ColumnKind::Boolean, ..) => {
            let is_true = value.to_ascii_lowercase().starts_with(['t', 'y']);
            Cells::Integers(vec![i64::from(is_true); rows], None)
        }
        (_, Ok(number), _) => Cells::Integers(vec![number; rows], None),
        (ColumnKind::Float, _, Ok(number)) => Cells::Floats(vec![number; rows]),
        // Missing, of whole numbers as of others.
        _ => Cells::Integers(vec![0; rows], Some(vec![true; rows].into())),
    }
}
