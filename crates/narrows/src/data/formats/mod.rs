//! The formats of reading and writing, one module each.

#[cfg(feature = "csv")]
pub(in crate::data) mod csv;
pub(in crate::data) mod idx;
pub(in crate::data) mod images;
mod layout;
#[cfg(feature = "mnist")]
pub(in crate::data) mod mnist;
pub(in crate::data) mod npy;
#[cfg(feature = "parquet")]
pub(in crate::data) mod parquet;
mod unpack;
#[cfg(not(all(
    feature = "csv",
    feature = "parquet",
    feature = "images",
    feature = "mnist"
)))]
mod without;

#[cfg(not(feature = "csv"))]
pub(in crate::data) use without::csv;
#[cfg(not(feature = "mnist"))]
pub(in crate::data) use without::mnist;
#[cfg(not(feature = "parquet"))]
pub(in crate::data) use without::parquet;
