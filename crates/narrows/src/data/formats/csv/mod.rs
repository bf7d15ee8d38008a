//! Soon.
pub(in crate::data) mod write;

use crate::Result;
use crate::data::ReadOptions;
use crate::data::column::*;
use std::path::Path;

pub(in crate::data) struct CsvTable;
impl CsvTable {
    pub(in crate::data) fn open(_: &Path, _: &str, _: &ReadOptions) -> Result<CsvTable> {
        unimplemented!()
    }
}
impl TableReader for CsvTable {
    fn name(&self) -> &str {
        ""
    }
    fn columns(&self) -> &[FileColumn] {
        &[]
    }
    fn how(&self) -> Option<String> {
        None
    }
    fn notes(&self) -> Vec<String> {
        vec![]
    }
    fn read(
        &mut self,
        _: &[(usize, As)],
        _: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<Verdict> {
        unimplemented!()
    }
}
