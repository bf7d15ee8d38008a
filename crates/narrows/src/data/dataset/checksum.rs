//! A checksum over all rows of a dataset, which distinguishes them from other rows.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// A checksum (XXH3, 128 bits) over the shape, the types and the values of all rows, in order. Labels and ids are not
/// included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum(pub(super) u128);

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Checksum {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checksum {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let number = u128::from_str_radix(&text, 16);
        number.map(Checksum).map_err(de::Error::custom)
    }
}

/// The checksums of the rows of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksums {
    /// Of the training rows.
    pub train: Checksum,
    /// Of the validation rows, if there are any.
    pub validation: Option<Checksum>,
    /// Of the test rows, if they are known.
    pub test: Option<Checksum>,
}

impl Checksums {
    /// The first part whose rows differ: `training`, `validation` or `test`.
    pub fn differing(&self, other: &Checksums) -> Option<&'static str> {
        [
            ("training", self.train == other.train),
            ("validation", self.validation == other.validation),
            // Rows of a program may have no test rows.
            (
                "test",
                self.test.is_none() || other.test.is_none() || self.test == other.test,
            ),
        ]
        .into_iter()
        .find_map(|(name, same)| (!same).then_some(name))
    }
}
