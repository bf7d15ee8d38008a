//! Anomalies: thresholds from the scores of normal rows, and how well scores detect anomalies.

use crate::advice::{Setting, setting};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Rule, Threshold, ThresholdRows};
use serde_json::{Value, json};

/// Chooses a threshold from the scores of normal rows that training has not seen.
///
/// A quantile is interpolated linearly, as in NumPy. For a false-positive rate `r`, the threshold is the
/// `⌈(n + 1)(1 - r)⌉`-th smallest of `n` scores. A further normal row, exchangeable with these, exceeds it with a
/// probability of at most `r` (Vovk, Gammerman & Shafer 2005, split conformal prediction).
///
/// A quantile of 1 and a false-positive rate of 0 give the largest score, so none of these rows exceeds it. A further
/// normal row may exceed it, with a probability of at most `1 / (n + 1)`.
///
/// # Errors
///
/// [`ErrorKind::Data`] if the quantile is not above 0 and at most 1, if the rate is not from 0 to below 1, or if there
/// are too few scores for the rule.
pub fn threshold(scores: &[f32], rule: Rule) -> Result<Threshold> {
    let (name, level) = rule.parts();
    let (is_possible, expected) = match rule {
        Rule::Quantile(_) => (level > 0.0 && level <= 1.0, "a number above 0, up to 1"),
        Rule::FalsePositiveRate(_) => ((0.0..1.0).contains(&level), "a number from 0 to below 1"),
    };
    if !is_possible {
        return Err(
            Error::new(ErrorKind::Data, format!("this {name} is not possible"))
                .expected(expected)
                .found(level),
        );
    }
    let mut sorted = scores.to_vec();
    sorted.sort_by(f32::total_cmp);
    let count = sorted.len();
    let too_few = |least: f64| {
        Error::new(
            ErrorKind::Data,
            format!("there are too few rows for a {name} of {level}"),
        )
        .expected(format!("at least {least} normal rows"))
        .found(count)
        .hint(format!(
            "give more normal rows with {}, or choose a level that needs fewer",
            setting(Setting::Data)
        ))
    };
    let value = match rule {
        Rule::Quantile(_) => {
            let place = level * count.saturating_sub(1) as f64;
            let (low, share) = (place.floor() as usize, place.fract());
            let below = *sorted.get(low).ok_or_else(|| too_few(1.0))?;
            let above = sorted.get(low + 1).copied().unwrap_or(below);
            (f64::from(below) + share * (f64::from(above) - f64::from(below))) as f32
        }
        Rule::FalsePositiveRate(0.0) => *sorted.last().ok_or_else(|| too_few(1.0))?,
        Rule::FalsePositiveRate(_) => {
            let place = ((count + 1) as f64 * (1.0 - level)).ceil() as usize;
            let score = sorted.get(place.wrapping_sub(1));
            *score.ok_or_else(|| too_few((1.0 / level).ceil() - 1.0))?
        }
    };
    if !value.is_finite() {
        return Err(Error::new(
            ErrorKind::Data,
            "the threshold would not be a finite number",
        )
        .expected("finite scores up to it")
        .found(value)
        .hint("look at the rows with the highest scores: their values are far beyond those of training"));
    }
    Ok(Threshold {
        value,
        rule,
        rows: count,
        from: ThresholdRows::Unknown,
    })
}

/// How well scores separate anomalies from normal rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// The number of anomalies.
    pub anomalies: usize,
    /// The number of normal rows.
    pub normal: usize,
    /// The area under the curve of true positives over false positives: the share of the pairs of an anomaly and a
    /// normal row in which the anomaly has the higher score. Ties count half.
    pub roc_auc: f64,
    /// The area under the curve of precision over recall, as average precision: the mean of the precision at each
    /// anomaly, from the highest score down.
    pub pr_auc: f64,
    /// The counts at the threshold, if there is a threshold.
    pub counts: Option<Counts>,
}

/// The confusion matrix at a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Anomalies above the threshold.
    pub true_positives: usize,
    /// Normal rows above it.
    pub false_positives: usize,
    /// Normal rows not above the threshold.
    pub true_negatives: usize,
    /// Anomalies not above the threshold.
    pub false_negatives: usize,
}

impl Counts {
    /// The share of anomalies among the rows above the threshold; `None` if no row is above it.
    pub fn precision(&self) -> Option<f64> {
        let above = self.true_positives + self.false_positives;
        (above > 0).then(|| self.true_positives as f64 / above as f64)
    }

    /// The share of the anomalies above the threshold; `None` if there are no anomalies.
    pub fn recall(&self) -> Option<f64> {
        let anomalies = self.true_positives + self.false_negatives;
        (anomalies > 0).then(|| self.true_positives as f64 / anomalies as f64)
    }

    /// The harmonic mean of precision and recall; 0 if no anomaly is above the threshold, `None` if there are no
    /// anomalies.
    pub fn f1(&self) -> Option<f64> {
        let found = 2 * self.true_positives;
        let all = found + self.false_positives + self.false_negatives;
        self.recall().map(|_| found as f64 / all as f64)
    }
}

impl Detection {
    /// Compares scores with the truth: `scores` and `is_anomaly` have one entry per row.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if all rows are anomalies, or if no row is one.
    pub fn of(scores: &[f32], is_anomaly: &[bool], threshold: Option<f32>) -> Result<Detection> {
        let anomalies = is_anomaly.iter().filter(|&&is| is).count();
        let normal = is_anomaly.len() - anomalies;
        if anomalies == 0 || normal == 0 {
            return Err(Error::new(ErrorKind::Data, "detection cannot be measured")
                .expected("both anomalies and normal rows")
                .found(format!("{anomalies} anomalies and {normal} normal rows"))
                .hint(format!(
                    "{} names the labels of the anomalies alone",
                    setting(Setting::Anomalous)
                )));
        }
        let mut rows: Vec<(f32, bool)> = scores
            .iter()
            .copied()
            .zip(is_anomaly.iter().copied())
            .collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut above, mut normal_above, mut pairs, mut precision) = (0_usize, 0_usize, 0.0, 0.0);
        // Rows with the same score are counted together, so that their order has no effect.
        for tied in rows.chunk_by(|a, b| a.0 == b.0) {
            let positives = tied.iter().filter(|(_, is)| *is).count();
            let negatives = tied.len() - positives;
            pairs += negatives as f64 * (above as f64 + positives as f64 / 2.0);
            above += positives;
            normal_above += negatives;
            precision += positives as f64 * above as f64 / (above + normal_above) as f64;
        }
        let counts = threshold.map(|threshold| {
            let count = |anomaly: bool, over: bool| {
                let of =
                    |&&(score, is): &&(f32, bool)| is == anomaly && (score > threshold) == over;
                rows.iter().filter(of).count()
            };
            Counts {
                true_positives: count(true, true),
                false_positives: count(false, true),
                true_negatives: count(false, false),
                false_negatives: count(true, false),
            }
        });
        Ok(Detection {
            anomalies,
            normal,
            roc_auc: pairs / (anomalies as f64 * normal as f64),
            pr_auc: precision / anomalies as f64,
            counts,
        })
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "anomalies": self.anomalies, "normal": self.normal, "roc_auc": self.roc_auc, "pr_auc": self.pr_auc,
            "counts": self.counts.map(|counts| json!({
                "true_positives": counts.true_positives, "false_positives": counts.false_positives,
                "true_negatives": counts.true_negatives, "false_negatives": counts.false_negatives,
                "precision": counts.precision(), "recall": counts.recall(), "f1": counts.f1(),
            })),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_numpy_s() {
        // numpy.quantile([1, 2, 3, 10], 0.9) is 7.9.
        let found = threshold(&[10.0, 1.0, 3.0, 2.0], Rule::Quantile(0.9)).unwrap();
        assert!((found.value - 7.9).abs() < 1e-6);
        assert_eq!(found.rows, 4);
    }

    #[test]
    fn a_false_positive_rate_is_kept_by_a_further_row() {
        let scores: Vec<f32> = (1..=99).map(|n| n as f32).collect();
        let found = threshold(&scores, Rule::FalsePositiveRate(0.05)).unwrap();
        // Of 100 exchangeable rows, 5 lie above the 95th.
        assert_eq!(found.value, 95.0);
        let error = threshold(&scores[..18], Rule::FalsePositiveRate(0.05)).unwrap_err();
        assert_eq!(error.what_was_expected(), Some("at least 19 normal rows"));
        assert!(threshold(&scores[..19], Rule::FalsePositiveRate(0.05)).is_ok());
        assert!(threshold(&[1.0, f32::INFINITY], Rule::Quantile(0.9)).is_err());
        for level in [0.0, 1.1, -1.0, f64::NAN] {
            assert!(threshold(&scores, Rule::Quantile(level)).is_err());
        }
        for level in [1.0, -0.1, 5.0, f64::NAN] {
            assert!(threshold(&scores, Rule::FalsePositiveRate(level)).is_err());
        }
    }

    #[test]
    fn the_largest_score_may_be_the_threshold() {
        let scores = [0.5, 4.0, 1.0];
        for rule in [Rule::Quantile(1.0), Rule::FalsePositiveRate(0.0)] {
            assert_eq!(threshold(&scores, rule).unwrap().value, 4.0);
            assert!(threshold(&[], rule).is_err());
        }
    }

    #[test]
    fn areas_are_those_of_scikit_learn() {
        // roc_auc_score 0.75 and average_precision_score 0.8333 of this example of theirs.
        let is = [false, false, true, true];
        let found = Detection::of(&[0.1, 0.4, 0.35, 0.8], &is, Some(0.35)).unwrap();
        assert_eq!(found.roc_auc, 0.75);
        assert!((found.pr_auc - 0.833_333).abs() < 1e-6);
        let counts = found.counts.unwrap();
        assert_eq!((counts.true_positives, counts.false_positives), (1, 1));
        assert_eq!((counts.true_negatives, counts.false_negatives), (1, 1));
        assert_eq!(
            (counts.precision(), counts.recall(), counts.f1()),
            (Some(0.5), Some(0.5), Some(0.5))
        );
        // precision_recall_fscore_support of nothing above the threshold: no precision, and an F1 of 0.
        let none = Detection::of(&[0.1, 0.4, 0.35, 0.8], &is, Some(1.0))
            .unwrap()
            .counts
            .unwrap();
        assert_eq!(
            (none.precision(), none.recall(), none.f1()),
            (None, Some(0.0), Some(0.0))
        );
        // Scores that are all the same tell nothing.
        let found = Detection::of(&[0.5; 4], &is, None).unwrap();
        assert_eq!((found.roc_auc, found.pr_auc), (0.5, 0.5));
        assert!(Detection::of(&[0.5; 4], &[true; 4], None).is_err());
    }
}
