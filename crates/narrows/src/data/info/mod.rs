//! Descriptions of data for the user, before training.
//!
//! A table is described with all of its columns, even if training would refuse it. Other data are described by the
//! values that a model would learn from.

mod column;
mod command;
mod describe;
mod fate;
mod numbers;
mod remarks;
mod spread;
mod table;
mod told;
mod values;
mod words;

pub use describe::{Info, describe};
pub use told::{ColumnInfo, NumbersInfo, TableInfo};
pub use values::{ValuesColumn, ValuesInfo};
