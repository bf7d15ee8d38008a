//! Tables in text, without the feature `csv`.

use super::feature::{NoOutput, NoTable, needs};
use crate::Result;
use crate::data::ReadOptions;
use crate::data::fault::OnFault;
use crate::data::output::Head;
use crate::files::OutputFile;
use std::path::Path;

const FEATURE: &str = "csv";

pub(in crate::data) struct Csv;

/// Whether a text is a table: without the reader, its lines cannot be checked.
pub(in crate::data) fn is_table(_: &Path, _: &str) -> bool {
    true
}

pub(in crate::data) type CsvTable = NoTable<Csv>;

impl NoTable<Csv> {
    pub(in crate::data) fn open(_: &Path, name: &str, _: &ReadOptions, _: OnFault) -> Result<Self> {
        Err(needs(FEATURE, name))
    }
}

pub(in crate::data) mod write {
    pub(in crate::data) type CsvSink = super::NoOutput<super::Csv>;
}

impl NoOutput<Csv> {
    pub(in crate::data) fn create(file: OutputFile, _: &Head, _: u8, _: bool) -> Result<Self> {
        Err(needs(FEATURE, file.path().display()))
    }
}

pub(in crate::data) struct OfReasons;

/// The table of the rows without values.
pub(in crate::data) type Reasons = NoOutput<OfReasons>;

impl NoOutput<OfReasons> {
    pub(in crate::data) fn create(path: &Path) -> Result<Self> {
        Err(needs(FEATURE, path.display()))
    }
}
