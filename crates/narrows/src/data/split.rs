//! The split into training rows, validation rows and test rows.

mod apart;
mod plan;

pub use plan::{SplitPlan, TestRows};

use super::dataset::Dataset;
use super::group::{Groups, no_such_group};
use super::source::Source;
use crate::advice::{Setting, set, setting};
use crate::rng::Purpose;
use crate::text::{count_of, counted, thousands};
use crate::{Error, ErrorKind, Result};
use apart::{set_apart, set_last_apart};
use plan::check_validation;
use std::borrow::Cow;

/// One row in this many is held out if a source has no test rows.
const HOLD_OUT: usize = 10;

/// The default share of the training rows that is held out for validation.
const VALIDATION: f64 = 0.1;

/// With at least this many training rows, some are held out for validation by default.
const LEAST_TO_WATCH: usize = 1000;

/// Rows for validation and testing from other sources than the one that is split.
#[derive(Clone, Copy, Debug, Default)]
pub struct OtherRows<'a> {
    /// Rows for validation; if given, none are held out for validation.
    pub validation: Option<&'a Dataset>,
    /// Rows for testing; if given, none are held out for testing.
    pub test: Option<&'a Dataset>,
}

/// The rows of a source, to train on and to test on.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    /// The rows to train on.
    pub train: Cow<'a, Dataset>,
    /// The validation rows, if there are any.
    pub validation: Option<Cow<'a, Dataset>>,
    /// The rows to test on, if there are any.
    pub test: Option<Cow<'a, Dataset>>,
    /// Whether the test rows were held out of the rows of the source.
    pub is_held_out: bool,
    /// Whether test rows were drawn at random.
    pub is_test_random: bool,
    /// Whether validation rows were drawn at random.
    pub is_validation_random: bool,
    /// The plan, with the share for validation that was used.
    pub plan: SplitPlan,
    /// Notes on the split, in sentences.
    pub notes: Vec<String>,
    is_one_row: bool,
}

impl Split<'_> {
    /// Whether any rows were drawn at random.
    pub fn is_random(&self) -> bool {
        self.is_test_random || self.is_validation_random
    }

    /// Whether there is only one row, which is used for both training and testing.
    pub fn is_tested_on_training_rows(&self) -> bool {
        self.is_one_row
    }

    /// The numbers of training, validation and test rows.
    pub fn counts(&self) -> [usize; 3] {
        let rows = |data: &Option<Cow<'_, Dataset>>| data.as_ref().map_or(0, |data| data.rows());
        [self.train.rows(), rows(&self.validation), rows(&self.test)]
    }

    /// The numbers of rows in words, as [`rows_in_words`].
    pub fn counts_in_words(&self) -> String {
        rows_in_words(self.counts())
    }
}

/// The numbers of training, validation and test rows in words:
/// `8,100 for training, 900 for validation, 1,000 for testing`.
pub fn rows_in_words(counts: [usize; 3]) -> String {
    let uses = ["training", "validation", "testing"];
    let of = |(count, of): (usize, &str)| match count {
        0 => format!("none for {of}"),
        count => format!("{} for {of}", thousands(count as f64)),
    };
    let parts: Vec<String> = counts.into_iter().zip(uses).map(of).collect();
    parts.join(", ")
}

impl Source {
    /// The source's rows, split by the plan. Random choices use `seed`. A single row is used for both training and
    /// testing.
    ///
    /// Means in place of missing values are computed from the training rows only.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are too few rows; if a share is not possible; if rows are to be held out although
    /// the source has test rows of its own; if the column of groups does not exist or has only one group; or if a
    /// column has no number in the training rows and missing values are to become means.
    pub fn split(&self, seed: u64, plan: &SplitPlan) -> Result<Split<'_>> {
        self.split_beside(seed, plan, OtherRows::default())
    }

    /// The same with validation or test rows from other sources.
    ///
    /// # Errors
    ///
    /// As [`Source::split`].
    pub fn split_beside<'a>(
        &'a self,
        seed: u64,
        plan: &SplitPlan,
        other: OtherRows<'a>,
    ) -> Result<Split<'a>> {
        plan.check()?;
        if let Some(group) = plan.group.as_ref().filter(|g| !self.train.has_groups(g)) {
            return Err(no_such_group(&self.train, group));
        }
        let mut split = Split {
            train: Cow::Borrowed(&self.train),
            validation: other.validation.map(Cow::Borrowed),
            test: other.test.map(Cow::Borrowed),
            is_held_out: false,
            is_test_random: false,
            is_validation_random: false,
            plan: plan.clone(),
            notes: Vec::new(),
            is_one_row: false,
        };
        let mut parts = SetApart {
            seed,
            group: plan.group.as_deref(),
            is_last: other.test.is_none() && matches!(plan.test, TestRows::Last(_)),
            groups: [None; 2],
        };
        if let Some(test) = other.test {
            check_alike(&self.train, test)?;
            if let Some(own) = &self.test {
                split.notes.push(not_used(own, "other test rows are given"));
            }
        } else {
            self.set_test(&mut split, &mut parts)?;
        }
        let share = match other.validation {
            Some(_) => 0.0,
            None => plan
                .validation
                .unwrap_or_else(|| usual_validation(&split.train)),
        };
        let is_asked = plan.validation.is_some();
        split.plan.validation = Some(share);
        if share > 0.0 {
            let count = share_of(split.train.rows(), share);
            match parts.set_apart(&split.train, count, Purpose::Validation) {
                Ok((train, validation)) => {
                    split.train = Cow::Owned(train);
                    split.validation = Some(Cow::Owned(validation));
                    split.is_validation_random = !parts.is_last;
                }
                Err(SplitRefusal::OneGroup(_)) if !is_asked => {
                    split.plan.validation = Some(0.0);
                    split.notes.push(format!(
                        "no rows are set apart for validation: all training rows have the same `{}`",
                        plan.group.as_deref().unwrap_or_default()
                    ));
                }
                Err(refusal) => return Err(refusal.into_error()),
            }
        }
        parts.tell(&mut split);
        split.filled()
    }

    fn set_test<'a>(&'a self, split: &mut Split<'a>, parts: &mut SetApart<'_>) -> Result<()> {
        let rows = self.train.rows();
        let count = match (split.plan.test, &self.test) {
            (TestRows::Usual, Some(test)) => {
                split.test = Some(Cow::Borrowed(test));
                return Ok(());
            }
            (TestRows::None, own) => {
                let why = "there are no test rows";
                split
                    .notes
                    .extend(own.as_ref().map(|own| not_used(own, why)));
                return Ok(());
            }
            (TestRows::Share(_) | TestRows::Last(_), Some(own)) => {
                return Err(Error::new(
                    ErrorKind::Data,
                    "the data have their own test rows, so no training rows are held out",
                )
                .at(self.train.name())
                .found(counted(own.rows(), "test row", "test rows"))
                .hint(format!(
                    "leave {} out, or split only the training rows with {}",
                    setting(Setting::Test),
                    set(Setting::Data, "SOURCE:train")
                )));
            }
            // Whether a single row can be learned at all is also useful to know. A message says which rows the model is
            // tested on.
            (TestRows::Usual, None) if rows == 1 => {
                split.is_one_row = true;
                split.test = Some(Cow::Borrowed(&self.train));
                return Ok(());
            }
            (TestRows::Usual, None) => (rows / HOLD_OUT).max(1),
            (TestRows::Share(share) | TestRows::Last(share), None) => share_of(rows, share),
        };
        let (train, test) = parts
            .set_apart(&self.train, count, Purpose::HoldOut)
            .map_err(SplitRefusal::into_error)?;
        split.train = Cow::Owned(train);
        split.test = Some(Cow::Owned(test));
        split.is_held_out = true;
        split.is_test_random = !parts.is_last;
        Ok(())
    }
}

/// The default share for validation.
fn usual_validation(train: &Dataset) -> f64 {
    if train.rows() >= LEAST_TO_WATCH && !train.is_built_in() {
        VALIDATION
    } else {
        0.0
    }
}

/// The number of rows of a share, at least one.
fn share_of(rows: usize, share: f64) -> usize {
    (rows as f64 * share).round().max(1.0) as usize
}

/// Refuses test rows whose shape differs from the training rows.
fn check_alike(train: &Dataset, test: &Dataset) -> Result<()> {
    if test.shape() == train.shape() {
        Ok(())
    } else {
        Err(Error::new(
            ErrorKind::Data,
            "the test rows differ in shape from the training rows",
        )
        .at(test.name())
        .expected(format!("{:?}", train.shape()))
        .found(format!("{:?}", test.shape())))
    }
}

fn not_used(own: &Dataset, why: &str) -> String {
    let rows = counted(own.rows(), "test row", "test rows");
    format!("the {rows} of the data are not used: {why}")
}

/// How rows are held out, and the resulting groups.
struct SetApart<'a> {
    seed: u64,
    group: Option<&'a str>,
    /// Whether the last rows are held out, not random rows.
    is_last: bool,
    /// For testing and for validation, the number of groups held out and the number of groups left.
    groups: [Option<(usize, usize)>; 2],
}

/// The reason why no rows are held out.
enum SplitRefusal {
    OneGroup(Error),
    Other(Error),
}

impl SplitRefusal {
    fn into_error(self) -> Error {
        match self {
            SplitRefusal::OneGroup(error) | SplitRefusal::Other(error) => error,
        }
    }
}

impl From<Error> for SplitRefusal {
    fn from(error: Error) -> Self {
        SplitRefusal::Other(error)
    }
}

impl SetApart<'_> {
    /// Splits off about `count` rows; returns the other rows and these. Both are in the source's order, so that
    /// pictures show its first rows.
    fn set_apart(
        &mut self,
        data: &Dataset,
        count: usize,
        purpose: Purpose,
    ) -> std::result::Result<(Dataset, Dataset), SplitRefusal> {
        let Some(group) = self.group else {
            return Ok(if self.is_last {
                set_last_apart(data, count)?
            } else {
                set_apart(data, count, self.seed, purpose)?
            });
        };
        let groups = Groups::of(data, group)?;
        if groups.count() < 2 {
            return Err(SplitRefusal::OneGroup(
                Error::new(
                    ErrorKind::Data,
                    format!("all rows have the same `{group}`, so no rows can be set apart"),
                )
                .at(data.name())
                .expected(format!(
                    "at least two different values in the column `{group}`"
                ))
                .hint(format!(
                    "leave {} out, or give other test rows with {}",
                    setting(Setting::Group),
                    set(Setting::Test, "FILE")
                )),
            ));
        }
        let (held, of_them) = groups.draw(count, self.seed, purpose);
        let place = usize::from(purpose == Purpose::Validation);
        self.groups[place] = Some((of_them, groups.count() - of_them));
        let mut held_rows = held.iter().peekable();
        let is_kept = |row: &u32| held_rows.next_if_eq(&row).is_none();
        let kept: Vec<u32> = (0..data.rows() as u32).filter(is_kept).collect();
        Ok((data.choose(kept)?, data.choose(held)?))
    }

    /// Describes the split if rows were not drawn one by one at random.
    fn tell(&self, split: &mut Split<'_>) {
        let [train, validation, test] = split.counts();
        if self.is_last {
            let rows = |count| counted(count, "row", "rows");
            let watched = match validation {
                _ if split.plan.validation == Some(0.0) => String::new(),
                count => format!(", and the {} before them for validation", rows(count)),
            };
            split.notes.push(format!(
                "the last {} of the data are for testing{watched}",
                rows(test)
            ));
        }
        let Some(group) = self.group else { return };
        let mut text = format!("rows with the same `{group}` stay together");
        let [tested, watched] = self.groups;
        let left = watched.or(tested).map(|(_, left)| left);
        let uses = [
            (left, "training"),
            (watched.map(|(groups, _)| groups), "validation"),
            (tested.map(|(groups, _)| groups), "testing"),
        ];
        let uses = uses.into_iter().filter_map(|(groups, of)| {
            let groups = counted(groups?, "group", "groups");
            Some(format!("{groups} for {of}"))
        });
        let uses: Vec<String> = uses.collect();
        if uses.is_empty() {
            text.push_str(&format!(
                ", because all {} are for training",
                count_of(train, "row")
            ))
        } else {
            text.push_str(&format!(": {}", uses.join(", ")))
        }
        let unnamed = Groups::of(&split.train, group).map_or(0, |groups| groups.unnamed);
        if unnamed > 0 {
            let rows = counted(unnamed, "training row", "training rows");
            text.push_str(&format!("; {rows} without a value are one group"));
        }
        split.notes.push(text);
    }
}

impl<'a> Split<'a> {
    /// With the means of the training rows in place of missing values, if means are requested.
    fn filled(self) -> Result<Split<'a>> {
        if !self.train.fills_with_means() {
            return Ok(self);
        }
        let train = self.train.into_owned().with_own_means()?;
        let filled = |part: Option<Cow<'a, Dataset>>| {
            part.map(|data| Cow::Owned(data.into_owned().filled_like(&train)))
        };
        let (validation, test) = (filled(self.validation), filled(self.test));
        let mut notes = self.notes;
        if train.missing() > 0 {
            notes.push(format!(
                "missing values are filled with the means of the {}",
                counted(train.rows(), "training row", "training rows")
            ));
        }
        Ok(Split {
            train: Cow::Owned(train),
            validation,
            test,
            notes,
            ..self
        })
    }
}

impl Dataset {
    /// The training rows and the validation rows, with the share `validation` of all rows, drawn with `seed`; `None` if
    /// the share is 0, so that all rows are for training. Means in place of missing values are computed from the
    /// training rows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are too few rows, or if the share is not from 0 to below 1.
    pub fn watched(&self, seed: u64, validation: f64) -> Result<Option<(Dataset, Dataset)>> {
        check_validation(validation)?;
        if validation == 0.0 {
            return Ok(None);
        }
        let count = share_of(self.rows(), validation);
        let (train, watched) = set_apart(self, count, seed, Purpose::Validation)?;
        let train = train.with_own_means()?;
        let watched = watched.filled_like(&train);
        Ok(Some((train, watched)))
    }
}

#[cfg(test)]
mod tests;
