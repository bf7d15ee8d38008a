//! The values of a TIFF page: from the types of a file to the types of a picture.

use super::page::{Page, Pixel, Result, with_limits};
use crate::data::formats::images::patched::Patched;
use crate::data::formats::images::picture::PixelValues;
use tiff::decoder::{BufferLayoutPreference, Decoder, DecodingResult};

/// The values of a page, pixel after pixel.
pub(super) struct Pixels {
    /// The number of values per pixel.
    pub(super) stride: usize,
    pub(super) values: PixelValues,
}

pub(super) fn pixels(decoder: Decoder<Patched>, page: &Page) -> Result<Pixels> {
    // A pixel may have more additional values than the file declares.
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
    let values = match result {
        DecodingResult::U8(values) if page.bits < 8 => {
            let is_index = page.pixel == Pixel::Palette;
            PixelValues::Eight(unpacked(
                &values,
                (width as usize, height as usize),
                page.bits,
                is_index,
            )?)
        }
        DecodingResult::U8(values) => PixelValues::Eight(interleaved(values, &layout)),
        DecodingResult::U16(values) => PixelValues::Sixteen(interleaved(values, &layout)),
        DecodingResult::F32(values) => PixelValues::Float(interleaved(values, &layout)),
        DecodingResult::F16(values) => {
            let values = values.into_iter().map(|value| value.to_f32()).collect();
            PixelValues::Float(interleaved(values, &layout))
        }
        DecodingResult::F64(values) => PixelValues::Double(interleaved(values, &layout)),
        DecodingResult::I8(values) => PixelValues::Float(interleaved(
            values.into_iter().map(f32::from).collect(),
            &layout,
        )),
        DecodingResult::I16(values) => PixelValues::Float(interleaved(
            values.into_iter().map(f32::from).collect(),
            &layout,
        )),
        DecodingResult::I32(values) => PixelValues::Double(interleaved(
            values.into_iter().map(f64::from).collect(),
            &layout,
        )),
        DecodingResult::U32(values) => PixelValues::Double(interleaved(
            values.into_iter().map(f64::from).collect(),
            &layout,
        )),
        DecodingResult::I64(_) | DecodingResult::U64(_) => {
            return Err(
                "it has whole numbers of 64 bits, which are not read: save it as .npy".into(),
            );
        }
    };
    let there = match &values {
        PixelValues::Eight(values) => values.len(),
        PixelValues::Sixteen(values) => values.len(),
        PixelValues::Float(values) => values.len(),
        PixelValues::Double(values) => values.len(),
    };
    Ok(Pixels {
        stride: there / count.max(1),
        values,
    })
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

/// Values of 1, 2 or 4 bits, of which each row begins at a byte, as bytes. They are scaled to 0 to 255, unless they are
/// indices of a palette.
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
