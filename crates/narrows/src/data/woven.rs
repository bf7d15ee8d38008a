//! The rows of an output in order: rows with values, and between them the bad rows, which have none.

use super::bad::BadRow;
use super::dataset::Dataset;
use super::output::{Head, Piece, pieces, texts_of};
use super::write::{Output, Sink};
use crate::Result;
use ndarray::{Array2, ArrayView2};
use std::ops::Range;

/// An output with as many rows as some data have, with their ids and labels.
pub(crate) struct Woven<'a> {
    sink: Sink,
    data: &'a Dataset,
    /// The values of a row.
    columns: usize,
    /// The number of rows of a piece that has rows without values.
    piece: usize,
    /// The number of bad rows written so far.
    passed: usize,
}

/// A row with values, by its index in a piece; or a row without values.
enum WovenRow<'a> {
    Good(usize),
    Bad(&'a BadRow),
}

impl<'a> Woven<'a> {
    /// Begins an output, whose head is [`Head::beside`] the data.
    pub(crate) fn create(data: &'a Dataset, output: Output, head: &Head) -> Result<Woven<'a>> {
        let columns = head.columns.len();
        Ok(Woven {
            sink: Sink::create(output, head)?,
            data,
            columns,
            piece: pieces(usize::MAX, columns)
                .next()
                .map_or(1, |rows| rows.len()),
            passed: 0,
        })
    }

    /// Writes the results of the next rows of the data, and the bad rows before and between them.
    pub(crate) fn write(&mut self, rows: Range<usize>, values: ArrayView2<'_, f64>) -> Result<()> {
        let bad = self.data.bad_rows().rows();
        let rest = bad.get(self.passed..).unwrap_or_default();
        let count = rest.partition_point(|row| row.before < rows.end);
        let between = rest.get(..count).unwrap_or_default();
        self.passed += count;
        let texts = texts_of(self.data, rows.clone());
        if between.is_empty() {
            return self.sink.write(Piece {
                values,
                wide: &[],
                texts: &texts,
                reasons: &[],
            });
        }
        let mut all: Vec<WovenRow<'_>> = Vec::with_capacity(rows.len() + count);
        let mut between = between.iter().peekable();
        for row in rows.clone() {
            while let Some(bad) = between.next_if(|bad| bad.before <= row) {
                all.push(WovenRow::Bad(bad));
            }
            all.push(WovenRow::Good(row - rows.start));
        }
        self.write_rows(&all, values, &texts)
    }

    /// Writes rows in small pieces, because there may be many rows without values in one place.
    fn write_rows(
        &mut self,
        all: &[WovenRow<'_>],
        values: ArrayView2<'_, f64>,
        texts: &[Vec<String>],
    ) -> Result<()> {
        let columns = self.data.ids().len() + usize::from(self.data.labels().is_some());
        for some in all.chunks(self.piece) {
            let mut woven = Array2::from_elem((some.len(), self.columns), f64::NAN);
            for (mut out, row) in woven.rows_mut().into_iter().zip(some) {
                if let WovenRow::Good(row) = row {
                    out.assign(&values.row(*row));
                }
            }
            let text = |column: usize, row: &WovenRow<'_>| {
                let text = match row {
                    WovenRow::Good(row) => texts.get(column).and_then(|texts| texts.get(*row)),
                    WovenRow::Bad(bad) => bad.texts.get(column),
                };
                text.cloned().unwrap_or_default()
            };
            let texts: Vec<Vec<String>> = (0..columns)
                .map(|column| some.iter().map(|row| text(column, row)).collect())
                .collect();
            let reason = |row: &WovenRow<'_>| match row {
                WovenRow::Good(_) => None,
                WovenRow::Bad(bad) => Some(bad.reason.clone()),
            };
            let reasons: Vec<Option<String>> = some.iter().map(reason).collect();
            let reasons: Vec<Option<&str>> = reasons.iter().map(Option::as_deref).collect();
            self.sink.write(Piece {
                values: woven.view(),
                wide: &[],
                texts: &texts,
                reasons: &reasons,
            })?;
        }
        Ok(())
    }

    /// Writes the bad rows after the last row with values, and completes the output.
    pub(crate) fn finish(mut self) -> Result<()> {
        let bad = self.data.bad_rows().rows();
        let rest = bad.get(self.passed..).unwrap_or_default();
        let rest: Vec<WovenRow<'_>> = rest.iter().map(WovenRow::Bad).collect();
        let none = Array2::zeros((0, self.columns));
        self.write_rows(&rest, none.view(), &[])?;
        self.sink.finish()
    }
}
