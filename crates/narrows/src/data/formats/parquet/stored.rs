//! How a column is stored.

use super::leaf::Leaf;

/// How the values of a column lie in its rows. `level` is the definition level from which on a list has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoredShape {
    /// One a row.
    One,
    /// So many a row.
    List { length: usize, level: i16 },
    /// Something that is only counted.
    Other { level: i16 },
}

/// A column as it is stored.
#[derive(Clone, Debug)]
pub(super) struct StoredColumn {
    /// Its place among all that are stored.
    pub(super) leaf_index: usize,
    /// Its name, for errors.
    pub(super) name: String,
    pub(super) leaf: Leaf,
    pub(super) shape: StoredShape,
    /// The definition level of a value that is there.
    pub(super) level: i16,
    /// Whether one value takes much memory.
    pub(super) is_wide: bool,
}
