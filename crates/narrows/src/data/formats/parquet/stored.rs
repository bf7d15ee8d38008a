//! The storage of a column.

use super::leaf::Leaf;

/// The layout of a column's values in its rows. From the definition level `level` on, a list has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoredShape {
    /// One value per row.
    One,
    /// A fixed number of values per row.
    List { length: usize, level: i16 },
    /// Values that are only counted.
    Other { level: i16 },
}

/// A stored column.
#[derive(Clone, Debug)]
pub(super) struct StoredColumn {
    /// Its index among all stored columns.
    pub(super) leaf_index: usize,
    /// Its name, for errors.
    pub(super) name: String,
    pub(super) leaf: Leaf,
    pub(super) shape: StoredShape,
    /// The definition level of a present value.
    pub(super) level: i16,
    /// Whether one value takes much memory.
    pub(super) is_wide: bool,
}
