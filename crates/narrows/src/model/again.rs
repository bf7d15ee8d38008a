//! The rows of a source that was opened again, split as they were for the training of a model.

use super::Model;
use super::origin::SplitRecord;
use crate::data::{OtherRows, Source, Split, SplitPlan, TestRows};
use crate::error::Result;
use crate::text::{counted, thousands};

/// If the share of known rows is smaller than this, the rows differ from the model's training rows.
const KNOWN: f64 = 0.98;

/// The rows of a source, split as they were for training.
#[derive(Clone, Debug)]
pub struct SplitAgain<'a> {
    /// The rows. There are no test rows if training had none, or had them from another source that is not given.
    pub split: Split<'a>,
    /// Whether they are the rows that the model was trained on, as far as the model can tell.
    pub is_same: bool,
    /// Why they differ, in a sentence.
    pub difference: Option<String>,
}

impl Model {
    /// Splits the rows of a source as they were split when the model was trained. The model is enough for this: it
    /// stores seed, shares and groups. The source must be read with `apply::options_for_split`.
    ///
    /// If these are other rows, they are split in the usual way, without rows for validation, and
    /// [`SplitAgain::difference`] says so.
    ///
    /// # Errors
    ///
    /// As [`Source::split`].
    pub fn split_again<'a>(
        &self,
        source: &'a Source,
        other: OtherRows<'a>,
    ) -> Result<SplitAgain<'a>> {
        let Some(record) = &self.origin().split else {
            let plan = SplitPlan::with_validation(self.recipe().validation.unwrap_or(0.0));
            let split = source.split_beside(self.recipe().seed, &plan, other)?;
            return Ok(SplitAgain {
                split,
                is_same: true,
                difference: None,
            });
        };
        let trained_on = self.rows_of(record);
        let rows = source.train.rows();
        if rows != trained_on {
            let words = format!(
                "these are not the data that the model was trained on: now {}, in training {}",
                counted(rows, "row", "rows"),
                thousands(trained_on as f64)
            );
            return self.split_anew(record.seed, source, other, words);
        }
        let mut plan = record.plan.clone();
        if let Some(group) = plan.group.as_ref().filter(|g| !source.train.has_groups(g)) {
            let words =
                format!("the data have no column `{group}`, which kept rows together in training");
            return self.split_anew(record.seed, source, other, words);
        }
        if self.origin().test.is_some() && other.test.is_none() {
            plan.test = TestRows::None;
        }
        let split = source.split_beside(record.seed, &plan, other)?;
        let checksum = self.origin().checksums.map(|checksums| checksums.train);
        let is_same = match checksum {
            Some(checksum) => checksum == split.train.checksum()?,
            None => match &self.origin().rows {
                Some(sketch) => sketch.overlap(&split.train)?.share() >= KNOWN,
                None => true,
            },
        };
        if is_same {
            return Ok(SplitAgain {
                split,
                is_same,
                difference: None,
            });
        }
        let is_known = match &self.origin().rows {
            Some(sketch) => sketch.overlap(&split.train)?.share() >= KNOWN,
            None => false,
        };
        if is_known {
            // For data in another format, or with a few changed values: the same rows are at the same places.
            let words = "the training rows have changed a little, in some values or in their type; they are split as \
                         in training";
            return Ok(SplitAgain {
                split,
                is_same,
                difference: Some(words.into()),
            });
        }
        let words = "these are not the data that the model was trained on: they have as many rows, but other values";
        self.split_anew(record.seed, source, other, words.into())
    }

    /// The rows of the source that training split.
    fn rows_of(&self, record: &SplitRecord) -> usize {
        let [train, validation, test] = record.rows;
        let validation = match self.origin().validation {
            Some(_) => 0,
            None => validation,
        };
        train + validation + if record.held_out { test } else { 0 }
    }

    fn split_anew<'a>(
        &self,
        seed: u64,
        source: &'a Source,
        other: OtherRows<'a>,
        mut words: String,
    ) -> Result<SplitAgain<'a>> {
        let split = source.split_beside(seed, &SplitPlan::with_validation(0.0), other)?;
        words.push_str(if split.is_held_out {
            "; test rows are drawn again"
        } else {
            ""
        });
        if let (Some(sketch), Some(test)) = (&self.origin().rows, &split.test) {
            let overlap = sketch.overlap(test)?;
            if overlap.is_noticeable() {
                words.push_str(&format!(
                    ". About {:.0} % of the test rows were training rows of the model, so its error on new rows is higher",
                    100.0 * overlap.share()
                ));
            }
        }
        Ok(SplitAgain {
            split,
            is_same: false,
            difference: Some(words),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recipe;
    use crate::data::Dataset;
    use crate::model::Origin;
    use crate::scaling::{Scaling, ScalingSpec};

    use ndarray::Array2;

    fn source(rows: usize, shift: f64) -> Source {
        let values = Array2::from_shape_fn((rows, 3), |(row, column)| {
            ((row * 3 + column) as f64 * 0.7).sin() + shift
        });
        Source::new(Dataset::from_array(values.view()).unwrap(), None).unwrap()
    }

    /// A model that was not trained, with the origin that training would give it.
    fn model(source: &Source, plan: &SplitPlan) -> Model {
        let recipe = Recipe::named("table").unwrap().with_widths_of(&[3]);
        let split = source.split(7, plan).unwrap();
        let scaling = Scaling::fit(&ScalingSpec::None, &split.train).unwrap();
        let network = recipe.network(&[3]).unwrap();
        let parameters = vec![0.0; network.parameter_count()];
        let mut model = Model::new(recipe, scaling, &[3], &parameters).unwrap();
        let origin = Origin::of(&split.train).unwrap();
        let record = SplitRecord::of(&split, 7);
        model.set_origin(origin.with_split(record, OtherRows::default()));
        model
    }

    #[test]
    fn the_same_rows_are_divided_as_they_were() {
        let source = source(500, 0.0);
        for plan in [
            SplitPlan::with_validation(0.2),
            SplitPlan {
                test: TestRows::Last(0.3),
                ..SplitPlan::with_validation(0.1)
            },
            SplitPlan {
                test: TestRows::None,
                ..SplitPlan::default()
            },
        ] {
            let model = model(&source, &plan);
            let again = model.split_again(&source, OtherRows::default()).unwrap();
            let first = source.split(7, &plan).unwrap();
            assert!(again.is_same && again.difference.is_none());
            assert_eq!(again.split.train, first.train);
            assert_eq!(again.split.validation, first.validation);
            assert_eq!(again.split.test, first.test);
        }
    }

    #[test]
    fn other_rows_are_said_to_be_others() {
        let model = model(&source(500, 0.0), &SplitPlan::with_validation(0.2));
        let said = |source: &Source| {
            let again = model.split_again(source, OtherRows::default()).unwrap();
            assert!(!again.is_same && again.split.validation.is_none());
            again.difference.unwrap()
        };
        let longer = said(&source(700, 0.0));
        assert!(longer.contains("now 700 rows, in training 500"), "{longer}");
        assert!(
            longer.contains("were training rows of the model"),
            "{longer}"
        );
        let changed = said(&source(500, 1.0));
        assert!(
            changed.contains("as many rows, but other values"),
            "{changed}"
        );
        assert!(!changed.contains('%'), "{changed}");
    }
}
