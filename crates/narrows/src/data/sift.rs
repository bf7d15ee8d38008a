//! Bad rows of data that are not tables: rows with a value that is not finite.

use super::bad::{BadKind, BadRow, BadRows, joined};
use super::dataset::Dataset;
use super::options::{OnBad, ReadOptions};
use super::records::AT_ONCE;
use super::values::Values;
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;

impl Dataset {
    /// The rows whose values are all finite; the options decide about the others.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if a row is bad and bad rows are refused, or if no row is left.
    pub(super) fn sifted(self, options: &ReadOptions) -> Result<Self> {
        if options.on_bad == OnBad::Refuse {
            self.check_finite()?;
            return Ok(self);
        }
        let mut bad = BadRows::new(options.on_bad);
        let mut good: Vec<u32> = Vec::new();
        let mut buffer = [0.0; AT_ONCE];
        for row in 0..self.rows() {
            let (mut reasons, mut kind) = (Vec::new(), BadKind::Missing);
            self.each_value(row, &mut buffer, |place, values| {
                for (index, value) in values.iter().enumerate() {
                    if !value.is_finite() {
                        let column = self.column_place(place + index);
                        reasons.push(if value.is_nan() {
                            format!("{column} is missing (NaN)")
                        } else {
                            format!("{column} is not finite ({value})")
                        });
                        if !value.is_nan() {
                            kind = BadKind::NotFinite;
                        }
                    }
                }
            });
            if reasons.is_empty() {
                good.push(row as u32);
                continue;
            }
            let ids = self
                .ids
                .iter()
                .filter_map(|ids| ids.values.get(row).cloned());
            let label = self.labels.as_ref().and_then(|labels| labels.get(row));
            let texts = ids.chain(label.map(|&label| self.label_text(label)));
            let bad_row = BadRow {
                before: good.len(),
                kind,
                reason: joined(&reasons),
                texts: texts.collect(),
            };
            bad.push(bad_row, || format!("row {row} (counted from 0)"));
        }
        self.check_readable()?;
        if bad.count() == 0 {
            return Ok(Dataset { bad, ..self });
        }
        if good.is_empty() && !bad.are_kept() {
            return Err(
                Error::new(ErrorKind::Data, "there are no rows without faults")
                    .at(&self.name)
                    .found(format!("{}; the first: {}", bad.by_kind(), bad.examples())),
            );
        }
        let mut notes = self.notes.clone();
        notes.extend(bad.note(good.len()));
        let data = if good.is_empty() {
            self.emptied()
        } else {
            self.choose(good)?
        };
        Ok(Dataset { notes, bad, ..data })
    }

    /// The same data without any rows that have values.
    pub(super) fn emptied(&self) -> Self {
        let ids = self.ids.iter().map(|ids| super::dataset::Ids {
            name: ids.name.clone(),
            values: Vec::new(),
        });
        Dataset {
            values: Values::F32(Array2::zeros((0, self.inputs()))),
            labels: self.labels.as_ref().map(|_| Vec::new()),
            ids: ids.collect(),
            ..self.without_rows()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::element::{Element, NumberKind};

    fn data() -> Dataset {
        let values = ndarray::array![
            [1.0_f32, 2.0],
            [f32::NAN, 2.0],
            [3.0, 4.0],
            [f32::NAN, f32::INFINITY]
        ];
        let element = Element::little(NumberKind::F32);
        let labels = Some(vec![5, 6, 7, 8]);
        Dataset::unchecked(element, "rows", Values::F32(values), vec![2], labels).unwrap()
    }

    fn sifted(on_bad: OnBad) -> Result<Dataset> {
        let options = ReadOptions {
            on_bad,
            ..ReadOptions::default()
        };
        data().sifted(&options)
    }

    #[test]
    fn rows_that_are_not_finite_are_refused_left_out_or_kept_empty() {
        let error = sifted(OnBad::Refuse).unwrap_err();
        assert!(error.to_string().contains("row 1"), "{error}");

        let left = sifted(OnBad::Drop).unwrap();
        assert_eq!((left.rows(), left.labels()), (2, Some(&[5, 7][..])));
        assert!(
            left.notes()[0]
                .starts_with("2 of 4 rows left out: 1 with missing cells, 1 with values")
        );

        let kept = sifted(OnBad::Null).unwrap();
        let rows: Vec<(usize, &str, &str)> = kept
            .bad_rows()
            .rows()
            .iter()
            .map(|row| (row.before, row.reason.as_str(), row.texts[0].as_str()))
            .collect();
        assert_eq!(
            rows,
            [
                (1, "column 0 (counted from 0) is missing (NaN)", "6"),
                (
                    2,
                    "column 0 (counted from 0) is missing (NaN); column 1 (counted from 0) is not finite (inf)",
                    "8"
                ),
            ]
        );
        assert!(kept.notes().is_empty());
    }
}
