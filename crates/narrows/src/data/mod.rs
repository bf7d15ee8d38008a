//! Data in Narrows: rows of numbers in their own type, with a shape and optionally labels.
//!
//! Values keep the type in which they were stored (8-bit pixels stay 8-bit). They are converted to `f32` only when a
//! batch is gathered and scaled. Large data stay in their file, and rows are read when they are needed. A [`Source`]
//! opens data: the built-in MNIST or a path, with [`ReadOptions`].

mod bad;
mod builder;
mod choose;
mod column;
mod columns;
mod dataset;
mod element;
mod fault;
mod fill;
mod formats;
mod group;
mod guard;
mod info;
mod into_rows;
mod limits;
mod look;
mod number;
mod open;
mod options;
mod output;
pub(crate) mod precision;
#[cfg(feature = "csv")]
mod reasons;
mod records;
mod roles;
pub(crate) mod sample;
mod schema;
mod several;
mod shuffle;
mod sift;
mod sketch;
mod source;
mod split;
mod spool;
mod summary;
mod table;
mod tables;
mod texts;
mod time;
mod unreadable;
mod values;
mod watch;
mod woven;
pub mod write;

pub use bad::{BadKind, BadRow, BadRows};
pub(crate) use dataset::for_each_row_minus;
#[cfg(test)]
pub(crate) use dataset::tests::{in_memory_and_in_file, rows_and_their_file};
pub use dataset::{Checksum, Checksums, Dataset, Ids};
pub(crate) use element::{EXACT, difference};
pub use info::{ColumnInfo, Info, NumbersInfo, TableInfo, ValuesColumn, ValuesInfo, describe};
pub use into_rows::{IntoRows, RealOf};
pub use number::{Number, Real};
pub use open::{SOURCE_KINDS, SourceKind};
pub use options::{
    Fit, Layout, Missing, OnBad, READING_KEYS, ReadOptions, ReadingKey, ReadingScope, TextOptions,
    list_of_names,
};
pub(crate) use records::FileState;
pub use records::Records;
pub use schema::{Column, ColumnKind, Role};
pub(crate) use shuffle::Order;
pub use sketch::{Overlap, RowSketch};
pub use source::Source;
pub use split::{OtherRows, Split, SplitPlan, TestRows, rows_in_words};
pub use summary::QUANTILES;
pub(crate) use summary::{Summary, quantile};
pub use time::InOrder;
pub(crate) use values::Row;
pub use values::Values;
pub use watch::Watch;
pub(crate) use woven::Woven;
