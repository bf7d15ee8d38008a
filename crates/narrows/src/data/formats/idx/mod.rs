//! IDX, the format of MNIST and its kin, raw or gzipped: a folder of such files, or one.

mod file;
mod files;
mod open;

pub(in crate::data) use files::names_idx;
pub(in crate::data) use open::{begins_as_idx, files_of_folder, is_folder, open_file, open_folder};
