//! Soon.
pub(in crate::data) mod write;

use crate::Result;
use crate::data::column::*;
use std::path::Path;

pub(in crate::data) fn begins_as_parquet(start: &[u8]) -> bool {
    start.starts_with(b"PAR1")
}
pub(in crate::data) struct ParquetTable;
impl ParquetTable {
    pub(in crate::data) fn open(_: &Path, _: &str) -> Result<ParquetTable> {
        unimplemented!()
    }
}
impl TableReader for ParquetTable {
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
