//! The threshold that a model has after training.

use crate::apply::score;
use crate::data::Dataset;
use crate::error::Result;
use crate::evaluate::threshold;
use crate::model::{Model, Rule, Threshold, ThresholdRows};

/// The least number of validation rows for a threshold after training.
const LEAST_FOR_THRESHOLD: usize = 100;

/// The quantile of their scores that becomes the threshold.
const THRESHOLD_QUANTILE: f64 = 0.99;

/// The default threshold of a model, from its validation rows, if there are enough of them.
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

/// Whether a threshold was chosen by the user, in contrast to the default threshold after training.
pub(super) fn is_chosen(threshold: &Threshold) -> bool {
    threshold.from != ThresholdRows::Validation
        || threshold.rule != Rule::Quantile(THRESHOLD_QUANTILE)
}
