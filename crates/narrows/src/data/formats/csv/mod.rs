//! Delimited text: CSV and similar formats, plain or compressed.

mod cell;
mod chunks;
mod class;
mod convert;
mod dates;
mod decimal;
mod detect;
mod dialect;
mod encoding;
mod first;
mod header;
mod looks;
mod number;
mod opening;
mod output;
mod parallel;
mod plan;
mod reader;
mod refusal;
mod sample;
mod sort;
mod start;
mod syntax;
mod table;
mod tally;
#[cfg(test)]
mod tests;
mod words;
pub(in crate::data) mod write;
mod zipped;

pub(in crate::data) use self::{looks::is_table, table::CsvTable};
