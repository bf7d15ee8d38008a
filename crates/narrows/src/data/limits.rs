//! How much a file may ask for before memory is taken for it.
//!
//! A small file can promise much: a PNG of 32 KB can have 268 million pixels. A reader compares what is promised with
//! these limits first.

/// The most values of one row, for images: 64 Mi, as of 4096 x 5461 pixels in color.
pub(crate) const IMAGE_VALUES: u64 = 1 << 26;

/// The most pixels of an image that is decoded, whatever size it is then brought to.
pub(crate) const IMAGE_PIXELS: u64 = 1 << 28;

/// An image may take this many bytes when it is decoded, however small its file is.
pub(crate) const IMAGE_BYTES_FREE: u64 = 16 << 20;

/// Beyond [`IMAGE_BYTES_FREE`], an image may take this many times the bytes of its file when it is decoded. Photos
/// take 2 to 50 times, blank pages some 500.
pub(crate) const IMAGE_RATIO: u64 = 600;

/// The most bytes of the file of an image that is decoded from memory. A TIFF file of many pages is not.
pub(crate) const IMAGE_FILE: u64 = 1 << 30;
