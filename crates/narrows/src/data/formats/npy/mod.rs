//! NumPy's `.npy` and `.npz`.
//!
//! The numbers of an `.npy` lie in the file as they would in memory, so a large one stays there. An `.npz` is a
//! ZIP archive of such arrays.

mod archive;
mod array;
mod foreign;
mod gaps;
mod header;
mod labels;
mod literal;
mod names;
mod npz;
mod open;
pub(in crate::data) mod write;

pub(in crate::data) use npz::open as open_npz;
pub(in crate::data) use open::open_npy;
