//! Soon.
pub(in crate::data) mod write;

use crate::Result;
use crate::data::{ReadOptions, Source};

pub(in crate::data) fn open(_: &str, _: &ReadOptions) -> Result<Option<Source>> {
    Ok(None)
}
