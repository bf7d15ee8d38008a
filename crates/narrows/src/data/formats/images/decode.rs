//! The images of one file: their headers and their pixels.
//!
//! The sizes in a file are compared with the limits before memory is allocated. If a decoder panics on damaged input,
//! the panic is caught.

use super::kind::ImageKind;
use super::opened::{OpenImage, open};
use super::picture::{
    Alpha, Cause, Depth, ImageHead, ImagePart, Picture, PixelValues, is_gray, orientation_of,
};
use super::tiff;
use crate::data::guard::guarded;
use crate::data::limits::IMAGE_FILE;
use crate::text::{count, count_of};
use crate::{Error, ErrorKind, Result};
use image::codecs::bmp::BmpDecoder;
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder};
use std::borrow::Cow;
use std::io::{Read, Seek, SeekFrom};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// The bytes of metadata that a PNG file may have in memory.
const METADATA: usize = 16 << 20;

/// The headers of the images in a file, and the number of other pages, which are previews or masks.
pub(super) fn heads(path: &Path, kind: Option<ImageKind>) -> Result<(Vec<ImageHead>, usize)> {
    within(path, || {
        let opened = open(path)?;
        if kind == Some(ImageKind::Tiff) {
            return tiff::heads(opened);
        }
        Ok((vec![one(opened, kind, Wanted::Head)?.0], 0))
    })
}

/// The pixels of an image.
pub(super) fn decode(path: &Path, kind: Option<ImageKind>, head: &ImageHead) -> Result<Picture> {
    within(path, || {
        if kind == Some(ImageKind::Tiff) {
            return tiff::decode(|| open(path), head);
        }
        let (_, picture) = one(open(path)?, kind, Wanted::Pixels)?;
        picture.ok_or_else(|| "it has no pixels".into())
    })
}

fn within<T>(path: &Path, work: impl FnOnce() -> std::result::Result<T, Cause>) -> Result<T> {
    guarded(AssertUnwindSafe(|| {
        work().map_err(|cause| {
            Error::new(ErrorKind::Format, "the image cannot be read").caused_by(cause)
        })
    }))
    .map_err(|error| error.at(path.display()))
}

/// Whether only the header of an image is requested.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Head,
    Pixels,
}

type One = std::result::Result<(ImageHead, Option<Picture>), Cause>;

fn one(opened: OpenImage, kind: Option<ImageKind>, wanted: Wanted) -> One {
    if opened.bytes > IMAGE_FILE {
        return Err(format!(
            "it has {}, and at most {} are read",
            count_of(opened.bytes, "byte"),
            count(IMAGE_FILE)
        )
        .into());
    }
    match kind {
        Some(ImageKind::Png) => png(opened, wanted),
        Some(ImageKind::Jpeg) => jpeg(opened, wanted),
        Some(ImageKind::Gif) => gif(opened, wanted),
        Some(ImageKind::Bmp) => bmp(opened, wanted),
        Some(ImageKind::Webp) => webp(opened, wanted),
        Some(ImageKind::Tiff) | None if opened.bytes == 0 => Err("the file is empty".into()),
        Some(ImageKind::Tiff) | None => Err("its first bytes are not those of an image".into()),
    }
}

fn png(opened: OpenImage, wanted: Wanted) -> One {
    let limits = png::Limits { bytes: METADATA };
    let mut decoder = png::Decoder::new_with_limits(opened.file, limits);
    // Neither is used, and both can be small in the file but large in memory.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(png::Transformations::EXPAND);
    let (width, height) = {
        let info = decoder.read_header_info()?;
        (info.width, info.height)
    };
    // The least bytes that such an image takes, because a palette is not read yet.
    ImageHead::new(
        (width, height),
        Orientation::NoTransforms,
        (1, Depth::Eight),
        opened.bytes,
    )?;
    decoder.set_limits(png::Limits {
        bytes: METADATA.saturating_add(width as usize * 16),
    });
    let mut reader = decoder.read_info()?;
    let (color, bits) = reader.output_color_type();
    let depth = match bits {
        png::BitDepth::Sixteen => Depth::Sixteen,
        _ => Depth::Eight,
    };
    let info = reader.info();
    let orientation = orientation_of(info.exif_metadata.as_ref());
    let stride = color.samples();
    let mut head = ImageHead::new((width, height), orientation, (stride, depth), opened.bytes)?;
    let has_grays = info
        .palette
        .as_ref()
        .is_some_and(|palette| is_gray(palette));
    let is_gray = info.color_type == png::ColorType::Indexed && has_grays;
    head.is_color &= !is_gray;
    let frames = info
        .animation_control
        .map_or(1, |animation| animation.num_frames);
    if frames > 1 {
        head.part = ImagePart::FirstFrame;
    }
    if wanted == Wanted::Head {
        return Ok((head, None));
    }
    let size = reader
        .output_buffer_size()
        .ok_or("it has too many pixels")?;
    let mut pixels = vec![0; size];
    reader.next_frame(&mut pixels)?;
    let values = match depth {
        Depth::Sixteen => {
            let pairs = pixels.as_chunks().0.iter();
            PixelValues::Sixteen(pairs.map(|&pair| u16::from_be_bytes(pair)).collect())
        }
        _ => PixelValues::Eight(pixels),
    };
    let mut picture = Picture::new((width, height), stride, orientation, values);
    picture.is_color &= !is_gray;
    Ok((head, Some(picture)))
}

fn bmp(mut opened: OpenImage, wanted: Wanted) -> One {
    // If the pixels cannot be where the file says, decoders guess their place.
    const FILE_HEADER: u64 = 14;
    let mut start = [0; FILE_HEADER as usize + 4];
    opened.file.read_exact(&mut start)?;
    opened.file.seek(SeekFrom::Start(0))?;
    let number = |at: usize| {
        let bytes = start[at..].first_chunk().copied().unwrap_or_default();
        u64::from(u32::from_le_bytes(bytes))
    };
    let (pixels, header) = (number(10), number(14));
    if pixels < FILE_HEADER + header {
        return Err("it says that its pixels begin within its header".into());
    }
    let decoder = BmpDecoder::new(opened.file)?;
    let is_gray = decoder
        .get_palette()
        .is_some_and(|palette| is_gray(palette.as_flattened()));
    by_image(decoder, opened.bytes, is_gray, wanted)
}

fn jpeg(mut opened: OpenImage, wanted: Wanted) -> One {
    let mut bytes = Vec::new();
    opened.file.read_to_end(&mut bytes)?;
    // If a file is truncated, the decoder invents the missing part.
    if wanted == Wanted::Pixels && !has_end(&bytes) {
        return Err("it is cut short".into());
    }
    // `ImageHead` limits the sides.
    let options = DecoderOptions::default()
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&bytes), options);
    decoder.decode_headers()?;
    let size = decoder.dimensions().ok_or("it has no size")?;
    let size = (u32::try_from(size.0)?, u32::try_from(size.1)?);
    let exif = decoder.exif().cloned().map(Cow::Owned);
    let orientation = orientation_of(exif.as_ref());
    let (space, stride) = match decoder.input_colorspace().ok_or("it has no colors")? {
        ColorSpace::Luma => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    let head = ImageHead::new(size, orientation, (stride, Depth::Eight), opened.bytes)?;
    if wanted == Wanted::Head {
        return Ok((head, None));
    }
    // Padding between two headers does no harm. If the pixels are damaged, however, the decoder would invent the rest.
    decoder.set_options(options.set_strict_mode(true).jpeg_set_out_colorspace(space));
    let mut pixels = vec![0; usize::try_from(head.bytes)?];
    if decoder.output_buffer_size() != Some(pixels.len()) {
        return Err("its components do not make up the pixels of an image".into());
    }
    decoder.decode_into(&mut pixels)?;
    let picture = Picture::new(size, stride, orientation, PixelValues::Eight(pixels));
    Ok((head, Some(picture)))
}

/// Whether a JPEG file has its end marker after the beginning of its pixels.
fn has_end(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, mark, high, low]) = bytes.get(at..at + 4) {
        match mark {
            // Padding, or a mark without a length.
            0xff => at += 1,
            0xda => return memchr::memmem::find(&bytes[at..], &[0xff, 0xd9]).is_some(),
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    // Anything unusual here is left to the decoder.
    at < bytes.len()
}

/// Of 8 or 16 bits, by a decoder of the `image` crate.
fn by_image(mut decoder: impl ImageDecoder, file_bytes: u64, is_gray: bool, wanted: Wanted) -> One {
    let size = decoder.dimensions();
    let color = decoder.color_type();
    let stride = usize::from(color.channel_count());
    let orientation = decoder.orientation()?;
    if !matches!(
        color,
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8
    ) {
        return Err(format!("it has values of the type {color:?}, which is not read here").into());
    }
    let mut head = ImageHead::new(size, orientation, (stride, Depth::Eight), file_bytes)?;
    head.is_color &= !is_gray;
    if wanted == Wanted::Head {
        return Ok((head, None));
    }
    let mut pixels = vec![0; usize::try_from(head.bytes)?];
    decoder.read_image(&mut pixels)?;
    let mut picture = Picture::new(size, stride, orientation, PixelValues::Eight(pixels));
    picture.is_color &= !is_gray;
    Ok((head, Some(picture)))
}

fn webp(mut opened: OpenImage, wanted: Wanted) -> One {
    // The file states its length, and the decoder may not notice missing bytes.
    let mut start = [0; 8];
    opened.file.read_exact(&mut start)?;
    opened.file.seek(SeekFrom::Start(0))?;
    let [.., a, b, c, d] = start;
    if u64::from(u32::from_le_bytes([a, b, c, d])) + 8 > opened.bytes {
        return Err("it is cut short".into());
    }
    let mut decoder = image_webp::WebPDecoder::new(opened.file)?;
    decoder.set_memory_limit(usize::try_from(opened.bytes)?);
    let size = decoder.dimensions();
    let stride = if decoder.has_alpha() { 4 } else { 3 };
    let exif = decoder.exif_metadata()?.map(Cow::Owned);
    let orientation = orientation_of(exif.as_ref());
    let mut head = ImageHead::new(size, orientation, (stride, Depth::Eight), opened.bytes)?;
    if decoder.is_animated() && decoder.num_frames() > 1 {
        head.part = ImagePart::FirstFrame;
    }
    if wanted == Wanted::Head {
        return Ok((head, None));
    }
    let mut pixels = vec![0; usize::try_from(head.bytes)?];
    decoder.read_image(&mut pixels)?;
    let picture = Picture::new(size, stride, orientation, PixelValues::Eight(pixels));
    Ok((head, Some(picture)))
}

/// The first frame of a GIF, on a transparent screen.
fn gif(opened: OpenImage, wanted: Wanted) -> One {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    options.check_frame_consistency(true);
    options.set_memory_limit(gif::MemoryLimit::Unlimited);
    if wanted == Wanted::Head {
        options.skip_frame_decoding(true);
    }
    let mut decoder = options.read_info(opened.file)?;
    let size = (u32::from(decoder.width()), u32::from(decoder.height()));
    let screen = |stride| {
        ImageHead::new(
            size,
            Orientation::NoTransforms,
            (stride, Depth::Eight),
            opened.bytes,
        )
    };
    // The size with alpha; a frame is inside the screen.
    let mut head = screen(4)?;
    let global = decoder.global_palette().map(<[u8]>::to_vec);
    if wanted == Wanted::Head {
        let frame = decoder.next_frame_info()?.ok_or("it has no frame")?;
        let palette = frame.palette.as_ref().or(global.as_ref());
        head.is_color = !palette.is_none_or(|palette| is_gray(palette));
        if matches!(decoder.next_frame_info(), Ok(Some(_))) {
            head.part = ImagePart::FirstFrame;
        }
        return Ok((head, None));
    }
    let frame = decoder.read_next_frame()?.ok_or("it has no frame")?;
    let palette = frame.palette.as_ref().or(global.as_ref());
    let palette = palette.ok_or("it has no colors")?.as_chunks::<3>().0;
    let (width, height) = (size.0 as usize, size.1 as usize);
    let mut pixels = vec![0_u8; width * height * 4];
    let (left, across) = (usize::from(frame.left), usize::from(frame.width));
    let rows = pixels.chunks_exact_mut(width * 4).skip(frame.top.into());
    for (row, indices) in rows.zip(frame.buffer.chunks_exact(across.max(1))) {
        let row = row.as_chunks_mut().0.iter_mut().skip(left);
        for (pixel, index) in row.zip(indices) {
            if frame.transparent != Some(*index) {
                let [red, green, blue] = palette
                    .get(usize::from(*index))
                    .copied()
                    .unwrap_or_default();
                *pixel = [red, green, blue, 255];
            }
        }
    }
    let mut picture = Picture::new(
        size,
        4,
        Orientation::NoTransforms,
        PixelValues::Eight(pixels),
    );
    picture.is_color = !is_gray(palette.as_flattened());
    picture.alpha = Some(Alpha {
        place: 3,
        is_multiplied: false,
    });
    head.is_color = picture.is_color;
    Ok((head, Some(picture)))
}
