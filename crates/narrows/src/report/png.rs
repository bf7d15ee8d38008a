//! Pictures of rows of images, as PNG.

use crate::error::{Error, ErrorKind, Result};
use crate::memory::require;
use ndarray::{ArrayView1, ArrayView2};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// Images side by side, with a label.
#[derive(Clone, Copy, Debug)]
pub struct PictureRow<'a> {
    /// The label above them.
    pub label: &'a str,
    /// `[images, channels · height · width]`, shown from 0 (black) to 1 (white), clamped.
    pub images: ArrayView2<'a, f32>,
}

/// The size to which small images are enlarged, by a whole factor.
const PLEASANT: usize = 112;
const GAP: usize = 10;
/// Between the images of a grid, which has no labels.
const GRID_GAP: usize = 4;
const MARGIN: usize = 20;
const TEXT: RasterHeight = RasterHeight::Size20;
const TEXT_HEIGHT: usize = 20;
const PAPER: u8 = 255;
const INK: u8 = 40;

/// Draws rows of images under each other, each with its label above it, and the captions (one for
/// each column, or none) below the last. `shape` is `[channels, height, width]` with 1 or 3 channels.
///
/// The bytes depend only on the arguments.
///
/// # Errors
///
/// If the shape is not a shape of images, if there is nothing to draw, or if an image has another size.
pub fn picture_rows(
    rows: &[PictureRow<'_>],
    shape: &[usize],
    captions: &[String],
) -> Result<Vec<u8>> {
    let [channels, height, width] = image_shape(shape)?;
    let columns = rows.iter().map(|row| row.images.nrows()).max().unwrap_or(0);
    let broken = rows
        .iter()
        .find(|row| row.images.ncols() != channels * height * width);
    if columns == 0 || height == 0 || width == 0 || broken.is_some() {
        return Err(nothing_to_draw(shape, broken.map(|row| row.images.ncols())));
    }
    let factor = enlargement(height, width);
    let (tall, wide) = (height * factor, width * factor);
    let caption_height = if captions.is_empty() {
        0
    } else {
        TEXT_HEIGHT + GAP
    };
    let mut canvas = Canvas::new(
        2 * MARGIN + columns * wide + (columns - 1) * GAP,
        2 * MARGIN + rows.len() * (TEXT_HEIGHT + GAP / 2 + tall + GAP) - GAP + caption_height,
        channels,
    );
    let mut top = MARGIN;
    for row in rows {
        canvas.text(row.label, MARGIN, top);
        top += TEXT_HEIGHT + GAP / 2;
        for (column, image) in row.images.rows().into_iter().enumerate() {
            let left = MARGIN + column * (wide + GAP);
            canvas.image(image, [channels, height, width], [left, top]);
        }
        top += tall + GAP;
    }
    for (column, caption) in captions.iter().take(columns).enumerate() {
        let text_width = caption.chars().count() * get_raster_width(FontWeight::Regular, TEXT);
        let middle = MARGIN + column * (wide + GAP) + wide / 2;
        canvas.text(caption, middle.saturating_sub(text_width / 2), top);
    }
    canvas.encode()
}

/// Draws images `[images, channels · height · width]` in a grid of so many columns, row by row, without labels. `shape`
/// is `[channels, height, width]` with 1 or 3 channels, and values are shown from 0 (black) to 1 (white), clamped.
///
/// The bytes depend on the arguments alone.
///
/// # Errors
///
/// As [`picture_rows`]; also when there is too little memory for the picture.
pub fn picture_grid(
    images: ArrayView2<'_, f32>,
    columns: usize,
    shape: &[usize],
) -> Result<Vec<u8>> {
    let size @ [channels, height, width] = image_shape(shape)?;
    let is_of_shape = images.ncols() == channels * height * width;
    if images.is_empty() || columns == 0 || !is_of_shape {
        let found = (!is_of_shape).then(|| images.ncols());
        return Err(nothing_to_draw(shape, found));
    }
    let factor = enlargement(height, width);
    let step = [width * factor + GRID_GAP, height * factor + GRID_GAP];
    let columns = columns.min(images.nrows());
    let rows = images.nrows().div_ceil(columns);
    let wide = 2 * MARGIN + columns * step[0] - GRID_GAP;
    let tall = 2 * MARGIN + rows * step[1] - GRID_GAP;
    require("the picture", 2 * wide * tall * channels)?;
    let mut canvas = Canvas::new(wide, tall, channels);
    for (index, image) in images.rows().into_iter().enumerate() {
        let left = MARGIN + index % columns * step[0];
        let top = MARGIN + index / columns * step[1];
        canvas.image(image, size, [left, top]);
    }
    canvas.encode()
}

/// The channels, height and width of images that can be drawn.
fn image_shape(shape: &[usize]) -> Result<[usize; 3]> {
    match *shape {
        [channels @ (1 | 3), height, width] => Ok([channels, height, width]),
        _ => Err(Error::new(
            ErrorKind::Data,
            "there is no picture of these data: they are not images",
        )
        .expected("rows of shape [1 or 3, height, width]")
        .found(format!("{shape:?}"))
        .hint("write the rows instead of a picture, with `-o FILE.csv` for a table")),
    }
}

/// The refusal of no images, or of rows of so many values that are no images.
fn nothing_to_draw(shape: &[usize], values: Option<usize>) -> Error {
    Error::new(ErrorKind::Data, "there is nothing to draw")
        .expected(format!("images of shape {shape:?}"))
        .found(match values {
            Some(values) => format!("rows of {values} values"),
            None => "none".to_string(),
        })
}

/// The whole factor by which images are enlarged.
fn enlargement(height: usize, width: usize) -> usize {
    PLEASANT.div_ceil(width.max(height).max(1)).max(1)
}

/// The places of an image's values in their order: channel, row, column.
fn places(
    channels: usize,
    height: usize,
    width: usize,
) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..channels)
        .flat_map(move |c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))))
}

/// A value as a gray level; NaN is black.
fn level(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

struct Canvas {
    width: usize,
    height: usize,
    channels: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize, channels: usize) -> Canvas {
        Canvas {
            width,
            height,
            channels,
            pixels: vec![PAPER; width * height * channels],
        }
    }

    fn set(&mut self, x: usize, y: usize, channel: usize, level: u8) {
        if x >= self.width || y >= self.height {
            return;
        }
        let at = (y * self.width + x) * self.channels + channel;
        if let Some(pixel) = self.pixels.get_mut(at) {
            *pixel = level;
        }
    }

    /// An image of a size `[channels, height, width]`, enlarged, from its left and upper end on.
    fn image(
        &mut self,
        image: ArrayView1<'_, f32>,
        [channels, height, width]: [usize; 3],
        [left, top]: [usize; 2],
    ) {
        let factor = enlargement(height, width);
        for ((channel, y, x), &value) in places(channels, height, width).zip(image) {
            let (x, y) = (left + x * factor, top + y * factor);
            self.square(x, y, factor, channel, level(value));
        }
    }

    fn square(&mut self, left: usize, top: usize, size: usize, channel: usize, level: u8) {
        for y in top..top + size {
            for x in left..left + size {
                self.set(x, y, channel, level);
            }
        }
    }

    /// Draws a line of text; characters that the font does not have are left out.
    fn text(&mut self, text: &str, left: usize, top: usize) {
        let advance = get_raster_width(FontWeight::Regular, TEXT);
        for (index, character) in text.chars().enumerate() {
            let Some(raster) = get_raster(character, FontWeight::Regular, TEXT) else {
                continue;
            };
            for (y, line) in raster.rows().enumerate() {
                for (x, &cover) in line.iter().enumerate() {
                    let level = PAPER - (u16::from(PAPER - INK) * u16::from(cover) / 255) as u8;
                    if cover > 0 {
                        for channel in 0..self.channels {
                            self.set(left + index * advance + x, top + y, channel, level);
                        }
                    }
                }
            }
        }
    }

    fn encode(&self) -> Result<Vec<u8>> {
        let refused = |error: png::EncodingError| {
            Error::new(ErrorKind::Data, "cannot make the picture").caused_by(error)
        };
        let too_large = || Error::new(ErrorKind::Data, "the picture would be too large");
        let width = u32::try_from(self.width).map_err(|_| too_large())?;
        let height = u32::try_from(self.height).map_err(|_| too_large())?;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(if self.channels == 1 {
            png::ColorType::Grayscale
        } else {
            png::ColorType::Rgb
        });
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(refused)?;
        writer.write_image_data(&self.pixels).map_err(refused)?;
        writer.finish().map_err(refused)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn decode(bytes: &[u8]) -> (usize, usize, png::ColorType, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (
            info.width as usize,
            info.height as usize,
            info.color_type,
            pixels,
        )
    }

    #[test]
    fn values_land_where_they_belong_enlarged_and_clamped() {
        let images = array![[0.0, 1.0, 0.5, -3.0], [9.0, 0.2, f32::NAN, 1.0]];
        let row = PictureRow {
            label: "",
            images: images.view(),
        };
        let (width, height, color, pixels) =
            decode(&picture_rows(&[row], &[1, 2, 2], &[]).unwrap());
        let factor = PLEASANT / 2;
        assert_eq!(width, 2 * MARGIN + 2 * PLEASANT + GAP);
        assert_eq!(height, 2 * MARGIN + TEXT_HEIGHT + GAP / 2 + PLEASANT);
        assert_eq!(color, png::ColorType::Grayscale);
        let top = MARGIN + TEXT_HEIGHT + GAP / 2;
        let at = |image: usize, x: usize, y: usize, dx: usize| {
            let left = MARGIN + image * (PLEASANT + GAP);
            pixels[(top + y * factor + dx) * width + left + x * factor + dx]
        };
        for corner in [0, factor - 1] {
            assert_eq!([at(0, 0, 0, corner), at(0, 1, 0, corner)], [0, 255]);
            assert_eq!([at(0, 0, 1, corner), at(0, 1, 1, corner)], [128, 0]);
            assert_eq!([at(1, 0, 0, corner), at(1, 1, 0, corner)], [255, 51]);
            assert_eq!([at(1, 0, 1, corner), at(1, 1, 1, corner)], [0, 255]);
        }
        assert_eq!(pixels[0], PAPER);
    }

    #[test]
    fn colors_keep_their_channels_and_large_images_their_size() {
        let mut images = Array2::zeros((1, 3 * 130 * 150));
        images[(0, 130 * 150)] = 1.0;
        let row = PictureRow {
            label: "",
            images: images.view(),
        };
        let (width, _, color, pixels) = decode(&picture_rows(&[row], &[3, 130, 150], &[]).unwrap());
        assert_eq!((width, color), (2 * MARGIN + 150, png::ColorType::Rgb));
        let at = ((MARGIN + TEXT_HEIGHT + GAP / 2) * width + MARGIN) * 3;
        assert_eq!(pixels[at..at + 6], [0, 255, 0, 0, 0, 0]);
    }

    #[test]
    fn labels_and_captions_leave_ink() {
        let images = Array2::ones((1, 4));
        let row = |label| {
            [PictureRow {
                label,
                images: images.view(),
            }]
        };
        let ink = |label, captions: &[String]| {
            let picture = picture_rows(&row(label), &[1, 2, 2], captions).unwrap();
            decode(&picture)
                .3
                .iter()
                .filter(|&&level| level < 100)
                .count()
        };
        assert_eq!(ink("", &[]), 0);
        assert!(ink("original", &[]) > 50);
        assert!(ink("", &["7".into()]) > 10);
    }

    #[test]
    fn a_grid_goes_row_by_row_and_ends_with_the_last_image() {
        let images = Array2::from_shape_fn((5, 4), |(image, _)| image as f32 / 5.0);
        let (width, height, _, pixels) =
            decode(&picture_grid(images.view(), 3, &[1, 2, 2]).unwrap());
        let step = PLEASANT + GRID_GAP;
        assert_eq!(
            (width, height),
            (
                2 * MARGIN + 3 * step - GRID_GAP,
                2 * MARGIN + 2 * step - GRID_GAP
            )
        );
        let at = |column: usize, row: usize| {
            pixels[(MARGIN + row * step + 1) * width + MARGIN + column * step + 1]
        };
        assert_eq!(
            [at(0, 0), at(1, 0), at(2, 0), at(0, 1), at(1, 1), at(2, 1)],
            [0, 51, 102, 153, 204, PAPER]
        );
        // Not wider than there are images.
        let (width, ..) = decode(&picture_grid(images.view(), 9, &[1, 2, 2]).unwrap());
        assert_eq!(width, 2 * MARGIN + 5 * step - GRID_GAP);
        for (columns, shape) in [(0, &[1, 2, 2][..]), (3, &[4]), (3, &[1, 2, 3])] {
            assert!(picture_grid(images.view(), columns, shape).is_err());
        }
    }

    #[test]
    fn what_is_no_image_is_refused() {
        let images = Array2::zeros((2, 4));
        let row = PictureRow {
            label: "",
            images: images.view(),
        };
        for (rows, shape) in [
            (&[row][..], &[4][..]),
            (&[row], &[2, 2]),
            (&[row], &[2, 2, 1]),
            (&[row], &[1, 2, 3]),
            (&[], &[1, 2, 2]),
        ] {
            assert_eq!(
                picture_rows(rows, shape, &[]).unwrap_err().kind(),
                ErrorKind::Data
            );
        }
    }
}
