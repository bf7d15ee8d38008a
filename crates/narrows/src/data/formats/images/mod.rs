//! Images: one file, or a folder of them. The names of subfolders are labels.
//!
//! PNG, JPEG, TIFF, BMP, WebP and GIF are recognized by content. Images are turned by their EXIF orientation. All must
//! then have one size, or are resized to the requested one. Rows have one channel if all images are gray, else three;
//! for a model they have its number of channels. Values have 8 bits, 16 bits if one image has 16, or are floating-point
//! numbers. Transparent pixels are blended with black. Each page of a TIFF file is a row; of an animation the first
//! frame is read.

#[cfg(feature = "images")]
mod decode;
mod find;
#[cfg(feature = "images")]
mod fit;
mod kind;
mod open;
#[cfg(feature = "images")]
mod opened;
#[cfg(feature = "images")]
mod patched;
#[cfg(feature = "images")]
mod picture;
#[cfg(feature = "images")]
mod read;
#[cfg(feature = "images")]
mod threads;
#[cfg(feature = "images")]
mod tiff;
#[cfg(feature = "images")]
pub(in crate::data) mod write;

#[cfg(not(feature = "images"))]
use super::without::images as read;
#[cfg(not(feature = "images"))]
pub(in crate::data) use super::without::images::write;
pub(in crate::data) use kind::begins_as_image;
pub(in crate::data) use open::{files_of_folder, is_folder, open};
