//! IDX, the format of MNIST and similar data sets, raw or gzipped: a folder of files, or one file.

mod file;
mod files;
mod open;

pub(in crate::data) use files::names_idx;
pub(in crate::data) use open::{begins_as_idx, files_of_folder, is_folder, open_file, open_folder};
