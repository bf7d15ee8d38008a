//! Delimited text: CSV and its kin, plain or packed.

mod cell;
mod chunks;
mod convert;
mod dates;
mod dialect;
mod encoding;
mod first;
mod header;
mod looks;
mod number;
mod opening;
mod output;
mod parallel;
mod reader;
mod refusal;
mod sample;
mod start;
mod syntax;
mod tally;
#[cfg(test)]
mod tests;
mod words;
pub(in crate::data) mod write;
mod zipped;

pub(in crate::data) use self::{looks::is_table, reader::CsvTable};
