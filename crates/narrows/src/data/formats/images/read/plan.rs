//! The common form of all images, from their headers; and checks before any image is decoded.

use super::met::{PlannedImage, place};
use crate::advice::{Setting, set};
use crate::data::ReadOptions;
use crate::data::formats::images::find::{FoundImage, images};
use crate::data::formats::images::fit::ImagePlan;
use crate::data::formats::images::picture::Depth;
use crate::data::limits::{IMAGE_VALUES, IMAGES_BYTES_FREE, IMAGES_RATIO};
use crate::text::{count, count_of};
use crate::{Error, ErrorKind, Result};

/// The common form of all images.
pub(super) fn plan(
    spec: &str,
    all: &[PlannedImage],
    options: &ReadOptions,
    skipped: usize,
) -> Result<ImagePlan> {
    let Some(first) = all.first() else {
        return Err(none_left(spec, skipped));
    };
    let size = options.image_size.unwrap_or(first.head.size);
    let other = all.iter().find(|image| image.head.size != size);
    if let (None, Some(other)) = (options.image_size, other) {
        return Err(Error::new(ErrorKind::Data, "the images differ in size")
            .at(place(other))
            .expected(format!("{} x {} pixels, as {}", size.0, size.1, first.name))
            .found(format!("{} x {}", other.head.size.0, other.head.size.1))
            .hint(format!(
                "resize them to one size with {}, in the way of {}, `crop` or `pad`",
                set(Setting::ImageSize, "WIDTHxHEIGHT"),
                set(Setting::Fit, "squeeze")
            )));
    }
    let is_color = match options.channels {
        None => all.iter().any(|image| image.head.is_color),
        Some(1) => false,
        Some(3) => true,
        Some(channels) => {
            return Err(Error::new(
                ErrorKind::Data,
                "images cannot have this number of channels",
            )
            .at(spec)
            .expected("1, for gray, or 3, for color")
            .found(channels));
        }
    };
    let values = [size.0, size.1, if is_color { 3 } else { 1 }];
    let values = values
        .iter()
        .fold(1_u64, |product, &n| product.saturating_mul(n.into()));
    if values == 0 || values > IMAGE_VALUES {
        return Err(Error::new(
            ErrorKind::Data,
            "an image is a row, and these images are too large for a row",
        )
        .at(place(first))
        .expected(format!("1 to {} values", count(IMAGE_VALUES)))
        .found(format!(
            "{} x {} pixels, {}",
            size.0,
            size.1,
            count_of(values, "value")
        ))
        .hint(format!(
            "resize them with {}",
            set(Setting::ImageSize, "WIDTHxHEIGHT")
        )));
    }
    let float = all.iter().find(|image| !image.head.depth.is_whole());
    let whole = all.iter().find(|image| image.head.depth.is_whole());
    if let (Some(float), Some(whole)) = (float, whole) {
        return Err(Error::new(
            ErrorKind::Data,
            "the images differ in the type of their values",
        )
        .at(place(whole))
        .expected(format!(
            "floating-point or signed values, as {}",
            float.name
        ))
        .found("whole numbers of 8 or 16 bits")
        .hint("save all in one type, so that their values can be compared"));
    }
    let deepest = all.iter().map(|image| image.head.depth).max();
    Ok(ImagePlan {
        size,
        fit: options.fit,
        is_color,
        depth: match (deepest.unwrap_or(Depth::Eight), options.bits) {
            (depth @ (Depth::Float | Depth::Double), _) => depth,
            (_, Some(8)) => Depth::Eight,
            (_, Some(16)) => Depth::Sixteen,
            (depth, _) => depth,
        },
    })
}

/// Refuses images that would take far more memory than their files justify. Each image may have only few bytes in its
/// file, or share them with other images.
pub(super) fn check_sum(spec: &str, files: &[FoundImage], all: &[PlannedImage]) -> Result<()> {
    let packed = files
        .iter()
        .map(|file| file.path.metadata().map_or(0, |of| of.len()));
    let packed = packed.fold(0, u64::saturating_add);
    let unpacked = all.iter().map(|image| image.head.bytes);
    let unpacked = unpacked.fold(0, u64::saturating_add);
    let most = IMAGES_BYTES_FREE.saturating_add(packed.saturating_mul(IMAGES_RATIO));
    if unpacked <= most {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Data,
        "the images are far larger than the files that they come from",
    )
    .at(spec)
    .expected(format!(
        "images of at most {} from files of {}",
        count_of(most, "byte"),
        count_of(packed, "byte")
    ))
    .found(format!(
        "{} of {}",
        images(all.len()),
        count_of(unpacked, "byte")
    ))
    .hint("if they are not damaged, save them as .npy"))
}

pub(super) fn none_left(spec: &str, skipped: usize) -> Error {
    Error::new(ErrorKind::Data, "there are no images that can be read")
        .at(spec)
        .found(format!("{skipped} that cannot"))
}
