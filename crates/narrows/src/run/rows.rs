//! The numbers and checksums that distinguish the rows of a run from other rows.

use crate::data::{Checksums, Dataset, Split};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::text::count_of;
use serde::{Deserialize, Serialize};

/// The rows that a run was trained on, as recorded by the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KnownRows {
    /// The name of the data.
    pub(super) data: String,
    /// The names of the sources of validation and test rows.
    #[serde(default)]
    beside: [Option<String>; 2],
    /// The numbers of training, validation and test rows.
    pub(super) rows: [usize; 3],
    pub(super) checksums: Checksums,
}

impl KnownRows {
    /// For rows that are split.
    pub(super) fn of(
        train: &Dataset,
        validation: Option<&Dataset>,
        test: Option<&Dataset>,
    ) -> Result<KnownRows> {
        let rows = |data: Option<&Dataset>| data.map_or(0, Dataset::rows);
        Ok(KnownRows {
            data: train.name().to_string(),
            beside: [validation, test].map(|data| data.map(|data| data.name().to_string())),
            rows: [train.rows(), rows(validation), rows(test)],
            checksums: Checksums {
                train: train.checksum()?,
                validation: validation.map(Dataset::checksum).transpose()?,
                test: test.map(Dataset::checksum).transpose()?,
            },
        })
    }

    /// For a split.
    pub(super) fn of_split(split: &Split<'_>) -> Result<KnownRows> {
        let [validation, test] = [&split.validation, &split.test].map(Option::as_deref);
        KnownRows::of(&split.train, validation, test)
    }

    /// As stored in a model; `None` if an earlier version made it, or if it was not made by a run.
    pub(super) fn of_model(model: &Model) -> Option<KnownRows> {
        let origin = model.origin();
        Some(KnownRows {
            data: origin.data.clone().unwrap_or_default(),
            beside: [None, None],
            rows: origin.split.as_ref()?.rows,
            checksums: origin.checksums?,
        })
    }

    /// Refuses rows that differ from these.
    pub(super) fn check(&self, found: &KnownRows) -> Result<()> {
        match self.checksums.differing(&found.checksums) {
            None => Ok(()),
            Some(which) => Err(self.refusal(which, found)),
        }
    }

    /// The same, but ignores the validation rows.
    pub(super) fn check_all_but_validation(&self, found: &KnownRows) -> Result<()> {
        let mut checksums = found.checksums;
        checksums.validation = self.checksums.validation;
        match self.checksums.differing(&checksums) {
            None => Ok(()),
            Some(which) => Err(self.refusal(which, found)),
        }
    }

    fn refusal(&self, which: &str, found: &KnownRows) -> Error {
        let place = match which {
            "training" => 0,
            "validation" => 1,
            _ => 2,
        };
        let (known, found_rows) = (self.rows[place], found.rows[place]);
        let found_text = if known == found_rows {
            format!("{} with other values", count_of(found_rows, "row"))
        } else {
            count_of(found_rows, "row")
        };
        let name = |rows: &KnownRows| match place {
            0 => Some(rows.data.clone()),
            place => rows.beside[place - 1].clone(),
        };
        let found_name = name(found).unwrap_or_else(|| found.data.clone());
        // A model knows only the name of its data.
        let known_name = if found_name == found.data {
            name(self).unwrap_or_else(|| self.data.clone())
        } else {
            name(self).unwrap_or_default()
        };
        let known = count_of(known, "row");
        Error::new(
            ErrorKind::Data,
            format!("these are not the {which} rows of the run"),
        )
        .at(found_name)
        .expected(match &known_name[..] {
            "" => format!("the {known} that it had"),
            name => format!("the {known} of `{name}`"),
        })
        .found(found_text)
    }
}
