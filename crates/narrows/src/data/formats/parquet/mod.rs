//! Parquet tables, read a block of rows at a time.
//!
//! `thrift`, `pages` and `delta` check the headers of the file before memory is allocated for their sizes. The crate
//! `parquet` decodes the pages (`chunk`). `convert` and `text` convert the values to cells, on several threads
//! (`read`). If the crate panics on damaged pages, the panic is caught.

mod arrow;
mod chunk;
mod columns;
mod convert;
mod decimal;
mod delta;
mod file;
mod leaf;
mod pages;
mod piece;
mod read;
mod refusal;
mod shares;
mod stored;
mod text;
mod thrift;
pub(in crate::data) mod typed;
pub(in crate::data) mod write;

pub(in crate::data) use file::{ParquetTable, begins_as_parquet};
