//! The formats that data are read from and written to, a module each.

pub(in crate::data) mod csv;
pub(in crate::data) mod idx;
pub(in crate::data) mod images;
mod layout;
pub(in crate::data) mod mnist;
pub(in crate::data) mod npy;
pub(in crate::data) mod parquet;
mod unpack;
