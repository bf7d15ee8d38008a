//! Images, without the feature `images`.

use super::feature::{NoOutput, needs};
use crate::Result;
use crate::data::output::Head;
use crate::data::{Dataset, ReadOptions};
use std::path::Path;

const FEATURE: &str = "images";

pub(in crate::data) struct Images;

pub(in crate::data) fn read<F>(spec: &str, _: &[F], _: &ReadOptions) -> Result<Dataset> {
    Err(needs(FEATURE, spec))
}

pub(in crate::data) mod write {
    pub(in crate::data) type ImagesSink = super::NoOutput<super::Images>;
}

impl NoOutput<Images> {
    pub(in crate::data) fn create(folder: &Path, _: &Head) -> Result<Self> {
        Err(needs(FEATURE, folder.display()))
    }
}
