//! The plan of a split.

use crate::advice::{Setting, set, setting};
use crate::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// The plan for splitting the rows of a source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SplitPlan {
    /// Which rows are for testing.
    pub test: TestRows,
    /// The share of the training rows that is held out for validation, 0 for none. `None` decides from the data: a
    /// tenth if there are 1,000 rows or more, otherwise none; none for the built-in MNIST.
    pub validation: Option<f64>,
    /// The column whose groups stay whole: rows with the same value in it stay together.
    pub group: Option<String>,
}

/// Which rows of a source are for testing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TestRows {
    /// The test rows of the source; if it has none, one row in ten, drawn at random.
    #[default]
    Usual,
    /// No rows.
    None,
    /// This share of the rows, drawn at random.
    Share(f64),
    /// This share of the rows, from the end of the source: for time series.
    Last(f64),
}

impl SplitPlan {
    /// The default plan with this share of the training rows for validation, 0 for none.
    pub fn with_validation(share: f64) -> SplitPlan {
        SplitPlan {
            validation: Some(share),
            ..SplitPlan::default()
        }
    }

    /// Refuses values that are not valid shares.
    pub(super) fn check(&self) -> Result<()> {
        if let TestRows::Share(share) | TestRows::Last(share) = self.test
            && !(share > 0.0 && share < 1.0)
        {
            return Err(
                Error::new(ErrorKind::Data, "this share for testing is not possible")
                    .expected("a number above 0 and below 1")
                    .found(share),
            );
        }
        if let (TestRows::Last(_), Some(_)) = (self.test, &self.group) {
            return Err(Error::new(
                ErrorKind::Data,
                "the last rows cannot be held out if groups stay together",
            )
            .hint(format!(
                "leave {} out, or hold out groups at random: {}",
                setting(Setting::Group),
                set(Setting::Test, 0.1)
            )));
        }
        self.validation.map_or(Ok(()), check_validation)
    }
}

pub(super) fn check_validation(share: f64) -> Result<()> {
    if (0.0..1.0).contains(&share) {
        Ok(())
    } else {
        Err(
            Error::new(ErrorKind::Data, "this share for validation is not possible")
                .expected("a number from 0 to below 1")
                .found(share),
        )
    }
}
