//! The threshold that a model has after training.

use crate::apply::score;
use crate::data::Dataset;
use crate::error::Result;
use crate::evaluate::threshold;
use crate::model::{Model, Rule, Threshold, ThresholdRows};

/// The validation rows from which on a model has a threshold after training.
const LEAST_FOR_THRESHOLD: usize = 100;

/// The quantile of their scores that it is.
const THRESHOLD_QUANTILE: f64 = 0.99;

/// The threshold that a model has unless another is chosen: of its validation rows, if there are enough of them.
pub(super) fn usual_threshold(
    model: &Model,
    validation: Option<&Dataset>,
) -> Result<Option<Threshold>> {
    let Some(rows) = validation.filter(|rows| rows.rows() >= LEAST_FOR_THRESHOLD) else {
        return Ok(None);
    };
    let scores = score(model, rows, None, false, &mut |_| Ok(()))?;
    Ok(Some(Threshold {
        from: ThresholdRows::Validation,
        ..threshold(&scores, Rule::Quantile(THRESHOLD_QUANTILE))?
    }))
}

/// Whether a threshold is another than the one that every model has after training.
pub(super) fn is_chosen(threshold: &Threshold) -> bool {
    threshold.from != ThresholdRows::Validation
        || threshold.rule != Rule::Quantile(THRESHOLD_QUANTILE)
}
