//! Converts columns in blocks to rows: each column gets the narrowest type that holds all of its values exactly.

use super::builder::RowsBuilder;
use super::column::Cells;
use super::element::{Element, NumberKind};
use super::records::{IN_MEMORY, RowType};
use super::values::Values;
use crate::Result;

/// How the values of a column are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    kind: NumberKind,
    /// Whether some cells are missing. In a column of integers, the smallest value of the type marks them.
    has_gaps: bool,
    /// The smallest and the largest value of a column of integers.
    range: Option<(i128, i128)>,
}

/// The integer types with their ranges, the narrowest first.
const INTEGERS: [(NumberKind, i128, i128); 5] = [
    (NumberKind::U8, 0, u8::MAX as i128),
    (NumberKind::I16, i16::MIN as i128, i16::MAX as i128),
    (NumberKind::I32, i32::MIN as i128, i32::MAX as i128),
    (NumberKind::I64, i64::MIN as i128, i64::MAX as i128),
    (NumberKind::U64, 0, u64::MAX as i128),
];

/// Unsigned values must stay this far below the largest one, so that an `f64` distinguishes them from it.
const BELOW_GAP: i128 = 4096;

/// The largest integer up to which an `f64` holds all integers.
const EXACT: i128 = 1 << 53;

impl Kept {
    /// The narrowest type for some cells.
    fn of(cells: &Cells) -> Kept {
        match cells {
            Cells::Integers(values, gaps) => {
                let is_there = |row: &usize| gaps.as_ref().is_none_or(|gaps| !gaps[*row]);
                let there = (0..values.len()).filter(is_there);
                let (low, high) = there.fold((i64::MAX, i64::MIN), |(low, high), row| {
                    (low.min(values[row]), high.max(values[row]))
                });
                let has_gaps = gaps.as_ref().is_some_and(|gaps| gaps.contains(&true));
                if low <= high {
                    Kept::integers(low.into(), high.into(), has_gaps)
                } else {
                    Kept::integers(0, 0, has_gaps)
                }
            }
            Cells::Unsigned(values, gaps) => {
                let has_gaps = gaps.as_ref().is_some_and(|gaps| gaps.contains(&true));
                let high = values.iter().max().copied().unwrap_or_default();
                Kept::integers(0, high.into(), has_gaps)
            }
            Cells::Floats(values) => Kept {
                kind: if values.iter().all(|&value| is_f32(value)) {
                    NumberKind::F32
                } else {
                    NumberKind::F64
                },
                has_gaps: false,
                range: None,
            },
            Cells::Floats32(_) | Cells::Texts(_) => Kept {
                kind: NumberKind::F32,
                has_gaps: false,
                range: None,
            },
        }
    }

    fn integers(low: i128, high: i128, has_gaps: bool) -> Kept {
        let holds = |&&(kind, least, most): &&(NumberKind, i128, i128)| {
            let has_room = match kind {
                _ if !has_gaps => true,
                NumberKind::U8 => false,
                // The largest value marks a missing cell; a float64 cannot distinguish it from its neighbors.
                NumberKind::U64 => high <= most - BELOW_GAP,
                // The smallest value marks it.
                _ => low > least,
            };
            least <= low && high <= most && has_room
        };
        let found = INTEGERS.iter().find(holds).map(|&(kind, ..)| kind);
        Kept {
            kind: found.unwrap_or(NumberKind::F64),
            has_gaps: has_gaps && found.is_some(),
            range: found.map(|_| (low, high)),
        }
    }

    /// The narrowest type that holds the values of both.
    fn join(self, other: Kept) -> Kept {
        let has_gaps = self.has_gaps || other.has_gaps;
        match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => Kept::integers(a.min(c), b.max(d), has_gaps),
            (None, None) if self.kind == other.kind => self,
            (Some((low, high)), None) | (None, Some((low, high))) => Kept {
                // 24 bits are exact in a float32.
                kind: match (low.abs().max(high) <= 1 << 24, self.kind, other.kind) {
                    (true, NumberKind::F32, _) | (true, _, NumberKind::F32) => NumberKind::F32,
                    _ => NumberKind::F64,
                },
                has_gaps: false,
                range: None,
            },
            _ => Kept {
                kind: NumberKind::F64,
                has_gaps: false,
                range: None,
            },
        }
    }

    fn element(self) -> Element {
        Element {
            kind: self.kind,
            is_big_endian: false,
        }
    }
}

fn is_f32(value: f64) -> bool {
    value.is_nan() || f64::from(value as f32) == value
}

/// Collects the rows of a table while its blocks come.
pub(super) struct TableRows {
    kept: Vec<Kept>,
    rows: Option<RowsBuilder>,
    limit: u64,
    /// The columns in which a whole number was rounded to an `f64`, because there is no type for all of their values.
    rounded: Vec<bool>,
}

impl TableRows {
    pub(super) fn new() -> Self {
        TableRows::with_limit(IN_MEMORY)
    }

    pub(super) fn with_limit(limit: u64) -> Self {
        TableRows {
            kept: Vec::new(),
            rows: None,
            limit,
            rounded: Vec::new(),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.rows.as_ref().map_or(0, RowsBuilder::count)
    }

    /// Adds the rows of a block that `is_kept` selects, or all rows if it is `None`.
    pub(super) fn push(&mut self, columns: &[Cells], is_kept: Option<&[bool]>) -> Result<()> {
        let block: Vec<Kept> = columns.iter().map(Kept::of).collect();
        let kept: Vec<Kept> = match self.rows {
            None => block,
            Some(_) => self
                .kept
                .iter()
                .zip(block)
                .map(|(a, b)| a.join(b))
                .collect(),
        };
        let row = RowType::new(kept.iter().map(|kept| (kept.element(), kept.has_gaps)));
        let limit = self.limit;
        let rows = match &mut self.rows {
            Some(rows) => {
                if *rows.row_type() != row {
                    let (old, new, rounded) = (&self.kept, &kept, &mut self.rounded);
                    rows.widen(row.clone(), |bytes, out| {
                        widened(bytes, (old, new), rounded, out);
                    })?;
                }
                rows
            }
            none => none.insert(RowsBuilder::with_limit(row.clone(), limit)),
        };
        self.rounded.resize(columns.len(), false);
        for ((rounded, cells), new) in self.rounded.iter_mut().zip(columns).zip(&kept) {
            *rounded |= new.kind == NumberKind::F64 && has_beyond(cells);
        }
        self.kept = kept;
        let count = columns.first().map_or(0, Cells::len);
        let mut bytes = vec![0; count * row.stride()];
        let mut at = 0;
        for (cells, kept) in columns.iter().zip(&self.kept) {
            write_column(cells, *kept, at, row.stride(), &mut bytes);
            at += kept.element().size();
        }
        if let Some(is_kept) = is_kept {
            let mut chosen = Vec::with_capacity(bytes.len());
            let all = bytes.chunks_exact(row.stride()).zip(is_kept);
            for (row, _) in all.filter(|(_, is_kept)| **is_kept) {
                chosen.extend_from_slice(row);
            }
            bytes = chosen;
        }
        rows.push(&bytes)
    }

    /// The columns in which a whole number was rounded, because there is no type for all of their values.
    pub(super) fn rounded(&self) -> Vec<usize> {
        let all = self.rounded.iter().enumerate();
        all.filter_map(|(column, &rounded)| rounded.then_some(column))
            .collect()
    }

    /// The rows; `None` if there are none.
    pub(super) fn finish(self, fill: Option<Vec<f64>>) -> Result<Option<Values>> {
        // A table of small whole numbers is not an image.
        let values = self.rows.map(|rows| rows.finish(fill)).transpose()?;
        Ok(values.map(Values::into_records))
    }
}

/// Writes a column into rows of `stride` bytes, at byte `at` of each row.
fn write_column(cells: &Cells, kept: Kept, at: usize, stride: usize, rows: &mut [u8]) {
    fn each<T: Copy, const N: usize>(
        values: &[T],
        (at, stride): (usize, usize),
        rows: &mut [u8],
        bytes: impl Fn(usize, T) -> [u8; N],
    ) {
        let places = rows.chunks_exact_mut(stride).zip(values).enumerate();
        for (row, (out, &value)) in places {
            if let Some(out) = out.get_mut(at..at + N) {
                out.copy_from_slice(&bytes(row, value));
            }
        }
    }
    let place = (at, stride);
    match cells {
        Cells::Integers(values, gaps) => {
            let is_gap = |row: usize| gaps.as_ref().is_some_and(|gaps| gaps[row]);
            match kept.kind {
                NumberKind::U8 => each(values, place, rows, |_, v| [v as u8]),
                NumberKind::I16 => each(values, place, rows, |row, v| {
                    if is_gap(row) { i16::MIN } else { v as i16 }.to_le_bytes()
                }),
                NumberKind::I32 => each(values, place, rows, |row, v| {
                    if is_gap(row) { i32::MIN } else { v as i32 }.to_le_bytes()
                }),
                NumberKind::I64 => each(values, place, rows, |row, v| {
                    if is_gap(row) { i64::MIN } else { v }.to_le_bytes()
                }),
                NumberKind::U64 => each(values, place, rows, |row, v| {
                    if is_gap(row) { u64::MAX } else { v as u64 }.to_le_bytes()
                }),
                NumberKind::F32 => each(values, place, rows, |row, v| {
                    if is_gap(row) { f32::NAN } else { v as f32 }.to_le_bytes()
                }),
                _ => each(values, place, rows, |row, v| {
                    if is_gap(row) { f64::NAN } else { v as f64 }.to_le_bytes()
                }),
            }
        }
        Cells::Unsigned(values, gaps) => {
            let is_gap = |row: usize| gaps.as_ref().is_some_and(|gaps| gaps[row]);
            match kept.kind {
                NumberKind::F64 => each(values, place, rows, |row, v| {
                    if is_gap(row) { f64::NAN } else { v as f64 }.to_le_bytes()
                }),
                _ => {
                    // The other types hold nothing larger than an i64.
                    let Kept { kind, has_gaps, .. } = kept;
                    if kind == NumberKind::U64 {
                        each(values, place, rows, |row, v| {
                            if is_gap(row) { u64::MAX } else { v }.to_le_bytes()
                        });
                    } else {
                        let signed = values.iter().map(|&v| v as i64).collect();
                        let gaps = gaps.clone().filter(|_| has_gaps || kind == NumberKind::F32);
                        write_column(&Cells::Integers(signed, gaps), kept, at, stride, rows);
                    }
                }
            }
        }
        Cells::Floats(values) => match kept.kind {
            NumberKind::F32 => each(values, place, rows, |_, v| (v as f32).to_le_bytes()),
            _ => each(values, place, rows, |_, v| v.to_le_bytes()),
        },
        Cells::Floats32(values) => match kept.kind {
            NumberKind::F32 => each(values, place, rows, |_, v| v.to_le_bytes()),
            _ => each(values, place, rows, |_, v| f64::from(v).to_le_bytes()),
        },
        Cells::Texts(_) => {}
    }
}

/// Converts rows of one type to a wider type.
fn widened(bytes: &[u8], (old, new): (&[Kept], &[Kept]), rounded: &mut [bool], out: &mut Vec<u8>) {
    let size = |kept: &Kept| kept.element().size();
    let stride: usize = old.iter().map(size).sum();
    for row in bytes.chunks_exact(stride.max(1)) {
        let mut at = 0;
        for ((old, new), rounded) in old.iter().zip(new).zip(&mut *rounded) {
            let value = row.get(at..at + size(old)).unwrap_or_default();
            at += size(old);
            let integer = old.element().integer(value);
            let is_gap = old.has_gaps && integer.is_some_and(|n| n == old.element().gap());
            let mut float = [0.0];
            old.element().to_f64(value, &mut float);
            let float = if is_gap { f64::NAN } else { float[0] };
            *rounded |=
                new.kind == NumberKind::F64 && !is_gap && integer.is_some_and(|n| n.abs() > EXACT);
            let integer = if is_gap {
                new.element().gap()
            } else {
                integer.unwrap_or_default()
            };
            match new.kind {
                NumberKind::U8 => out.push(integer as u8),
                NumberKind::I16 => out.extend((integer as i16).to_le_bytes()),
                NumberKind::I32 => out.extend((integer as i32).to_le_bytes()),
                NumberKind::I64 => out.extend((integer as i64).to_le_bytes()),
                NumberKind::U64 => out.extend((integer as u64).to_le_bytes()),
                NumberKind::F32 => out.extend((float as f32).to_le_bytes()),
                _ => out.extend(float.to_le_bytes()),
            }
        }
    }
}

/// Whether some whole numbers are too large for an exact `f64`.
fn has_beyond(cells: &Cells) -> bool {
    match cells {
        Cells::Integers(values, _) => values.iter().any(|&v| i128::from(v).abs() > EXACT),
        Cells::Unsigned(values, _) => values.iter().any(|&v| i128::from(v) > EXACT),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
