//! Bad rows, which cannot be passed to a model: a cell is missing, unreadable or not finite, a line has a wrong number
//! of cells, or an image cannot be read. They are refused, left out, or kept in their place without values.

use super::options::OnBad;
use crate::text::{counted, thousands};

/// The number of bad rows that a message lists.
const EXAMPLES: usize = 3;

/// The reason why a row is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadKind {
    /// A cell is missing, and nothing fills it.
    Missing,
    /// A cell cannot be read as a number.
    Unreadable,
    /// A value is not finite.
    NotFinite,
    /// A line of text has more or fewer cells than most lines.
    Width,
    /// The label is missing.
    Label,
    /// An image cannot be read.
    Image,
}

impl BadKind {
    const ALL: [BadKind; 6] = [
        BadKind::Missing,
        BadKind::Unreadable,
        BadKind::NotFinite,
        BadKind::Width,
        BadKind::Label,
        BadKind::Image,
    ];

    /// The reason in words, after a number of rows: `2 with missing cells`.
    fn words(self) -> &'static str {
        match self {
            BadKind::Missing => "with missing cells",
            BadKind::Unreadable => "with unreadable cells",
            BadKind::NotFinite => "with values that are not finite",
            BadKind::Width => "with another number of cells",
            BadKind::Label => "without a label",
            BadKind::Image => "from images that cannot be read",
        }
    }
}

/// A row that is kept in its place without values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The number of rows with values before it.
    pub before: usize,
    /// The reason.
    pub kind: BadKind,
    /// The reason in a sentence, such as `` `age` is missing ``.
    pub reason: String,
    /// Its ids, then its label, as far as they could be read; texts that could not be read are empty.
    pub texts: Vec<String>,
}

/// The bad rows of some data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BadRows {
    counts: [usize; BadKind::ALL.len()],
    /// The first bad rows, each with its place.
    examples: Vec<String>,
    on_bad: OnBad,
    rows: Vec<BadRow>,
}

impl BadRows {
    pub(super) fn new(on_bad: OnBad) -> Self {
        BadRows {
            on_bad,
            ..BadRows::default()
        }
    }

    /// Adds a row at a place such as `line 7`.
    pub(super) fn push(&mut self, row: BadRow, place: impl FnOnce() -> String) {
        if let Some(count) = self.counts.get_mut(row.kind as usize) {
            *count += 1;
        }
        if self.examples.len() < EXAMPLES {
            self.examples.push(format!("{} ({})", place(), row.reason));
        }
        if self.are_kept() {
            self.rows.push(row);
        }
    }

    /// Whether bad rows stay in their place without values.
    pub fn are_kept(&self) -> bool {
        self.on_bad == OnBad::Null
    }

    /// The rows that are kept in their place, in order; empty if bad rows are left out.
    pub fn rows(&self) -> &[BadRow] {
        &self.rows
    }

    /// The place of a row with values, counted from 0, among all rows including the bad rows that are kept.
    pub fn place_of(&self, row: usize) -> usize {
        row + self.rows.partition_point(|bad| bad.before <= row)
    }

    /// The number of bad rows.
    pub fn count(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The number of bad rows for each reason: `2 with missing cells, 1 with unreadable cells`.
    pub fn by_kind(&self) -> String {
        let all = BadKind::ALL.into_iter().zip(self.counts);
        let there = all.filter(|(_, count)| *count > 0);
        let words =
            there.map(|(kind, count)| format!("{} {}", thousands(count as f64), kind.words()));
        words.collect::<Vec<_>>().join(", ")
    }

    /// A note if bad rows were left out; it has the number of remaining rows. `None` if there are no bad rows.
    pub(super) fn note(&self, left: usize) -> Option<String> {
        let count = self.count();
        (count > 0 && !self.are_kept()).then(|| {
            format!(
                "{} of {} left out: {}; the first: {}",
                thousands(count as f64),
                counted(count + left, "row", "rows"),
                self.by_kind(),
                self.examples.join(", ")
            )
        })
    }

    /// The first bad rows, each with its place and its reason.
    pub(super) fn examples(&self) -> String {
        self.examples.join(", ")
    }

    /// Whether one text of every bad row is a whole number or empty.
    pub(super) fn has_integers(&self, place: usize) -> bool {
        let texts = self.rows.iter().filter_map(|row| row.texts.get(place));
        texts
            .into_iter()
            .all(|text| text.is_empty() || is_integer(text))
    }

    /// The bad rows among the rows at `indices`, which are in ascending order.
    pub(super) fn among(&self, indices: &[u32]) -> Self {
        let moved = |row: &BadRow| BadRow {
            before: indices.partition_point(|&index| (index as usize) < row.before),
            ..row.clone()
        };
        BadRows {
            rows: self.rows.iter().map(moved).collect(),
            ..self.clone()
        }
    }

    /// Keeps only the bad rows for which `is` holds; returns the number of removed rows.
    pub(super) fn retain(&mut self, is: impl Fn(&BadRow) -> bool) -> usize {
        let before = self.rows.len();
        let counts = &mut self.counts;
        self.rows.retain(|row| {
            let stays = is(row);
            if let (false, Some(count)) = (stays, counts.get_mut(row.kind as usize)) {
                *count -= 1;
            }
            stays
        });
        before - self.rows.len()
    }

    /// Changes one text of every bad row. Example: a label that is a whole number is written without leading zeros.
    pub(super) fn map_text(&mut self, place: usize, new: impl Fn(&str) -> String) {
        for text in self
            .rows
            .iter_mut()
            .filter_map(|row| row.texts.get_mut(place))
        {
            *text = new(text);
        }
    }
}

/// Whether a text is a whole number of 64 bits in its usual form, so that it is the same after reading and writing.
pub(super) fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = !digits.starts_with(['0', '+']) || text == "0";
    is_plain && text.parse::<i64>().is_ok()
}

/// Several reasons of one row in one sentence, which names the first few.
pub(super) fn joined(reasons: &[String]) -> String {
    const NAMED: usize = 5;
    let shown = reasons.iter().take(NAMED).cloned().collect::<Vec<_>>();
    match reasons.len().saturating_sub(NAMED) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(before: usize, kind: BadKind) -> BadRow {
        BadRow {
            before,
            kind,
            reason: "`a` is missing".into(),
            texts: vec!["7".into()],
        }
    }

    #[test]
    fn rows_that_are_left_out_are_counted_and_the_first_are_shown() {
        let mut bad = BadRows::new(OnBad::Drop);
        for line in 2..7 {
            let kind = if line == 2 {
                BadKind::Width
            } else {
                BadKind::Missing
            };
            bad.push(row(0, kind), || format!("line {line}"));
        }
        assert!(bad.rows().is_empty());
        assert_eq!(
            bad.note(995).unwrap(),
            "5 of 1,000 rows left out: 4 with missing cells, 1 with another number of cells; the first: line 2 (`a` is \
             missing), line 3 (`a` is missing), line 4 (`a` is missing)"
        );
        assert_eq!(BadRows::new(OnBad::Drop).note(3), None);
    }

    #[test]
    fn kept_rows_move_with_those_around_them() {
        let mut bad = BadRows::new(OnBad::Null);
        for before in [0, 2, 2, 5] {
            bad.push(row(before, BadKind::Missing), String::new);
        }
        let places = |bad: &BadRows| bad.rows().iter().map(|row| row.before).collect::<Vec<_>>();
        assert_eq!(places(&bad.among(&[1, 2, 4])), [0, 1, 1, 3]);
        assert_eq!(bad.note(10), None);
        assert_eq!(bad.retain(|row| row.before == 2), 2);
        assert_eq!((bad.count(), places(&bad)), (2, vec![2, 2]));
    }
}
