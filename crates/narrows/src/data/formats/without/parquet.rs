//! Parquet, without the feature `parquet`.

use super::feature::{NoOutput, NoTable, needs};
use crate::Result;
use crate::data::output::Head;
use crate::files::OutputFile;
use std::path::Path;

const FEATURE: &str = "parquet";

pub(in crate::data) struct Parquet;

pub(in crate::data) fn begins_as_parquet(start: &[u8]) -> bool {
    start.starts_with(b"PAR1") || start.starts_with(b"PARE")
}

pub(in crate::data) type ParquetTable = NoTable<Parquet>;

impl NoTable<Parquet> {
    pub(in crate::data) fn open(_: &Path, name: &str) -> Result<Self> {
        Err(needs(FEATURE, name))
    }
}

pub(in crate::data) mod write {
    pub(in crate::data) type ParquetSink = super::NoOutput<super::Parquet>;
}

impl NoOutput<Parquet> {
    pub(in crate::data) fn create(file: OutputFile, _: &Head) -> Result<Self> {
        Err(needs(FEATURE, file.path().display()))
    }
}
