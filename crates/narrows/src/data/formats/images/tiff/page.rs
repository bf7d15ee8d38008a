//! The directory of a TIFF page: its pixels, their bits, and unsupported features.

use crate::data::formats::images::patched::Patched;
use crate::data::formats::images::picture::{Cause, Depth, ImageHead};
use crate::text::count_of;
use image::metadata::Orientation;
use tiff::ColorType;
use tiff::decoder::{Decoder, Limits};
use tiff::tags::{CompressionMethod, SampleFormat, Tag};

pub(super) type Result<T> = std::result::Result<T, Cause>;

/// The memory for a strip or tile in addition to the page.
const INTERMEDIATE: usize = 64 << 20;

/// The kind of pixel values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pixel {
    Gray,
    GrayAlpha,
    Color,
    ColorAlpha,
    Cmyk,
    Ycbcr,
    Palette,
}

pub(super) struct Page {
    pub(super) pixel: Pixel,
    /// Whether 0 is white.
    pub(super) is_inverted: bool,
    /// Whether the color is multiplied with the alpha already.
    pub(super) is_multiplied: bool,
    pub(super) bits: u8,
    pub(super) orientation: Orientation,
    pub(super) head: ImageHead,
}

pub(super) fn with_limits(decoder: Decoder<Patched>, page: usize) -> Decoder<Patched> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = page;
    limits.intermediate_buffer_size = INTERMEDIATE;
    decoder.with_limits(limits)
}

/// The directory of the current page.
pub(super) fn page(decoder: &mut Decoder<Patched>, file_bytes: u64) -> Result<Page> {
    const WHITE_IS_ZERO: u16 = 0;
    const PALETTE: u16 = 3;
    if decoder.find_tag_unsigned::<u16>(Tag::FillOrder)? == Some(2) {
        return Err("the bits of its bytes are in reverse order (FillOrder 2), which is not read: save it with \
                    FillOrder 1"
            .into());
    }
    let photometric = decoder.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation)?;
    let (pixel, bits) = if photometric == Some(PALETTE) {
        let bits = decoder.find_tag_unsigned_vec::<u8>(Tag::BitsPerSample)?;
        match bits.as_deref() {
            Some(&[bits @ (1 | 2 | 4 | 8)]) => (Pixel::Palette, bits),
            _ => return Err("it has a palette of more than 256 colors, which is not read".into()),
        }
    } else {
        pixel(decoder)?
    };
    let format = decoder.find_tag_unsigned_vec::<u16>(Tag::SampleFormat)?;
    let format = format.and_then(|formats| formats.first().copied());
    let format = SampleFormat::from_u16_exhaustive(format.unwrap_or(1));
    let depth = match (format, bits) {
        (SampleFormat::Uint | SampleFormat::Void, 1..=8) => Depth::Eight,
        (SampleFormat::Uint | SampleFormat::Void, 9..=16) => Depth::Sixteen,
        (SampleFormat::IEEEFP, 33..) => Depth::Double,
        (SampleFormat::Uint | SampleFormat::Int | SampleFormat::Void, 17..) => Depth::Double,
        _ => Depth::Float,
    };
    if depth != Depth::Eight && matches!(pixel, Pixel::Cmyk | Pixel::Ycbcr) {
        return Err(format!("it is {pixel:?} of {bits} bits, of which only 8 are read").into());
    }
    let orientation = decoder.find_tag_unsigned::<u8>(Tag::Orientation)?;
    let orientation = orientation.and_then(Orientation::from_exif);
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    let stride = match pixel {
        Pixel::Gray => 1,
        Pixel::GrayAlpha => 2,
        Pixel::Color | Pixel::Ycbcr | Pixel::Palette => 3,
        Pixel::ColorAlpha | Pixel::Cmyk => 4,
    };
    let size = decoder.dimensions()?;
    let extra = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)?;
    refuse_bands(decoder, pixel, extra.as_deref())?;
    refuse_partial_tiles(decoder, size)?;
    let mut head = ImageHead::new(size, orientation, (stride, depth), file_bytes)?;
    if pixel == Pixel::Palette {
        head.is_color = !colors(decoder, bits)?
            .iter()
            .all(|[r, g, b]| r == g && g == b);
    }
    Ok(Page {
        pixel,
        is_inverted: photometric == Some(WHITE_IS_ZERO),
        is_multiplied: extra.is_some_and(|extra| extra.first() == Some(&1)),
        bits,
        orientation,
        head,
    })
}

fn pixel(decoder: &mut Decoder<Patched>) -> Result<(Pixel, u8)> {
    let color = decoder.colortype()?;
    Ok(match color {
        ColorType::Gray(bits) => (Pixel::Gray, bits),
        ColorType::RGB(bits) => (Pixel::Color, bits),
        ColorType::RGBA(bits) => (Pixel::ColorAlpha, bits),
        ColorType::CMYK(bits) => (Pixel::Cmyk, bits),
        ColorType::YCbCr(8) => {
            let compression = decoder.find_tag_unsigned::<u16>(Tag::Compression)?;
            if compression != Some(CompressionMethod::ModernJPEG.to_u16()) {
                return Err("it is YCbCr without JPEG, which is not read: save it as RGB".into());
            }
            (Pixel::Ycbcr, 8)
        }
        ColorType::Multiband {
            bit_depth,
            num_samples,
        } => {
            let extra = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)?;
            match (num_samples, extra.as_deref()) {
                (2, Some([1 | 2])) => (Pixel::GrayAlpha, bit_depth),
                _ => return Err(bands(num_samples)),
            }
        }
        other => {
            return Err(
                format!("it is of the kind {other:?}, which is not read: save it as RGB").into(),
            );
        }
    })
}

fn bands(count: u16) -> Cause {
    format!(
        "it has {count} bands, which is neither gray nor color: save it as .npy of shape [images, bands, height, width]"
    )
    .into()
}

/// Refuses bands other than color and alpha: an infrared band, a spot color.
fn refuse_bands(decoder: &mut Decoder<Patched>, pixel: Pixel, extra: Option<&[u16]>) -> Result<()> {
    let samples = decoder.find_tag_unsigned::<u16>(Tag::SamplesPerPixel)?;
    let samples = samples.unwrap_or(1);
    let of_color = match pixel {
        Pixel::Gray | Pixel::GrayAlpha | Pixel::Palette => 1,
        Pixel::Color | Pixel::ColorAlpha | Pixel::Ycbcr => 3,
        Pixel::Cmyk => 4,
    };
    let is_alpha = match pixel {
        // Some writers do not state the meaning of the fourth value.
        Pixel::ColorAlpha => matches!(extra, None | Some([1 | 2])),
        Pixel::GrayAlpha => true,
        _ => false,
    };
    match samples.saturating_sub(of_color) {
        0 => Ok(()),
        1 if is_alpha => Ok(()),
        _ => Err(bands(samples)),
    }
}

/// Refuses tiles that extend beyond the image if each color has its own tiles; the decoder panics on them.
fn refuse_partial_tiles(decoder: &mut Decoder<Patched>, size: (u32, u32)) -> Result<()> {
    const SEPARATE: u16 = 2;
    let planes = decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration)?;
    let width = decoder.find_tag_unsigned::<u32>(Tag::TileWidth)?;
    let height = decoder.find_tag_unsigned::<u32>(Tag::TileLength)?;
    let is_partial = |tile: Option<u32>, size: u32| {
        tile.is_some_and(|tile| tile > 0 && !size.is_multiple_of(tile))
    };
    if planes == Some(SEPARATE) && (is_partial(width, size.0) || is_partial(height, size.1)) {
        Err("it has a plane for each color, in tiles that reach beyond the image, which is not read: save \
                     it with planarconfig=\"contig\" or without tiles"
            .into())
    } else {
        Ok(())
    }
}

/// The colors of a palette. They have 16 bits in the file; only the upper 8 are used, as is usual.
pub(super) fn colors(decoder: &mut Decoder<Patched>, bits: u8) -> Result<Vec<[u8; 3]>> {
    let map = decoder.get_tag_u16_vec(Tag::ColorMap)?;
    let count = 1_usize << bits;
    if map.len() != 3 * count {
        return Err(format!(
            "its palette has {}, not {}",
            count_of(map.len(), "value"),
            3 * count
        )
        .into());
    }
    let of = |place: usize| map.get(place).map_or(0, |value| (value >> 8) as u8);
    Ok((0..count)
        .map(|at| [of(at), of(count + at), of(2 * count + at)])
        .collect())
}
