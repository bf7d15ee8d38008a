//! What data are like: a summary for a person before training.
//!
//! A table is described as it is, by all of its columns, whether it can be trained on or not; other data by the values
//! that a model would learn from.

mod column;
mod command;
mod describe;
mod remarks;
mod table;
mod told;
mod values;

pub use describe::{Info, describe};
pub use told::{ColumnInfo, NumbersInfo, TableInfo};
pub use values::{ValuesColumn, ValuesInfo};
