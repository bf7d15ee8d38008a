//! Pages of TIFF files: 1 to 16 bits, integers and floating point, with or without a palette.

mod page;
mod pixels;

use super::opened::OpenImage;
use super::patched::Patched;
use super::picture::{Alpha, Depth, ImageHead, ImagePart, Picture, PixelValues};
use page::{Page, Pixel, Result, colors, page, with_limits};
use pixels::{Pixels, pixels};
use tiff::decoder::Decoder;
use tiff::tags::Tag;

/// The bytes of values that a directory may have, such as a palette.
const VALUES: usize = 16 << 20;

/// The headers of the pages, and the number of other pages, which are reduced versions or masks.
pub(super) fn heads(opened: OpenImage) -> Result<(Vec<ImageHead>, usize)> {
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
            head.part = ImagePart::Page(at);
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
            // Its place is not needed, unless it comes after a preview.
            ImagePart::Page(_) if reduced == 0 => ImagePart::Whole,
            part => part,
        };
    }
    Ok((heads, reduced))
}

/// The number of images in the file according to ImageJ: it writes large stacks as one page, followed by the other
/// images.
fn stacked(decoder: &mut Decoder<Patched>) -> Option<usize> {
    let description = decoder.get_tag_ascii_string(Tag::ImageDescription).ok()?;
    let mut lines = description.strip_prefix("ImageJ=")?.lines();
    lines.find_map(|line| line.strip_prefix("images=")?.trim().parse().ok())
}

/// The pixels of a page of the file that `open` opens.
pub(super) fn decode(open: impl Fn() -> Result<OpenImage>, head: &ImageHead) -> Result<Picture> {
    let opened = open()?;
    let bytes = opened.bytes;
    let mut file = Patched::new(opened);
    if let ImagePart::Page(at) = head.part {
        file.begin_at(at)?;
    }
    let mut decoder = Decoder::new(file)?;
    let page = page(&mut decoder, bytes)?;
    refuse_cut(&mut decoder, bytes)?;
    if page.pixel == Pixel::Palette {
        return with_palette(decoder, Patched::new(open()?), &page);
    }
    // Like tifffile and libtiff, only values of up to 8 bits are inverted.
    if page.is_inverted && page.head.depth != Depth::Eight {
        let at = decoder.ifd_pointer().ok_or("a page has no place")?.0;
        let mut file = Patched::new(open()?);
        file.begin_at(at)?;
        file.read_as_gray(at)?;
        decoder = Decoder::new(file)?;
    }
    let size = decoder.dimensions()?;
    let Pixels { stride, values } = pixels(decoder, &page)?;
    let planes = PagePlanes {
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
        _ => planes.picture(values),
    })
}

/// Refuses strips and tiles that end beyond the end of the file. The decoder reads only the bytes that the image shows.
/// If bytes are missing before them, it would find the bytes of a tile's edge at a wrong place.
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

struct PagePlanes<'a> {
    size: (u32, u32),
    stride: usize,
    page: &'a Page,
}

impl PagePlanes<'_> {
    fn picture(&self, values: PixelValues) -> Picture {
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

    /// Four 8-bit values per pixel, or three, as red, green and blue.
    fn converted(
        &self,
        values: PixelValues,
        to_rgb: impl Fn([u8; 4]) -> [u8; 3],
    ) -> Result<Picture> {
        let PixelValues::Eight(values) = values else {
            return Err("it has more than 8 bits".into());
        };
        let values = values.chunks_exact(self.stride.max(1)).flat_map(|pixel| {
            let value = |place: usize| pixel.get(place).copied().unwrap_or_default();
            to_rgb([value(0), value(1), value(2), value(3)])
        });
        let values = PixelValues::Eight(values.collect());
        Ok(Picture::new(self.size, 3, self.page.orientation, values))
    }
}

/// A page with a palette: its values are read as gray, because the decoder does not support palettes.
fn with_palette(mut decoder: Decoder<Patched>, mut file: Patched, page: &Page) -> Result<Picture> {
    let size = decoder.dimensions()?;
    let colors = colors(&mut decoder, page.bits)?;
    let at = decoder.ifd_pointer().ok_or("a page has no place")?.0;
    file.begin_at(at)?;
    file.read_as_gray(at)?;
    let Pixels { stride, values, .. } = pixels(Decoder::new(file)?, page)?;
    let PixelValues::Eight(indices) = values else {
        return Err("its palette has more than 256 colors".into());
    };
    let color = |index: &u8| colors.get(usize::from(*index)).copied().unwrap_or_default();
    let values = indices.iter().step_by(stride.max(1)).flat_map(color);
    let mut picture = Picture::new(
        size,
        3,
        page.orientation,
        PixelValues::Eight(values.collect()),
    );
    picture.is_color = page.head.is_color;
    Ok(picture)
}
