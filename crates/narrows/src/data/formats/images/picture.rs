//! An image in memory, in the form of its decoder, and its header.

use crate::data::limits::{IMAGE_BYTES_FREE, IMAGE_PIXELS, IMAGE_RATIO};
use crate::text::{count, count_of};
use image::metadata::Orientation;
use std::borrow::Cow;

/// The reason why an image cannot be read.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The type of an image's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    Eight,
    Sixteen,
    Float,
    /// Floating-point numbers of 64 bits, and whole numbers of 32 bits, which float32 does not hold.
    Double,
}

impl Depth {
    /// Whether the values are whole numbers from 0 to the largest of their type.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Depth::Eight | Depth::Sixteen)
    }
}

/// The header of an image or of a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImageHead {
    /// Width and height, after the orientation is applied.
    pub(super) size: (u32, u32),
    pub(super) is_color: bool,
    pub(super) depth: Depth,
    /// The bytes that the decoded image takes.
    pub(super) bytes: u64,
    pub(super) part: ImagePart,
}

/// The part of a file that an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImagePart {
    Whole,
    /// The first frame of several.
    FirstFrame,
    /// A page, and its place in the file.
    Page(u64),
}

impl ImageHead {
    /// For an image with `stride` values per pixel, if its size is within the limits.
    pub(super) fn new(
        (width, height): (u32, u32),
        orientation: Orientation,
        (stride, depth): (usize, Depth),
        file_bytes: u64,
    ) -> Result<ImageHead, Cause> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 {
            return Err(format!("it has no pixels: {width} x {height}").into());
        }
        if pixels > IMAGE_PIXELS {
            return Err(format!(
                "it has {width} x {height} pixels, and at most {} are read",
                count(IMAGE_PIXELS)
            )
            .into());
        }
        let of_value = match depth {
            Depth::Eight => 1,
            Depth::Sixteen => 2,
            Depth::Float => 4,
            Depth::Double => 8,
        };
        let bytes = pixels.saturating_mul(stride as u64 * of_value);
        if bytes > IMAGE_BYTES_FREE.max(file_bytes.saturating_mul(IMAGE_RATIO)) {
            return Err(format!(
                "its {} claim {width} x {height} pixels of {}, which is more than {IMAGE_RATIO} times as much",
                count_of(file_bytes, "byte"),
                count_of(bytes, "byte")
            )
            .into());
        }
        let is_on_its_side = matches!(
            orientation,
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        );
        Ok(ImageHead {
            size: if is_on_its_side {
                (height, width)
            } else {
                (width, height)
            },
            is_color: stride > 2,
            depth,
            bytes,
            part: ImagePart::Whole,
        })
    }
}

/// The values of an image.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PixelValues {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
    Float(Vec<f32>),
    Double(Vec<f64>),
}

/// An image before its orientation is applied: pixel after pixel, row after row.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    /// The number of values per pixel; the first 1 or 3 are its color.
    pub(super) stride: usize,
    pub(super) is_color: bool,
    pub(super) alpha: Option<Alpha>,
    pub(super) orientation: Orientation,
    pub(super) values: PixelValues,
}

/// The place of alpha in a pixel, and whether the color is already multiplied by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alpha {
    pub(super) place: usize,
    pub(super) is_multiplied: bool,
}

impl Picture {
    /// An image with 1 to 4 values per pixel: gray or color, each with or without alpha.
    pub(super) fn new(
        (width, height): (u32, u32),
        stride: usize,
        orientation: Orientation,
        values: PixelValues,
    ) -> Picture {
        Picture {
            width: width as usize,
            height: height as usize,
            stride,
            is_color: stride > 2,
            alpha: stride.is_multiple_of(2).then_some(Alpha {
                place: stride - 1,
                is_multiplied: false,
            }),
            orientation,
            values,
        }
    }
}

/// Whether a palette, three bytes a color, has only grays.
pub(super) fn is_gray(palette: &[u8]) -> bool {
    let is_gray = |color: &[u8; 3]| color[0] == color[1] && color[1] == color[2];
    palette.as_chunks::<3>().0.iter().all(is_gray)
}

/// The orientation in EXIF metadata, if there is one.
pub(super) fn orientation_of(exif: Option<&Cow<'_, [u8]>>) -> Orientation {
    exif.and_then(|exif| Orientation::from_exif_chunk(exif))
        .unwrap_or(Orientation::NoTransforms)
}
