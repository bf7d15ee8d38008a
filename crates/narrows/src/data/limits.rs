//! How large the parts of a table may be that are held whole. A file is refused before memory is taken for more.
//!
//! The size of a whole file has no limit where it is read a part at a time.

/// The most bytes of one cell of a text.
pub(in crate::data) const CELL: usize = 1 << 20;

/// The most bytes of one record (a row) of a text.
pub(in crate::data) const RECORD: usize = 1 << 25;

/// The most columns of a table.
pub(in crate::data) const COLUMNS: usize = 1 << 20;
