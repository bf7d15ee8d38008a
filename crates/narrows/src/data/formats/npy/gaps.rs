//! Missing values (NaN) of arrays, and the values that fill them.

use crate::advice::{Setting, set};
use crate::data::records::Records;
use crate::data::{Missing, ReadOptions, Values};
use crate::text::counted;
use crate::{Error, ErrorKind, Result};

/// The fill value of each place of a row, and the number of missing values.
pub(super) struct Filled {
    pub(super) fill: Vec<f64>,
    pub(super) count: usize,
    /// A word for the fill values, for a sentence.
    what: &'static str,
    /// Whether they are means of the rows themselves.
    pub(super) are_own_means: bool,
}

impl Filled {
    /// The note about filled values.
    pub(super) fn note(&self) -> Option<String> {
        let values = counted(self.count, "missing value was", "missing values were");
        (self.count > 0).then(|| format!("{values} filled with {}", self.what))
    }
}

/// Fills NaN with the values in the options, which come from a model, or otherwise as `--missing` sets.
pub(super) fn filled(values: Values, options: &ReadOptions) -> Result<(Values, Option<Filled>)> {
    let inputs = values.dim().1;
    // Rows of another width are refused later, when they are compared with the model.
    let given = options.fill.as_ref().filter(|fill| fill.len() == inputs);
    if given.is_none() && options.missing == Some(Missing::Drop) {
        return Err(Error::new(
            ErrorKind::Data,
            "rows of an array cannot be left out for missing values",
        )
        .expected(format!(
            "{} or {}",
            set(Setting::Missing, "mean"),
            set(Setting::Missing, "zero")
        ))
        .hint(format!(
            "{} leaves out the rows that have them",
            set(Setting::OnBad, "drop")
        )));
    }
    let Values::Records(records) = values else {
        return Ok((values, None));
    };
    let (fill, count, what) = match (given, options.missing_or_refuse()) {
        (Some(fill), _) => (
            fill.clone(),
            sums(&records)?.missing(),
            "the means of the training data",
        ),
        (None, Missing::Mean) => {
            let sums = sums(&records)?;
            (sums.means()?, sums.missing(), "means")
        }
        (None, Missing::Zero) => (vec![0.0; inputs], sums(&records)?.missing(), "0"),
        (None, _) => return Ok((Values::Records(records), None)),
    };
    let values = match count {
        0 => Values::Records(records),
        _ => Values::Records(records.filled(Some(fill.clone()))),
    };
    let filled = Filled {
        fill,
        count,
        what,
        are_own_means: given.is_none() && options.missing == Some(Missing::Mean),
    };
    Ok((values, Some(filled)))
}

/// For each place of a row, the sum of its present values, relative to a first one for precision.
struct MeanSums {
    rows: usize,
    shifts: Vec<f64>,
    sums: Vec<(f64, usize)>,
}

fn sums(records: &Records) -> Result<MeanSums> {
    let (rows, inputs) = records.dim();
    let (mut shifts, mut sums) = (vec![f64::NAN; inputs], vec![(0.0, 0_usize); inputs]);
    for row in 0..rows {
        records.each(row, |place, values| {
            let columns = shifts[place..].iter_mut().zip(&mut sums[place..]);
            for ((shift, (sum, count)), &value) in columns.zip(values) {
                if !value.is_nan() {
                    *shift = if shift.is_nan() { value } else { *shift };
                    *sum += value - *shift;
                    *count += 1;
                }
            }
        });
    }
    records.failure()?;
    Ok(MeanSums { rows, shifts, sums })
}

impl MeanSums {
    fn missing(&self) -> usize {
        self.sums.iter().map(|(_, count)| self.rows - count).sum()
    }

    fn means(&self) -> Result<Vec<f64>> {
        if let Some(place) = self.sums.iter().position(|&(_, count)| count == 0) {
            return Err(Error::new(
                ErrorKind::Data,
                "the column has no numbers, so it has no mean",
            )
            .at(format!("column {place} (counted from 0)"))
            .expected("a number in at least one row")
            .hint(format!(
                "leave the column out of the array, or fill with {}",
                set(Setting::Missing, "zero")
            )));
        }
        let mean = |(shift, (sum, count)): (&f64, &(f64, usize))| shift + sum / *count as f64;
        Ok(self.shifts.iter().zip(&self.sums).map(mean).collect())
    }
}
