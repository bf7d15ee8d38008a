//! The bad rows of a block, if they are not refused.

use super::GatheredTable;
use crate::data::bad::{BadKind, BadRow, joined};
use crate::data::column::{Block, Cells, Gaps};
use crate::data::unreadable::Reason;
use crate::text::counted;
use std::collections::BTreeMap;

/// The reasons of bad rows of a block, by row.
type Faults = BTreeMap<usize, (BadKind, Vec<String>)>;

impl GatheredTable<'_> {
    /// The bad rows of a block, with their reasons.
    fn faults(&self, block: &Block) -> Faults {
        let mut faults = Faults::new();
        let inputs = self.roles.inputs.len();
        for cell in block.bad.iter().filter(|cell| cell.column < inputs) {
            let place = self.roles.inputs.get(cell.column);
            let Some(column) = place.and_then(|&place| self.columns.get(place)) else {
                continue;
            };
            let (words, is_infinite) = Reason::of_one(&cell.text, column);
            let kind = if is_infinite {
                BadKind::NotFinite
            } else {
                BadKind::Unreadable
            };
            let reason = format!("`{}`: \"{}\" {words}", column.name, cell.text);
            faults
                .entry(cell.row)
                .or_insert((kind, Vec::new()))
                .1
                .push(reason);
        }
        let is_bad_cell: std::collections::HashSet<(usize, usize)> = block
            .bad
            .iter()
            .map(|cell| (cell.row, cell.column))
            .collect();
        if self.options.is_missing_bad() {
            for (input, cells) in block.columns.iter().take(inputs).enumerate() {
                for row in missing(cells) {
                    // An unreadable cell counts as missing in its column.
                    if is_bad_cell.contains(&(row, input)) {
                        continue;
                    }
                    let fault = faults.entry(row);
                    let (_, reasons) = fault.or_insert((BadKind::Missing, Vec::new()));
                    reasons.push(format!("`{}` is missing", self.input_name(input)));
                }
            }
        }
        if let (Some(place), Some(Cells::Texts(labels))) = (self.roles.label, block.columns.last())
        {
            let missing = labels
                .iter()
                .enumerate()
                .filter(|(_, label)| label.is_empty());
            for (row, _) in missing {
                let (_, reasons) = faults.entry(row).or_insert((BadKind::Label, Vec::new()));
                reasons.push(format!(
                    "the label `{}` is missing",
                    self.columns[place].name
                ));
            }
        }
        for odd in &block.odd {
            let cells = counted(odd.cells, "cell", "cells");
            let reason = format!("the line has {cells}, not {}", odd.usual);
            faults.insert(odd.row, (BadKind::Width, vec![reason]));
        }
        faults
    }

    /// Takes the bad rows out of a block, and returns the others.
    pub(super) fn take_bad(&mut self, block: Block) -> Block {
        let faults = self.faults(&block);
        if faults.is_empty() {
            return block;
        }
        let inputs = self.roles.inputs.len();
        let mut is_good = vec![true; block.rows];
        let first = self.rows.count();
        for (passed, (row, (kind, reasons))) in faults.into_iter().enumerate() {
            let texts = block.columns.iter().skip(inputs);
            let text = |cells: &Cells| match cells {
                // In a line with a wrong number of cells, cells cannot be assigned to columns.
                Cells::Texts(texts) if kind != BadKind::Width => texts.get(row).to_string(),
                _ => String::new(),
            };
            let bad = BadRow {
                before: first + row - passed,
                kind,
                reason: joined(&reasons),
                texts: texts.map(text).collect(),
            };
            self.bad.push(bad, || block.place.of(row));
            if let Some(is_good) = is_good.get_mut(row) {
                *is_good = false;
            }
        }
        block.only(&is_good)
    }
}

/// The rows whose cell is missing or unreadable.
fn missing(cells: &Cells) -> Vec<usize> {
    let of_gaps = |gaps: &Gaps| match gaps {
        Some(gaps) => places(gaps.iter().copied()),
        None => Vec::new(),
    };
    match cells {
        Cells::Integers(_, gaps) | Cells::Unsigned(_, gaps) => of_gaps(gaps),
        Cells::Floats(values) => places(values.iter().map(|value| value.is_nan())),
        Cells::Floats32(values) => places(values.iter().map(|value| value.is_nan())),
        Cells::Texts(_) => Vec::new(),
    }
}

fn places(are: impl Iterator<Item = bool>) -> Vec<usize> {
    let there = are.enumerate().filter(|(_, is)| *is);
    there.map(|(row, _)| row).collect()
}
