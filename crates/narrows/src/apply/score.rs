//! Scores of rows.

use super::fit::check;
use super::stream::{Progress, piece_rows};
use crate::data::write::{Head, Output, column_names, pieces};
use crate::data::{Dataset, Woven};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use ndarray::{Array2, Axis};

/// The scores of all rows with values. If `out` is given, it also writes each row's `score`; `above`, whether the score
/// is above the model's threshold, if there is one; and with `explain` the contribution of each value to the score.
///
/// # Errors
///
/// If the data do not fit the model, or if the output cannot be written.
pub fn score(
    model: &Model,
    data: &Dataset,
    out: Option<&Output>,
    explain: bool,
    progress: Progress<'_>,
) -> Result<Vec<f32>> {
    check(model, data)?;
    let threshold = model.threshold().map(|threshold| threshold.value);
    let mut columns = vec!["score".to_string()];
    columns.extend(threshold.map(|_| "above".to_string()));
    if explain {
        columns.extend(
            column_names(data)
                .into_iter()
                .map(|name| format!("error_{name}")),
        );
    }
    let head = Head {
        shape: vec![columns.len()],
        ..Head::beside(data, columns, Vec::new())
    };
    let sink = out.map(|out| Woven::create(data, out.clone(), &head));
    let mut sink = sink.transpose()?;
    let is_explained = explain && sink.is_some();
    let mut scores = Vec::with_capacity(data.rows());
    let mut in_use = model.in_use(piece_rows(data.rows(), data.inputs()));
    for rows in pieces(data.rows(), data.inputs()) {
        let values = data.array_of(rows.clone())?;
        let found = if is_explained {
            in_use.explain(values.view())?
        } else {
            in_use.score(values.view())?.insert_axis(Axis(1))
        };
        let mut found = found;
        // A row whose score overflows is not a normal row: it gets the largest score.
        found
            .column_mut(0)
            .mapv_inplace(|score| if score.is_nan() { f32::INFINITY } else { score });
        scores.extend(found.column(0));
        if let Some(sink) = &mut sink {
            let table = with_above(found, threshold)?;
            sink.write(rows.clone(), table.mapv(f64::from).view())?;
        }
        progress(rows.end)?;
    }
    if let Some(sink) = sink {
        sink.finish()?;
    }
    Ok(scores)
}

/// The value of a row that contributes most to its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Blamed {
    /// The value's place in the row.
    pub place: usize,
    /// Its share of the score.
    pub share: f64,
}

/// For each of some rows, by their places: the value that contributes most to its score. `None` if the score is 0 or
/// not finite.
///
/// # Errors
///
/// If the data do not fit the model, or if there is no row at a place.
pub fn blame(model: &Model, data: &Dataset, rows: &[usize]) -> Result<Vec<Option<Blamed>>> {
    check(model, data)?;
    let of_row = |row: ndarray::ArrayView1<'_, f32>| {
        let parts: Vec<f64> = row.iter().skip(1).map(|&part| f64::from(part)).collect();
        let sum: f64 = parts.iter().sum();
        let largest = parts.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        (sum > 0.0 && sum.is_finite()).then(|| Blamed {
            place: largest.0,
            share: largest.1 / sum,
        })
    };
    let mut blamed = Vec::with_capacity(rows.len());
    let at_once = piece_rows(rows.len(), data.inputs());
    let mut in_use = model.in_use(at_once);
    for rows in rows.chunks(at_once.max(1)) {
        let chosen = data.select(rows)?;
        let found = in_use.explain(chosen.array_of(0..chosen.rows())?.view())?;
        blamed.extend(found.rows().into_iter().map(of_row));
    }
    Ok(blamed)
}

/// The columns of an output: the score, whether it is above the threshold if there is one, and the contributions.
fn with_above(found: Array2<f32>, threshold: Option<f32>) -> Result<Array2<f32>> {
    let Some(threshold) = threshold else {
        return Ok(found);
    };
    let (score, contributions) = found.view().split_at(Axis(1), 1);
    let above = score.mapv(|score| if score > threshold { 1.0 } else { 0.0 });
    let columns = [score, above.view(), contributions];
    ndarray::concatenate(Axis(1), &columns).map_err(|error| {
        Error::new(ErrorKind::Data, "the columns do not fit together").caused_by(error)
    })
}
