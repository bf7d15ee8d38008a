//! Replacements for formats whose features are off: every request is an error that names the feature.

#[cfg(not(feature = "csv"))]
pub(in crate::data) mod csv;
mod feature;
#[cfg(not(feature = "images"))]
pub(in crate::data) mod images;
#[cfg(not(feature = "mnist"))]
pub(in crate::data) mod mnist;
#[cfg(not(feature = "parquet"))]
pub(in crate::data) mod parquet;
