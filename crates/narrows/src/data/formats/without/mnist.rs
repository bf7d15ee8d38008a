//! The built-in MNIST, without the feature `mnist`.

use super::feature::needs;
use crate::Result;
use crate::data::source::MNIST;
use crate::data::{ReadOptions, Source};

pub(in crate::data) fn open(spec: &str, _: &ReadOptions) -> Result<Option<Source>> {
    match spec {
        MNIST => Err(needs("mnist", spec)),
        _ => Ok(None),
    }
}
