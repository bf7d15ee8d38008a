//! Pages of TIFF files: 1 to 16 bits, integers and floating point, with or without a palette.

use super::opened::Opened;
use super::patched::Patched;
use super::picture::{Alpha, Cause, Depth, Head, Part, Picture, Values};
use image::metadata::Orientation;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::{CompressionMethod, SampleFormat, Tag};
use tiff::{ColorType, decoder::BufferLayoutPreference};

type Result<T> = std::result::Result<T, Cause>;

/// The bytes that a strip or tile takes beside the page.
const INTERMEDIATE: usize = 64 << 20;

/// The bytes of values that a directory may have, such as a palette.
const VALUES: usize = 16 << 20;

/// What the values of a pixel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pixel {
    Gray,
    GrayAlpha,
    Color,
    ColorAlpha,
    Cmyk,
    Ycbcr,
    Palette,
}

struct Page {
    pixel: Pixel,
    /// Whether 0 is white.
    is_inverted: bool,
    /// Whether the color is multiplied with the alpha already.
    is_multiplied: bool,
    bits: u8,
    orientation: Orientation,
    head: Head,
}

/// The heads of the pages, and how many more there are that show others in a reduced resolution or are masks of them.
pub(super) fn heads(opened: Opened) -> Result<(Vec<Head>, usize)> {
    const REDUCED_OR_MASK: u32 = 1 | 4;
    let bytes = opened.bytes;
    let mut decoder = Decoder::new(Patched::new(opened))?;
    let (mut heads, mut reduced) = (Vec::new(), 0);
    decoder = with_limits(decoder, VALUES);
    let stacked = stacked(&mut decoder);
    loop {
        decoder = with_limits(decoder, VALUES);
        let kind = decoder.find_tag_unsigned::<u32>(Tag::NewSubfileType)?;
        if kind.unwrap_or(0) & REDUCED_OR_MASK != 0 {
            reduced += 1;
        } else {
            let at = decoder.ifd_pointer().ok_or("a page has no place")?.0;
            let mut head = page(&mut decoder, bytes)?.head;
            head.part = Part::Page(at);
            heads.push(head);
        }
        if !decoder.more_images() {
            break;
        }
        decoder.next_image()?;
    }
    if let Some(stacked) = stacked.filter(|&stacked| stacked > heads.len() && heads.len() == 1) {
        return Err(format!(
            "it is a stack of {stacked} images by ImageJ with one page alone: in Python, \
             tifffile.imwrite(\"stack.tif\", tifffile.imread(FILE), photometric=\"minisblack\") writes them as pages"
        )
        .into());
    }
    if let [head] = &mut heads[..] {
        head.part = match head.part {
            // Its place is not needed, unless it is behind a preview.
            Part::Page(_) if reduced == 0 => Part::Whole,
            part => part,
        };
    }
    Ok((heads, reduced))
}

/// How many images ImageJ says that the file has: it writes large stacks with one page, and the others behind it.
fn stacked(decoder: &mut Decoder<Patched>) -> Option<usize> {
    let description = decoder.get_tag_ascii_string(Tag::ImageDescription).ok()?;
    let mut lines = description.strip_prefix("ImageJ=")?.lines();
    lines.find_map(|line| line.strip_prefix("images=")?.trim().parse().ok())
}

/// The pixels of a page of the file that `open` opens.
pub(super) fn decode(open: impl Fn() -> Result<Opened>, head: &Head) -> Result<Picture> {
    let opened = open()?;
    let bytes = opened.bytes;
    let mut file = Patched::new(opened);
    if let Part::Page(at) = head.part {
        file.begin_at(at)?;
    }
    let mut decoder = Decoder::new(file)?;
    let page = page(&mut decoder, bytes)?;
    refuse_cut(&mut decoder, bytes)?;
    if page.pixel == Pixel::Palette {
        return with_palette(decoder, Patched::new(open()?), &page);
    }
    // As tifffile and libtiff do, only values of up to 8 bits are turned round.
    if page.is_inverted && page.head.depth != Depth::Eight {
        let at = decoder.ifd_pointer().ok_or("a page has no place")?.0;
        let mut file = Patched::new(open()?);
        file.begin_at(at)?;
        file.read_as_gray(at)?;
        decoder = Decoder::new(file)?;
    }
    let size = decoder.dimensions()?;
    let Pixels {
        stride,
        values,
        is_rounded,
    } = pixels(decoder, &page)?;
    let planes = Planes {
        size,
        stride,
        page: &page,
    };
    Ok(match page.pixel {
        Pixel::Cmyk => planes.converted(values, |[c, m, y, k]| {
            let ink = |value: u8| {
                let product = u32::from(value) * u32::from(255 - k) + 128;
                let product = ((product >> 8) + product) >> 8;
                (255 - k).saturating_sub(product as u8)
            };
            [ink(c), ink(m), ink(y)]
        })?,
        Pixel::Ycbcr => planes.converted(values, |[y, cb, cr, _]| {
            let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
            let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
            let green = y - 0.344_136 * cb - 0.714_136 * cr;
            [byte(y + 1.402 * cr), byte(green), byte(y + 1.772 * cb)]
        })?,
        _ => Picture {
            is_rounded,
            ..planes.picture(values)
        },
    })
}

fn with_limits(decoder: Decoder<Patched>, page: usize) -> Decoder<Patched> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = page;
    limits.intermediate_buffer_size = INTERMEDIATE;
    decoder.with_limits(limits)
}

/// What the directory of the current page says.
fn page(decoder: &mut Decoder<Patched>, file_bytes: u64) -> Result<Page> {
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
    let mut head = Head::new(size, orientation, (stride, depth), file_bytes)?;
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

/// Refuses bands beside the color that are not its alpha: an infrared band, a spot color.
fn refuse_bands(decoder: &mut Decoder<Patched>, pixel: Pixel, extra: Option<&[u16]>) -> Result<()> {
    let samples = decoder.find_tag_unsigned::<u16>(Tag::SamplesPerPixel)?;
    let samples = samples.unwrap_or(1);
    let of_color = match pixel {
        Pixel::Gray | Pixel::GrayAlpha | Pixel::Palette => 1,
        Pixel::Color | Pixel::ColorAlpha | Pixel::Ycbcr => 3,
        Pixel::Cmyk => 4,
    };
    let is_alpha = match pixel {
        // Some writers leave out what the fourth value is.
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

/// Refuses tiles that reach beyond the image where each color has tiles of its own, over which the decoder panics.
fn refuse_partial_tiles(decoder: &mut Decoder<Patched>, size: (u32, u32)) -> Result<()> {
    const SEPARATE: u16 = 2;
    let planes = decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration)?;
    let width = decoder.find_tag_unsigned::<u32>(Tag::TileWidth)?;
    let height = decoder.find_tag_unsigned::<u32>(Tag::TileLength)?;
    let is_partial = |tile: Option<u32>, size: u32| {
        tile.is_some_and(|tile| tile > 0 && !size.is_multiple_of(tile))
    };
    match planes == Some(SEPARATE) && (is_partial(width, size.0) || is_partial(height, size.1)) {
        false => Ok(()),
        true => Err("it has a plane for each color, in tiles that reach beyond the image, which is not read: save \
                     it with planarconfig=\"contig\" or without tiles"
            .into()),
    }
}

/// Refuses strips and tiles that end behind the end of the file: the decoder asks only for the bytes that the image
/// shows, and finds those of a tile's edge, shifted, where bytes are missing before them.
fn refuse_cut(decoder: &mut Decoder<Patched>, file_bytes: u64) -> Result<()> {
    for (offsets, counts) in [
        (Tag::StripOffsets, Tag::StripByteCounts),
        (Tag::TileOffsets, Tag::TileByteCounts),
    ] {
        let offsets = decoder.find_tag_unsigned_vec::<u64>(offsets)?;
        let counts = decoder.find_tag_unsigned_vec::<u64>(counts)?;
        let parts = offsets.unwrap_or_default().into_iter();
        let mut ends = parts.zip(counts.unwrap_or_default());
        if ends.any(|(start, count)| start.saturating_add(count) > file_bytes) {
            return Err("it is cut short".into());
        }
    }
    Ok(())
}

/// The values of a page, pixel after pixel.
struct Pixels {
    /// How many a pixel has.
    stride: usize,
    values: Values,
    is_rounded: bool,
}

fn pixels(decoder: Decoder<Patched>, page: &Page) -> Result<Pixels> {
    // What a pixel has beside its color may be more than is known.
    let most = usize::try_from(page.head.bytes)?
        .saturating_mul(2)
        .saturating_add(1 << 16);
    let mut decoder = with_limits(decoder, most);
    let (width, height) = decoder.dimensions()?;
    let count = width as usize * height as usize;
    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result)?;
    if result.as_buffer(0).byte_len() < layout.complete_len {
        return Err("its pixels take more memory than its size tells".into());
    }
    let not_exact =
        || -> Cause { "it has whole numbers that float32 does not hold: save it as .npy".into() };
    let mut is_rounded = false;
    let values = match result {
        DecodingResult::U8(values) if page.bits < 8 => {
            let is_index = page.pixel == Pixel::Palette;
            Values::Eight(unpacked(
                &values,
                (width as usize, height as usize),
                page.bits,
                is_index,
            )?)
        }
        DecodingResult::U8(values) => Values::Eight(interleaved(values, &layout)),
        DecodingResult::U16(values) => Values::Sixteen(interleaved(values, &layout)),
        DecodingResult::F32(values) => Values::Float(interleaved(values, &layout)),
        DecodingResult::F16(values) => {
            let values = values.into_iter().map(|value| value.to_f32()).collect();
            Values::Float(interleaved(values, &layout))
        }
        DecodingResult::F64(values) => {
            is_rounded = values
                .iter()
                .any(|&value| f64::from(value as f32) != value && !value.is_nan());
            let values = values.into_iter().map(|value| value as f32).collect();
            Values::Float(interleaved(values, &layout))
        }
        DecodingResult::I8(values) => Values::Float(interleaved(
            values.into_iter().map(f32::from).collect(),
            &layout,
        )),
        DecodingResult::I16(values) => Values::Float(interleaved(
            values.into_iter().map(f32::from).collect(),
            &layout,
        )),
        DecodingResult::I32(values) => {
            let values = exact(values.into_iter().map(i64::from)).ok_or_else(not_exact)?;
            Values::Float(interleaved(values, &layout))
        }
        DecodingResult::U32(values) => {
            let values = exact(values.into_iter().map(i64::from)).ok_or_else(not_exact)?;
            Values::Float(interleaved(values, &layout))
        }
        DecodingResult::I64(_) | DecodingResult::U64(_) => {
            return Err(
                "it has whole numbers of 64 bits, which are not read: save it as .npy".into(),
            );
        }
    };
    let there = match &values {
        Values::Eight(values) => values.len(),
        Values::Sixteen(values) => values.len(),
        Values::Float(values) => values.len(),
    };
    Ok(Pixels {
        stride: there / count.max(1),
        values,
        is_rounded,
    })
}

/// Whole numbers as `f32`, if each is one.
fn exact(values: impl Iterator<Item = i64>) -> Option<Vec<f32>> {
    values
        .map(|value| ((value as f32) as i64 == value).then_some(value as f32))
        .collect()
}

/// Values that lie plane by plane, pixel after pixel.
fn interleaved<T: Copy>(values: Vec<T>, layout: &BufferLayoutPreference) -> Vec<T> {
    if layout.planes < 2 {
        return values;
    }
    let plane = values.len() / layout.planes;
    let places = (0..plane).flat_map(|pixel| (0..layout.planes).map(move |at| at * plane + pixel));
    places
        .filter_map(|place| values.get(place).copied())
        .collect()
}

/// Values of 1, 2 or 4 bits, each row of which begins with a byte, as bytes: scaled to 0 to 255 unless they are
/// places in a palette.
fn unpacked(
    packed: &[u8],
    (width, height): (usize, usize),
    bits: u8,
    is_index: bool,
) -> Result<Vec<u8>> {
    if !matches!(bits, 1 | 2 | 4) {
        return Err(format!("it has values of {bits} bits, which are not read").into());
    }
    let most = (1_u8 << bits) - 1;
    let scale = if is_index { 1 } else { 255 / most };
    let in_byte = usize::from(8 / bits);
    let mut values = Vec::with_capacity(width * height);
    for row in packed.chunks(width.div_ceil(in_byte)).take(height) {
        values.extend((0..width).map(|x| {
            let byte = row.get(x / in_byte).copied().unwrap_or_default();
            let shift = 8 - bits as usize * (x % in_byte + 1);
            ((byte >> shift) & most) * scale
        }));
    }
    Ok(values)
}

struct Planes<'a> {
    size: (u32, u32),
    stride: usize,
    page: &'a Page,
}

impl Planes<'_> {
    fn picture(&self, values: Values) -> Picture {
        let mut picture = Picture::new(self.size, self.stride, self.page.orientation, values);
        picture.is_color = matches!(self.page.pixel, Pixel::Color | Pixel::ColorAlpha);
        picture.alpha = match self.page.pixel {
            Pixel::GrayAlpha => Some(1),
            Pixel::ColorAlpha => Some(3),
            _ => None,
        }
        .map(|place| Alpha {
            place,
            is_multiplied: self.page.is_multiplied,
        });
        picture
    }

    /// Four values of 8 bits a pixel, or three, as red, green and blue.
    fn converted(&self, values: Values, to_rgb: impl Fn([u8; 4]) -> [u8; 3]) -> Result<Picture> {
        let Values::Eight(values) = values else {
            return Err("it has more than 8 bits".into());
        };
        let values = values.chunks_exact(self.stride.max(1)).flat_map(|pixel| {
            let value = |place: usize| pixel.get(place).copied().unwrap_or_default();
            to_rgb([value(0), value(1), value(2), value(3)])
        });
        let values = Values::Eight(values.collect());
        Ok(Picture::new(self.size, 3, self.page.orientation, values))
    }
}

/// The colors of a palette. They have 16 bits in the file, of which the upper 8 count, as everywhere.
fn colors(decoder: &mut Decoder<Patched>, bits: u8) -> Result<Vec<[u8; 3]>> {
    let map = decoder.get_tag_u16_vec(Tag::ColorMap)?;
    let count = 1_usize << bits;
    if map.len() != 3 * count {
        return Err(format!("its palette has {} values, not {}", map.len(), 3 * count).into());
    }
    let of = |place: usize| map.get(place).map_or(0, |value| (value >> 8) as u8);
    Ok((0..count)
        .map(|at| [of(at), of(count + at), of(2 * count + at)])
        .collect())
}

/// A page with a palette: its values are read as if they were gray, as the decoder knows no palettes.
fn with_palette(mut decoder: Decoder<Patched>, mut file: Patched, page: &Page) -> Result<Picture> {
    let size = decoder.dimensions()?;
    let colors = colors(&mut decoder, page.bits)?;
    let at = decoder.ifd_pointer().ok_or("a page has no place")?.0;
    file.begin_at(at)?;
    file.read_as_gray(at)?;
    let Pixels { stride, values, .. } = pixels(Decoder::new(file)?, page)?;
    let Values::Eight(indices) = values else {
        return Err("its palette has more than 256 colors".into());
    };
    let color = |index: &u8| colors.get(usize::from(*index)).copied().unwrap_or_default();
    let values = indices.iter().step_by(stride.max(1)).flat_map(color);
    let mut picture = Picture::new(size, 3, page.orientation, Values::Eight(values.collect()));
    picture.is_color = page.head.is_color;
    Ok(picture)
}
